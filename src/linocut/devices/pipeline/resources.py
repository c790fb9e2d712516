"""What operators take on an FPGA: the committed table, counted by yosys (benchmarks/operators.py writes it)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from linocut.errors import SpecError
from linocut.toml_text import read_toml

TABLE = Path(__file__).with_name("operators.toml")


@dataclass(frozen=True)
class Resources:
    """DSP blocks, LUTs, flip-flops and 36 Kbit blocks of memory."""

    dsp: int = 0
    lut: int = 0
    flip_flops: int = 0
    bram36: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.dsp + other.dsp,
            self.lut + other.lut,
            self.flip_flops + other.flip_flops,
            self.bram36 + other.bram36,
        )

    def __mul__(self, copies: int) -> Resources:
        return Resources(self.dsp * copies, self.lut * copies, self.flip_flops * copies, self.bram36 * copies)


# What one copy of an operator, for blocks of a size, takes on a family of FPGAs.
Counts: TypeAlias = Callable[[str, int, str], Resources]


@cache
def table() -> dict[tuple[str, str, int], Resources]:
    """By family, operator and block."""
    found: dict[tuple[str, str, int], Resources] = {}
    for one in _rows():
        found[one["family"], one["operator"], one["block"]] = Resources(one["dsp"], one["lut"], one["flip_flops"])
    return found


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_toml(TABLE, "operators")["operator"]
    return rows


def of(operator: str, block: int, family: str) -> Resources:
    """One copy of an operator, as the table has it; SpecError where it has none."""
    known = table()
    if (family, operator, block) in known:
        return known[family, operator, block]
    families = sorted({one[0] for one in known})
    if family not in families:
        raise SpecError(
            f"the table of operators is of {', '.join(families)}, not of family {family!r}; name one of them, or count "
            "them by yosys, --synthesise"
        )
    blocks = sorted(one[2] for one in known if one[:2] == (family, operator))
    raise SpecError(
        f"the table of operators has no {operator} of blocks of {block}, only of {', '.join(map(str, blocks))}; "
        "choose one of them"
    )
