"""densenet121: every layer of a block reads what all before it gave."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.graph.place import Entry
from linocut.layers import AveragePool2D, BatchNorm, Concat, Conv2D, Input, MaxPool2D, ReLU
from linocut.networks.full_precision import averaged_classes, normed
from linocut.networks.shapes import IMAGENET

BLOCKS = (6, 12, 24, 16)
GROWTH = 32  # channels that a layer adds


def densenet121(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """DenseNet-121 (Huang et al., arXiv 1608.06993): (height, width, channels) to (classes,)."""
    layers: list[Entry] = [Input(tuple(input_shape), dtype), *normed(64, 7, 2), MaxPool2D(3, 2, "same").named("start")]
    before, channels = "start", 64
    for block, depth in enumerate(BLOCKS):
        for number in range(depth):
            own = f"block{block}_{number}"
            layers += [BatchNorm(scale=True).after(before), ReLU(), *normed(4 * GROWTH, 1)]
            layers += [Conv2D(GROWTH, bias=True).named(f"{own}_new"), Concat().after(before, f"{own}_new").named(own)]
            before, channels = own, channels + GROWTH
        layers += [BatchNorm(scale=True), ReLU()]
        if block + 1 < len(BLOCKS):
            channels //= 2
            before = f"between{block}"
            layers += [Conv2D(channels, 1, bias=True), AveragePool2D().named(before)]
    return Network("densenet121", (*layers, *averaged_classes(classes)))
