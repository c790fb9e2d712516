"""Rules: what an instruction can compute, beyond its signature, and why not. Each is said once, for both languages.

A rule is an expression (expression.py) that must hold, and a reason with {expressions} and {operands} in it. The first
that does not hold is why an instruction is refused: where it is compiled, and again where the native core loads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from linocut.ops.expression import ATTRIBUTE, FORMAT, Known, Steps, compiled, value
from linocut.ops.signature import Signature

_PLACE = re.compile(r"\{([^}]*)\}")
_EXACT = 2.0**53  # whole numbers below are shown in full
ARROW = " => "  # between steps and reason, in the native table


@dataclass(frozen=True)
class Rule:
    """`holds` must, or the instruction is refused for the `reason`, which says what would mend it."""

    holds: str
    reason: str


Rules: TypeAlias = tuple[Rule, ...]


@dataclass(frozen=True)
class Check:
    """A rule of one instruction, ready to run: `reason` is texts and, in odd places, what stands between them."""

    holds: Steps
    reason: tuple[str | Steps, ...]

    @property
    def of_attributes(self) -> bool:
        """Whether it needs the attributes."""
        return any(step[0] == ATTRIBUTE for step in self.holds)

    def failure(self, known: Known) -> str:
        """Why not, or ""."""
        if value(self.holds, known):
            return ""
        return "".join(_shown(part, known) if n % 2 else str(part) for n, part in enumerate(self.reason))

    def __str__(self) -> str:
        """As a line of the native table."""
        parts = (f"{{{' '.join(part)}}}" if n % 2 else str(part) for n, part in enumerate(self.reason))
        return " ".join(self.holds) + ARROW + "".join(parts)


def check(rule: Rule, signature: Signature, omitted: tuple[str, ...]) -> Check:
    """A rule of an instruction with this signature; SpecError where they do not fit."""
    operands = {operand.name for operand in signature.operands} | set(omitted)
    pieces = _PLACE.split(rule.reason)
    parts = (_place(piece, operands, signature, omitted) if n % 2 else piece for n, piece in enumerate(pieces))
    return Check(compiled(rule.holds, signature, omitted), tuple(parts))


def _place(text: str, operands: set[str], signature: Signature, omitted: tuple[str, ...]) -> Steps:
    return (FORMAT + text,) if text in operands else compiled(text, signature, omitted)


def _shown(part: str | Steps, known: Known) -> str:
    if part[0][0] == FORMAT:
        return known.format(part[0][1:])
    assert not isinstance(part, str)
    return shown(value(part, known))


def shown(number: float) -> str:
    """A number for people: whole ones with commas, others in six digits."""
    if math.isfinite(number) and number == math.floor(number) and abs(number) <= _EXACT:
        return f"{int(number):,}"
    return f"{number:g}"


def first_failure(checks: Iterable[Check], known: Known) -> str:
    """The first reason, or ""."""
    return next((reason for c in checks if (reason := c.failure(known))), "")
