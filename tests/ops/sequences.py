"""Operands of recurrent instructions and of circulant blocks: sizes that fit each other, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from linocut.formats import find_format
from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.circulant import TILE
from linocut.ops.lstm import ROWS

Formats: TypeAlias = Mapping[str, str]
Sizes: TypeAlias = dict[str, int]
Variant: TypeAlias = Mapping[str, float]
Drawn: TypeAlias = Callable[[np.random.Generator, Mapping[str, int], str], Array]
Filled: TypeAlias = tuple[dict[str, View], dict[str, float]]

BLOCKS = (1, 2, 4, 8, 16)
SMALL = 3  # blocks of a dimension, at most, but for a few cases
NAMES = (
    "circulant_spectra",
    "circulant_product",
    "circulant_weight_gradient",
    "lstm",
    "lstm_gradient",
    "gru",
    "gru_gradient",
    "ctc",
    "sequence_lengths",
    "sequence_pool",
    "sequence_pool_gradient",
)
_STEPS = tuple({"sigmoid": s, "bound": b, "backwards": w} for s, b, w in ((0, 0, 0), (1, 0, 1), (0, 0.3, 0)))
VARIANTS: dict[str, tuple[dict[str, float], ...]] = {
    "circulant_spectra": ({"turned": 0.0}, {"turned": 1.0}),
    "circulant_weight_gradient": tuple({"shift": float(shift)} for shift in (0, 1, -1)),
    "lstm": tuple({name: float(value) for name, value in one.items()} for one in _STEPS),
    "lstm_gradient": tuple({name: float(value) for name, value in one.items()} for one in _STEPS),
    "sequence_pool": ({"last": 0.0}, {"last": 1.0}),
    "sequence_pool_gradient": ({"last": 0.0}, {"last": 1.0}),
}


def up(count: int, size: int) -> int:
    """How many of a size hold so many."""
    return -(-count // size)


def legal_sizes(name: str) -> Sizes:
    """Sizes that the instruction's rules admit, whatever the formats."""
    known: dict[str, Sizes] = {
        "lstm": {"H": 1, "G": 4, "D": 1, "E": 1, "S": 7},
        "lstm_gradient": {"H": 1, "G": 4, "J": 4, "D": 1, "E": 1, "U": 1, "I": 3, "S": 4},
        "gru": {"H": 1, "G": 3, "D": 1, "E": 1, "S": 4},
        "gru_gradient": {"H": 1, "G": 3, "J": 2, "D": 1, "E": 1, "S": 4},
        "ctc": {"C": 2, "L": 1, "V": 4, "S": 4},
    }
    return {**dict.fromkeys("KABCTNPQDJ", 1), "W": TILE, **known.get(name, {})}


def draw(name: str, formats: Formats, variant: Variant, rng: np.random.Generator) -> tuple[Sizes, dict[str, float]]:
    """Sizes of all letters, and what attributes follow from them."""
    size = int(rng.choice(BLOCKS))
    some = {letter: int(rng.integers(1, SMALL + 1)) for letter in "BTJPQ"}
    if rng.random() < 0.1:
        some |= {"B": ROWS + 3, "T": 2}
    found = {"K": size, "W": TILE, **{letter: some[letter] for letter in "BT"}}
    if name == "circulant_spectra":
        blocks = {"Q": some["Q"], "P": int(rng.choice([1, 3, 63, 65]))}
        turned = bool(variant["turned"])
        outputs, summed = (blocks["Q"], blocks["P"]) if turned else (blocks["P"], blocks["Q"])
        return {**found, **blocks, "A": up(outputs, TILE), "J": summed}, {}
    if name == "circulant_product":
        inputs, outputs = _padded(rng, some["J"], size), _padded(rng, int(rng.choice([1, 3, 65])), size)
        return {**found, **_spectra("KAJ", inputs, outputs, size), "C": inputs, "N": outputs}, {}
    if name == "circulant_weight_gradient":
        first, into, out = int(rng.integers(3)) * size, some["Q"], int(rng.choice([1, 3, 65]))
        columns = _padded(rng, out, size) + first
        return {**found, "C": _padded(rng, into, size), "D": columns, "Q": into, "P": out}, {"first": float(first)}
    if name.startswith(("lstm", "gru")):
        return found | _cells(name, formats, size, some), {}
    if name == "ctc":
        labels = int(rng.integers(1, 5))
        steps = int(rng.integers(1, 9))
        return {**found, "T": steps, "C": int(rng.integers(2, 6)), "L": labels, "V": steps + 3, "S": 2 * labels + 2}, {}
    return {**found, "C": int(rng.choice([1, 63, 65]))}, {}


def _padded(rng: np.random.Generator, blocks: int, size: int) -> int:
    """Numbers that fill so many blocks, the last perhaps in part."""
    return blocks * size - int(rng.integers(size))


def _spectra(letters: str, inputs: int, outputs: int, size: int) -> Sizes:
    """The dimensions of spectra."""
    return {letters[1]: up(up(outputs, size), TILE), letters[2]: up(inputs, size)}


def _cells(name: str, formats: Formats, size: int, some: Mapping[str, int]) -> Sizes:
    cells = some["J"] * size
    if name.startswith("gru"):
        gates = (2 * cells, cells) if name == "gru_gradient" else (cells, 2 * cells)
        both = _spectra("KAJ", *gates, size) | _spectra("KDE", cells, cells, size)
        return {"H": cells, "G": 3 * cells, "S": 4 * cells, **both}
    outputs = some["P"] * size if "projection" in formats else cells
    own = {"H": cells, "G": 4 * cells, "P": outputs, "U": up(some["B"], ROWS), "I": 3 * cells}
    if name == "lstm":
        both = _spectra("KAJ", outputs, 4 * cells, size) | _spectra("KDE", cells, outputs, size)
        return {**own, **both, "S": 6 * cells + outputs}
    both = _spectra("KAJ", 4 * cells, outputs, size) | _spectra("KDE", outputs, cells, size)
    return {**own, **both, "S": 2 * cells + 2 * outputs}


def fill(formats: Formats, sizes: Mapping[str, int], variant: Variant, rng: np.random.Generator) -> Filled:
    """What the instruction reads, by the names of its operands."""
    filled = {}
    for name, form in formats.items():
        values = _OPERANDS[name](rng, sizes, form) if name in _OPERANDS else None
        if values is not None:
            filled[name] = View(np.ascontiguousarray(values.astype(find_format(form).dtype)), form, values.shape[-1])
    return filled, dict(variant)


def _normal(*letters: str, scale: float = 1.0) -> Drawn:
    def drawn(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
        return scale * rng.standard_normal([int(one) if one.isdigit() else sizes[one] for one in letters])

    return drawn


def _activations(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
    """Sequences; some end in zeros, some are all zeros."""
    x = rng.standard_normal((sizes["B"], sizes["T"], sizes["C"]))
    for one in x:
        if rng.random() < 0.5:
            one[int(rng.integers(sizes["T"] + 1)) :] = 0.0
    return x


def _lengths(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
    """Also none, and what no sequence has."""
    return rng.integers(-1, sizes["T"] + 2, sizes["B"])


def _spectra_of(*letters: str) -> Drawn:
    def drawn(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
        """Those of weights of such sizes."""
        size, tiles, summed = (sizes[letter] for letter in letters)
        weights = View(
            0.3 * rng.standard_normal((summed * tiles * TILE, size)), "f64", size, (summed, tiles * TILE, size)
        )
        out = View(np.zeros((size, tiles, summed, TILE)), "f64", TILE, (size, tiles, summed, TILE))
        OP_BY_NAME["circulant_spectra"].reference(weights=weights, spectra=out, turned=0.0)
        return out.data

    return drawn


def _gates(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
    shape = sizes["B"], sizes["T"], sizes["G"]
    values = rng.uniform(0, 1, shape)
    one = find_format(form).one
    return np.floor(values * one + 0.5) if one else values


def _labels(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
    """Labels, some of them behind the last or of no class; some sequences are no examples."""
    values = rng.integers(0, sizes["C"] - 1, (sizes["B"], sizes["L"])).astype(np.float64)
    for one in values:
        one[int(rng.integers(sizes["L"] + 1)) :] = rng.choice([-1.0, float(sizes["C"] - 1)])
    values[rng.random(sizes["B"]) < 0.2, 0] = np.nan
    return values


def _loss(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
    return rng.uniform(0, 1000, 1)


def _counters(rng: np.random.Generator, sizes: Mapping[str, int], form: str) -> Array:
    return rng.integers(0, 10**12, 4)


_OPERANDS: dict[str, Drawn] = {
    "weights": _normal("Q", "P", "K", scale=0.3),
    "x": _activations,
    "bias": _normal("1", "N"),
    "lengths": _lengths,
    "spectra": _spectra_of("K", "A", "J"),
    "recurrent": _spectra_of("K", "A", "J"),
    "projection": _spectra_of("K", "D", "E"),
    "candidate": _spectra_of("K", "D", "E"),
    "peepholes": _normal("3", "H"),
    "ax": _normal("B", "T", "G"),
    "gates": _gates,
    "cells": _normal("B", "T", "H"),
    "y": _normal("B", "T", "H"),
    "logits": _normal("B", "T", "C"),
    "targets": _labels,
    "loss": _loss,
    "counters": _counters,
}
_OF_DY = {
    "circulant_weight_gradient": ("B", "T", "D"),
    "lstm_gradient": ("B", "T", "P"),
    "gru_gradient": ("B", "T", "H"),
    "sequence_pool_gradient": ("B", "C"),
}


def filler(op_name: str) -> Callable[[Formats, Mapping[str, int], Variant, np.random.Generator], Filled]:
    """How the operands of an instruction are filled."""
    signature = OP_BY_NAME[op_name].signature
    read = {operand.name for operand in signature.operands if operand.reads}

    def filled(formats: Formats, sizes: Mapping[str, int], variant: Variant, rng: np.random.Generator) -> Filled:
        found, attributes = fill({n: f for n, f in formats.items() if n in read and n != "dy"}, sizes, variant, rng)
        if "dy" in formats and op_name in _OF_DY:
            values = _normal(*_OF_DY[op_name])(rng, sizes, formats["dy"])
            found["dy"] = View(values.astype(find_format(formats["dy"]).dtype), formats["dy"], values.shape[-1])
        return found, attributes

    return filled
