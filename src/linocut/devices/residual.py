"""A residual model: what a law leaves of log times, from a few features of a network, by ridge regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linocut.errors import SpecError
from linocut.fields import number
from linocut.graph.asked import Asked
from linocut.settings_of import keep_plain

FEATURES = ("log_layers", "log_macs", "log_weights", "log_values", "depthwise", "elementwise", "utilisation")
RIDGE = 1.0  # of features of standard deviation 1, in rows: a row more that says 0
LARGEST = 1e4  # of any of its numbers: all are logarithms and parts of counts
LEAST_DEVIATION = 1e-9
MOST = 0.7  # of a log: beyond a factor of two a residual is no residual

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Residual:
    """log(time / law) = offset + weights (features - means) / deviations, of FEATURES in this order.

    SpecError for other numbers of them, for numbers beyond 10,000, and for deviations that are not above 0.
    """

    offset: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __post_init__(self) -> None:
        keep_plain(self)
        _logarithm("offset", self.offset)
        for name in ("weights", "means", "deviations"):
            found = getattr(self, name)
            if not isinstance(found, tuple) or len(found) != len(FEATURES):
                raise SpecError(f"{name} of a residual must be {len(FEATURES)} numbers, for {', '.join(FEATURES)}")
            for one in found:
                _logarithm(name, one)
        if min(self.deviations) < LEAST_DEVIATION:
            raise SpecError(f"a deviation of a residual is {min(self.deviations)}, must be {LEAST_DEVIATION:g} or more")

    def factor(self, features: Sequence[float]) -> float:
        """By which the law's time is multiplied."""
        z = (np.asarray(features) - self.means) / self.deviations
        return math.exp(float(np.clip(self.offset + z @ np.asarray(self.weights), -MOST, MOST)))


def _logarithm(name: str, value: object) -> None:
    if abs(number(value, f"{name} of a residual")) > LARGEST:
        raise SpecError(f"{name} of a residual is {value:g}, must be from -{LARGEST:,.0f} to {LARGEST:,.0f}")


def features_of(nodes: Sequence[Asked], cycles: Sequence[float], macs_per_cycle: int, weight_bytes: int) -> list[float]:
    """What a residual model sees of a network, one number for each of FEATURES."""
    macs, total = sum(node.macs for node in nodes), sum(cycles)
    products = [(node, own) for node, own in zip(nodes, cycles, strict=True) if node.macs]
    depthwise = sum(own for node, own in products if node.kind.startswith("depthwise"))
    multiplying = sum(own for _, own in products)
    return [
        math.log(len(nodes)),
        math.log(macs),
        math.log(weight_bytes),
        math.log(sum(node.reads + node.gives for node in nodes)),
        depthwise / total,
        1 - multiplying / total,
        macs / (multiplying * macs_per_cycle),
    ]


def fitted(features: Floats, residuals: Floats) -> Residual:
    """The ridge regression of residuals (networks,) on features (networks, FEATURES)."""
    means, deviations = features.mean(0), np.maximum(features.std(0), LEAST_DEVIATION)
    z = (features - means) / deviations
    offset = float(residuals.mean())
    gram = z.T @ z + RIDGE * np.eye(z.shape[1])
    weights = np.linalg.solve(gram, z.T @ (residuals - offset))
    return Residual(offset, tuple(weights.tolist()), tuple(means.tolist()), tuple(deviations.tolist()))
