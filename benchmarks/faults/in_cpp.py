"""Faults in C++: each changes one token of a line, by a rule of how the text looks.

Left out are comments, texts, the preprocessor and what only Arm compiles. Orders of memory are too: any x86-64
processor acquires and releases with each load and store, whatever the text says, so that no test here could tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from faults.fault import Fault, numbered

RULES: tuple[tuple[str, str, str], ...] = (
    ("comparison", r"(?<=[\w\])]) < (?=[\w(-])", " <= "),
    ("comparison", r" <= ", " < "),
    ("comparison", r"(?<=[\w\])]) > (?=[\w(-])", " >= "),
    ("comparison", r" >= ", " > "),
    ("comparison", r" == ", " != "),
    ("comparison", r" != ", " == "),
    ("and, or", r" && (?=[\w!(])", " || "),
    ("and, or", r" \|\| ", " && "),
    ("one dropped", r" [+-] 1\b(?![.\w])", ""),
    ("arithmetic", r"(?<=[\w\])]) \+ (?=[\w(])", " - "),
    ("arithmetic", r"(?<=[\w\])]) - (?=[\w(])", " + "),
    ("arithmetic", r" \+= ", " -= "),
    ("min, max", r"\bleast\(", "most("),
    ("min, max", r"\bmost\(", "least("),
    ("min, max", r"\bstd::min\(", "std::max("),
    ("min, max", r"\bstd::max\(", "std::min("),
    ("min, max", r"\bstd::ceil\(", "std::floor("),
    ("min, max", r"\bstd::floor\(", "std::ceil("),
    ("loop start", r"(?<=for \(i64 )(\w+) = 0;", r"\1 = 1;"),
    ("loop start", r"(?<=for \(std::size_t )(\w+) = 0;", r"\1 = 1;"),
    ("negation", r"(?<=if \()!", ""),
    ("negation", r"(?<=if \()(?=\w+[\w.()]*\) )", "!"),
    ("constant", r"(?<= [*/%] )(\d+)\b(?![.\w])", r"(\1 + 1)"),
    ("constant", r"(?<= = )(\d+)(?=[;,])", r"(\1 + 1)"),
    ("constant", r"(?<=(?:>>|<<) )(\d+)\b(?![.\w])", r"(\1 + 1)"),
)
STATEMENT = re.compile(r"^ +((?:\w+(?:::|\.|->))*\w+\(.*\);|[\w.\[\]]+ [-+|&^]?= .*;)$")
DECLARES = re.compile(
    r"^\s*(?:using|typedef|template|static_assert|inline|struct|enum|return|case|constexpr|namespace)\b"
)
TYPE = re.compile(r"\b(?:template|operator|static_cast<|alignas)\b")


def faults(path: str, source: bytes) -> list[Fault]:
    """All of a file, in the order of the text."""
    return numbered(_all(path, source))


def _all(path: str, source: bytes) -> Iterator[Fault]:
    place, compiled = 0, _Compiled()
    for number, raw in enumerate(source.splitlines(keepends=True), start=1):
        line = raw.decode()
        code = line.partition("//")[0].rstrip()
        if compiled.here(code.strip()) and code.strip() and '"' not in code:
            for kind, begin, end, after in _changes(code):
                start, stop = (place + len(line[:at].encode()) for at in (begin, end))
                yield Fault(path, kind, number, start, stop, line[begin:end], after, code.strip())
        place += len(raw)


def _changes(code: str) -> Iterator[tuple[str, int, int, str]]:
    """Kind, place and new text."""
    for kind, pattern, after in RULES:
        for match in re.finditer(pattern, code):
            if kind == "constant" and (TYPE.search(code) or DECLARES.match(code)):
                continue  # sizes of blocks, which change no result
            if kind == "comparison" and "template" in code:
                continue
            yield kind, match.start(), match.end(), match.expand(after)
    if (match := STATEMENT.match(code)) and not DECLARES.match(code):
        yield "statement dropped", match.start(1), match.end(1), ";"


class _Compiled:
    """Whether a line is compiled here at all, by the conditions around it."""

    def __init__(self) -> None:
        self.conditions: list[bool] = []

    def here(self, line: str) -> bool:
        """Whether this line, none of the preprocessor's, is; lines are given in order."""
        if line.startswith("#if"):
            self.conditions.append(_is_ours(line))
        elif line.startswith("#elif"):
            self.conditions[-1] = _is_ours(line)
        elif line.startswith("#else"):
            self.conditions[-1] = True
        elif line.startswith("#endif"):
            self.conditions.pop()
        return all(self.conditions) and not line.startswith("#")


def _is_ours(condition: str) -> bool:
    return not any(word in condition for word in ("NEON", "ARM64", "aarch64", "HEAP_ARENAS", "__APPLE__"))
