"""history: what each layer of a training network went through, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.dynamics.layer import LayerDynamics
from linocut.errors import SpecError, unknown_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEASURES = ("j", "j0", "clipped", "turnover", "chi", "passed")


class History:
    """A callback of `fit(..., dynamics=True)`: keeps what the events say of each layer, by epoch.

    `epochs` are those that it saw, 0 being before training, `layers` what they came to (LayerDynamics), by name.
    """

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.layers: dict[str, list[LayerDynamics]] = {}
        self._start: tuple[LayerDynamics, ...] | None = None

    def __call__(self, event: Any) -> None:
        """Take what an event has of dynamics; others are passed over."""
        found = getattr(event, "dynamics", None)
        if found is not None:
            self.add(getattr(event, "epoch", None), found)

    def add(self, epoch: int | None, layers: tuple[LayerDynamics, ...]) -> None:
        """What an epoch came to; None for how weights were as training began, which is kept if epoch 1 follows."""
        if epoch is None:
            self._start = layers
            return
        if self._start is not None and epoch == 1 and not self.epochs:
            self._keep(0, self._start)
        self._start = None
        self._keep(epoch, layers)

    def _keep(self, epoch: int, layers: tuple[LayerDynamics, ...]) -> None:
        self.epochs.append(epoch)
        for layer in layers:
            self.layers.setdefault(layer.layer, []).append(layer)

    def values(self, layer: str, measure: str) -> NDArray[np.float64]:
        """A measure of a layer, such as "turnover", (epochs,); NaN where it was not measured.

        SpecError for a layer or a measure that there is not.
        """
        if layer not in self.layers:
            raise (
                unknown_name("layer", layer, self.layers)
                if self.layers
                else SpecError("nothing was measured yet; train with dynamics=True")
            )
        if measure not in MEASURES:
            raise unknown_name("measure", measure, MEASURES)
        found = [getattr(one, measure) for one in self.layers[layer]]
        return np.array([np.nan if value is None else value for value in found], np.float64)

    def j_squared(self, layer: str) -> NDArray[np.float64]:
        """J^2 of a layer by epoch, (epochs,); errors as those of `values`."""
        return self.values(layer, "j") ** 2
