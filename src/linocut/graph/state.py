"""State: what a network has learned and keeps, by parameter, in real units; and how its buffers are called.

Nothing else knows the names of an arena's buffers: they are what version 0.1 wrote into checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from linocut.errors import SpecError
from linocut.formats import Format, find_format, words
from linocut.graph.named_arrays import NamedArrays
from linocut.layers.parameters import WEIGHT, WEIGHTS, Parameter
from linocut.masks import is_masked
from linocut.ops.base import View
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.levels import PLANES
from linocut.ops.numbers import channel_scale
from linocut.ops.quantise import reference as quantise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Stored: TypeAlias = Callable[[str], Array]
"""The stored elements of the buffer of a name, as a view."""

Using: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Given what for, a block in which the stored elements are read or written, and nobody else does."""


PRUNED = "pruned"  # what the bits of a node's pruned weights are called
AT_ONCE = 1 << 16  # latent weights that are packed together, but for longer outputs


def buffer_of(parameter: Parameter) -> str:
    """The name of the buffer that holds a parameter."""
    return parameter.name


def moment_part(parameter: Parameter, moment: str) -> str:
    """What a moment is called within its node: of the weights, which most nodes have one of, by itself."""
    only = parameter.use == WEIGHT and parameter.part == WEIGHTS
    return moment if only else f"{parameter.part}.{moment}"


def moment_buffer(parameter: Parameter, moment: str) -> str:
    """The name of the buffer of an optimizer's moment, or of the sum of a parameter's gradients."""
    return f"{parameter.node}.{moment_part(parameter, moment)}"


def memory_buffer(node: str, part: str) -> str:
    """The name of the buffer of what else a node keeps between steps."""
    return f"{node}.{part}"


@dataclass(frozen=True)
class Place:
    """Where a parameter, or a moment of it, is stored: in `buffer`, of a format and shape.

    `scale` is what the one of a fixed-point format stands for.
    """

    buffer: str
    format: str
    shape: tuple[int, ...]
    scale: float = 1.0

    @property
    def form(self) -> Format:
        """The format, with what is known of it."""
        return find_format(self.format)

    def read(self, stored: Array) -> Array:
        """The values, float32, of the stored elements; bits as -1 and +1."""
        form = self.form
        if form.bits == 1:
            flat = unpack(stored.reshape(-1, stored.shape[-1]), self.shape[-1])
            return np.where(flat, np.float32(1), np.float32(-1)).reshape(self.shape)
        values = stored.astype(np.float32)
        return values * np.float32(self.scale / form.one) if form.one else values

    def write(self, stored: Array, values: Array) -> None:
        """Store values as the format has them: rounded, and clipped to its range."""
        form = self.form
        if form.bits == 1:
            stored[...] = pack(values.reshape(-1, self.shape[-1]) >= 0).reshape(stored.shape)
        elif form.one:
            whole = np.floor(values.astype(np.float64) * (form.one / self.scale) + 0.5)
            stored[...] = np.clip(whole, -form.one, form.one)
        else:
            most = np.finfo(stored.dtype).max
            stored[...] = np.clip(values, -most, most)


@dataclass(frozen=True)
class Layout:
    """Where the state of a compiled network is: its parameters, and their moments, by their names for people."""

    network: str
    parameters: dict[str, Place] = field(default_factory=dict)
    moments: dict[str, Place] = field(default_factory=dict)
    masks: dict[str, Place] = field(default_factory=dict)  # by node: which of its weights are pruned
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)  # by buffer: the node, and which of its variables


class StoredArrays(NamedArrays[Place]):
    """Arrays by name, as `layer.part`: reading one gives a copy in float32, writing one changes what is stored.

    SpecError for an unknown name, a wrong shape, or what is no number; nothing is changed then.
    """

    def __init__(
        self, network: str, places: Mapping[str, Place], stored: Stored, using: Using = lambda what: nullcontext()
    ) -> None:
        super().__init__(network, places)
        self._stored, self._using = stored, using

    def __getitem__(self, name: str) -> Array:
        """A copy of the array called `name`, float32; bits as -1 and +1."""
        place = self._find(name)
        with self._using(f"reading {name}"):
            return place.read(self._stored(place.buffer))

    def update(self, *others: Any, **more: ArrayLike) -> None:
        """Store several arrays, each of its `shape`: all or, where one does not fit, none."""
        given = dict(*others, **more)
        checked = [(name, self._checked(name, values)) for name, values in given.items()]
        with self._using(f"writing {', '.join(given)}"):
            for name, values in checked:
                self._write(name, values)

    def signs(self, name: str) -> Array:
        """The packed signs of an array, (..., words) uint64, made a little at a time; a view where bits are stored."""
        place = self._find(name)
        stored = self._stored(place.buffer)
        if place.form.is_bits:
            return stored
        found = np.empty((*place.shape[:-1], words(place.shape[-1])), np.uint64)
        some = max(1, AT_ONCE * len(stored) // stored.size)
        for begin in range(0, len(stored), some):
            found[begin : begin + some] = pack(stored[begin : begin + some] >= 0)
        return found

    def planes(self, name: str, bits: int, span: float) -> Array:
        """The planes of the levels of latent weights, (bits, ..., words) uint64, the most significant first."""
        if bits == 1:
            return self.signs(name)[None]
        place = self._find(name)
        stored = self._stored(place.buffer)
        rows, cols = stored.reshape(-1, stored.shape[-1]), place.shape[-1]
        found = np.zeros((bits, len(rows), words(cols)), np.uint64)
        named = dict(zip(PLANES, (View(plane, "bit", cols) for plane in found), strict=False))
        quantise(x=View(rows, place.format, cols), **named, span=span)
        return found.reshape(bits, *stored.shape[:-1], words(cols))

    def magnitudes(self, name: str) -> Array:
        """The mean magnitude of each output's weights, float64 (outputs,); of signs it is 1."""
        place = self._find(name)
        stored = self._stored(place.buffer)
        if place.form.is_bits:
            return np.ones(len(stored))
        return np.array([np.abs(place.read(output).astype(np.float64)).mean() for output in stored])

    def scales(self, name: str) -> Array:
        """The mean magnitude of each output's latent weights, float32 (outputs,), in units of their format's one."""
        place = self._find(name)
        stored = self._stored(place.buffer)
        outputs, inputs = len(stored), stored.size // len(stored)
        found = np.zeros((1, outputs), np.float32)
        rows = View(stored.reshape(outputs, inputs), place.format, inputs, (outputs, 1, 1, inputs))
        channel_scale(weights=rows, scale=View(found, "f32", outputs))
        return found[0]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array; nothing is read."""
        return self._find(name).shape

    def are_signs(self, name: str) -> bool:
        """Whether an array is kept as bits, which are -1 and +1."""
        return self._find(name).form.is_bits

    def _checked(self, name: str, given: ArrayLike) -> Array:
        place = self._find(name)
        if is_masked(given):
            raise SpecError(f"{name} is given masked elements, must be finite numbers; fill them (.filled(0))")
        try:
            with np.errstate(over="ignore"):  # a float64 too large for float32 becomes inf, and is reported below
                values = np.asarray(given, np.float32)
        except (TypeError, ValueError):
            raise SpecError(f"{name} is given {type(given).__name__}, must be numbers of shape {place.shape}") from None
        if values.shape != place.shape:
            raise SpecError(
                f"{name} of {self._network} has shape {place.shape}, not {values.shape}; "
                "give the state of the same network"
            )
        if not np.isfinite(values).all():
            raise SpecError(f"{name} is given {values[~np.isfinite(values)][0]}, must be finite numbers")
        return values

    def _write(self, name: str, values: Array) -> None:
        place = self._find(name)
        place.write(self._stored(place.buffer), values)


class State(StoredArrays):
    """Parameters by name; `moments` are what the optimizer keeps of them, as `layer.part.moment`."""

    def __init__(self, layout: Layout, stored: Stored, using: Using = lambda what: nullcontext()) -> None:
        super().__init__(layout.network, layout.parameters, stored, using)
        self.moments = StoredArrays(layout.network, layout.moments, stored, using)
        self._masks = layout.masks

    @property
    def masks(self) -> dict[str, Array]:
        """Which weights are pruned, booleans (outputs, ..., inputs), of each node of which some may be."""
        return {node: found for node in self._masks if (found := self.pruned(node)) is not None}

    def pruned(self, node: str) -> Array | None:
        """Which weights of a node are pruned, booleans (outputs, ..., inputs); None of a node that is never pruned."""
        place = self._masks.get(node)
        if place is None:
            return None
        stored = self._stored(place.buffer)
        flat = unpack(stored.reshape(-1, stored.shape[-1]), place.shape[-1])
        return flat.reshape(self.shape(f"{node}.{WEIGHTS}"))

    def prune(self, node: str, pruned: Array) -> None:
        """Say which weights of a node are pruned, booleans (outputs, ..., inputs), all others not."""
        place = self._masks[node]
        stored = self._stored(place.buffer)
        stored[...] = pack(pruned.reshape(-1, place.shape[-1])).reshape(stored.shape)
