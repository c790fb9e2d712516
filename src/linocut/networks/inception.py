"""inception_v1: GoogLeNet in full precision."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.graph.place import Entry
from linocut.layers import Concat, Input, MaxPool2D, Wired
from linocut.networks.full_precision import averaged_classes, normed
from linocut.networks.shapes import IMAGENET

# Of a module: filters of the 1 x 1, of the 3 x 3 and what reduces before it, of the second 3 x 3 and what does, of the
# 1 x 1 behind the pool; None is a pool between modules.
MODULES: tuple[tuple[int, ...] | None, ...] = (
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    None,
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    None,
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)


def inception_v1(input_shape: Sequence[int] = IMAGENET, classes: int = 1001, dtype: str = "u8") -> Network:
    """Inception v1 (Szegedy et al., arXiv 1409.4842), with norms, and 3 x 3 for its 5 x 5 as TensorFlow's has it.

    (height, width, channels) to (classes,).
    """
    layers: list[Entry] = [Input(tuple(input_shape), dtype), *normed(64, 7, 2), MaxPool2D(3, 2, "same")]
    layers += [*normed(64, 1), *normed(192), MaxPool2D(3, 2, "same").named("start")]
    before = "start"
    for number, filters in enumerate(MODULES):
        name = f"module{number}"
        if filters is None:
            size = 3 if number == 2 else 2
            layers.append(MaxPool2D(size, 2, "same").after(before).named(name))
        else:
            layers += _module(name, before, filters)
        before = name
    return Network("inception_v1", (*layers, *averaged_classes(classes)))


def _module(name: str, before: str, filters: Sequence[int]) -> list[Entry]:
    """Four arms that read what is called `before`, side by side under `name`."""
    one, reduced, three, reduced_more, second, pooled = filters
    arms: list[list[Entry]] = [
        [*normed(one, 1)],
        [*normed(reduced, 1), *normed(three)],
        [*normed(reduced_more, 1), *normed(second)],
        [MaxPool2D(3, 1, "same"), *normed(pooled, 1)],
    ]
    names = [f"{name}_{arm}" for arm in "abcd"]
    entries: list[Entry] = []
    for arm, own in zip(arms, names, strict=True):
        first, *middle, last = arm
        entries += [_wired(first).after(before), *middle, _wired(last).named(own)]
    return [*entries, Concat().after(*names).named(name)]


def _wired(entry: Entry) -> Wired:
    return entry if isinstance(entry, Wired) else Wired(entry)
