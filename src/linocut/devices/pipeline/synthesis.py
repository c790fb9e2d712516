"""What an operator takes on an FPGA, counted by yosys where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from linocut.devices.pipeline.resources import Resources
from linocut.devices.pipeline.verilog import OPERATORS
from linocut.errors import MachineError, SpecError, one_line, unknown_name

YOSYS = "yosys"
FAMILIES = {"xcup": "UltraScale+", "xcu": "UltraScale", "xc7": "7 series"}
DSP = re.compile(r"^\s+(DSP48E\w+)\s+(\d+)", re.MULTILINE)
CELL = re.compile(r"^\s+(LUT\d|FD\w+|CARRY\w*|MUXF\d|SRL\w+|RAM\w+)\s+(\d+)", re.MULTILINE)
MOST_SECONDS = 1800


def missing() -> str:
    """That yosys is not there, in one line with the mend; "" where it is."""
    if shutil.which(YOSYS) is None:
        return (
            "yosys is not installed, which counts what operators take; apt-get install yosys, or leave out --synthesise"
        )
    return ""


def check_family(family: str) -> None:
    """SpecError for a family of FPGAs that yosys is not asked for."""
    if family not in FAMILIES:
        raise unknown_name("family of FPGAs", family, FAMILIES)


def version() -> str:
    """Which yosys there is, such as Yosys 0.23; MachineError where there is none, or it does not say."""
    if lack := missing():
        raise MachineError(lack)
    try:
        done = subprocess.run([YOSYS, "-V"], capture_output=True, text=True, timeout=MOST_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise MachineError(f"yosys does not say its version: {one_line(error)}") from None
    return one_line(done.stdout.split("(")[0].strip())


def synthesised(operator: str, block: int, family: str) -> Resources:
    """DSP, LUT and flip-flops of one copy of an operator for blocks of a size.

    SpecError for an operator or a family that there is none of; MachineError where yosys is not installed or fails.
    """
    if operator not in OPERATORS:
        raise unknown_name("operator", operator, OPERATORS)
    check_family(family)
    if block < 1:
        raise SpecError(f"block is {block}, must be 1 or more")
    if lack := missing():
        raise MachineError(lack)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "operator.v"
        source.write_text(OPERATORS[operator](block))
        script = f"read_verilog {source}; synth_xilinx -family {family} -top operator -flatten -noiopad -noclkbuf; stat"
        try:
            done = subprocess.run(
                [YOSYS, "-p", script], capture_output=True, text=True, timeout=MOST_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise MachineError(f"yosys could not count a {operator} of blocks of {block}: {one_line(error)}") from None
    return counted(done.stdout.rpartition("Number of cells")[2])


def counted(cells: str) -> Resources:
    """What the cells of yosys's statistics come to."""
    luts = sum(int(n) for name, n in CELL.findall(cells) if name.startswith("LUT"))
    flip_flops = sum(int(n) for name, n in CELL.findall(cells) if name.startswith("FD"))
    return Resources(sum(int(n) for _, n in DSP.findall(cells)), luts, flip_flops)
