"""Device: what an estimate knows of a machine, as a frozen description that is checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeAlias

from linocut.devices.kinds import FPGA, check_fields, check_rates
from linocut.devices.residual import Residual
from linocut.errors import SpecError, unknown_name
from linocut.fields import shown
from linocut.layers import LAYERS
from linocut.settings_of import keep_plain

INT8, BITS, MIXED = "int8", "1", "mixed"
PRECISIONS = (INT8, BITS, MIXED)
PARTIAL, ALL, KNAPSACK = "partial", "all", "knapsack"
CACHINGS = (PARTIAL, ALL, KNAPSACK)
LEAST = 1e-9  # of what divides: below it times leave what floats hold
MOST = 10**15  # of any number of a device: beyond it products leave what floats hold exactly
LONGEST_NAME = 200  # characters
MOST_SECONDS = 3600.0  # that one operation or run takes beside its work
MOST_FILL = 2**40  # cycles: times the tiles of the largest layer they stay within 64 bits
MOST_XNOR = 1024.0

Rates: TypeAlias = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Picojoules:
    """What one multiply-accumulate and one byte of each memory cost, in pJ; `source` says where that is from.

    SpecError for what is no number, or below 0.
    """

    mac: float = 0.0
    core_byte: float = 0.0
    pe_byte: float = 0.0
    dram_byte: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        keep_plain(self)
        for name in ("mac", "core_byte", "pe_byte", "dram_byte"):
            _number(f"energy {name}", getattr(self, name), 0.0)


@dataclass(frozen=True)
class InstructionLaw:
    """How long instructions of one kind take on an engine, a sum of three terms.

    `times` what their operations take at the peak of their kind, `passes` what their operands' bytes take at the
    bandwidth, and `call_s` seconds. SpecError for numbers below 0.
    """

    op: str
    kind: str
    variant: str
    times: float
    passes: float
    call_s: float

    def __post_init__(self) -> None:
        keep_plain(self)
        if not all(isinstance(text, str) for text in (self.op, self.kind, self.variant)):
            raise SpecError(f"a law is of {self.op!r}, {self.kind!r}, {self.variant!r}; these must be texts")
        for name in ("times", "passes", "call_s"):
            _number(f"{name} of {self.op}", getattr(self, name), 0.0)
        if not self.times + self.passes + self.call_s:
            raise SpecError(f"a law says that {self.op} takes no time; give it times, passes or call_s above 0")


@dataclass(frozen=True)
class Device:
    """A machine: SpecError, with the value and the bound, for one that cannot be.

    An `edge_tpu` is a `grid` (columns, rows) of processing elements (PEs) of `pe_bytes`, each of so many `cores` of
    `core_bytes` and `lanes`, and a lane does `macs_per_lane` int8 multiply-accumulates a cycle. A `systolic` one is an
    `array` (rows, columns) of multipliers, which takes `fill_cycles` to fill and drain for each tile of weights. An
    `engine` runs linocut's own programs: `rates` are operations a second of a thread by kind of arithmetic, `laws` what
    part of them instructions reach. A `microcontroller` has `rates` of instructions an operation, by kind. An `fpga` of
    a `family` has so many `dsp` multipliers, `bram36` blocks of 36 Kbit and `lut`s to build a network of.

    `bandwidth`, bytes a second, is that of the `link` that streamed weights and inputs come over; with `overlap` it
    works beside the multipliers, else after them. `cache_bytes` hold weights, all of the PEs' memory where None; with
    `cache_shared` the activations take theirs of it first. `overhead_s` seconds go to each convolution or dense layer,
    `elementwise_overhead_s` to each pool, sum or activation of its own, `fixed_s` to each run. `xnor` says how many
    one-bit multiplications an xnor lane would do for an 8-bit one, 0 for none: such lanes are hypothetical.
    `residual` corrects the law's total by what a fit learned beyond its constants. `lacks` are the kinds of layers
    that it cannot run. `calibrated` says on what constants were fitted, "" for constants as published.
    """

    name: str
    kind: str
    source: str
    clock_hz: float
    bandwidth: float = 0.0
    link: str = "DRAM"
    grid: tuple[int, int] | None = None
    pe_bytes: int = 0
    cores: int = 1
    core_bytes: int = 0
    lanes: int = 1
    macs_per_lane: int = 4
    array: tuple[int, int] | None = None
    fill_cycles: int = 0
    cache_bytes: int | None = None
    cache_shared: bool = True
    overlap: bool = True
    overhead_s: float = 0.0
    elementwise_overhead_s: float = 0.0
    fixed_s: float = 0.0
    xnor: float = 0.0
    static_watts: float = 0.0
    precision: str = INT8
    calibrated: str = ""
    lacks: tuple[str, ...] = ()
    residual: Residual | None = None
    laws: tuple[InstructionLaw, ...] = ()
    energy: Picojoules = field(default_factory=Picojoules)
    rates: Rates = ()
    family: str = ""
    dsp: int = 0
    bram36: int = 0
    lut: int = 0

    def __post_init__(self) -> None:
        keep_plain(self)
        for name in ("name", "kind", "source", "link", "calibrated", "family"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.isprintable():
                raise SpecError(f"{name} of a device is {text!r}, must be a text on one line")
        if len(self.name) > LONGEST_NAME:
            raise SpecError(f"name of a device is {shown(self.name)}, must have {LONGEST_NAME} characters or fewer")
        if not self.name or not self.source.strip():
            raise SpecError("a device needs a name, and a source that says where its numbers are from")
        check_fields(self.kind, [field.name for field in fields(self) if not self._is_default(field)])
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)
        for name in ("clock_hz", "bandwidth") if self.kind != FPGA else ("clock_hz",):
            _number(name, getattr(self, name), LEAST)
        for name in ("overhead_s", "elementwise_overhead_s", "fixed_s"):
            _number(name, getattr(self, name), 0.0, MOST_SECONDS)
        _number("static_watts", self.static_watts, 0.0)
        _number("xnor", self.xnor, 0.0, MOST_XNOR)
        if 0 < self.xnor < 1:
            raise SpecError(f"xnor of a device is {self.xnor}, must be 0 for none, or 1 or more products for one")
        for name, least in (
            ("cores", 1),
            ("lanes", 1),
            ("macs_per_lane", 1),
            ("pe_bytes", 0),
            ("core_bytes", 0),
            ("dsp", 0),
            ("bram36", 0),
            ("lut", 0),
        ):
            _whole(name, getattr(self, name), least)
        _whole("fill_cycles", self.fill_cycles, 0, MOST_FILL)
        for name in ("cache_shared", "overlap"):
            if not isinstance(getattr(self, name), bool):
                raise SpecError(f"{name} is {getattr(self, name)!r}, must be true or false")
        if self.grid is not None:
            _pair("grid", self.grid)
        if self.cache_bytes is not None:
            _whole("cache_bytes", self.cache_bytes, 0)
        if self.array is not None:
            _pair("array", self.array)
        for what, amount in (("multipliers", self.macs_per_cycle * max(1, int(self.xnor))), ("B", self.memory_bytes)):
            if amount > MOST:
                more = ", one-bit ones counted," if what == "multipliers" and self.xnor > 1 else ""
                raise SpecError(f"{self.name} has {amount:.3g} {what}{more} in all, must have {MOST:g} or fewer")
        if not isinstance(self.lacks, tuple) or not all(isinstance(kind, str) for kind in self.lacks):
            raise SpecError(f"lacks of a device is {self.lacks!r}, must be a list of kinds of layers")
        for kind in self.lacks:
            if kind not in LAYERS:
                raise unknown_name("kind of layer, in lacks of a device,", kind, LAYERS)
        if not isinstance(self.energy, Picojoules):
            raise SpecError(f"energy is {self.energy!r}, must be Picojoules, in a file a table [energy]")
        if self.residual is not None and not isinstance(self.residual, Residual):
            raise SpecError(f"residual of a device is {self.residual!r}, must be a Residual, in a file a table")
        if not isinstance(self.laws, tuple) or not all(isinstance(law, InstructionLaw) for law in self.laws):
            raise SpecError(f"laws of a device are {self.laws!r}, must be InstructionLaws, in a file tables [[laws]]")
        if isinstance(self.rates, Mapping):
            object.__setattr__(self, "rates", tuple(self.rates.items()))
        pairs = self.rates if isinstance(self.rates, tuple) else (self.rates,)
        if not all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
            raise SpecError(f"rates of a device are {shown(self.rates)}, must be numbers by name, in a file [rates]")
        for name, rate in self.rates:
            _number(f"rate {name}", rate, LEAST)
        check_rates(self.kind, dict(self.rates))

    def _is_default(self, field: Field[Any]) -> bool:
        value = getattr(self, field.name)
        return bool(value == (Picojoules() if field.name == "energy" else field.default))

    @property
    def pes(self) -> int:
        """Processing elements of the grid."""
        return 1 if self.grid is None else self.grid[0] * self.grid[1]

    @property
    def macs_per_cycle(self) -> int:
        """Int8 multiply-accumulates of all multipliers in a cycle."""
        if self.array is not None:
            return self.array[0] * self.array[1]
        return self.pes * self.cores * self.lanes * self.macs_per_lane

    @property
    def memory_bytes(self) -> int:
        """What may hold weights before the activations take theirs."""
        return self.pes * self.pe_bytes if self.cache_bytes is None else self.cache_bytes


def _number(name: str, value: object, least: float, most: float = MOST) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise SpecError(
            f"{name} of a device is {shown(value)}, must be a number, {least:g} or more and at most {most:g}"
        )


def _whole(name: str, value: object, least: int, most: int = MOST) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SpecError(
            f"{name} of a device is {shown(value)}, must be a whole number, {least} or more and at most {most:g}"
        )


def _pair(name: str, value: object) -> None:
    if not isinstance(value, tuple) or len(value) != 2:
        raise SpecError(f"{name} of a device is {value!r}, must be two whole numbers")
    for one in value:
        _whole(name, one, 1)
