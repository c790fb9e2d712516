"""Exported C on bare Cortex-M processors, under qemu: the bits of linocut, in hard and soft floats.

Needs gcc-arm-none-eabi and qemu-system-arm; `-s` shows the instructions of a prediction, and its stack.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import branched
import pytest
from exported_c import WARNINGS, compiler, shaken, written

import linocut as lc
from linocut.export.c.source import STACK_BYTES

HERE = Path(__file__).parent / "cortex_m"
BOARDS = {
    "cortex-m0": ("mps2-an385", "-mfloat-abi=soft"),
    "cortex-m3": ("mps2-an385", "-mfloat-abi=soft"),
    "cortex-m4": ("mps2-an386", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m7": ("mps2-an500", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
}
NETWORKS = {
    "digits": lc.models.mlp((8, 8, 1), 10),
    "cell": branched.CELL,
    "sequence": branched.SEQUENCE,
    "mlp": lc.models.mlp(),
    "cnv": lc.models.cnv(),
}
LARGE = ("mlp", "cnv")  # that take their time
RUNS = [(name, cpu) for name in NETWORKS for cpu in BOARDS if name not in LARGE or cpu == "cortex-m3"]


@pytest.mark.parametrize(("name", "cpu"), RUNS)
def test_a_microcontroller_finds_the_same_bits(name: str, cpu: str, tmp_path: Path) -> None:
    gcc, qemu = compiler("arm-none-eabi-gcc"), compiler("qemu-system-arm")
    board, *floats = BOARDS[cpu]
    written(shaken(NETWORKS[name]), tmp_path)
    given = [gcc, f"-mcpu={cpu}", "-mthumb", *floats, "-O2", "-ffp-contract=off", "-ffreestanding", "-I."]
    link = ["-nostdlib", "-T", HERE / "link.ld", f"-I{HERE}", HERE / "board.c", HERE / "predict.c"]
    for line in (
        [*given, "-std=c99", *WARNINGS, "-c", "net.c", "-o", "net.o"],
        [*given, "-isystem", HERE / "include", "-Dmain=test_main", "-c", "net_test.c", "-o", "net_test.o"],
        [*given, *link, "net.o", "net_test.o", "-lgcc", "-o", "net.elf"],
    ):
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    machine = [qemu, "-M", board, "-nographic", "-icount", "shift=0,align=off,sleep=off", "-kernel", "net.elf"]
    options = ["-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(
        [*machine, *options], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    told = done.stdout + done.stderr  # where qemu has what the program tells
    print(cpu, name, *told.splitlines()[-2:])
    assert done.returncode == 0, told
    measured = re.search(r"stack (\d+)", told)
    assert measured is not None
    assert int(measured.group(1)) < STACK_BYTES
