"""The models with fewer filters: the same layers in the same places, small enough for the reference."""

from __future__ import annotations

import dataclasses
from typing import Any

from linocut.layers import BinaryConv2D, BinaryDense, Conv2D, Layer, Network, Residual


def narrower(network: Network, numerator: int, denominator: int) -> Network:
    """Filters and units times a fraction, but for the classes."""

    def narrow(layer: Layer) -> Layer:
        changes: dict[str, Any] = {}
        match layer:
            case BinaryConv2D() | Conv2D():
                changes = {"filters": layer.filters * numerator // denominator}
            case BinaryDense():
                changes = {"units": layer.units * numerator // denominator}
            case Residual():
                changes = {"body": tuple(map(narrow, layer.body)), "shortcut": tuple(map(narrow, layer.shortcut))}
        return dataclasses.replace(layer, **changes)

    *most, last, norm, loss = network.layers
    return Network(network.name, (*map(narrow, most), last, norm, loss))
