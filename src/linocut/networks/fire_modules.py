"""squeezenet and squeezenet11: SqueezeNet 1.0 and 1.1 in full precision."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.graph.place import Entry
from linocut.layers import Concat, Conv2D, GlobalAveragePool, Input, MaxPool2D, ReLU, SoftmaxCrossEntropy
from linocut.networks.shapes import IMAGENET

# Filters that squeeze, and of each arm that expands; where pools stand before them.
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
POOLED, POOLED11 = (3, 7), (2, 4)


def squeezenet(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """SqueezeNet 1.0 (Iandola et al., arXiv 1602.07360): (height, width, channels) to (classes,)."""
    stem = Conv2D(96, 7, 2, padding="valid", bias=True)
    return _squeezenet("squeezenet", stem, POOLED, input_shape, classes, dtype)


def squeezenet11(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """SqueezeNet 1.1, its authors' later one, of fewer MACs: (height, width, channels) to (classes,)."""
    stem = Conv2D(64, 3, 2, padding="valid", bias=True)
    return _squeezenet("squeezenet11", stem, POOLED11, input_shape, classes, dtype)


def _squeezenet(
    name: str, stem: Conv2D, pooled: Sequence[int], input_shape: Sequence[int], classes: int, dtype: str
) -> Network:
    layers: list[Entry] = [Input(tuple(input_shape), dtype), stem, ReLU(), MaxPool2D(3, 2)]
    for number, fire in enumerate(FIRES):
        layers += [*([MaxPool2D(3, 2)] if number in pooled else []), *_fire(f"fire{number}", *fire)]
    layers += [Conv2D(classes, 1, bias=True), ReLU(), GlobalAveragePool(), SoftmaxCrossEntropy()]
    return Network(name, tuple(layers))


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
