"""squeezenet: SqueezeNet 1.0 in full precision."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.graph.place import Entry
from linocut.layers import Concat, Conv2D, GlobalAveragePool, Input, MaxPool2D, ReLU, SoftmaxCrossEntropy
from linocut.networks.shapes import IMAGENET

# Filters that squeeze, and of each arm that expands; None is a pool.
FIRES = ((16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256))


def squeezenet(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """SqueezeNet 1.0 (Iandola et al., arXiv 1602.07360): (height, width, channels) to (classes,)."""
    layers: list[Entry] = [Input(tuple(input_shape), dtype)]
    layers += [Conv2D(96, 7, 2, padding="valid", bias=True), ReLU(), MaxPool2D(3, 2)]
    for number, fire in enumerate(FIRES):
        layers += [MaxPool2D(3, 2)] if fire is None else _fire(f"fire{number}", *fire)
    layers += [Conv2D(classes, 1, bias=True), ReLU(), GlobalAveragePool(), SoftmaxCrossEntropy()]
    return Network("squeezenet", tuple(layers))


def _fire(name: str, squeezed: int, expanded: int) -> list[Entry]:
    """Few channels, read by a 1 x 1 and a 3 x 3 convolution side by side."""
    few, one, three = (f"{name}_{part}" for part in ("few", "one", "three"))
    return [
        Conv2D(squeezed, 1, bias=True),
        ReLU().named(few),
        Conv2D(expanded, 1, bias=True),
        ReLU().named(one),
        Conv2D(expanded, 3, bias=True).after(few),
        ReLU().named(three),
        Concat().after(one, three),
    ]
