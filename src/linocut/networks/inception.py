"""inception_v1 and inception_v4 in full precision: arms side by side."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.graph.place import Entry
from linocut.layers import AveragePool2D, BatchNorm, Concat, Conv2D, Input, Layer, MaxPool2D, ReLU, Wired
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


def inception_v4(input_shape: Sequence[int] = (299, 299, 3), classes: int = 1001, dtype: str = "u8") -> Network:
    """Inception v4 (Szegedy et al., arXiv 1602.07261): (height, width, channels) to (classes,)."""
    layers: list[Entry] = [Input(tuple(input_shape), dtype), *_valid(32, 3, 2), *_valid(32), *normed(64)]
    layers[-1] = _wired(layers[-1]).named("stem")
    parts: list[tuple[list[list[Entry]], int]] = [
        ([[MaxPool2D(3, 2)], [*_valid(96, 3, 2)]], 1),
        ([[*normed(64, 1), *_valid(96)], [*normed(64, 1), *normed(64, (1, 7)), *normed(64, (7, 1)), *_valid(96)]], 1),
        ([[*_valid(192, 3, 2)], [MaxPool2D(3, 2)]], 1),
        (_a_arms(), 4),
        ([[*_valid(384, 3, 2)], [*normed(192, 1), *normed(224), *_valid(256, 3, 2)], [MaxPool2D(3, 2)]], 1),
        (_b_arms(), 7),
        (
            [
                [*normed(192, 1), *_valid(192, 3, 2)],
                [*normed(256, 1), *normed(256, (1, 7)), *normed(320, (7, 1)), *_valid(320, 3, 2)],
                [MaxPool2D(3, 2)],
            ],
            1,
        ),
    ]
    before, number = "stem", 0
    for arms, times in parts:
        for _ in range(times):
            layers += _side_by_side(f"part{number}", before, arms)
            before, number = f"part{number}", number + 1
    for _ in range(3):
        layers += _split_arms(f"part{number}", before)
        before, number = f"part{number}", number + 1
    return Network("inception_v4", (*layers, *averaged_classes(classes)))


def _valid(filters: int, kernel: int = 3, stride: int = 1) -> list[Layer]:
    return [Conv2D(filters, kernel, stride, "valid"), BatchNorm(scale=True), ReLU()]


def _averaged(filters: int) -> list[Entry]:
    return [AveragePool2D(3, 1, "same"), *normed(filters, 1)]


def _a_arms() -> list[list[Entry]]:
    return [[*normed(96, 1)], [*normed(64, 1), *normed(96)], [*normed(64, 1), *normed(96), *normed(96)], _averaged(96)]


def _b_arms() -> list[list[Entry]]:
    one, other = (1, 7), (7, 1)
    long = [*normed(192, one), *normed(224, other), *normed(224, one), *normed(256, other)]
    return [
        [*normed(384, 1)],
        [*normed(192, 1), *normed(224, one), *normed(256, other)],
        [*normed(192, 1), *long],
        _averaged(128),
    ]


def _split_arms(name: str, before: str) -> list[Entry]:
    """The last modules: arms that part once more, into a 1 x 3 and a 3 x 1 convolution."""
    short, long = f"{name}_short", f"{name}_long"
    entries: list[Entry] = [
        *_named([*normed(384, 1)], short, before),
        *_named([*normed(384, 1), *normed(448, (1, 3)), *normed(512, (3, 1))], long, before),
        *_named([*normed(256, 1)], f"{name}_one", before),
        *_named(_averaged(256), f"{name}_pool", before),
    ]
    ends = [f"{name}_one", f"{name}_pool"]
    for source in (short, long):
        for kernel in ((1, 3), (3, 1)):
            ends.append(f"{source}{kernel[0]}")
            entries += _named([*normed(256, kernel)], ends[-1], source)
    return [*entries, Concat().after(*ends).named(name)]


def _module(name: str, before: str, filters: Sequence[int]) -> list[Entry]:
    """Four arms that read what is called `before`, side by side under `name`."""
    one, reduced, three, reduced_more, second, pooled = filters
    arms: list[list[Entry]] = [
        [*normed(one, 1)],
        [*normed(reduced, 1), *normed(three)],
        [*normed(reduced_more, 1), *normed(second)],
        [MaxPool2D(3, 1, "same"), *normed(pooled, 1)],
    ]
    return _side_by_side(name, before, arms)


def _side_by_side(name: str, before: str, arms: Sequence[Sequence[Entry]]) -> list[Entry]:
    """Arms that read what is called `before`, their channels side by side under `name`."""
    names = [f"{name}_{letter}" for letter in "abcd"[: len(arms)]]
    entries = [entry for arm, own in zip(arms, names, strict=True) for entry in _named(arm, own, before)]
    return [*entries, Concat().after(*names).named(name)]


def _named(arm: Sequence[Entry], name: str, before: str) -> list[Entry]:
    """An arm that reads what is called `before`, and whose last layer is called `name`."""
    if len(arm) == 1:
        return [_wired(arm[0]).after(before).named(name)]
    first, *middle, last = arm
    return [_wired(first).after(before), *middle, _wired(last).named(name)]


def _wired(entry: Entry) -> Wired:
    return entry if isinstance(entry, Wired) else Wired(entry)
