"""simulated: an engine and its bench under Verilator: what its C++ counts."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from linocut.errors import MachineError, one_line

VERILATOR, LEAST = "verilator", (5, 0)
OTHERS = ("make", "g++")
TOLD = re.compile(
    r"frames (\d+) of (\d+), cycles (\d+), model (\d+), frames off the model (\d+), wrong signs (\d+), "
    r"wrong sums (\d+), words (\d+) of (\d+), sums (\d+) of (\d+)"
)
OPTIONS = ("-O3", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal", "-Wno-lint", "--top-module", "bench")
MOST_SECONDS = 3600


@dataclass(frozen=True)
class Simulated:
    """What a simulation came to: of `frames` whole ones the cycles of the last, and how many integers were wrong.

    `off_model` frames took other cycles than the model says; `sums` and `words` of signs were compared, all that there
    are where the simulation is `whole`.
    """

    frames: int
    cycles: int
    model: int
    off_model: int
    wrong_signs: int
    wrong_sums: int
    words: int
    sums: int
    whole: bool

    @property
    def equal(self) -> bool:
        """Whether every integer is prediction's, and the cycles of every frame are the model's."""
        return self.whole and not (self.off_model or self.wrong_signs or self.wrong_sums)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "equal": self.equal}


def version_of(tool: str) -> tuple[int, ...] | None:
    """The version of a tool, None where it is not installed."""
    if shutil.which(tool) is None:
        return None
    try:
        done = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def missing() -> str:
    """What of the simulator is not there, in one line with the mend; "" where all is."""
    version = version_of(VERILATOR)
    if version is None:
        return "Verilator is not installed, which simulates Verilog; apt-get install verilator, or leave out --simulate"
    if version < LEAST:
        shown = ".".join(map(str, version))
        return f"Verilator is of version {shown}, must be {LEAST[0]}.{LEAST[1]:03} or later, as Debian 12 has it"
    lacking = [tool for tool in OTHERS if shutil.which(tool) is None]
    if lacking:
        return f"{' and '.join(lacking)} cannot be found, which Verilator builds with; apt-get install make g++"
    return ""


def simulate(files: Mapping[str, str], name: str) -> Simulated:
    """Build and run the bench of an engine called `name`; MachineError where tools are missing or fail."""
    if lack := missing():
        raise MachineError(lack)
    with tempfile.TemporaryDirectory(prefix="linocut-") as folder:
        for file, text in files.items():
            (Path(folder) / file).write_text(text)
        sources = ("bench.v", f"{name}.v", "main.cpp")
        _run([VERILATOR, "--cc", "--exe", *OPTIONS, *sources, "-o", "simulation"], folder)
        optimised = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0")
        _run(["make", "-C", "obj_dir", "-f", "Vbench.mk", *optimised], folder)
        told = _run([str(Path(folder) / "obj_dir" / "simulation")], folder)
    found = TOLD.search(told)
    if found is None:
        raise MachineError(f"the simulation ended without a result: {one_line(told)}")
    frames, of, cycles, model, off, signs, sums, words, all_words, given, all_given = map(int, found.groups())
    whole = (frames, words, given) == (of, all_words, all_given)
    return Simulated(frames, cycles, model, off, signs, sums, words, given, whole)


def _run(command: list[str], folder: str) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise MachineError(f"{Path(command[0]).name} failed: {one_line(error)}") from None
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if "rror" in line]
        told = one_line(lines[0] if lines else done.stderr[-200:])
        raise MachineError(f"{Path(command[0]).name} failed with status {done.returncode}: {told}")
    return done.stdout
