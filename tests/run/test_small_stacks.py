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


@pytest.mark.parametrize("isa", _native.isas())
def test_a_thread_with_the_stack_that_musl_gives(isa: str) -> None:
    assert json.loads(printed(*PYTHON, str(SCRIPT), isa, str(128 * 1024))) == expected(isa)


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


PREAMBLE = (
    f"""
import ctypes, os, resource, sys, threading, time
sys.path[:0] = [{str(SCRIPT.parent)!r}, {str(SCRIPT.parents[1])!r}]
"""
    + """
from golden import CASES, golden, trained
from forked import in_child

case, expected = CASES["cnv"], golden()["cnv"]
feeds = list(case.feeds())

def run(session, feeds=feeds):
    for feed in feeds:
        for name, values in feed.items():
            session.array(name)[...] = values
        session.run("train")

def small(work):  # in a thread with a small stack
    found = []
    threading.stack_size(128 * 1024)
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    while os.path.exists(f"/proc/self/task/{thread.native_id}"):  # join may return a moment earlier
        time.sleep(0.001)
    threading.stack_size(0)
    return found[0]

def count():
    return len(os.listdir("/proc/self/task"))
"""
)


def said(code: str) -> list[str]:
    return printed(*PYTHON, "-c", PREAMBLE + code).split()


@linux
def test_one_thread_stands_in_for_all_that_are_too_small() -> None:
    code = """
session = case.session(threads=1)
before = count()
run(session, feeds[:5])
alone = count() - before
for start in range(5, 20, 5):
    small(lambda: run(session, feeds[start:start + 5]))
print(alone, count() - before, session.state_sha256() == expected)
del session
print(count() - before)
"""
    assert said(code) == ["0", "1", "True", "0"]


def test_children_of_threads_that_are_too_small() -> None:
    """The thread that stood in for another is not in the child, which starts its own, whatever forked it."""
    code = """
for threads in (1, 3):
    session = case.session(threads=threads)
    def rest(start):
        run(session, feeds[start:])
        return 0 if session.state_sha256() == expected else 1
    def child(start):
        return in_child(lambda: rest(start) == 0 or os._exit(2))
    small(lambda: run(session, feeds[:4]))
    print(child(4), small(lambda: child(4)))
    run(session, feeds[4:8])
    print(child(8), small(lambda: child(8)), small(lambda: rest(8)), child(20))
"""
    assert said(code) == ["0"] * 12


def test_rounding_of_the_thread_that_asks_does_not_matter() -> None:
    code = """
upwards = ctypes.CDLL("libm.so.6").fesetround, 0x800
def work():
    session = case.session(threads=2)
    upwards[0](upwards[1])
    run(session)
    return upwards[0](0), session.state_sha256() == expected
print(*work(), *small(work))
"""
    if sys.platform != "linux":
        pytest.skip("names glibc's library")
    assert said(code) == ["0", "True", "0", "True"]


@linux
def test_a_machine_that_gives_no_thread_to_stand_in_says_so() -> None:
    code = """
import linocut as lc
session = case.session(threads=1)
def work():
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * os.sysconf("SC_PAGESIZE") + 2**19
    resource.setrlimit(resource.RLIMIT_AS, (limit, -1))
    try:
        run(session, feeds[:1])
    except lc.MachineError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    run(session)
    return session.state_sha256() == expected
print(small(work))
"""
    found = " ".join(said(code))
    assert found == (
        "this thread's stack is too small for kernels, which take up to 640 KiB, and the machine gives no other thread "
        "(Resource temporarily unavailable); give it a larger stack (ulimit -s) True"
    )
