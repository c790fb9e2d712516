"""Trains 784-64-10 on MNIST on an emulated microcontroller, in 192 KiB of RAM all told, and counts instructions.

    python benchmarks/microcontroller/mnist.py [--cpu cortex-m7] [--epochs 2] [--examples N] [--data-dir DIR]

The device has the C of `linocut export --to c --train`, its initial state and code in flash, and 192 KiB of RAM that
the linker holds it to; examples come from files of this machine by semihosting, in the order of `linocut train`, one
batch at a time into the arena. In the end its state must be that of the same training here, to the bit. Instructions
are those that qemu counts (-icount shift=0, by SysTick or minstret), reading not included; they are not cycles.
Needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm; of RISC-V gcc-riscv64-unknown-elf,
picolibc-riscv64-unknown-elf and qemu-system-misc.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.data.batches import Batches, epoch_order
from linocut.run.standalone import read_state
from linocut.schedules import Position

HERE = Path(__file__).parent
BOARD = HERE.parents[1] / "tests/export/cortex_m"
RAM = 192 * 1024
BATCH, HIDDEN, RATE = 10, 64, 0.002
BOARDS = {
    "cortex-m0": ("mps2-an385", "-mfloat-abi=soft"),
    "cortex-m3": ("mps2-an385", "-mfloat-abi=soft"),
    "cortex-m4": ("mps2-an386", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m7": ("mps2-an500", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
    "cortex-m55": ("mps3-an547", "-mfloat-abi=hard", "-DINSTRUCTIONS_A_TICK=125/4"),
}

ARM = ["arm-none-eabi-gcc", "-mthumb", "-nostdlib", f"-Wl,--defsym=ram_bytes={RAM}", "-lm", "-lc", "-lgcc"]
RISC_V = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs", "--crt0=minimal"]
RISC_V += [
    f"-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=4M,--defsym=__ram=0x80400000,--defsym=__ram_size={RAM}"
]
RISC_V += ["-lm"]


def write_examples(
    trainer: lc.Trainer, train: lc.data.Dataset, test: lc.data.Dataset, epochs: int, folder: Path
) -> int:
    """train.bin: rate, images and labels of each step, as `fit` has them; test.bin: images and labels."""
    settings, whole = trainer.settings, len(train) // BATCH
    with (folder / "train.bin").open("wb") as file:
        for epoch in range(epochs):
            with Batches(train, epoch_order(settings.seed, epoch, len(train)), BATCH) as batches:
                for step, (images, labels) in enumerate(batches):
                    at = Position(epoch * whole + step, epochs * whole, epoch, epochs)
                    rate = settings.schedule.rate(settings.optimizer.learning_rate, at, None)
                    file.write(np.float64(rate).tobytes() + images.tobytes() + labels.tobytes())
    with (folder / "test.bin").open("wb") as file, Batches(test, np.arange(len(test)), BATCH) as batches:
        for images, labels in batches:
            file.write(images.tobytes() + labels.tobytes())
    return epochs * whole


def build(cpu: str, folder: Path) -> str:
    """net.elf, and what the linker says of its sizes."""
    compiler, *options = ARM if cpu in BOARDS else RISC_V
    files = [BOARD / "board.c" if cpu in BOARDS else HERE / "riscv.c", HERE / "mnist.c", folder / "net.c"]
    given = [compiler, *(BOARDS[cpu][1:] if cpu in BOARDS else ()), "-std=gnu99", "-O2", "-ffp-contract=off"]
    if cpu in BOARDS:
        given += [f"-mcpu={cpu}", "-T", str(BOARD / "link.ld")]
    line = [*given, f"-I{BOARD}", f"-I{folder}", *files, *sorted(folder.glob("c99/*.c")), *options]
    subprocess.run([str(one) for one in (*line, "-o", folder / "net.elf")], check=True)
    sizes = subprocess.run(
        [compiler.replace("-gcc", "-size"), folder / "net.elf"], check=True, capture_output=True, text=True
    )
    return sizes.stdout.splitlines()[1]


def emulator(cpu: str) -> list[str]:
    """What runs net.elf."""
    if cpu in BOARDS:
        machine = ["qemu-system-arm", "-M", BOARDS[cpu][0]]
    else:
        machine = ["qemu-system-riscv32", "-M", "virt", "-bios", "none"]
    counting = ["-icount", "shift=0,align=off,sleep=off", "-semihosting-config", "enable=on,target=native"]
    return [*machine, "-nographic", "-kernel", "net.elf", *counting]


def main() -> None:
    """Parse the command line, train there and here, and print what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", default="cortex-m7", choices=(*BOARDS, "rv32imac"))
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--examples", type=int, help="of the training data")
    parser.add_argument("--data-dir")
    given = parser.parse_args()
    train, test = lc.data.load("mnist", given.data_dir)
    if given.examples is not None:
        train = lc.data.take(train, given.examples)
    network = lc.models.mlp((28, 28, 1), 10, hidden=(HIDDEN,))
    trainer = lc.Trainer(network, "lean", lc.Adam(RATE), batch_size=BATCH, schedule="cosine", threads=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = lc.export(trainer, out=folder, name="net", train=True).sizes
        steps = write_examples(trainer, train, test, given.epochs, folder)
        text, data, bss = map(int, build(given.cpu, folder).split()[:3])
        print(f"{given.cpu}, {RAM:,} B of RAM: arena {sizes['arena_bytes']:,} B; data and bss {data + bss:,} B")
        print(f"flash {text + data:,} B; {steps:,} steps of {BATCH} examples", flush=True)
        done = subprocess.run(emulator(given.cpu), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        print(done.stdout + done.stderr, end="")
        trainer.fit(train, epochs=given.epochs)
        expected = trainer.session.state_sha256()
        read_state(trainer.session, folder / "state.bin")
        same = "the same" if trainer.session.state_sha256() == expected else "ANOTHER"
        stack = re.search(r"stack (\d+)", done.stdout + done.stderr)
        used = data + bss + (int(stack.group(1)) if stack else 0)
        print(f"state_sha256 {expected[:16]}... here, {same} there; RAM used with the stack: {used:,} of {RAM:,} B")


if __name__ == "__main__":
    main()
