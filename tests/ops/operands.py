"""Operands as the ops see them in training, with the edges (0, -0, ties, dead channels) mixed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import sequences

from linocut.formats import find_format, words
from linocut.ops import (
    OP_BY_NAME,
    View,
    channel_sums,
    complex_map,
    norm_gradient_sums,
    norm_sign,
    norm_statistics,
    whitening,
)
from linocut.ops.bits import Array, pack
from linocut.ops.keep_words import kept_words
from linocut.ops.keep_words import places as places_of
from linocut.ops.levels import BITS as BITS_OF_LEVELS
from linocut.ops.levels import PLANES, float_boundaries, largest, whole_boundaries
from linocut.ops.limits import Q10_FLAGS
from linocut.ops.nibbles import LEVELS, MOST, nearest_levels, pack_nibbles
from linocut.ops.norm import L1, L2, SCALED_L1
from linocut.ops.panels import BITS, pack_panels, panels_of

Formats: TypeAlias = Mapping[str, str]
Sizes: TypeAlias = Mapping[str, int]
Attributes: TypeAlias = dict[str, float]
Filled: TypeAlias = tuple[dict[str, View], Attributes]
Fill: TypeAlias = Callable[[Formats, Sizes, Mapping[str, float], np.random.Generator], Filled]

PRUNED = ("keep_words", "pruned_conv2d", "pruned_input_gradient")
MANTISSAS = {"i4": MOST, "i8": 127, "i16": 32767}  # the largest of each format of gradients in integers
_KINDS = (L1, L2, SCALED_L1)
_NORMS = tuple({"norm": norm} for norm in _KINDS)
_NORMS_STE = tuple({"norm": norm, "ste": ste} for norm in _KINDS for ste in (0.0, 1.0, 2.0))
_NORMS_RELU = tuple({"norm": norm, "relu": relu} for norm in _KINDS for relu in (0.0, 1.0))
_SUMMING = (norm_statistics, norm_sign, norm_gradient_sums, channel_sums)
COMPLEX = (
    "complex_conv2d",
    "complex_block",
    "complex_parts",
    "complex_map",
    "complex_map_sums",
    "spectral_pool",
    "spectral_pool_gradient",
    "complex_threshold",
    "covariance",
    "whitening",
    "whitening_gradient",
)
QUANTITIES = {m.OP.name: m.QUANTITIES for m in _SUMMING}  # S is a multiple
QUANTITIES["complex_map_sums"] = complex_map.QUANTITIES
QUANTITIES["covariance"] = whitening.QUANTITIES
QUANTITIES["whitening_gradient"] = whitening.GRADIENT_QUANTITIES
VARIANTS: dict[str, tuple[dict[str, float], ...]] = {
    "norm_statistics": _NORMS,
    "norm_sign": _NORMS,
    "norm_levels": _NORMS,
    "norm_apply": _NORMS_RELU,
    "norm_gradient_sums": _NORMS_STE,
    "norm_gradient": _NORMS_STE,
    "adam": ({"clip": 0.0}, {"clip": 1.0}, {"clip": 0.3}),
    "sgd": ({"clip": 0.0}, {"clip": 1.0}, {"clip": 0.3}),
    "softmax_cross_entropy": ({"smoothing": 0.0}, {"smoothing": 0.1}),
    "copy_channels": ({"fresh": 0.0}, {"fresh": 1.0}),
    **sequences.VARIANTS,
    "complex_map": ({"transposed": 0.0}, {"transposed": 1.0}),
    **dict.fromkeys(
        ("keep_words", "pruned_conv2d"),
        tuple({"parts": parts, "packed": packed} for parts in (1.0, 2.0) for packed in (0.0, 1.0)),
    ),
}
MOST_POINT = 24


def view(values: Array, form: str) -> View:
    """Values (booleans for bits, stored integers for fixed point) as an operand."""
    if form == "bit":
        return View(pack(np.asarray(values, bool)), form, values.shape[-1])
    if form == "i4":
        return View(pack_nibbles(nearest_levels(2 * values.astype(np.int64))), form, values.shape[-1])
    with np.errstate(over="ignore"):
        return View(np.ascontiguousarray(values.astype(find_format(form).dtype)), form, values.shape[-1])


def work_of(op_name: str, channels: int, parts: int = 1) -> View:
    """The operand `work` for so many parts."""
    return view(np.zeros((QUANTITIES[op_name] * parts, channels)), "f64")


def _bits(rng: np.random.Generator, *shape: int) -> Array:
    return rng.random(shape) < 0.5


def _sprinkle(rng: np.random.Generator, values: Array, edges: tuple[float, ...]) -> Array:
    """Values with a tenth of them replaced by edges."""
    chosen = rng.random(values.shape) < 0.1
    return np.where(chosen, rng.choice(np.asarray(edges, values.dtype), values.shape), values)


def _numbers(rng: np.random.Generator, form: str, *shape: int) -> Array:
    """Activations or latent weights: with zeros of both signs, and the bounds 1 and -1."""
    if form in ("q15", "q7"):
        one = find_format(form).one
        return _sprinkle(rng, rng.integers(-one, one + 1, shape), (0, -1, 1, one, -one))
    return _sprinkle(rng, rng.standard_normal(shape), (0.0, -0.0, 1.0, -1.0))


def _input(rng: np.random.Generator, form: str, rows: int, cols: int) -> Array:
    """What a matrix product takes: bits, bytes with many zeros as images have, or floats."""
    if form == "bit":
        return _bits(rng, rows, cols)
    if form == "u8":
        x = _sprinkle(rng, rng.integers(0, 256, (rows, cols)), (0, 255, 127, 128))
        dense, seen = rng.choice([0.0, 0.1, 0.5, 1.0], 2)
        return np.where((rng.random((rows, cols)) < dense) & (rng.random(cols) <= seen), x, 0)
    return _numbers(rng, form, rows, cols) if form == "f16" else rng.uniform(-1, 1, (rows, cols))


def _product(rng: np.random.Generator, formats: Formats, rows: int, cols: int) -> Array:
    """Y: each channel with its own mean and deviation, some of them constant; variances fit their format."""
    form, half = formats["y"], "f16" in (formats["stats"], formats.get("running"))
    spread = np.exp(rng.normal(0, 0.5, cols)) * {"i16": 16.0, "i32": 20.0 if half else 4000.0}.get(form, 3.0)
    y = rng.normal(0, 1, cols) * spread + rng.standard_normal((rows, cols)) * spread
    if form.startswith("i"):
        y = np.clip(np.rint(y), -32768, 32767) if form == "i16" else np.rint(y)
    dead = rng.random(cols) < 0.05
    dead[rng.integers(cols)] |= cols > 1
    return np.where(dead, y[:1], y)


def _gradient(rng: np.random.Generator, form: str, rows: int, cols: int) -> Array:
    """A gradient: small floats, or mantissas that reach their format's limits; some channels have none."""
    none = rng.random(cols) < 0.05
    if form in MANTISSAS:
        limit = MANTISSAS[form]
        spread = limit * rng.choice([0.03, 0.3, 1.0])
        g = np.clip(np.rint(rng.standard_normal((rows, cols)) * spread), -limit, limit)
    else:
        g = rng.standard_normal((rows, cols)) * 0.01
    g = np.where(none, 0.0, g)
    return np.zeros_like(g) if rng.random() < 0.03 else g


def _beta(rng: np.random.Generator, form: str, cols: int) -> View:
    return view(_sprinkle(rng, rng.normal(0, 0.6, (1, cols)), (0.0, 1.0, -1.0, 2.5)), form)


def _statistics(rng: np.random.Generator, y: View, form: str, norm: float) -> View:
    """Those of Y itself, or running ones that do not fit it; in both some channels do not vary."""
    stats = view(np.zeros((2, y.cols)), form)
    work = work_of("norm_statistics", y.cols)
    OP_BY_NAME["norm_statistics"].reference(y=y, stats=stats, running=None, work=work, norm=norm, momentum=0.9)
    if rng.random() < 0.5:
        stats.store(stats.data * rng.uniform(0.5, 1.5, (2, y.cols)) * (rng.random((2, y.cols)) < 0.95))
    return stats


def _scale(rng: np.random.Generator) -> View:
    """The memory of an integer dX: of a step of which nothing is known, or of any other."""
    noted = [rng.choice([0, 1, 100, 5000, 2**20, 2**31 - 1]), *rng.choice([0, 1, 3, 10**6], 2)]
    return view(np.array([rng.random() < 0.9, *rng.integers(-24, 24, 2), *noted], np.int64), "i64")


def _exponents(rng: np.random.Generator) -> dict[str, View]:
    """Of dY and dX: mostly so far apart that sums fit, some in the wrong order."""
    dy = int(rng.integers(-24, 2))
    exponents = {"dy_exponent": dy, "dx_exponent": dy + int(rng.choice([-1, 0, 1, 4, 7, 12, 23, 40]))}
    return {name: view(np.array([value]), "i32") for name, value in exponents.items()}


def _exponent(rng: np.random.Generator) -> View:
    return view(rng.integers(-24, 2, 1), "i32")


def _binarize(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"values": view(_numbers(rng, formats["values"], sizes["R"], sizes["K"]), formats["values"])}, {}


def _copy(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"x": view(_bits(rng, sizes["R"], sizes["K"]), "bit")}, {}


def _matmul(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    x = view(_input(rng, formats["x"], sizes["R"], sizes["K"]), formats["x"])
    return {"x": x, "weights": view(_bits(rng, sizes["N"], sizes["K"]), "bit")}, {}


def _quantise_input(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    low, high = ((-1.0, 1.0), (0.0, 1.0), (-2.5, 0.3), (0.0, 255.0))[int(rng.integers(4))]
    x = rng.uniform(low - 0.1, high + 0.1, (sizes["R"], sizes["K"]))
    codes = low + (rng.integers(0, 512, x.shape) / 2) * (high - low) / 255  # on codes and half-way between them
    return {"x": view(np.where(_bits(rng, *x.shape), x, codes), formats["x"])}, {"low": low, "high": high}


def _norm_statistics(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    filled = {"y": view(_product(rng, formats, sizes["R"], sizes["D"]), formats["y"])}
    if "running" in formats:
        filled["running"] = view(np.abs(rng.standard_normal((2, sizes["C"]))), formats["running"])
    return filled, {**variant, "momentum": float(rng.choice([0.0, 0.9, 0.99]))}


def _more(rng: np.random.Generator, formats: Formats, shape: tuple[int, int]) -> dict[str, View]:
    """What is added to a result."""
    return {"more": view(_numbers(rng, formats["more"], *shape), formats["more"])} if "more" in formats else {}


def _norm_forward(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    first, count = int(variant.get("first", 0)), sizes.get("D", sizes["C"])  # norm_sign may have some channels only
    y = view(_product(rng, formats, sizes["R"], count), formats["y"])
    stats = view(rng.uniform(0, 9, (2, sizes["C"])), formats["stats"])
    stats.data[:, first : first + count] = _statistics(rng, y, formats["stats"], variant["norm"]).data
    beta = {"beta": _beta(rng, formats["beta"], sizes["C"])} if "beta" in formats else {}
    return {"y": y, "stats": stats, **beta, **_more(rng, formats, (sizes["R"], count))}, dict(variant)


def _softmax(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    rows, classes = sizes["R"], sizes["C"]
    logits = rng.standard_normal((rows, classes)) * rng.choice([0.0, 1.0, 5.0, 400.0])
    logits = _sprinkle(rng, logits, (0.0, 3.0))  # ties
    labels = _sprinkle(rng, rng.integers(0, classes, rows), (-1, classes))
    filled = {"logits": view(logits, formats["logits"]), "labels": view(labels, "i32")}
    if "weights" in formats:
        filled["weights"] = view(_sprinkle(rng, rng.uniform(0, 3, (1, classes)), (0.0, 1.0)), "f32")
    return filled | {"loss": view(rng.uniform(0, 1000, 1), "f64"), "counters": _counters(rng)}, dict(variant)


def _with_targets(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Outputs or logits with a target each; some rows are no examples, whatever their outputs are."""
    rows, count = sizes["R"], sizes["C"]
    name = "logits" if "logits" in formats else "outputs"
    x = _sprinkle(rng, rng.standard_normal((rows, count)) * rng.choice([0.0, 1.0, 30.0, 1000.0]), (0.0, -0.0))
    targets = _sprinkle(rng, rng.uniform(0, 1, (rows, count)), (0.0, 0.5, 1.0))
    targets = np.where(_bits(rng, rows, 1), targets, x >= 0)  # rows whose outputs are all right
    targets[rng.random(rows) < 0.1, 0] = np.nan
    filled = {name: view(x, formats[name]), "targets": view(targets, "f32")}
    return filled | {"loss": view(rng.uniform(0, 1000, 1), "f64"), "counters": _counters(rng)}, {}


def _masked_gradient(formats: Formats, sizes: Sizes, rng: np.random.Generator) -> dict[str, View]:
    shape = (sizes["R"], sizes["C"])
    x = _bits(rng, *shape) if formats["x"] == "bit" else _numbers(rng, formats["x"], *shape)
    filled = {"dx": view(_gradient(rng, formats["dx"], *shape), formats["dx"]), "x": view(x, formats["x"])}
    if "beta" in formats:
        filled["beta"] = _beta(rng, formats["beta"], sizes["C"])
    if "mask" in formats:
        filled["mask"] = view(rng.random(shape) < rng.choice([0.0, 0.3, 0.7], shape[1]), "bit")
    if "half" in formats:
        filled["half"] = view(rng.random(shape) < rng.choice([0.0, 0.4, 1.0], shape[1]), "bit")
    return filled


def _gradient_sums(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    filled = _masked_gradient(formats, sizes, rng)
    if "omega" in formats:
        filled["omega"] = view(rng.uniform(0.5, 1.5, (1, sizes["C"])), formats["omega"])
    return filled, dict(variant)


def _norm_gradient(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """The sums are those of these very gradients, as the instruction may take for granted."""
    filled, channels = _masked_gradient(formats, sizes, rng), sizes["C"]
    still = np.all(
        filled["dx"].numbers() == 0, axis=0
    )  # no gradient: a deviation so small that its reciprocal is out of range
    spread = np.where(still, 1e-3, np.exp(rng.normal(3.0, 1.0, channels))) * (rng.random(channels) < 0.95)
    spread[rng.integers(channels)] *= channels == 1
    filled["stats"] = view(np.stack([rng.normal(0, 10, channels), spread]), formats["stats"])
    sums = view(np.zeros((5, channels)), "f64")
    omega = view(rng.uniform(0.5, 1.5, (1, channels)), "f32") if formats["x"] == "bit" else None
    given = {name: filled.get(name) for name in ("dx", "x", "beta")}
    reference = OP_BY_NAME["norm_gradient_sums"].reference
    work = work_of("norm_gradient_sums", channels)
    known = {name: filled.get(name) for name in ("mask", "half")}
    reference(**given, **known, omega=omega, sums=sums, work=work, **variant)
    filled["sums"] = sums
    if "dx_exponent" in formats:
        filled["dx_exponent"] = _exponent(rng)
    if "unit" in formats:
        filled["unit"] = _exponent(rng)
    if "scale" in formats:
        filled["scale"] = _scale(rng)
    return filled | _more(rng, formats, (sizes["R"], channels)), dict(variant)


def _input_gradient(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    filled = {"dy": view(_gradient(rng, formats["dy"], sizes["R"], sizes["N"]), formats["dy"])}
    filled["weights"] = view(_bits(rng, sizes["N"], sizes["K"]), "bit")
    if "scale" in formats:
        filled |= {**_exponents(rng), "scale": _scale(rng)}
    return filled, {}


def _gradient_exponent(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    filled = {"dy_exponent": _exponent(rng), "scale": _scale(rng), "counters": _counters(rng)}
    attributes = {"products": rng.choice([1, 9, 1152, 2**20]), "elements": rng.choice([1, 8192, 10**6])}
    attributes |= {"bits": rng.choice([5, 7, 15]), "dy_bits": rng.choice([5, 7])}
    return filled, {name: float(size) for name, size in attributes.items()}


def _weight_gradient(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    dy = view(_gradient(rng, formats["dy"], sizes["R"], sizes["N"]), formats["dy"])
    return {"dy": dy, "x": view(_input(rng, formats["x"], sizes["R"], sizes["K"]), formats["x"])}, {}


def _pixels(sizes: Sizes, outputs: bool) -> int:
    return sizes["B"] * (sizes["I"] * sizes["J"] if outputs else sizes["H"] * sizes["W"])


def _conv2d(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    x = view(_input(rng, formats["x"], _pixels(sizes, False), sizes["C"]), formats["x"])
    return {"x": x, "weights": _kernel(formats, sizes, rng)}, {}


def _kernel(formats: Formats, sizes: Sizes, rng: np.random.Generator) -> View:
    rows, form = sizes["N"] * sizes["P"] * sizes["Q"], formats["weights"]
    return view(_bits(rng, rows, sizes["C"]) if form == "bit" else _numbers(rng, form, rows, sizes["C"]) * 0.1, form)


def _conv2d_input_gradient(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    filled = {"dy": view(_gradient(rng, formats["dy"], _pixels(sizes, True), sizes["N"]), formats["dy"])}
    filled["weights"] = _kernel(formats, sizes, rng)
    if "scale" in formats:
        filled |= {**_exponents(rng), "scale": _scale(rng)}
    return filled, {}


def pruned_sizes(sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> dict[str, int]:
    """Even channels of parts; rows of what is pruned, N or half of it; as many places as there are words."""
    parts, packed = int(variant.get("parts", 1)), bool(variant.get("packed", 0))
    channels = -(-sizes["C"] // parts) * parts
    rows = sizes["N"] // 2 if sizes["N"] % 2 == 0 and rng.random() < 0.5 else sizes["N"]
    places = sizes["N"] * places_of((sizes["P"], sizes["Q"], channels), parts, packed)
    return {"C": channels, "O": rows, "K": places}


def _pruned_lists(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Weights of which lanes, words, columns or outputs are pruned."""
    shape = sizes["N"], sizes["P"], sizes["Q"], sizes["C"]
    weights, pruned = _bits(rng, *shape), _pruned(rng, sizes["O"], *shape[1:])
    return {"weights": view(weights, "bit"), "pruned": view(pruned, "bit")}, dict(variant)


def _pruned(rng: np.random.Generator, *shape: int) -> Array:
    """Random lanes, of which kinds are pruned whole; now and then all of an output, or of all."""
    pruned = rng.random(shape) < rng.choice([0.0, 0.5, 0.95])
    outputs, rows, columns, channels = shape
    kind = int(rng.integers(5))
    if kind == 0:
        pruned |= rng.random((outputs, 1, 1, 1)) < 0.5
    elif kind == 1:
        pruned |= rng.random((1, rows, columns, channels)) < 0.9
    elif kind == 2:
        groups = rng.random((-(-outputs // 4), rows, columns, -(-channels // 64))) < 0.9
        pruned |= np.repeat(np.repeat(groups, 4, axis=0)[:outputs], 64, axis=3)[..., :channels]
    elif kind == 3 and rng.random() < 0.2:
        pruned[...] = True
    return pruned


def _pruned_conv2d(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """The lists of such weights, with room behind them."""
    shape = sizes["N"], sizes["P"], sizes["Q"], sizes["C"]
    kept = ~_pruned(rng, *shape)
    parts, packed = int(variant["parts"]), bool(variant["packed"])
    ends, places, signs, lanes, union = kept_words(_bits(rng, *shape), kept, parts, packed)
    x = view(_input(rng, "bit", _pixels(sizes, False), sizes["C"]), "bit")
    room = sizes["K"] - len(places)
    filled = {
        "x": x,
        "ends": view(ends, "i32"),
        "places": view(np.pad(places, (0, room)), "i32"),
        "signs": View(np.pad(signs, (0, room))[:, None], "bit", 64),
        "lanes": View(np.pad(lanes, (0, room))[:, None], "bit", 64),
        "kept": view(union, "bit"),
    }
    if "least" in formats:
        filled["least"] = view(rng.integers(-3, 4, (1, sizes["N"])), "i32")
    return filled, dict(variant)


def _pruned_input_gradient(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    filled, attributes = _conv2d_input_gradient({**formats, "weights": "bit"}, sizes, variant, rng)
    pruned = _pruned(rng, *(sizes[letter] for letter in "OPQC"))
    return {**filled, "pruned": view(pruned, "bit")}, attributes


def _conv2d_input_sums(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    filled = {"dy": view(_gradient(rng, formats["dy"], _pixels(sizes, True), sizes["N"]), formats["dy"])}
    filled["weights"] = _kernel(formats, sizes, rng)
    return filled, {"image_height": float(sizes["H"]), "image_width": float(sizes["W"])}


def _conv2d_weight_gradient(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    dy = view(_gradient(rng, formats["dy"], _pixels(sizes, True), sizes["N"]), formats["dy"])
    return {"dy": dy, "x": view(_input(rng, formats["x"], _pixels(sizes, False), sizes["C"]), formats["x"])}, {}


def _conv2d_update(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """The update of all taps' weights, a row for each tap of each output."""
    rest = {name: form for name, form in formats.items() if name not in ("dy", "x")}
    rows = {"R": sizes["N"] * sizes["P"] * sizes["Q"], "K": sizes["C"]}
    filled, attributes = _update({**rest, "dw": "bit"}, rows, variant, rng)
    del filled["dw"]
    return {**filled, **_conv2d_weight_gradient(formats, sizes, variant, rng)[0]}, attributes


def _pool(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Few different integers, so that many are equal."""
    form, shape = formats["x"], (_pixels(sizes, False), sizes["C"])
    values = rng.integers(-3, 4, shape) * 1000 if form.startswith("i") else _input(rng, form, *shape)
    return {"x": view(values, form)}, {}


def _pool_gradient(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """`index` as max_pool leaves it; or any bits: taps that no window has, or that see only padding."""
    filled = {"dy": view(_gradient(rng, formats["dy"], _pixels(sizes, True), sizes["C"]), formats["dy"])}
    if "dy_exponent" in formats:
        filled["dy_exponent"] = _exponent(rng)
    if "index" in formats:
        batch, channels = sizes["B"], sizes["C"]
        x = rng.integers(-3, 4, (batch * sizes["H"] * sizes["W"], channels)).astype(np.int16)
        image, pooled = ((batch, *(sizes[k] for k in names), channels) for names in ("HW", "IJ"))
        index = np.zeros((_pixels(sizes, True) * sizes["L"], words(channels)), np.uint64)
        filled["index"] = View(index, "bit", channels, (*pooled[:3], sizes["L"], channels))
        y = View(np.zeros((_pixels(sizes, True), channels), np.int16), "i16", channels, pooled)
        window = {name: value for name, value in variant.items() if name != "exact"}
        OP_BY_NAME["max_pool"].reference(x=View(x, "i16", channels, image), y=y, index=filled["index"], **window)
        if rng.random() < 0.2:
            filled["index"].store(_bits(rng, index.shape[0], channels))
    return filled, {}


def _flatten_bits(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"x": view(_bits(rng, _pixels(sizes, False), sizes["C"]), "bit")}, {}


def _unflatten_bits(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"x": view(_bits(rng, sizes["B"], sizes["K"]), "bit")}, {}


def _numbers_of(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Operands called x, a, b and weights: activations in numbers, or bytes."""
    filled = {}
    for name in ("x", "a", "b"):
        if name in formats:
            filled[name] = view(_input(rng, formats[name], sizes["R"], sizes["C"]), formats[name])
    if "weights" in formats:
        filled["weights"] = _kernel(formats, sizes, rng)
    if "scale" in formats:
        filled["scale"] = view(rng.uniform(0, 2, (1, sizes["C" if "x" in formats else "N"])), formats["scale"])
    return filled, {}


def _gate(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    shape = (sizes["R"], sizes["C"])
    filled = {"dx": view(_gradient(rng, formats["dx"], *shape), formats["dx"])}
    if "dx_exponent" in formats:
        filled["dx_exponent"] = _exponent(rng)
    if "unit" in formats:
        filled["unit"] = _exponent(rng)
    filled |= _more(rng, formats, shape)
    if "mask" in formats:
        filled["mask"] = view(_bits(rng, *shape), "bit")
    if "slope" in formats:
        filled["slope"] = view(_input(rng, "u8", *shape), "u8")
    if "x" in formats:
        filled["x"] = view(_numbers(rng, formats["x"], *shape), formats["x"])
    return filled, {}


def _from_unit(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"x": view(_gradient(rng, "f32", sizes["R"], sizes["C"]), "f32"), "unit": _exponent(rng)}, {}


def _activated(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """What tanh and sigmoid meet: every size, saturation, infinities, and what is not a number; y from -1 to 1."""
    shape = (sizes["R"], sizes["C"])
    if "x" in formats:
        sizes_of_x = np.exp(rng.uniform(np.log(1e-7), np.log(100), shape))
        edges = (0.0, -0.0, np.inf, -np.inf, np.nan, 2.0**-12, -(2.0**-12), 3e4, -3e4, 2.0**-24)
        return {"x": view(_sprinkle(rng, sizes_of_x * rng.choice([-1.0, 1.0], shape), edges), formats["x"])}, {}
    y = view(_sprinkle(rng, rng.uniform(-1, 1, shape), (0.0, -0.0, 1.0, -1.0)), formats["y"])
    return {"dy": view(_gradient(rng, formats["dy"], *shape), formats["dy"]), "y": y}, {}


def _add_bias(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    y = view(_numbers(rng, formats["y"], sizes["R"], sizes["C"]), formats["y"])
    return {"y": y, "bias": _beta(rng, formats["bias"], sizes["C"])}, {}


def _channel_sums(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    shape = (sizes["R"], sizes["C"])
    return {name: view(_numbers(rng, formats[name], *shape), formats[name]) for name in "ab" if name in formats}, {}


def complex_sizes(op_name: str, sizes: Sizes, rng: np.random.Generator) -> dict[str, int]:
    """The letters of rows of complex channels: C are the parts of D, S rows are made of R, G say a matrix."""
    half, outputs = sizes["C"], sizes.get("N", 1)
    own = {"C": 2 * half, "D": half, "S": 2 * sizes.get("R", 1), "G": int(rng.integers(1, 5)), "K": 2 * outputs}
    return {**sizes, **own}


def _complex(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Rows of complex channels of any format, and what their matrices are made of."""
    rows, channels, filled = sizes["R"], sizes["C"], {}
    for name in ("x", "dy"):
        form = formats.get(name)
        if form in MANTISSAS:
            filled[name] = view(_gradient(rng, form, rows, channels), form)
        elif form is not None:
            filled[name] = view(_input(rng, form, rows, channels), form)
    if "gains" in formats:
        filled["gains"] = view(rng.standard_normal((sizes["G"], sizes["D"])), formats["gains"])
    if "centre" in formats:
        filled["centre"] = view(rng.standard_normal((1, channels)), formats["centre"])
    return filled, {"factor": float(rng.choice([1.0, 0.5**0.5])), **variant}


def _complex_threshold(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    """Sums on both sides of their lines and on them; factors and shifts of any size, too."""
    rows, channels, half = sizes["R"], sizes["C"], sizes["D"]
    y = rng.integers(-300, 301, (rows, channels))
    factors, most = rng.integers(-3, 4, (4, half)), int(rng.choice([4, 2**25, 2**31 - 1]))
    shift = rng.integers(-600, 601, channels)
    if most > 4:
        factors, shift = rng.integers(-most, most, (4, half)), rng.integers(-most * 300, most * 300, channels)
    filled = {"y": view(y, formats["y"]), "factors": view(factors, "i32"), "shift": view(shift[None], "i64")}
    return filled, {}


def _correlated(rng: np.random.Generator, form: str, rows: int, cols: int) -> View:
    """Rows of complex channels whose parts hang together, some wholly; of some nothing varies."""
    half = cols // 2
    white, mean = rng.standard_normal((2, rows, half)), rng.standard_normal((2, half)) * rng.choice([0.0, 1.0, 100.0])
    together = rng.choice([0.0, 0.5, -1.0, 1.0], half)
    parts = white[0], together * white[0] + (1 - np.abs(together)) * white[1]
    size = rng.choice([0.0, 1.0, 30.0], half, p=[0.1, 0.5, 0.4])
    return view(np.hstack([size * part + m for part, m in zip(parts, mean, strict=True)]), form)


def _covariance(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    filled = {"y": _correlated(rng, formats["y"], sizes["R"], sizes["C"])}
    if "running" in formats:
        filled["running"] = _covariances(rng, formats["running"], sizes["D"])
    return filled, {"momentum": float(rng.choice([0.0, 0.9]))}


def _covariances(rng: np.random.Generator, form: str, half: int) -> View:
    """Of channels of which some do not vary, and the parts of some are one."""
    deviations = np.exp(rng.standard_normal((2, half))) * (rng.random(half) < 0.9)
    both = rng.choice([0.0, 0.3, 1.0, -1.0], half) * deviations[0] * deviations[1]
    return view(np.vstack([rng.standard_normal((2, half)), deviations**2, both]), form)


def _whitening(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"stats": _covariances(rng, formats["stats"], sizes["D"])}, {}


def _whitening_gradient(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    shape, half = (sizes["R"], sizes["C"]), sizes["D"]
    dz, z = _gradient(rng, formats["dz"], *shape), rng.standard_normal(shape)
    root = np.stack(whitening.inverse_root(_covariances(rng, "f64", half).data[2:]))
    return {"dz": view(dz, formats["dz"]), "z": view(z, formats["z"]), "matrix": view(root, formats["matrix"])}, {}


def _hard_tanh(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    x = _sprinkle(rng, rng.standard_normal((sizes["R"], sizes["C"])), (0.0, -0.0, 1.0, 1.3, -1.3, np.nan, np.inf))
    return {"x": view(x, formats["x"])}, {"limit": float(rng.choice([1.0, 1.3, 0.5]))}


def _sum_pool(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    if "dy" in formats:
        dy = _gradient(rng, formats["dy"], _pixels(sizes, True), sizes["C"])
        return {"dy": view(dy, formats["dy"])}, {}
    form, shape = formats["x"], (_pixels(sizes, False), sizes["C"])
    values = rng.integers(-30000, 30000, shape) if form.startswith("i") else _input(rng, form, *shape)
    return {"x": view(values, form)}, {}


def _spectral_pool(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    name, rows = ("dy", _pixels(sizes, True)) if "dy" in formats else ("x", _pixels(sizes, False))
    filled = {name: view(_numbers(rng, formats[name], rows, sizes["C"]), formats[name])}
    for part, (left, side) in (("rows", "IH"), ("columns", "JW")):
        numbers = rng.standard_normal((2, sizes[left], sizes[side]))
        filled[part] = View(numbers.astype(np.float32).reshape(-1, sizes[side]), "f32", sizes[side], numbers.shape)
    return filled, {}


def _copy_channels(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Any channels of one in any of the other; what y held is whole words of anything where nothing of it stays."""

    def elements(form: str, *shape: int) -> Array:
        if form == "bit":
            return _bits(rng, *shape)
        if form == "i4":
            return rng.choice(LEVELS, shape) * rng.choice([-1, 1], shape)
        return rng.integers(-100, 100, shape) if form.startswith(("i", "u")) else _numbers(rng, form, *shape)

    rows, given, wanted = sizes["R"], sizes["C"], sizes["D"]
    count = int(rng.integers(1, min(given, wanted) + 1))
    begin, at = int(rng.integers(given - count + 1)), int(rng.integers(wanted - count + 1))
    x, y = (view(elements(formats[n], rows, c), formats[n]) for n, c in (("x", given), ("y", wanted)))
    if formats["y"] == "bit" and variant["fresh"]:
        y.data[...] = rng.integers(0, 2**64, y.data.shape, np.uint64)
    return {"x": x, "y": y}, {**variant, "begin": float(begin), "at": float(at), "count": float(count)}


def _decay_weights(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    clock, _ = _clock(rng)
    filled = {**clock, "w": view(_numbers(rng, formats["w"], sizes["R"], sizes["K"]), formats["w"])}
    if "micro" in formats:
        filled["micro"] = _micro(rng)
    rate = float(rng.choice([0.0, 1e-4, 0.01, 0.19, 1.0, 1e6]))
    return filled, {"rate": rate, "salt": float(rng.integers(0, 300))}


def _counters(rng: np.random.Generator) -> View:
    return view(rng.integers(0, 10**12, 4), "i64")


def _clock(rng: np.random.Generator) -> tuple[dict[str, View], Attributes]:
    """The optimizer's clock somewhere in a training, and the decay rates that made it."""
    steps = int(rng.choice([1, 2, 10, 1000, 100_000]))
    beta1, beta2 = float(rng.choice([0.0, 0.5, 0.9])), float(rng.choice([0.9, 0.999]))
    rate = float(rng.choice([0.0, 1e-4, 1e-3, 0.1, 5.0]))
    control = np.array([rate, steps, beta1**steps, beta2**steps])
    state = rng.integers(-(2**63), 2**63, 1)
    return {"control": view(control, "f64"), "random": view(state, "i64")}, {"beta1": beta1, "beta2": beta2}


def _micro(rng: np.random.Generator, count: int | None = None) -> View:
    """Somewhere in a step of micro-batches; or what no program leaves there."""
    count = count or int(rng.choice([1, 2, 3, 10, 1000]))
    place = int(rng.choice([1, count, rng.integers(1, count + 1)]))
    odd = rng.choice([0, -1, 7, 2**62, -(2**63)], 2)
    return view(odd if rng.random() < 0.1 else np.array([place, count]), "i64")


def _tick(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    filled, decays = _clock(rng)
    count = int(rng.choice([2, 3, 1000])) if "micro" in formats else 1
    if "micro" in formats:
        filled["micro"] = _micro(rng, count)
    return filled, {**decays, "micro_batches": float(count)}


def _accumulate(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    shape = (sizes["R"], sizes["K"])
    filled = {name: view(_numbers(rng, formats[name], *shape), formats[name]) for name in ("value", "sum")}
    return {**filled, "micro": _micro(rng)}, {}


def _clip(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """A gradient, and a sum of squares around the bound on its root; or what is no sum."""
    dw = _numbers(rng, formats["dw"], sizes["R"], sizes["K"])
    sums = rng.choice([0.0, 1e-40, 3.0, 1e4, 1e300, np.inf, np.nan], 1)
    filled = {"dw": view(dw, formats["dw"]), "sum": view(sums, "f64")}
    attributes = {"fresh": float(rng.integers(2)), "most": float(rng.choice([1e-3, 1.0, 5.0]))}
    return filled | ({"micro": _micro(rng)} if "micro" in formats else {}), attributes


def _update(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """The operands of adam, sgd, bop and their fused forms; `rows` and `cols` are the weights'."""
    rows, cols = sizes["N" if "dy" in formats else "R"], sizes["K"]
    clock, decays = _clock(rng)
    filled = {name: clock[name] for name in clock if name in formats} | {"counters": _counters(rng)}
    if "micro" in formats:
        filled["micro"] = _micro(rng)
    if "w" in formats:
        filled["w"] = view(np.clip(_numbers(rng, formats["w"], rows, cols), *_range(formats["w"])), formats["w"])
    else:
        filled["weights"] = view(_bits(rng, rows, cols), "bit")
    m = _numbers(rng, formats["m"], rows, cols)
    filled["m"] = view(m if formats["m"].startswith("q") else m * 0.05, formats["m"])
    if "v" in formats:
        filled["v"] = view(np.square(_numbers(rng, formats["v"], rows, cols) * 0.05), formats["v"])
    if "dy" in formats:
        filled |= _weight_gradient(formats, sizes, variant, rng)[0]
    elif formats["dw"] == "bit":
        filled["dw"] = view(_bits(rng, rows, cols), "bit")
    else:
        dw = _numbers(rng, formats["dw"], rows, cols)
        filled["dw"] = view(dw if formats["dw"] == "q7" else dw * 0.05, formats["dw"])
    settings = {"momentum": float(rng.choice([0.0, 0.9])), "epsilon": 1e-8, "gradient_scale": cols**-0.5}
    settings |= {"clip": float(rng.choice([1.0, 0.3])), "signs": float(rng.choice([0.0, 1.0]))}
    floats = formats.get("w") in ("f16", "f32")
    settings |= {"decay": float(rng.choice([0.0, 0.02])) * floats, "nesterov": float(rng.choice([0.0, 1.0]))}
    settings |= {"gamma": float(rng.choice([1e-4, 1e-2])), "tau": float(rng.choice([0.0, 1e-8, 1e-3]))}
    return filled, {**settings, **decays, "salt": float(rng.integers(0, 300)), **variant}


def _product_in_prediction(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    """Bits or bytes, weights in rows or in panels, and thresholds: many within reach of the sums, some beyond."""
    images = "B" in sizes
    rows = _pixels(sizes, False) if images else sizes["R"]
    cols = sizes["C"] if images else sizes["K"]
    filled = {"x": view(_input(rng, formats["x"], rows, cols), formats["x"])}
    taps = sizes["P"] * sizes["Q"] if images else 1
    weights = view(_bits(rng, sizes["N"] * taps, cols), "bit")
    if "panels" in formats:
        panels = pack_panels(weights.data.reshape(sizes["N"], -1))
        filled["panels"] = View(panels.reshape(-1, panels.shape[-1]), "bit", BITS)
    else:
        filled["weights"] = weights
    reach = (1 if formats["x"] == "bit" else 150) * (taps * cols) ** 0.5
    far = rng.choice([-(2**31), -(2**30), 2**30, 2**31 - 1], (1, sizes["N"]))
    near = np.rint(rng.standard_normal((1, sizes["N"])) * reach)
    filled["least"] = view(np.where(rng.random(near.shape) < 0.1, far, near), "i32")
    return filled, {}


def panels_sizes(op_name: str, sizes: Sizes) -> dict[str, int]:
    """The letters of an instruction's panels, which follow from its other sizes."""
    if op_name == "packed_matmul":
        return {"P": panels_of(sizes["N"]), "W": words(sizes["K"])}
    if op_name == "packed_conv2d":
        return {"P": panels_of(sizes["N"]), "K": sizes["P"] * sizes["Q"] * words(sizes["C"])}
    return {}


def _threshold(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Few different numbers, so that many are equal to their threshold; among floats some that are none."""
    shape, form = (sizes["R"], sizes["C"]), formats["y"]
    y, least = (rng.integers(-3, 4, s) * 0.5 for s in (shape, (1, sizes["C"])))
    if form.startswith("i"):
        y, least = y * 2000, _sprinkle(rng, least * 2000, (-(2.0**30), 2.0**30, -32768.0, 32767.0, 32768.0))
    else:
        odd = (np.nan, np.inf, -np.inf, -0.0)
        y, least = _sprinkle(rng, y, odd), _sprinkle(rng, least, odd)
    return {"y": view(y, form), "least": view(least, formats["least"])}, {}


def boundaries_sizes(op_name: str, formats: Formats, rng: np.random.Generator | None = None) -> dict[str, int]:
    """How many boundaries lie between levels: of 2 bits, or of 4."""
    if op_name == "quantise":
        return {"S": largest(4 if "third" in formats else 2)}
    bits = 2 if rng is None else int(rng.choice(BITS_OF_LEVELS))
    return {"S": largest(bits)} if op_name == "norm_levels" else {}


def _quantise(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Numbers on boundaries, beside them, and anywhere; some floats are no numbers."""
    form, shape, bits = formats["x"], (sizes["R"], sizes["C"]), 4 if "third" in formats else 2
    span = 1.0 if "least" in formats else float(rng.choice([1.0, 1.0, 0.1, 1 / 3]))
    if "least" in formats:
        spread = rng.choice([3.0, 300.0, 30000.0])
        least = np.sort(np.rint(rng.normal(0, spread, (sizes["S"], sizes["C"]))), axis=0)
        least = _sprinkle(rng, least, (-(2.0**30), 2.0**30, -32768.0, 32767.0))
        x = least[rng.integers(sizes["S"], size=shape), np.arange(sizes["C"])] + rng.integers(-1, 2, shape)
        return {"x": view(np.clip(x, -32768, 32767), form), "least": view(least, "i32")}, {"span": span}
    if form in ("q15", "q7"):
        one = find_format(form).one
        near = rng.choice(whole_boundaries(bits, one * span), shape) + rng.integers(-1, 2, shape)
        return {"x": view(np.where(_bits(rng, *shape), near, _numbers(rng, form, *shape)), form)}, {"span": span}
    bounds = float_boundaries(bits, span)
    near = np.nextafter(rng.choice(bounds, shape), rng.choice(np.array([-2, 2], np.float32), shape))
    x = np.where(_bits(rng, *shape), near, rng.standard_normal(shape))
    edges = (0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, *bounds)
    return {"x": view(_sprinkle(rng, x.astype(np.float32), edges), form)}, {"span": span}


def _norm_levels(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Some channels do not vary; of some a boundary is a whole number."""
    channels = sizes["C"]
    spread = np.exp(rng.normal(1.0, 2.0, channels)) * (rng.random(channels) < 0.9)
    stats = np.stack([rng.normal(0, 10, channels), np.where(rng.random(channels) < 0.3, 15.0, spread)])
    stats[0] = np.where(rng.random(channels) < 0.5, np.rint(stats[0]), stats[0])
    filled = {"stats": view(stats, formats["stats"])}
    return filled | ({"beta": _beta(rng, formats["beta"], channels)} if "beta" in formats else {}), dict(variant)


def _planes(formats: Formats, rows: int, cols: int, rng: np.random.Generator) -> dict[str, View]:
    """The planes of an instruction that are read."""
    return {name: view(_bits(rng, rows, cols), "bit") for name in PLANES if name in formats}


def _levels_to_bytes(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return dict(_planes(formats, sizes["R"], sizes["C"], rng)), {}


def _levels_input_gradient(
    formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator
) -> Filled:
    filled, _ = _conv2d_input_gradient(formats, sizes, variant, rng)
    filled |= _planes(formats, sizes["N"] * sizes["P"] * sizes["Q"], sizes["C"], rng)
    factors = (1.0, 3.0, 15.0) if "scale" in formats else (1.0, 1 / 3, 1 / 15)
    return filled, {"factor": float(rng.choice(factors))}


def _add_product(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    shape, most = (sizes["R"], sizes["C"]), 400 if formats["y"] == "i16" else 10**5
    filled = {n: view(rng.integers(-most, most, shape), formats[n]) for n in ("y", "part")}
    return filled, {"times": float(rng.choice([1, 2, 8, 64]))}


def _keep_largest(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    return {"sums": view(rng.standard_normal((5, sizes["C"])), "f64")}, {}


def _centre_weights(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Some rows are all on one side, so that what is left must be clipped."""
    rows = sizes["R"], sizes["K"]
    values = _numbers(rng, formats["w"], *rows)
    values = np.where(rng.random((rows[0], 1)) < 0.3, -np.abs(values), values)
    filled = {"w": view(np.clip(values, *_range(formats["w"])), formats["w"])}
    return filled | ({"micro": _micro(rng)} if "micro" in formats else {}), {}


def _scale_gradient(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    shape, planes = (sizes["N"], sizes["K"]), float(rng.choice([1, 2, 4]))
    filled = {name: view(np.clip(_numbers(rng, formats[name], *shape), -1, 1), formats[name]) for name in ("dw", "w")}
    scale = np.abs(rng.standard_normal((1, sizes["N"]))) * (rng.random((1, sizes["N"])) < 0.9)
    return {**filled, "scale": view(scale, "f32")}, {"planes": planes}


def _range(form: str) -> tuple[float, float]:
    one = find_format(form).one or 1
    return -one, one


def _shorts(rng: np.random.Generator, *shape: int) -> View:
    """Q5.10 or components of spectra: mostly small, some of any size, some at the ends of the format."""
    spread = 2.0 ** rng.uniform(4, 15)
    values = np.clip(np.rint(rng.standard_normal(shape) * spread), -32768, 32767)
    return view(_sprinkle(rng, values, (0, 1, -1, 32767, -32768)), "i16")


def _q10_lstm_sizes(formats: Formats, sizes: Sizes, rng: np.random.Generator) -> dict[str, int]:
    """Few cells, in whole blocks; with a projection other outputs than cells."""
    k = int(rng.choice([1, 2, 4, 8, 16, 32]))
    inputs, cells = int(rng.choice([1, 3, 8, 33, 70])), int(rng.choice([1, 2, 3, 5]))
    width = int(rng.choice([1, 2, 4])) if "projection" in formats else cells
    blocks = {"K": k, "O": cells, "J": -(-inputs // k), "L": width}
    frames = {"T": int(rng.choice([1, 2, 5])), "B": int(rng.choice([1, 2, 3]))}
    return {**blocks, **frames, "I": inputs, "N": cells * k, "Y": width * k}


def _q10_lstm(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    n, k, o, j, width = (sizes[letter] for letter in "NKOJY")
    frames, batch = sizes["T"], sizes["B"]
    operands = {
        "x": _shorts(rng, batch, frames, sizes["I"]),
        "lengths": view(rng.integers(-1, frames + 2, batch), "i32"),
        "inputs": _shorts(rng, 4, o, j, k),
        "recurrent": _shorts(rng, 4, o, sizes["L"], k),
        "bias": _shorts(rng, 4, n),
        "peepholes": _shorts(rng, 3, n),
        "projection": _shorts(rng, sizes["L"], o, k),
        "outputs": _shorts(rng, batch, width),
        "cells": _shorts(rng, batch, n),
    }
    points = {name: float(rng.choice([0, 1, 12, 15, 16, 17, 24])) for name in ("point", "projection_point")}
    flags = {name: float(rng.integers(2)) for name in (*Q10_FLAGS, "fresh", "sigmoid", "backwards")}
    return operands, {**points, **flags, "bound": float(rng.choice([0, 0, 900, 32767]))}


def _q10_gru_sizes(formats: Formats, sizes: Sizes, rng: np.random.Generator) -> dict[str, int]:
    """Few cells, in whole blocks."""
    k, cells = int(rng.choice([1, 2, 4, 8, 16, 32])), int(rng.choice([1, 2, 3, 5]))
    inputs = int(rng.choice([1, 3, 8, 33, 70]))
    frames = {"T": int(rng.choice([1, 2, 5])), "B": int(rng.choice([1, 2, 3]))}
    return {**frames, "K": k, "O": cells, "J": -(-inputs // k), "I": inputs, "N": cells * k}


def _q10_gru(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    n, k, o, j, frames, batch = (sizes[letter] for letter in "NKOJTB")
    operands = {
        "x": _shorts(rng, batch, frames, sizes["I"]),
        "lengths": view(rng.integers(-1, frames + 2, batch), "i32"),
        "inputs": _shorts(rng, 3, o, j, k),
        "recurrent": _shorts(rng, 2, o, o, k),
        "candidate": _shorts(rng, o, o, k),
        "bias": _shorts(rng, 3, n),
        "states": _shorts(rng, batch, n),
    }
    points = {name: float(rng.choice([0, 1, 12, 15, 16, 17, 24])) for name in ("point", "candidate_point")}
    return operands, {**points, **{name: float(rng.integers(2)) for name in ("inverse", "paper", "fresh")}}


def _q10_circulant_sizes(formats: Formats, sizes: Sizes, rng: np.random.Generator) -> dict[str, int]:
    """Inputs and outputs as drawn, in blocks the last of which need not be full."""
    k = int(rng.choice([1, 2, 4, 8, 16, 32]))
    inputs, outputs = int(rng.choice([1, 7, 64, 130, 600])), int(rng.choice([1, 7, 64, 130]))
    return {"K": k, "I": inputs, "J": -(-inputs // k), "N": outputs, "O": -(-outputs // k)}


def _q10_circulant(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    weights = _shorts(rng, sizes["O"], sizes["J"], sizes["K"])
    operands = {"x": _shorts(rng, sizes["R"], sizes["I"]), "weights": weights, "bias": _shorts(rng, 1, sizes["N"])}
    return operands, {"point": float(rng.integers(0, MOST_POINT + 1)), "inverse": float(rng.integers(2))}


def _q10_frames_sizes(formats: Formats, sizes: Sizes, rng: np.random.Generator) -> dict[str, int]:
    """Some frames of some sequences."""
    return {"T": int(rng.choice([1, 2, 30])), "B": int(rng.choice([1, 2, 5])), "R": min(sizes.get("R", 1), 130)}


def _q10_frames(formats: Formats, sizes: Sizes, variant: Mapping[str, float], rng: np.random.Generator) -> Filled:
    """Of all that is beside the cells."""
    rows, channels = sizes.get("R", 1), sizes["C"]
    if "x" in formats and formats["x"] == "f32":
        edges = (0.0, -0.0, 0.5 / 1024, -1.5 / 1024, 31.9995, -32.5, 1e30, float("inf"), float("-inf"), float("nan"))
        return {"x": view(_sprinkle(rng, rng.standard_normal((rows, channels)) * 12, edges), "f32")}, {}
    lead = (sizes["B"], sizes["T"]) if "x" in formats and "weights" not in formats else (rows,)
    sums = rng.integers(-(2**31), 2**31, (rows, channels))
    operands = {name: _shorts(rng, *lead, channels) for name in ("x", "a", "b")}
    if formats.get("x") == "i32":
        operands["x"] = view(sums, "i32")
    operands |= {
        "sums": view(rng.integers(-(2**31), 2**31, (sizes["B"], channels)), "i32"),
        "lengths": view(rng.integers(-1, sizes["T"] + 2, sizes["B"]), "i32"),
        "frames": view(rng.choice([-3, 0, 1, 2, 77, 65535, 2**30], rows), "i32"),
        "weights": _shorts(rng, sizes.get("N", 1), channels),
        "bias": _shorts(rng, 1, sizes.get("N", 1)),
    }
    attributes = {"point": float(rng.integers(0, MOST_POINT + 1)), "fresh": float(rng.integers(2))}
    return operands, attributes


Sized: TypeAlias = Callable[[Formats, Sizes, np.random.Generator], dict[str, int]]
# Instructions whose sizes depend on each other.
SIZED: dict[str, Sized] = {
    "q10_lstm": _q10_lstm_sizes,
    "q10_gru": _q10_gru_sizes,
    "q10_circulant": _q10_circulant_sizes,
    **dict.fromkeys(("q10_quantise", "q10_add", "q10_frame_sums", "q10_outputs", "q10_last"), _q10_frames_sizes),
}

FILLS: dict[str, Fill] = {
    "q10_lstm": _q10_lstm,
    "q10_gru": _q10_gru,
    "q10_circulant": _q10_circulant,
    **dict.fromkeys(("q10_quantise", "q10_add", "q10_frame_sums", "q10_outputs", "q10_last"), _q10_frames),
    "binarize": _binarize,
    "copy": _copy,
    "binary_matmul": _matmul,
    "real_matmul": _matmul,
    "quantise_input": _quantise_input,
    "norm_statistics": _norm_statistics,
    "norm_sign": _norm_forward,
    "norm_apply": _norm_forward,
    "softmax_cross_entropy": _softmax,
    "norm_gradient_sums": _gradient_sums,
    "norm_gradient": _norm_gradient,
    "input_gradient": _input_gradient,
    "gradient_exponent": _gradient_exponent,
    "weight_gradient": _weight_gradient,
    "conv2d": _conv2d,
    "conv2d_input_gradient": _conv2d_input_gradient,
    "conv2d_input_sums": _conv2d_input_sums,
    "keep_words": _pruned_lists,
    "pruned_conv2d": _pruned_conv2d,
    "pruned_input_gradient": _pruned_input_gradient,
    "conv2d_weight_gradient": _conv2d_weight_gradient,
    "conv2d_weight_gradient_adam": _conv2d_update,
    "conv2d_weight_gradient_sgd": _conv2d_update,
    "conv2d_weight_gradient_bop": _conv2d_update,
    "conv2d_weight_gradient_float_sgd": _conv2d_update,
    "max_pool": _pool,
    "max_pool_gradient": _pool_gradient,
    "average_pool": _pool,
    "average_pool_gradient": _pool_gradient,
    "to_numbers": _numbers_of,
    "add": _numbers_of,
    "relu": _numbers_of,
    "channel_scale": _numbers_of,
    "scale_channels": _numbers_of,
    "real_sign": _numbers_of,
    "gate_gradient": _gate,
    "from_unit": _from_unit,
    "flatten_bits": _flatten_bits,
    "unflatten_bits": _unflatten_bits,
    "tanh": _activated,
    "tanh_gradient": _activated,
    "sigmoid": _activated,
    "sigmoid_gradient": _activated,
    "add_bias": _add_bias,
    "channel_sums": _channel_sums,
    "copy_channels": _copy_channels,
    "decay_weights": _decay_weights,
    "complex_conv2d": _conv2d,
    "complex_block": _complex,
    "complex_parts": _complex,
    "complex_map": _complex,
    "complex_map_sums": _complex,
    "complex_threshold": _complex_threshold,
    "covariance": _covariance,
    "whitening": _whitening,
    "whitening_gradient": _whitening_gradient,
    "hard_tanh": _hard_tanh,
    "sum_pool": _sum_pool,
    "sum_pool_gradient": _sum_pool,
    "spectral_pool": _spectral_pool,
    "spectral_pool_gradient": _spectral_pool,
    "mean_squared_error": _with_targets,
    "sigmoid_cross_entropy": _with_targets,
    "optimizer_tick": _tick,
    "accumulate": _accumulate,
    "square_sum": _clip,
    "clip_gradient": _clip,
    "adam": _update,
    "sgd": _update,
    "bop": _update,
    "weight_gradient_adam": _update,
    "weight_gradient_sgd": _update,
    "weight_gradient_bop": _update,
    "packed_matmul": _product_in_prediction,
    "packed_conv2d": _product_in_prediction,
    "byte_matmul": _product_in_prediction,
    "byte_conv2d": _product_in_prediction,
    "threshold": _threshold,
    "quantise": _quantise,
    "keep_largest": _keep_largest,
    "centre_weights": _centre_weights,
    "scale_gradient": _scale_gradient,
    "norm_levels": _norm_levels,
    "add_product": _add_product,
    "levels_to_bytes": _levels_to_bytes,
    "levels_input_gradient": _levels_input_gradient,
    **{name: sequences.filler(name) for name in sequences.NAMES},
}
