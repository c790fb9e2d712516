"""pieces: the C functions that exported networks are put together from, as pieces.c has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MARKER = re.compile(r"^/\*@ (\w+)(?:: ([\w ]+))? \*/\n", re.M)


@dataclass(frozen=True)
class Piece:
    """A function or type: its text, and the names of the pieces that it needs."""

    text: str
    needs: tuple[str, ...]


@cache
def pieces() -> dict[str, Piece]:
    """All pieces by name, each behind those that it needs."""
    text = (Path(__file__).parent / "pieces.c").read_text(encoding="utf-8")
    _, *parts = _MARKER.split(text)
    named = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {name: Piece(body.strip(), tuple((needs or "").split())) for name, needs, body in named}


def chosen(names: Iterable[str]) -> str:
    """The text of these pieces and of those that they need, each once, in the order of the file."""
    known, wanted, left = pieces(), set[str](), list(names)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left.extend(known[name].needs)
    return "\n\n".join(piece.text for name, piece in known.items() if name in wanted)
