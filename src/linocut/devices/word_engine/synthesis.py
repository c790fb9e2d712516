"""synthesis: what an engine, or a part of one, takes on an FPGA, counted by yosys where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from linocut.devices.pipeline.resources import Resources
from linocut.devices.pipeline.synthesis import FAMILIES, YOSYS
from linocut.devices.word_engine import bit_count
from linocut.devices.word_engine.verilog import filled
from linocut.errors import MachineError, one_line, unknown_name
from linocut.graph.inference import FACTOR_BITS

SUM_BITS = 12  # of the parts in the table
COMPLEX, REAL, STRAIGHT, TURNED = "complex product", "real product", "straight test", "turned test"
PARTS = (COMPLEX, REAL, STRAIGHT, TURNED)
CELL = re.compile(r"^\s+([A-Z][A-Z0-9_]+)\s+(\d+)\s*$", re.MULTILINE)
BLOCKS = {"RAMB36": 2, "RAMB18": 1}  # halves of a block of 36 Kbit
MOST_SECONDS = 7200


def missing() -> str:
    """That yosys is not there, in one line with the mend; "" where it is."""
    if shutil.which(YOSYS) is None:
        return "yosys is not installed, which counts what an engine takes; apt-get install yosys, or leave --synthesise"
    return ""


def part(name: str, lanes: int, family: str) -> Resources:
    """One product of so many lanes with its sum, or one test, by yosys; SpecError for another name or family."""
    if name not in PARTS:
        raise unknown_name("part of an engine", name, PARTS)
    shift = FACTOR_BITS + SUM_BITS + 2
    texts = {
        COMPLEX: ("complex_pe.v", f"LANES {lanes} COUNT_BITS {lanes.bit_length()} SUM_BITS {SUM_BITS}"),
        REAL: ("real_pe.v", f"LANES {lanes} COUNT_BITS {lanes.bit_length()} SUM_BITS {SUM_BITS}"),
        STRAIGHT: ("straight_test.v", f"SUM_BITS {SUM_BITS} TEST_WIDTH {SUM_BITS + 2}"),
        TURNED: ("turned_test.v", f"SUM_BITS {SUM_BITS} TEST_WIDTH {2 * FACTOR_BITS + shift}"),
    }
    template, settings = texts[name]
    values = {"factor_bits": FACTOR_BITS} if name == TURNED else {}
    top = {COMPLEX: "product_sum", REAL: "product_sum", STRAIGHT: "straight_test", TURNED: "turned_test"}[name]
    words = settings.split()
    sets = " ".join(f"-set {a} {b}" for a, b in zip(words[::2], words[1::2], strict=True))
    text = filled(template, **values) + (bit_count.module(lanes) if top == "product_sum" else "")
    return synthesised({"part.v": text}, "part.v", top, family, f"chparam {sets} {top}; ")


def synthesised(files: Mapping[str, str], source: str, top: str, family: str, before: str = "") -> Resources:
    """The module `top` of a file, module by module as they are; MachineError where yosys is missing or fails."""
    if family not in FAMILIES:
        raise unknown_name("family of FPGAs", family, FAMILIES)
    if lack := missing():
        raise MachineError(lack)
    with tempfile.TemporaryDirectory(prefix="linocut-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        script = (
            f"read_verilog {source}; {before}synth_xilinx -family {family} -top {top} -noiopad -noclkbuf; "
            "tee -o stat.txt stat"
        )
        try:
            done = subprocess.run(
                [YOSYS, "-q", "-p", script],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=MOST_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise MachineError(f"yosys could not count {top}: {one_line(error)}") from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or [done.stderr[-200:]]
            raise MachineError(f"yosys could not count {top}: {one_line(lines[0])}")
        told = (Path(folder) / "stat.txt").read_text()
    return counted(told.rpartition("Number of cells")[2])


def counted(cells: str) -> Resources:
    """What the cells of yosys's statistics come to."""
    found: Counter[str] = Counter()
    for name, count in CELL.findall(cells):
        found[name] += int(count)
    luts = sum(count for name, count in found.items() if name.startswith("LUT"))
    luts += sum(count * _of_memory(name) for name, count in found.items())
    halves = sum(count * own for name, count in found.items() for kind, own in BLOCKS.items() if name.startswith(kind))
    flip_flops = sum(count for name, count in found.items() if name.startswith("FD"))
    dsp = sum(count for name, count in found.items() if name.startswith("DSP48"))
    return Resources(dsp, luts, flip_flops, -(-halves // 2))


def _of_memory(name: str) -> int:
    """LUTs that a cell of distributed memory or a shift register takes."""
    if name.startswith(("SRL", "RAM32X1S", "RAM64X1S")):
        return 1
    sizes = {"RAM32M16": 8, "RAM64M8": 8, "RAM32M": 4, "RAM64M": 4, "RAM64X1D": 2, "RAM32X1D": 2, "RAM128X1D": 4}
    return next((luts for kind, luts in sizes.items() if name == kind), 0)
