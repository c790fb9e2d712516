"""Robust least squares of positive constants: Levenberg and Marquardt's steps on their logarithms.

Residuals are of log times, so that 10% counts alike for any network; beyond TOLERANCE a residual counts by its size
and not its square (Huber), so that what the law cannot say does not bend what it can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Residuals = Callable[[Floats], Floats]

TOLERANCE = 0.05  # of a log time
STEPS = 60
DIFFERENCE = 1e-4
ENOUGH = 1e-6
LIMIT = 2.0  # of a step of a logarithm


@dataclass(frozen=True)
class Prior:
    """Where constants are likely to be before anything is measured: logarithms, and their standard deviations."""

    means: Floats
    deviations: Floats

    @property
    def weights(self) -> Floats:
        """Of squared distances, beside squared residuals whose standard deviation is TOLERANCE."""
        found: Floats = (TOLERANCE / self.deviations) ** 2
        return found


def fit(residuals: Residuals, starts: Sequence[Floats], prior: Prior) -> Floats:
    """The logarithms of constants at which robust residuals and the prior are least, from the best of several starts.

    What the data say nothing of stays where the prior has it.
    """
    found = [_descended(residuals, start, prior) for start in starts]
    return min(found, key=lambda point: _loss(residuals(point), point, prior))


def _loss(residuals: Floats, point: Floats, prior: Prior) -> float:
    size = np.abs(residuals)
    huber = np.where(size <= TOLERANCE, size**2 / 2, TOLERANCE * (size - TOLERANCE / 2))
    return float(huber.sum() + (prior.weights * (point - prior.means) ** 2).sum() / 2)


def _descended(residuals: Residuals, point: Floats, prior: Prior) -> Floats:
    damping, own = 1e-2, residuals(point)
    loss = _loss(own, point, prior)
    for _ in range(STEPS):
        slopes = np.stack(
            [(residuals(point + shift) - own) / DIFFERENCE for shift in np.eye(len(point)) * DIFFERENCE], 1
        )
        weights = np.minimum(1.0, TOLERANCE / np.maximum(np.abs(own), 1e-300))
        gradient = slopes.T @ (weights * own) + prior.weights * (point - prior.means)
        curvature = (slopes.T * weights) @ slopes + np.diag(prior.weights)
        while True:
            step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), -gradient)
            tried = point + np.clip(step, -LIMIT, LIMIT)
            after = residuals(tried)
            better = _loss(after, tried, prior)
            if better <= loss or damping > 1e8:
                break
            damping *= 4
        if not better <= loss:
            return point
        gain, point, own, loss = loss - better, tried, after, better
        damping = max(damping / 8, 1e-9)
        if gain <= ENOUGH * loss:
            break
    return point
