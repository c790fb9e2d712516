"""Scaling: targets less their mean, by their standard deviation, as a network learns them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut import fields
from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each target, in the units of the data; of a target that does not vary 1.

    SpecError for what are none.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __post_init__(self) -> None:
        """SpecError unless there is a standard deviation above 0 for each mean."""
        if not self.mean or len(self.mean) != len(self.deviation) or not min(self.deviation) > 0:
            raise SpecError(f"a scaling has means {self.mean} and deviations {self.deviation}, which must be above 0")

    @staticmethod
    def of(targets: NDArray[Any]) -> Scaling:
        """That of finite training targets (n, targets)."""
        values = targets.astype(np.float64)
        deviation = values.std(axis=0)
        sure = np.isfinite(deviation) & (deviation > 0)
        return Scaling(tuple(values.mean(axis=0).tolist()), tuple(np.where(sure, deviation, 1.0).tolist()))

    def scaled(self, targets: NDArray[Any]) -> NDArray[np.float64]:
        """Targets (n, targets) as they are learned: of mean 0 and standard deviation 1 over the training data."""
        found: NDArray[np.float64] = (targets - np.array(self.mean)) / np.array(self.deviation)
        return found

    def in_units(self, learned: NDArray[Any]) -> NDArray[np.float32]:
        """The targets (n, targets) of which `scaled` gave what was `learned`, float32, in the units of the data."""
        return (np.array(self.mean) + np.array(self.deviation) * learned).astype(np.float32)

    @staticmethod
    def from_dict(data: object) -> Scaling:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        about = fields.described(data, Scaling, "scaling")
        return Scaling(fields.floats(about["mean"], "a mean"), fields.floats(about["deviation"], "a deviation"))
