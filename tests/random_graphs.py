"""Random networks: any layer on any value that it takes, until all is joined before a loss. A seed is a network."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from linocut.graph.place import Entry
from linocut.layers import (
    Add,
    AveragePool1D,
    AveragePool2D,
    BatchNorm,
    BinaryConv1D,
    BinaryConv2D,
    BinaryDense,
    Concat,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool1D,
    MaxPool2D,
    MeanSquaredError,
    Network,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Residual,
    Sigmoid,
    SigmoidCrossEntropy,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.layers.base import Shape
from linocut.layers.kinds import BITS, INPUT, LEVELS_2, LEVELS_4, NORMED, PRODUCT, REAL

MOST_ELEMENTS = 600  # of an example of a value
CHANNELS = (1, 2, 3, 5, 7, 8, 63, 64, 65, 66)


@dataclass(frozen=True)
class _Known:
    """A value that layers can read."""

    name: str
    shape: Shape
    kind: str


@dataclass
class _Growing:
    """`few` puts levels among the values, and layers of 1, 2 and 4 bits that take them."""

    rng: np.random.Generator
    few: bool = False
    entries: list[Entry] = field(default_factory=list)
    known: list[_Known] = field(default_factory=list)
    unread: dict[str, _Known] = field(default_factory=dict)

    def put(self, layer: Layer, *sources: _Known) -> _Known:
        """Add a layer; products are normed at once, or pooled and normed, as no other layer takes them."""
        name = f"v{len(self.entries)}"
        wired = layer.named(name)
        if sources:
            wired = wired.after(*(source.name for source in sources))
            shape = layer.shape_of([source.shape for source in sources])
            kind = layer.kind_of([source.kind for source in sources])
        else:
            shape, kind = layer.output_shape(()), INPUT
        self.entries.append(wired)
        for source in sources:
            self.unread.pop(source.name, None)
        found = _Known(name, shape, kind)
        if kind == PRODUCT:
            if self.chance(0.3) and (pool := self.pool(shape, MAX)) is not None:
                return self.put(pool, found)
            return self.put(BatchNorm(scale=self.chance(0.3)), found)
        self.known.append(found)
        self.unread[name] = found
        return found

    def chance(self, part: float) -> bool:
        return bool(self.rng.random() < part)

    def pick(self, *choices: object) -> object:
        return choices[self.rng.integers(len(choices))]

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def window(self, shape: Shape) -> dict[str, object]:
        """Kernel or size, stride and padding that fit."""
        sides = shape[:-1]
        padding = str(self.pick("same", "valid"))
        sizes = [self.whole(1, min(3, side) if padding == "valid" else 3) for side in sides]
        size = sizes[0] if len(sides) == 1 else tuple(sizes)
        return {"size": size, "stride": self.whole(1, 2), "padding": padding}

    def pool(self, shape: Shape, kinds: tuple[type[Layer], type[Layer]]) -> Layer | None:
        if len(shape) not in (2, 3):
            return None
        return kinds[len(shape) - 2](**self.window(shape))

    def channels(self, shape: Shape) -> int:
        room = MOST_ELEMENTS // max(1, math.prod(shape[:-1]))
        return int(self.rng.choice([c for c in CHANNELS if c <= max(1, room)]))

    def grow(self) -> None:
        """One more layer on some value."""
        x = self.known[self.whole(max(0, len(self.known) - 6), len(self.known) - 1)]
        grown = {INPUT: self.of_input, BITS: self.of_signs, NORMED: self.of_numbers, REAL: self.of_numbers}
        made = self.of_few(x) if self.few else None
        layer, others = made or grown[x.kind](x)
        if layer is not None:
            self.put(layer, x, *others)

    def product(self, shape: Shape, *, binary: bool) -> Layer | None:
        count = self.channels(shape)
        if len(shape) == 1:
            return BinaryDense(count) if binary else Dense(count, bias=self.chance(0.5))
        if len(shape) > 3:
            return None
        window = self.window(shape)
        where = {"kernel": window.pop("size"), **window}
        kinds = ((BinaryConv1D, BinaryConv2D), (Conv1D, Conv2D))[not binary]
        more = {"scaled": self.chance(0.3)} if binary else {"bias": self.chance(0.5)}
        return kinds[len(shape) - 2](count, **where, **more)

    def of_few(self, x: _Known) -> tuple[Layer | None, list[_Known]] | None:
        """Levels of numbers, and what takes levels or signs; None for what else there is."""
        if x.kind in (NORMED, REAL):
            return (Quantise(int(self.pick(2, 4))), []) if self.chance(0.4) else None  # type: ignore[call-overload]
        if x.kind == INPUT or (x.kind == BITS and self.chance(0.7)):
            return None
        choice = self.whole(0, 7)
        if choice < 4:
            return self.of_levels(x.shape), []
        if choice == 4:
            return self.pool(x.shape, MAX), []
        if choice == 5:
            arms = self.alike(x, (x.kind,), channels=False)
            room = sum(math.prod(y.shape) for y in (x, *arms)) <= 2 * MOST_ELEMENTS
            return (Concat(), arms) if room else (None, [])
        return (self.slice(x.shape) if choice == 6 else Flatten()), []

    def of_levels(self, shape: Shape) -> Layer | None:
        """A layer of 1, 2 or 4 bits with any settings; there is none for sequences."""
        settings = {"bits": self.pick(1, 2, 4), "scaled": self.chance(0.4), "floats": self.chance(0.3)}
        settings["centred"] = shape[-1] > 1 and self.chance(0.4)
        count = self.channels(shape)
        if len(shape) == 1:
            return QuantisedDense(count, **settings)
        if len(shape) != 3:
            return None
        window = self.window(shape)
        return QuantisedConv2D(count, kernel=window.pop("size"), **window, **settings)

    def slice(self, shape: Shape) -> Slice:
        begin = self.whole(0, shape[-1] - 1)
        return Slice(begin, self.whole(1, shape[-1] - begin))

    def alike(self, x: _Known, kinds: tuple[str, ...], *, channels: bool) -> list[_Known]:
        """Values, x among them perhaps, that go beside it."""
        end = None if channels else -1
        fit = [y for y in self.known if y.kind in kinds and y.shape[:end] == x.shape[:end]]
        return [fit[self.whole(0, len(fit) - 1)] for _ in range(self.whole(1, 2))]

    def of_input(self, x: _Known) -> tuple[Layer | None, list[_Known]]:
        choice = self.whole(0, 4)
        if choice < 2:
            return self.product(x.shape, binary=choice == 0), []
        return (self.slice(x.shape) if choice == 2 else Flatten() if choice == 3 else BatchNorm()), []

    def of_signs(self, x: _Known) -> tuple[Layer | None, list[_Known]]:
        choice = self.whole(0, 6)
        if choice < 3:
            return self.product(x.shape, binary=True), []
        if choice == 3:
            return self.pool(x.shape, MAX), []
        if choice == 4:
            arms = self.alike(x, (BITS,), channels=False)
            room = sum(math.prod(y.shape) for y in (x, *arms)) <= 2 * MOST_ELEMENTS
            return (Concat(), arms) if room else (None, [])
        return (self.slice(x.shape) if choice == 5 else Flatten()), []

    def of_numbers(self, x: _Known) -> tuple[Layer | None, list[_Known]]:
        choice, numbers = self.whole(0, 14), (NORMED, REAL)
        if choice < 4:
            return Sign(str(self.pick("clip", "clip", "quadratic"))), []
        if choice == 4 and x.kind == REAL:
            return BatchNorm(scale=self.chance(0.5)), []
        if choice in (5, 6):
            return self.product(x.shape, binary=False), []
        if choice == 7:
            return Add(), self.alike(x, numbers, channels=True)
        if choice == 8:
            arms = self.alike(x, numbers, channels=False)
            room = sum(math.prod(y.shape) for y in (x, *arms)) <= 2 * MOST_ELEMENTS
            return (Concat(), arms) if room else (None, [])
        if choice in (9, 10):
            return self.pool(x.shape, MAX if choice == 9 else AVERAGE), []
        if choice == 11:
            return self.slice(x.shape), []
        if choice == 12:
            return Residual((Tanh(), BatchNorm())) if self.chance(0.5) else Flatten(), []
        return ((Tanh, ReLU, Sigmoid)[self.whole(0, 2)]()), []

    def vector(self, x: _Known) -> _Known:
        """A value as a vector of numbers."""
        if x.kind == INPUT:
            x = self.put(Flatten(), x) if len(x.shape) > 1 else x
            return self.put(Dense(3), x)
        if x.kind == BITS:
            x = self.put(Flatten(), x) if len(x.shape) > 1 else x
            return self.put(BinaryDense(3), x)
        if x.kind in (LEVELS_2, LEVELS_4):
            x = self.put(Flatten(), x) if len(x.shape) > 1 else x
            return self.put(QuantisedDense(3, bits=2), x)
        if len(x.shape) in (2, 3):
            return self.put(GlobalAveragePool(), x)
        return self.put(Flatten(), x) if len(x.shape) > 1 else x


MAX = (MaxPool1D, MaxPool2D)
AVERAGE = (AveragePool1D, AveragePool2D)
SHAPES: tuple[Shape, ...] = ((9,), (7, 3), (6, 5, 3), (5, 4, 66), (2, 3, 2, 5))


def random_network(seed: int, layers: int = 14, *, few: bool = False) -> Network:
    """The network of a seed, of about so many layers and those that join them; `few`: some of 2 and 4 bits."""
    growing = _Growing(np.random.default_rng(seed), few)
    shape = SHAPES[growing.whole(0, len(SHAPES) - 1)]
    growing.put(Input(shape, str(growing.pick("u8", "f32"))))
    while len(growing.entries) < layers:
        growing.grow()
    ends = [growing.vector(x) for x in list(growing.unread.values())]
    joined = ends[0] if len(ends) == 1 else growing.put(Concat(), *ends)
    outputs = growing.whole(1, 4)
    last = growing.put(Dense(max(2, outputs), bias=growing.chance(0.5)), joined)
    if growing.chance(0.5):
        last = growing.put(BatchNorm(scale=growing.chance(0.5)), last)
    losses = (SoftmaxCrossEntropy(0.1), SigmoidCrossEntropy(), MeanSquaredError())
    growing.put(losses[growing.whole(0, 2)], last)
    return Network(f"seed {seed}", tuple(growing.entries))
