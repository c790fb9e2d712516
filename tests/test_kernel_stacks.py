"""No kernel takes more stack than linocut says, by the compiler's own figures of the kernels that were built here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# make .venv/.installed, make device, make device32, make emulated; sanitizers have frames of their own
BUILDS = ("cp*", "aarch64", "arm32", "emulated", "quick-*")
KERNELS = "CMakeFiles/linocut_*.dir/native/kernels/kernels.cpp.ci"
C99 = "CMakeFiles/linocut_c99.dir/native/c99/*.c.ci"
MOST_FRAME = 16 * 1024
MOST_OF_C99 = 2 * 1024  # a kernel with all that it calls, on a device
SPARE = 24 * 1024  # for the callers between, and for the frame of a signal with the widest registers
KNOWN = re.compile(
    r"mem(cpy|move|set)|floor|ceil|frexp|ldexp|sqrt|__((popcount|ctz)[ds]i2|cxa_guard_\w+|aarch64_\w+|aeabi_\w+)"
)


def stated_bytes() -> int:
    """What native/thread.cpp says without a sanitizer."""
    text = (ROOT / "native/thread.cpp").read_text()
    *_, kibibytes = re.findall(r"kernel_stack_bytes = (\d+) \* KiB;", text)
    return int(kibibytes) * 1024


class Calls:
    """The functions of one object: what each takes, and which it calls."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.frames: dict[str, int] = {}
        self.unbounded: list[str] = []
        self._called: dict[str, set[str]] = {}
        self._depths: dict[str, int] = {}
        for line in lines:
            self._read(
                line.replace("C1E", "C2E")
            )  # both names of a constructor: it is called by one, listed by the other

    def _read(self, line: str) -> None:
        if edge := re.match(r'edge: \{ sourcename: "(.*?)" targetname: "(.*?)"', line):
            self._called.setdefault(edge[1], set()).add(edge[2])
        elif node := re.match(r'node: \{ title: "(.*?)" label: ".*?(\d+) bytes \((.*?)\)', line):
            self.frames[node[1]] = int(node[2])
            if node[3] not in ("static", "dynamic,bounded"):
                self.unbounded.append(node[1])

    def others(self) -> set[str]:
        """What is called and is not in the object."""
        return {name for called in self._called.values() for name in called if name not in self.frames}

    def depth(self, function: str, above: tuple[str, ...] = ()) -> int:
        """What a function takes with all that it calls."""
        assert function not in above, f"{function} calls itself"
        if function not in self._depths:
            below = (self.depth(one, (*above, function)) for one in self._called.get(function, ()))
            self._depths[function] = self.frames.get(function, 0) + max(below, default=0)
        return self._depths[function]


def built(objects: str = KERNELS) -> list[Path]:
    return [path for build in BUILDS for path in sorted((ROOT / "build").glob(f"{build}/{objects}"))]


def test_no_kernel_takes_more_stack_than_is_kept_for_it() -> None:
    if not built():
        pytest.skip("no kernels were built here by GCC with LINOCUT_WERROR=ON, as make does")
    found = {}
    for path in built():
        with path.open() as lines:
            calls = Calls(lines)
        assert calls.unbounded == []
        assert [name for name in calls.others() if not KNOWN.search(name)] == []
        found[f"{path.parents[4].name} {path.parents[2].name}"] = max(map(calls.depth, calls.frames))
        assert {name: frame for name, frame in calls.frames.items() if frame > MOST_FRAME} == {}
        assert len(calls.frames) > 100  # the kernels are seen
    assert {name: depth for name, depth in found.items() if depth + SPARE > stated_bytes()} == {}


def test_no_kernel_in_c99_takes_more_stack_than_a_device_has_for_it() -> None:
    if not built(C99):
        pytest.skip("no kernels in C99 were built here by GCC with LINOCUT_WERROR=ON, as make does")
    depths = {}
    for path in built(C99):
        with path.open() as lines:
            calls = Calls(lines)
        assert calls.unbounded == []
        assert [name for name in calls.others() if not KNOWN.search(name)] == []
        depths[str(path.relative_to(ROOT / "build"))] = max(map(calls.depth, calls.frames))
    assert len(depths) >= len(list((ROOT / "native/c99").glob("*.c")))
    assert {name: depth for name, depth in depths.items() if depth >= MOST_OF_C99} == {}


def test_chains_of_calls_are_added_up() -> None:
    lines = [
        'node: { title: "a" label: "void a()\\nx.hpp:1:1\\n100 bytes (static)" }',
        'node: { title: "b" label: "void b()\\nx.hpp:2:1\\n20 bytes (dynamic,bounded)" }',
        'node: { title: "c" label: "void c()\\nx.hpp:3:1\\n50 bytes (dynamic)" }',
        'node: { title: "memset" label: "memset\\n<built-in>" shape : ellipse }',
        'edge: { sourcename: "a" targetname: "b" label: "x.hpp:1:2" }',
        'edge: { sourcename: "a" targetname: "memset" label: "x.hpp:1:3" }',
        'edge: { sourcename: "b" targetname: "c" label: "x.hpp:2:2" }',
    ]
    calls = Calls(lines)
    assert [calls.depth(name) for name in "abc"] == [170, 70, 50]
    assert (calls.unbounded, calls.others()) == (["c"], {"memset"})
    with pytest.raises(AssertionError, match="calls itself"):
        Calls([*lines, 'edge: { sourcename: "c" targetname: "a" label: "x.hpp:3:2" }']).depth("a")
