"""The allocation counter: counting.cpp compiled, and loaded into a Python of its own that runs a piece of code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("counting.cpp")
PREAMBLE = """
import ctypes, os
counter = ctypes.CDLL(os.environ["LD_PRELOAD"])
begin, end = counter.count_begin, counter.count_end
for name in ("count_end", "count_heap_bytes", "count_mapped_bytes", "count_new_in_a_thread"):
    getattr(counter, name).restype = ctypes.c_long
"""


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Runs code in a Python that counts allocations between begin() and end(); gives what it printed."""
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if not sys.platform.startswith("linux") or not compiler:
        pytest.skip("counting allocations needs glibc and a C++ compiler")
    library = tmp_path_factory.mktemp("counter") / "counting.so"
    options = ["-std=c++20", "-O1", "-shared", "-fPIC", "-pthread"]
    subprocess.run([*compiler.split(), *options, str(SOURCE), "-o", str(library)], check=True)

    def run(code: str) -> str:
        environment = {**os.environ, "LD_PRELOAD": str(library)}
        done = subprocess.run([sys.executable, "-c", PREAMBLE + code], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
