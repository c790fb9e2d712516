"""Threads whose stacks are too small for kernels: all that runs elsewhere runs on them, to the same bits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from golden import CASES, golden
from small_stacks import results
from stand_alone import native_command, report

from linocut import _native
from linocut.run.standalone import write_feeds, write_program

SCRIPT = Path(__file__).with_name("small_stacks.py")
PYTHON = [sys.executable, *(["-S"] if sys.flags.no_site else [])]  # as where sanitizers test
STARTED = ("program.bin", "--state", "state.bin", "--feed", "input=input.bin", "--feed", "labels=labels.bin")

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at what only Linux has")

expected = cache(results)


def within(kibibytes: int | str, *command: str) -> list[str]:
    """The command in a process whose main thread has a stack of so many KiB, and other threads if they are not told."""
    return ["sh", "-c", f'ulimit -s {kibibytes}; exec "$@"', "sh", *command]


def printed(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("kibibytes", [128, 256])  # Python itself starts with about 100
@pytest.mark.parametrize("isa", _native.isas())
def test_a_process_with_a_small_stack(isa: str, kibibytes: int) -> None:
    assert json.loads(printed(*within(kibibytes, *PYTHON, str(SCRIPT), isa))) == expected(isa)


@pytest.mark.parametrize("kibibytes", [96, 128])  # musl gives 128; Python and NumPy alone want some 80
@pytest.mark.parametrize("isa", _native.isas())
def test_a_thread_with_a_small_stack(isa: str, kibibytes: int) -> None:
    assert json.loads(printed(*PYTHON, str(SCRIPT), isa, str(kibibytes * 1024))) == expected(isa)


@pytest.mark.parametrize("kibibytes", [128, 256])
@pytest.mark.parametrize("isa", _native.isas())
@pytest.mark.parametrize("name", ["cnv", "resnete18"])
def test_without_python(name: str, isa: str, kibibytes: int, tmp_path: Path) -> None:
    command, session = within(kibibytes, *native_command()), CASES[name].session(threads=1)
    write_program(session, tmp_path)
    write_feeds(session, tmp_path, CASES[name].feeds())
    for threads in (1, 2):
        found = report(tmp_path, command, *STARTED, "--isa", isa, "--threads", threads)
        assert (found["state_sha256"], found["threads"]) == (golden()[name], str(threads))


LARGE = """
thread_local char large[2 << 20];
extern "C" char* touched() { return large; }
"""


@linux
def test_large_thread_local_variables_take_no_stack_from_kernels(tmp_path: Path) -> None:
    """glibc puts those of a library that is loaded first on the stack of every thread."""
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if not compiler:
        pytest.skip("needs a C++ compiler")
    (tmp_path / "large.cpp").write_text(LARGE)
    library = tmp_path / "large.so"
    options = ["-shared", "-fPIC", "large.cpp", "-o", str(library)]
    subprocess.run([*compiler.split(), *options], cwd=tmp_path, check=True)
    loaded = " ".join(filter(None, (os.environ.get("LD_PRELOAD"), str(library))))  # after a sanitizer
    found = printed("env", f"LD_PRELOAD={loaded}", *PYTHON, str(SCRIPT), _native.isas()[0])
    assert json.loads(found) == expected(_native.isas()[0])


ROUNDING = (
    f"""
import ctypes, sys
sys.path[:0] = [{str(SCRIPT.parent)!r}, {str(SCRIPT.parents[1])!r}]
"""
    + """
from golden import CASES, golden

change = ctypes.CDLL("libm.so.6").fesetround
upwards = 0x800
session = CASES["cnv"].session(threads=2)
change(upwards)
for feed in CASES["cnv"].feeds():
    for name, values in feed.items():
        session.array(name)[...] = values
    session.run("train")
print(change(0), session.state_sha256() == golden()["cnv"])
"""
)


@linux
def test_rounding_of_the_thread_that_asks_does_not_matter() -> None:
    assert printed(*PYTHON, "-c", ROUNDING).split() == ["0", "True"]
