"""Fault: one change of one file, as somebody might make it by mistake."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """In the file `path`, the bytes [begin, end) become `after`. `which` tells apart faults that read the same."""

    path: str
    kind: str
    line: int
    begin: int
    end: int
    before: str
    after: str
    context: str  # the line as it stands
    which: int = 0

    @property
    def identity(self) -> str:
        """What it is, whatever line it has come to stand in."""
        return f"{self.path}: {self.kind}: {self.context} : {self.before} -> {self.after} ({self.which})"

    def __str__(self) -> str:
        def short(text: str) -> str:
            text = " ".join(text.split())
            return text if len(text) <= 70 else text[:67] + "..."

        return f"{self.path}:{self.line} {self.kind}: {short(self.before)} -> {short(self.after)}"

    def apply(self, source: bytes) -> bytes:
        """The file with the fault in it."""
        assert source[self.begin : self.end].decode() == self.before, f"{self}: the file has changed"
        return source[: self.begin] + self.after.encode() + source[self.end :]


def numbered(faults: Iterable[Fault]) -> list[Fault]:
    """Faults that read the same told apart by their order."""
    seen: Counter[str] = Counter()
    found = []
    for fault in faults:
        found.append(replace(fault, which=seen[fault.identity]))
        seen[fault.identity] += 1
    return found


def sample(faults: Sequence[Fault], count: int, seed: int) -> list[Fault]:
    """So many of them: kinds in turn, by a hash of what each is, so that a change of one file moves no other's."""

    def drawn(fault: Fault) -> str:
        return hashlib.sha256(f"{seed}: {fault.identity}".encode()).hexdigest()

    ranks: Counter[str] = Counter()
    ranked = []
    for fault in sorted(faults, key=drawn):
        ranked.append((ranks[fault.kind], drawn(fault), fault))
        ranks[fault.kind] += 1
    return [fault for _, _, fault in sorted(ranked, key=lambda entry: entry[:2])[:count]]
