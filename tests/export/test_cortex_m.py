"""Exported C on bare Cortex-M processors, under qemu: the bits of linocut, in hard and soft floats.

Needs gcc-arm-none-eabi and qemu-system-arm; `-s` shows the instructions of a prediction, and its stack.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import branched
import pytest
import recurrent_graphs
from exported_c import WARNINGS, compiler, shaken, written

import linocut as lc
from linocut.export.c import stream
from linocut.export.c.source import STACK_BYTES
from linocut.graph.q10 import sixteen_bits
from linocut.layers import LSTM, BlockCirculantDense, SequenceInput, SequencePool, SoftmaxCrossEntropy

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
    written(shaken(NETWORKS[name]), tmp_path)
    assert taken_on(cpu, tmp_path, "predict.c", WARNINGS)[0] < STACK_BYTES


def test_a_cortex_m7_hears_the_integers_of_the_reference_after_every_frame(tmp_path: Path) -> None:
    layers = LSTM(32, 8, peepholes=True, projection=16), LSTM(16, 4)
    graph = sixteen_bits(recurrent_graphs.graph_of(*layers), recurrent_graphs.examples()).graph
    lc.export(graph, "c", out=tmp_path, name="net")
    stack, instructions = taken_on("cortex-m7", tmp_path, "frame.c", ["-Wall", "-Wextra", "-Werror"])
    assert stack < stream.STACK_BYTES
    ends = SequencePool(), BlockCirculantDense(3), SoftmaxCrossEntropy()
    network = lc.Network("heard", (SequenceInput((6, recurrent_graphs.FEATURES)), *layers, *ends))
    estimated = lc.estimate(network, "cortex-m7").frame_ms
    assert estimated is not None and estimated * 400e3 == pytest.approx(instructions, rel=0.08)  # at 400 MHz


def taken_on(cpu: str, folder: Path, measured: str, warnings: list[str]) -> tuple[int, int]:
    """Bytes of stack and instructions that what is `measured` takes on a processor, after net_test.c found no
    difference.
    """
    gcc, qemu = compiler("arm-none-eabi-gcc"), compiler("qemu-system-arm")
    board, *floats = BOARDS[cpu]
    given = [gcc, f"-mcpu={cpu}", "-mthumb", *floats, "-O2", "-ffp-contract=off", "-ffreestanding", "-I."]
    link = ["-nostdlib", "-T", HERE / "link.ld", f"-I{HERE}", HERE / "board.c", HERE / measured]
    for line in (
        [*given, "-std=c99", *warnings, "-c", "net.c", "-o", "net.o"],
        [*given, "-isystem", HERE / "include", "-Dmain=test_main", "-c", "net_test.c", "-o", "net_test.o"],
        [*given, *link, "net.o", "net_test.o", "-lm", "-lgcc", "-o", "net.elf"],
    ):
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    machine = [qemu, "-M", board, "-nographic", "-icount", "shift=0,align=off,sleep=off", "-kernel", "net.elf"]
    options = ["-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(
        [*machine, *options], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    told = done.stdout + done.stderr  # where qemu has what the program tells
    print(cpu, measured, *told.splitlines()[-2:])
    assert done.returncode == 0, told
    stack, instructions = (re.search(rf"{what} (\d+)", told) for what in ("stack", "instructions"))
    assert stack is not None and instructions is not None
    return int(stack.group(1)), int(instructions.group(1))
