"""Exported C that trains: on this machine, and on those that emulators play, to the state that linocut comes to.

NAME_test.c of each export steps on random examples and compares the hash of the state; tests here hold that hash
against other kernels, and predictions against the session's. Skipped where compilers and emulators are missing:
gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm; gcc-arm-linux-gnueabihf and qemu-user;
gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and qemu-system-misc.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import branched
import numpy as np
import pytest
from exported_c import PLAIN, SANITIZED, WARNINGS, compiler

import linocut as lc
from linocut import Network, SpecError, Trainer, _native
from linocut.export.c.trainer import STACK_BYTES, TrainerSource
from linocut.export.exported import Exported
from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Flatten, Input, MaxPool2D, Sign, SoftmaxCrossEntropy
from linocut.ops.bits import Array
from linocut.ops.control import LEARNING_RATE
from linocut.run.session import open_session

HERE = Path(__file__).parent / "cortex_m"
STRICT = ["-std=c99", *WARNINGS]
BOARDS = {
    "cortex-m0": ("mps2-an385", "-mfloat-abi=soft"),
    "cortex-m3": ("mps2-an385", "-mfloat-abi=soft"),
    "cortex-m4": ("mps2-an386", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m7": ("mps2-an500", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
    "cortex-m55": ("mps3-an547", "-mfloat-abi=hard", "-DINSTRUCTIONS_A_TICK=125/4", "-Wl,--defsym=ram_bytes=524288"),
}


SMALL = Network(
    "small",
    (
        *(Input((8, 8, 3)), BinaryConv2D(12, padding="same"), BatchNorm(), Sign()),
        *(BinaryConv2D(70), MaxPool2D(), BatchNorm(), Sign(), Flatten(), BinaryDense(3), BatchNorm()),
        SoftmaxCrossEntropy(),
    ),
)


def trainer(name: str) -> Trainer:
    """Small trainings of every kind of instruction."""
    digits = lc.models.mlp((8, 8, 1), 10, (65,))
    rest = {"batch_size": 6, "threads": 1}
    match name:
        case "cnv":
            return Trainer(SMALL, **rest)
        case "micro":
            return Trainer(digits, micro_batch=3, **rest)
        case "regression":
            return Trainer(lc.models.mlp((7,), 2, (20,), dtype="f32", task="regression"), **rest)
        case "recurrent":
            return Trainer(lc.models.build("lstm", input_shape=(6, 5), classes=2, cells=16, projection=8), **rest)
        case "cell" | "sequence" | "levels":
            return Trainer(branched.NETWORKS[name], **rest)
        case "bop":
            return Trainer(digits, optimizer=name, **rest)
        case _:
            return Trainer(digits, name, **rest)


IN_INTEGERS = ("lean", "lean8", "wang2021", "micro", "cnv")  # of which every set of kernels gives the same bits
NAMES = ("lean", "micro", "standard", "bop", "regression", "cnv", "cell", "sequence", "levels", "recurrent")


def exported(made: Trainer, folder: Path) -> Exported:
    return lc.export(made, "c", out=folder, name="net", train=True)


def run(line: Sequence[object], folder: Path) -> str:
    done = subprocess.run(
        list(map(str, line)), cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def sources(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.c")) + sorted(folder.glob("c99/*.c"))


def build(folder: Path, command: Sequence[object], output: str) -> None:
    run([*command, *STRICT, *sources(folder), "-o", output, "-lm"], folder)


@pytest.mark.parametrize("name", NAMES)
def test_training_here_ends_in_the_same_state(name: str, tmp_path: Path) -> None:
    gcc = compiler("gcc")
    found = exported(trainer(name), tmp_path)
    assert set(found.files) == {path for path in tmp_path.rglob("*") if path.is_file()}
    for options in (
        (PLAIN, SANITIZED) if name in ("lean", "recurrent") else (PLAIN,)
    ):  # each kernel is sanitized elsewhere
        build(tmp_path, [gcc, *options], "net_test")
        assert re.fullmatch(r"state_sha256 [0-9a-f]{64}\n", run(["./net_test"], tmp_path))


@pytest.mark.parametrize("isa", ["portable", "avx2"])
@pytest.mark.parametrize("name", IN_INTEGERS)
def test_the_hash_is_that_of_every_set_under_integers(
    name: str, isa: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(name)
    source = TrainerSource(made.session, made.network.graph, "net", "0")
    monkeypatch.setattr("linocut.export.c.trainer._kernel_set", lambda: isa if isa in _native.isas() else "portable")
    assert source.expected() in Path(exported(made, tmp_path).files[2]).read_text()
    monkeypatch.undo()
    assert source.expected() in Path(tmp_path / "net_test.c").read_text()


def test_what_is_written_goes_on_from_the_state(tmp_path: Path) -> None:
    """A trained state, given again as bytes; the outputs and the score, beside the session's."""
    gcc, made = compiler("gcc"), trainer("lean")
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1)).astype(np.uint8)
    labels = np.arange(6).astype(np.int32)
    state, outputs, score = stepped(made, images, labels)
    exported(made, tmp_path)
    (tmp_path / "net_test.c").write_text(DRIVER)
    (tmp_path / "examples.bin").write_bytes(images.tobytes() + labels.tobytes())
    build(tmp_path, [gcc, *SANITIZED], "driver")
    run(["./driver"], tmp_path)
    found = (tmp_path / "found.bin").read_bytes()
    assert found == outputs.tobytes() + state + np.array(score[0]).tobytes() + np.array(score[1:], np.int32).tobytes()


def test_what_was_counted_here_is_not_counted_there(tmp_path: Path) -> None:
    """The score of a trained network, after its first step there; all is declared by its header alone."""
    gcc, made = compiler("gcc"), trainer("lean")
    made.fit(lc.data.load("digits")[0], epochs=1)
    exported(made, tmp_path)
    (tmp_path / "net_test.c").write_text(FIRST_SCORE)
    build(tmp_path, [gcc, *SANITIZED], "first")
    run(["./first"], tmp_path)


FIRST_SCORE = """
#include "net.h"

static uint64_t arena[(NET_ARENA_BYTES + 7) / 8];

int main(void) {
    int32_t examples;
    net_begin(arena, NULL);
    net_set_rate(arena, 0.001);
    net_train_step(arena, net_images(arena), net_labels(arena));
    net_score(arena, NULL, NULL, &examples);
    return examples != NET_BATCH;
}
"""


def stepped(made: Trainer, images: Array, labels: Array) -> tuple[bytes, Array, tuple[float, int, int]]:
    """Two steps by the same kernels: the state, the outputs of a prediction, and what was counted."""
    session = open_session(made.session.program, threads=1)
    session.arena[...] = made.session.arena
    session.array("control")[LEARNING_RATE] = 0.5
    for _ in range(2):
        session.array("input")[...], session.array("labels")[...] = images, labels
        session.run("train")
    loss, counters = float(session.array("loss")[0]), session.array("counters").copy()
    session.array("loss")[...], session.array("counters")[...] = 0, 0
    state = b"".join(session.state_bytes(buffer.name).tobytes() for buffer in session.program.persistent())
    session.array("input")[...], session.array("labels")[...] = images, -1
    session.run("predict")
    return state, session.array("predict.logits").copy(), (loss / counters[1], counters[0], counters[1])


DRIVER = """
#include <stdio.h>
#include <string.h>
#include "net.h"
static uint64_t arena[(NET_ARENA_BYTES + 7) / 8];
static uint8_t state[NET_STATE_BYTES];
static net_input images[NET_INPUTS * NET_BATCH];
static net_label labels[NET_BATCH];
static void save(void)
{
    uint8_t *to = state;
    void *piece;
    uint32_t bytes;
    int index;
    for (index = 0; (bytes = net_state(arena, index, &piece)) != 0; ++index, to += bytes) memcpy(to, piece, bytes);
}
int main(void)
{
    FILE *in = fopen("examples.bin", "rb"), *out = fopen("found.bin", "wb");
    int32_t right, examples;
    double loss;
    if (fread(images, sizeof images, 1, in) != 1 || fread(labels, sizeof labels, 1, in) != 1) return 1;
    memset(arena, 0xA5, sizeof arena);
    net_begin(arena, NULL);
    net_set_rate(arena, 0.5);
    net_train_step(arena, images, labels);
    save();
    memset(arena, 0xA5, sizeof arena);
    net_begin(arena, state);
    net_train_step(arena, images, labels);
    net_score(arena, &loss, &right, &examples);
    save();
    fwrite(net_predict(arena, images), sizeof(float), NET_OUTPUTS * NET_BATCH, out);
    fwrite(state, sizeof state, 1, out);
    fwrite(&loss, sizeof loss, 1, out);
    fwrite(&right, sizeof right, 1, out);
    fwrite(&examples, sizeof examples, 1, out);
    net_score(arena, NULL, NULL, &examples);
    return fclose(in) + fclose(out) + examples;
}
"""


@pytest.mark.parametrize(
    ("name", "cpu"), [*(("micro", cpu) for cpu in BOARDS), ("standard", "cortex-m3"), ("cnv", "cortex-m7")]
)
def test_a_microcontroller_ends_in_the_same_state(name: str, cpu: str, tmp_path: Path) -> None:
    gcc, qemu = compiler("arm-none-eabi-gcc"), compiler("qemu-system-arm")
    if "/" not in run([gcc, "-print-file-name=libm.a"], tmp_path):
        pytest.skip("no newlib here, whose rounding functions and roots the kernels call")
    board, *floats = BOARDS[cpu]
    exported(trainer(name), tmp_path)
    given = [gcc, f"-mcpu={cpu}", "-mthumb", *floats, "-O2", "-ffp-contract=off", f"-I{HERE}", "-I."]
    test, kernels = tmp_path / "net_test.c", [path for path in sources(tmp_path) if path.name != "net_test.c"]
    run([*given, *STRICT, "-Dmain=test_main", "-c", test, "-o", "net_test.o"], tmp_path)
    (tmp_path / "one.c").write_text("".join(f'#include "{path}"\n' for path in (HERE / "board.c", HERE / "train.c")))
    run([*given, "-c", "one.c", "-o", "one.o"], tmp_path)
    link = ["-nostdlib", "-T", HERE / "link.ld", "net_test.o", "one.o"]
    run([*given, *STRICT, *kernels, *link, "-lm", "-lgcc", "-o", "net.elf"], tmp_path)
    machine = [qemu, "-M", board, "-nographic", "-icount", "shift=0,align=off,sleep=off", "-kernel", "net.elf"]
    told = run([*machine, "-semihosting-config", "enable=on,target=native"], tmp_path)
    print(cpu, name, *told.splitlines()[-2:])
    measured = re.search(r"stack (\d+)", told)
    assert measured is not None
    assert int(measured.group(1)) < STACK_BYTES


def test_32_bit_arm_ends_in_the_same_state(tmp_path: Path) -> None:
    gcc, qemu = compiler("arm-linux-gnueabihf-gcc"), compiler("qemu-arm")
    exported(trainer("micro"), tmp_path)
    build(tmp_path, [gcc, *PLAIN, "-static"], "net_test")
    run([qemu, "./net_test"], tmp_path)


def test_32_bit_risc_v_ends_in_the_same_state(tmp_path: Path) -> None:
    gcc, qemu = compiler("riscv64-unknown-elf-gcc"), compiler("qemu-system-riscv32")
    if "/" not in run([gcc, "-print-file-name=picolibc.specs"], tmp_path):
        pytest.skip("no picolibc here, whose rounding functions and roots the kernels call")
    exported(trainer("micro"), tmp_path)
    places = {"__flash": "0x80000000", "__flash_size": "0x400000", "__ram": "0x80400000", "__ram_size": "0x400000"}
    library = ["--specs=picolibc.specs", "--crt0=hosted", "--oslib=semihost"]
    library += [f"-Wl,--defsym={name}={value}" for name, value in places.items()]
    build(tmp_path, [gcc, "-march=rv32imac", "-mabi=ilp32", *library, *PLAIN], "net.elf")
    machine = [qemu, "-M", "virt", "-bios", "none", "-nographic", "-icount", "shift=0", "-kernel", "net.elf"]
    assert "state_sha256" in run([*machine, "-semihosting-config", "enable=on,target=native"], tmp_path)


def test_what_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer("lean")
    with pytest.raises(SpecError, match="onnx is a format for prediction; training is exported as c"):
        lc.export(made, "onnx", out=tmp_path / "net.onnx", train=True)
    with pytest.raises(SpecError, match="weights that train have the formats of their policy"):
        lc.export(made, out=tmp_path, weights="table", train=True)
    with pytest.raises(SpecError, match=r"a str does not train; give a Trainer, .* Trainer\.resume"):
        lc.export("runs/digits", out=tmp_path, train=True)
    with pytest.raises(SpecError, match="no C identifier"):
        lc.export(made, out=tmp_path, name="double", train=True)
    exported(made, tmp_path / "net")
    (tmp_path / "net/net.h").write_text("mine")
    with pytest.raises(SpecError, match=r"net\.h exists already; give --force"):
        exported(made, tmp_path / "net")
    lc.export(made, out=tmp_path / "net", name="other", train=True)  # beside it, with the same kernels
    lc.export(made, out=tmp_path / "net", name="net", train=True, force=True)
    assert (tmp_path / "net/net.h").read_text() != "mine"
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels/c99.h").touch()
    monkeypatch.setattr("linocut.export.c.trainer.kernel_folder", lambda: tmp_path / "kernels")
    with pytest.raises(SpecError, match="adam has no kernel in C99"):
        exported(made, tmp_path / "none")
    assert not (tmp_path / "none").exists()
