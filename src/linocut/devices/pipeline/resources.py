"""What operators take on an FPGA: the committed table, counted by yosys (benchmarks/operators.py writes it)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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
    """One copy of an operator; SpecError where the table has none, and yosys, which would count it, is not there."""
    known = table()
    if (family, operator, block) in known:
        return known[family, operator, block]
    families = sorted({one[0] for one in known})
    if family not in families:
        raise SpecError(
            f"the table of operators is of {', '.join(families)}, not of family {family!r}; name one of them"
        )
    blocks = sorted(one[2] for one in known if one[:2] == (family, operator))
    raise SpecError(
        f"the table of operators has no {operator} of blocks of {block}, only of {', '.join(map(str, blocks))}; "
        "choose one of them"
    )
