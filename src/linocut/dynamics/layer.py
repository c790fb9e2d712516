"""layer: what is measured of one layer of a training network."""

from __future__ import annotations

from dataclasses import dataclass

from linocut import fields


@dataclass(frozen=True)
class LayerDynamics:
    """A layer with weights; of a layer that has several, such as an LSTM, one of them, and `layer` is its whole name.

    What is None was not measured, or is not of such a layer.
    `j` = std(W) sqrt(fan-in) and `j0` = mean(W) fan-in are of all its weights, latent ones of a binary layer, at the
    end of the epoch; `clipped` is the share of latent weights at the end of their range. Means over the steps of the
    epoch that were looked at: `turnover`, the share of binary weights that change their sign in a step; `chi`, the mean
    square of the gradient of its input by that of the next layer's; `passed`, the share of the gradients behind its
    outputs that the sign's estimator lets by.
    """

    layer: str
    j: float
    j0: float
    clipped: float | None = None
    turnover: float | None = None
    chi: float | None = None
    passed: float | None = None

    @staticmethod
    def from_dict(entry: object, what: str) -> LayerDynamics:
        """Of a log; SpecError for anything else."""
        data = fields.described(entry, LayerDynamics, what)
        fields.text(data["layer"], f"{what}: layer")
        for name in ("j", "j0"):
            fields.number(data[name], f"{what}: {name}")
        for name in ("clipped", "turnover", "chi", "passed"):
            fields.number_or_none(data[name], f"{what}: {name}")
        return LayerDynamics(**data)


def layers_of(entry: object, what: str) -> tuple[LayerDynamics, ...] | None:
    """The layers of an event of a log; None where dynamics were not asked for, SpecError for anything else."""
    if entry is None:
        return None
    layers = fields.entries(entry, f"{what}: dynamics")
    return tuple(LayerDynamics.from_dict(layer, f"{what}: dynamics of a layer") for layer in layers)
