"""The kinds of devices: which fields of a Device each has, which it must have, and which rates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from linocut.errors import SpecError, unknown_name

EDGE_TPU, SYSTOLIC, ENGINE, MICROCONTROLLER = "edge_tpu", "systolic", "engine", "microcontroller"
FPGA = "fpga"

# Rates of a microcontroller, by instructions an operation: words of 32 multiply-accumulates of signs by bits;
# multiply-accumulates of bytes by bits, and of floats; outputs of binary layers, and of those of float weights; inputs
# of pools and sums; nodes; words of 32 multiply-accumulates of one plane of levels of few bits by another.
WORDS, BYTES, FLOATS = "words", "bytes", "floats"
OUTPUTS, NUMBERS, ELEMENTS, NODES, PLANES = "outputs", "numbers", "elements", "nodes", "planes"
RATES = (WORDS, BYTES, FLOATS, OUTPUTS, NUMBERS, ELEMENTS, NODES, PLANES)
# And of recurrent networks in 16 bits, in each frame: multiplications of spectra; butterflies of transforms;
# transforms; functions of gates and cells; multiply-accumulates of the dense layer at the end, and its outputs;
# features, which are coded; nodes.
SPECTRA, BUTTERFLIES, TRANSFORMS = "spectra", "butterflies", "transforms"
FUNCTIONS, WIDE, QUOTIENTS, CODES, STEPS = "functions", "wide", "quotients", "codes", "steps"
FRAME_RATES = (SPECTRA, BUTTERFLIES, TRANSFORMS, FUNCTIONS, WIDE, QUOTIENTS, CODES, STEPS)

_ALL = ("name", "kind", "source", "clock_hz", "calibrated")
_ANY = (*_ALL, "bandwidth", "link", "precision", "lacks")
_LINK = ("bandwidth",)
_ACCELERATOR = (
    *_ANY,
    *("cache_bytes", "cache_shared", "overlap", "overhead_s", "elementwise_overhead_s", "fixed_s"),
    *("xnor", "static_watts", "residual", "energy"),
)


@dataclass(frozen=True)
class Kind:
    """The `fields` of a kind of device; one of each of `needs` is given; rates it `must` have, and others it may."""

    fields: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


KINDS = {
    EDGE_TPU: Kind(
        (*_ACCELERATOR, "grid", "pe_bytes", "cores", "core_bytes", "lanes", "macs_per_lane"),
        (_LINK, ("grid",), ("pe_bytes", "cache_bytes")),
    ),
    SYSTOLIC: Kind((*_ACCELERATOR, "array", "fill_cycles"), (_LINK, ("array",), ("cache_bytes",))),
    ENGINE: Kind((*_ANY, "rates", "laws"), (_LINK, ("laws",)), ("xnor", "int8", "float"), ("int8_sign", "int4_sign")),
    MICROCONTROLLER: Kind(
        (*_ANY, "rates", "static_watts"),
        (_LINK, ("rates",)),
        RATES[:3],
        (*RATES[3:], *FRAME_RATES),
    ),
    FPGA: Kind(
        (*_ALL, "family", "dsp", "bram36", "lut", "static_watts"),
        (("family",), ("dsp",), ("bram36",), ("lut",)),
    ),
}


def check_fields(kind: object, given: Collection[str]) -> None:
    """SpecError unless these fields are those of the kind of device, and all that it needs are there."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown_name("kind of device", kind, KINDS)
    own = KINDS[kind]
    for name in given:
        if name not in own.fields:
            homes = " or ".join(other for other, has in KINDS.items() if name in has.fields)
            raise SpecError(f"a device of kind {kind} has no {name}, which is of kind {homes}; leave it out")
    for names in own.needs:
        if not set(names) & set(given):
            raise SpecError(f"a device of kind {kind} needs {' or '.join(names)}; see docs/estimate.md")


def check_rates(kind: str, given: Collection[str]) -> None:
    """SpecError unless the rates are those of a kind of device; an engine may have none, then they are measured."""
    own = KINDS[kind]
    if not own.must or (kind == ENGINE and not given):
        return
    for name in given:
        if name not in (*own.must, *own.may):
            raise unknown_name(f"rate of kind {kind}", name, (*own.must, *own.may))
    if lacking := [name for name in own.must if name not in given]:
        raise SpecError(f"the rates of a device of kind {kind} lack {', '.join(lacking)}; see docs/estimate.md")
