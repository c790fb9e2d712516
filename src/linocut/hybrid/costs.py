"""Costs of a network whose layers have a precision each: bytes of a model, energy, time on a device; and a budget."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from linocut.devices.device import Device
from linocut.devices.estimate import estimate
from linocut.devices.hybrid_energy import read_bit_energies, total_uj
from linocut.devices.kinds import EDGE_TPU, SYSTOLIC
from linocut.devices.table import load
from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.graph.precision import model_bits
from linocut.settings_of import as_plain
from linocut.sizes import parse_size, show_size

BYTES, ENERGY, TIME = "bytes", "energy", "time"
_JOULES = {"pj": 1.0, "nj": 1e3, "uj": 1e6, "mj": 1e9}
_SECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
_FORM = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*(?:@\s*(\S+))?\s*", re.IGNORECASE)
PARTS = {BYTES: 8, ENERGY: 1000, TIME: 1000}  # of a unit, in which costs of layers add up: bits, femtojoules, ps
MEND = "such as 64KiB, 5uJ or 3ms@coral-usb"


def model_bytes(network: Network) -> int:
    """Bytes of all parameters: weights of their precision, the rest in 32 bits, as `linocut plan --layers` counts."""
    return -(-model_bits(network.graph) // 8)


def energy_pj(network: Network) -> float:
    """Picojoules of a prediction of one example, by the constants called hybrid2019."""
    return total_uj(network.graph, read_bit_energies()) * 1e6


def time_ms(network: Network, device: str) -> float:
    """Milliseconds of a prediction of one example on a device, binary weights sent as bits where it takes weights."""
    on = _loaded(device)
    return estimate(network, on, "mixed" if on.kind in (EDGE_TPU, SYSTOLIC) else None).total_ms


@cache
def _loaded(device: str) -> Device:
    """The device, loaded once: of this machine peaks are measured then, which would be others each time."""
    return load(device)


@dataclass(frozen=True)
class Budget:
    """What a network may cost: bytes of a model, picojoules (`energy`), or nanoseconds on a `device` (`time`)."""

    unit: str
    limit: float
    device: str | None = None

    @staticmethod
    def parse(text: str) -> Budget:
        """That of 64KiB, 5uJ or 3ms@coral-usb; SpecError for anything else."""
        match = _FORM.fullmatch(text)
        if match is not None and (unit := match[2].lower()) in {**_JOULES, **_SECONDS}:
            count = float(match[1])
            if unit in _JOULES and match[3] is None:
                return Budget(ENERGY, _above_zero(text, count * _JOULES[unit]))
            if unit in _SECONDS and match[3] is not None:
                load(match[3])
                return Budget(TIME, _above_zero(text, count * _SECONDS[unit]), match[3])
            mend = "name the device, as in 3ms@coral-usb" if unit in _SECONDS else "leave out the device"
            raise SpecError(f"budget is {text!r}, which is of {'time' if unit in _SECONDS else 'energy'}; {mend}")
        try:
            return Budget(BYTES, parse_size(text))
        except ValueError:
            raise SpecError(f"budget is {text!r}, must be a size, an energy, or a time on a device, {MEND}") from None

    @staticmethod
    def of(given: str | int) -> Budget:
        """That of a text, or of so many bytes; SpecError for anything else."""
        given = as_plain(given)
        if isinstance(given, str):
            return Budget.parse(given)
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            raise SpecError(f"budget is {given!r}, must be a text {MEND}, or a whole number of bytes, 1 or more")
        return Budget(BYTES, given)

    def exact(self, network: Network) -> float:
        """What a network costs, in bytes, picojoules or nanoseconds."""
        if self.unit == BYTES:
            return model_bits(network.graph) / 8
        if self.unit == ENERGY:
            return energy_pj(network)
        assert self.device is not None
        return time_ms(network, self.device) * 1e6

    def cost(self, network: Network) -> int:
        """The same as a whole number, rounded up."""
        return math.ceil(round(self.exact(network), 6))

    @property
    def parts(self) -> int:
        """How many parts of its unit are added up: a layer of 75 weights is no whole number of bytes, but of bits."""
        return PARTS[self.unit]

    def in_parts(self, network: Network) -> int:
        """What a network costs in these parts, rounded up."""
        return math.ceil(round(self.exact(network) * self.parts, 3))

    def shown(self, cost: float) -> str:
        """A cost for people, in the unit of the budget."""
        if self.unit == BYTES:
            return show_size(math.ceil(cost))
        table = _JOULES if self.unit == ENERGY else _SECONDS
        names = {"pj": "pJ", "nj": "nJ", "uj": "uJ", "mj": "mJ"}
        unit, scale = next((entry for entry in reversed(table.items()) if cost >= entry[1]), next(iter(table.items())))
        on = f"@{self.device}" if self.device else ""
        return f"{cost / scale:.4g} {names.get(unit, unit)}{on}"

    def exactly(self, cost: int) -> str:
        """A cost as a budget can be given, to the byte, picojoule or nanosecond."""
        unit = {BYTES: "B", ENERGY: "pJ", TIME: f"ns@{self.device}"}[self.unit]
        return f"{cost}{unit}"

    def __str__(self) -> str:
        """For people."""
        return self.shown(self.limit)


def added(
    network: Network, options: Mapping[str, Sequence[str]], cost: Callable[[Network], float]
) -> dict[str, dict[str, float]]:
    """What a network costs more with one layer in another precision, those of `options`: by layer, then precision."""
    own = cost(network)
    return {name: {to: cost(network.with_precision({name: to})) - own for to in of} for name, of in options.items()}


def _above_zero(text: str, limit: float) -> float:
    if limit <= 0:
        raise SpecError(f"budget is {text!r}, must be above 0, {MEND}")
    return limit
