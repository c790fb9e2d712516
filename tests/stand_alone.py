"""linocut-runner as tests call it: the one that was built with the binding, and ones for what this processor lacks.

Those are ones for 64-bit and 32-bit Arm, under qemu-user, and one whose AVX-512 is emulated by SIMDe.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from linocut import _native

ROOT = Path(__file__).parents[1]
NATIVE = Path(_native.__file__).with_name("linocut-runner")


class Arm(NamedTuple):
    """What builds and runs programs for it: the name of its compiler's triple, the emulator, and make's target."""

    triple: str
    emulator: str
    target: str
    folder: str


ARM64 = Arm("aarch64-linux-gnu", "qemu-aarch64", "device", "aarch64")
ARM32 = Arm("arm-linux-gnueabihf", "qemu-arm", "device32", "arm32")
PROCESSORS = {
    "neon_dot": (ARM64, "max"),
    "neon": (ARM64, "cortex-a53"),  # lacks dot products
    "portable": (ARM64, "cortex-a53"),
    "neon32": (ARM32, "cortex-a15"),
    "portable32": (ARM32, "cortex-a9"),  # lacks VFPv4, so that portable code is the best that it runs
}
# Kernels take three times as long to compile at -O3; what is the same at every level is tested here.
QUICKLY, HOW = "quick-", "HOW=-DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1"
AVX512, SIMDE = "avx512", Path("/usr/include/simde/x86/avx512.h")


def native_command() -> list[str]:
    if not NATIVE.exists():
        pytest.skip(f"{NATIVE} is not there: build the native core again")
    return [str(NATIVE)]


def command_for(processor: str) -> list[str]:
    """The runner where `isa_of(processor)` is the best instruction set, or the one that it is told to use."""
    return _emulated_command() if processor == AVX512 else _arm_command(processor)


def isa_of(processor: str) -> str:
    return "portable" if processor == "portable32" else processor


def _arm_command(processor: str) -> list[str]:
    arm, cpu = PROCESSORS[processor]
    for tool, package in ((f"{arm.triple}-g++", f"g++-{arm.triple}"), (arm.emulator, "qemu-user"), ("make", "make")):
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} here: apt-get install {package}")
    command = [arm.emulator, "-cpu", cpu, "-L", f"/usr/{arm.triple}", str(_built(arm.target, arm.folder, QUICKLY, HOW))]
    return [*command, "--isa", processor] if processor == "portable" else command


def _emulated_command() -> list[str]:
    if AVX512 in _native.isas():
        pytest.skip("this processor has AVX-512 itself")
    if "avx2" not in _native.isas():
        pytest.skip("this processor has no AVX2, in which AVX-512 is emulated")
    if not SIMDE.exists():
        pytest.skip(f"there is no {SIMDE} here: apt-get install libsimde-dev")
    return [str(_built("emulated", "emulated", QUICKLY, HOW)), "--isa", AVX512]


def small_command() -> list[str]:
    """The static runner, of one instruction set."""
    if sys.platform != "linux" or not shutil.which("make"):
        pytest.skip("the small runner is made on Linux, with make")
    return [str(_built("small", "small", "", "ISA=portable"))]


@cache
def _built(target: str, folder: str, where: str = "", *settings: str) -> Path:
    """Built in the folder `where` + `folder` of build/, which is kept: only what has changed is compiled again."""
    path = os.pathsep.join((os.environ["PATH"], str(Path(sys.executable).parent)))  # where pip puts CMake
    if not shutil.which("cmake", path=path):
        pytest.skip("there is no cmake here: pip install cmake")
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / f"build/.{target}").open("w") as lock:  # tests that run side by side wait for the first to build
        fcntl.flock(lock, fcntl.LOCK_EX)
        words, environment = ["make", target, f"WHERE={where}", *settings], {**os.environ, "PATH": path}
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return ROOT / "build" / f"{where}{folder}" / "linocut-runner"


def call(folder: Path, command: Sequence[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [*command, *map(str, arguments)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=280)


def report(folder: Path, command: Sequence[str], *arguments: object) -> dict[str, str]:
    """What the runner printed, by name."""
    done = call(folder, command, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())
