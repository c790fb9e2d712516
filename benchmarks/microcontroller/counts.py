"""Instructions of a prediction on Cortex-M classes, as exported C takes them, and rates that are fitted to them.

    python benchmarks/microcontroller/counts.py [--cpu cortex-m4] [--of recurrent] [--write FOLDER]

Small networks are exported (`linocut export --to c`), built with gcc -O2, and run under qemu, which counts
instructions; they are not cycles. From the counts follow instructions for each multiply-accumulate of a kind and each
output, which are the rates of `linocut estimate --on cortex-m4`; each network is then estimated by rates that were
fitted without it. Recurrent networks, which hear a frame at a time in 16 bits, have rates of their own. `--of` counts
one kind of networks alone; `--write` keeps the rates, as src/linocut/devices/machines has them, those that were not
counted as they are there.
Needs gcc-arm-none-eabi and qemu-system-arm.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.devices import Device, frames, load, microcontroller
from linocut.devices.kinds import FRAME_RATES, RATES
from linocut.devices.write import write_device
from linocut.graph.asked import asked
from linocut.layers import (
    GRU,
    LSTM,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    BlockCirculantDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    Quantise,
    QuantisedConv2D,
    ReLU,
    Residual,
    SequenceInput,
    SequencePool,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.tables import table

HERE = Path(__file__).parents[2] / "tests/export/cortex_m"
# Supply currents while code runs from flash, peripherals off, of boards at that clock, where a data sheet was at hand.
WATTS = {"cortex-m0": (0.041, "; watts of STM32F031's data sheet, table 23, 48 MHz")}  # 11.4 mA at 3.6 V
TIGHT = "-Wl,--defsym=ram_bytes=524288"  # of RAM that this board has
BOARDS = {
    "cortex-m0": ("mps2-an385", 48e6, "-mfloat-abi=soft"),
    "cortex-m3": ("mps2-an385", 72e6, "-mfloat-abi=soft"),
    "cortex-m4": ("mps2-an386", 168e6, "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m7": ("mps2-an500", 400e6, "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
    "cortex-m55": ("mps3-an547", 400e6, "-mfloat-abi=hard", "-DINSTRUCTIONS_A_TICK=125/4", TIGHT),
}
FEED_FORWARD, RECURRENT = KINDS = ("feed-forward", "recurrent")
END = (BatchNorm(), SoftmaxCrossEntropy())


def networks() -> dict[str, lc.Network]:
    """Those that are counted: of dense and convolutional layers, binary and in floats."""

    def made(name: str, shape: tuple[int, int, int], *layers: lc.layers.Layer) -> lc.Network:
        return lc.Network(name, (Input(shape), *layers))

    binary = (BatchNorm(), Sign())
    real = (BatchNorm(), ReLU())
    halves = (MaxPool2D(), *binary)
    body = (Sign(), BinaryConv2D(32), BatchNorm())

    def levels(name: str, channels: int, weights: int, inputs: int) -> lc.Network:
        conv = (Quantise(inputs), QuantisedConv2D(channels, bits=weights), BatchNorm())
        last = (Sign(), Flatten(), BinaryDense(10), *END)
        return made(name, (8, 8, 3), BinaryConv2D(channels), BatchNorm(), *conv, *conv, *last)

    return {
        "digits": lc.models.mlp((8, 8, 1), 10, (256, 256)),
        "bits": lc.models.mlp((8, 8, 1), 10, (512, 512, 512)),
        "bytes": lc.models.mlp((32, 32, 1), 10, (64,)),
        "bit-images": made(
            "bit-images",
            (8, 8, 1),
            BinaryConv2D(128),
            *binary,
            *(layer for _ in range(2) for layer in (BinaryConv2D(128), *binary)),
            Flatten(),
            BinaryDense(10),
            *END,
        ),
        "two-bits": levels("two-bits", 32, 2, 2),
        "four-bits": levels("four-bits", 64, 4, 4),
        "two-by-four": levels("two-by-four", 48, 2, 4),
        "wide": lc.models.mlp((16, 16, 1), 10, (96, 160)),
        "mlp": lc.models.mlp(),
        "convnet": lc.models.convnet((16, 16, 3), 10),
        "pooled": made(
            "pooled", (20, 20, 1), BinaryConv2D(64), *halves, BinaryConv2D(96), *halves, Flatten(), BinaryDense(8), *END
        ),
        "one-pixel": made(
            "one-pixel",
            (10, 10, 3),
            BinaryConv2D(64),
            *binary,
            BinaryConv2D(128, 1),
            *binary,
            Flatten(),
            BinaryDense(10),
            *END,
        ),
        "floats": made(
            "floats",
            (10, 10, 3),
            Conv2D(12),
            *real,
            MaxPool2D(),
            Conv2D(16),
            *real,
            GlobalAveragePool(),
            Dense(10),
            SoftmaxCrossEntropy(),
        ),
        "dense-floats": made("dense-floats", (8, 8, 1), Flatten(), Dense(48), *real, Dense(10), SoftmaxCrossEntropy()),
        "residual": made(
            "residual",
            (12, 12, 3),
            Conv2D(32),
            *real,
            Residual(body),
            Residual(body),
            ReLU(),
            GlobalAveragePool(),
            Dense(10),
            *END,
        ),
        "residual-64": made(
            "residual-64",
            (8, 8, 3),
            Conv2D(64, 1),
            *real,
            *(Residual((Sign(), BinaryConv2D(64), BatchNorm())) for _ in range(3)),
            ReLU(),
            GlobalAveragePool(),
            Dense(10),
            *END,
        ),
        "adds": made(
            "adds",
            (16, 16, 1),
            Conv2D(16, 3, 2),
            *real,
            Residual((Conv2D(16), BatchNorm())),
            ReLU(),
            Residual((Conv2D(16, 1), BatchNorm())),
            ReLU(),
            GlobalAveragePool(),
            Dense(10),
            SoftmaxCrossEntropy(),
        ),
        "deep-floats": made(
            "deep-floats",
            (8, 8, 1),
            Flatten(),
            Dense(96),
            *real,
            Dense(64),
            *real,
            Dense(64),
            *real,
            Dense(10),
            SoftmaxCrossEntropy(),
        ),
        "hybrid": made(
            "hybrid",
            (14, 14, 1),
            Conv2D(24, 5, 2),
            *real,
            BatchNorm(),
            Sign(),
            BinaryConv2D(64),
            *halves,
            Flatten(),
            BinaryDense(10),
            *END,
        ),
    }


def recurrent() -> dict[str, lc.Network]:
    """Recurrent networks that are counted: one layer or two, of cells, blocks and features of several sizes."""

    def made(features: int, classes: int, *layers: lc.layers.Layer) -> lc.Network:
        ends = SequencePool(), BlockCirculantDense(classes), SoftmaxCrossEntropy()
        return lc.Network("recurrent", (SequenceInput((10, features)), *layers, *ends))

    return {
        "lstm-1": made(13, 4, LSTM(16, 1)),
        "lstm-1-wide": made(26, 10, LSTM(48, 1, peepholes=True, projection=24)),
        "lstm-2": made(13, 4, LSTM(32, 2)),
        "lstm-2-projected": made(39, 12, LSTM(64, 2, projection=32)),
        "lstm-4": made(39, 3, LSTM(32, 4)),
        "lstm-4-peepholes": made(20, 20, LSTM(64, 4, peepholes=True, projection=16)),
        "lstm-8": made(39, 10, LSTM(64, 8, peepholes=True)),
        "lstm-8-twice": made(13, 6, LSTM(32, 8, projection=16), LSTM(32, 8)),
        "lstm-8-wide": made(39, 10, LSTM(128, 8, peepholes=True, projection=64)),
        "lstm-16": made(39, 10, LSTM(64, 16, peepholes=True)),
        "lstm-16-wide": made(80, 30, LSTM(128, 16, projection=64)),
        "lstm-16-small": made(5, 3, LSTM(16, 16)),
        "gru-1": made(20, 5, GRU(32, 1)),
        "gru-4": made(39, 10, GRU(48, 4)),
        "gru-8": made(13, 20, GRU(64, 8), GRU(32, 4)),
        "gru-16": made(39, 4, GRU(96, 16)),
        "wide-ends": made(60, 62, LSTM(16, 2)),
        "wide-ends-16": made(10, 100, LSTM(16, 16)),
        "wide-ends-64": made(10, 60, LSTM(64, 16)),
    }


def counted(network: lc.Network, cpu: str, measured: str = "predict.c") -> int:
    """Instructions of a prediction of a network, or a frame, its weights initial ones, under emulation."""
    board, _, *floats = BOARDS[cpu]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lc.export(lc.Trainer(network, batch_size=4), to="c", out=folder, name="net")
        given = ["arm-none-eabi-gcc", f"-mcpu={cpu}", "-mthumb", *floats, "-O2", "-ffp-contract=off", "-ffreestanding"]
        link = ["-nostdlib", "-T", HERE / "link.ld", f"-I{HERE}", HERE / "board.c", HERE / measured]
        for line in (
            [*given, "-I.", "-std=c99", "-c", "net.c", "-o", "net.o"],
            [*given, "-I.", "-isystem", HERE / "include", "-Dmain=test_main", "-c", "net_test.c", "-o", "net_test.o"],
            [*given, "-I.", *link, "net.o", "net_test.o", "-lm", "-lgcc", "-o", "net.elf"],
        ):
            subprocess.run([str(one) for one in line], cwd=folder, check=True)
        machine = ["qemu-system-arm", "-M", board, "-nographic", "-icount", "shift=0,align=off,sleep=off"]
        machine += ["-kernel", "net.elf", "-semihosting-config", "enable=on,target=native"]
        done = subprocess.run(machine, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    found = re.search(r"instructions (\d+)", done.stdout + done.stderr)
    assert found is not None, done.stdout + done.stderr
    return int(found.group(1))


def fitted(works: list[dict[str, float]], counts: list[int]) -> tuple[tuple[str, float], ...]:
    """Rates, none below 0, of least relative errors: those that would be below are left out one after the other."""
    kinds = [kind for kind in (*RATES, *FRAME_RATES) if any(work.get(kind) for work in works)]
    while True:
        rows = np.array([[work.get(kind, 0.0) for kind in kinds] for work in works]) / np.array(counts)[:, None]
        rates, *_ = np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)
        if rates.min() > 0:
            return tuple(zip(kinds, rates.tolist(), strict=True))
        kinds.pop(int(rates.argmin()))


def main() -> None:
    """Parse the command line, count, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", choices=BOARDS)
    parser.add_argument("--of", choices=KINDS, action="append")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    for cpu in [given.cpu] if given.cpu else BOARDS:
        rates = dict(load(cpu).rates)
        for kind in given.of or KINDS:
            own = RATES if kind == FEED_FORWARD else FRAME_RATES
            rates = {name: rate for name, rate in rates.items() if name not in own} | dict(_rates(kind, cpu))
        if given.write is not None:
            write_device(device(cpu, tuple(rates.items())), given.write / f"{cpu}.toml")


def _rates(kind: str, cpu: str) -> tuple[tuple[str, float], ...]:
    """Rates of a kind of networks, which are printed beside the counts and how far each is missed without it."""
    made, measured = (networks(), "predict.c") if kind == FEED_FORWARD else (recurrent(), "frame.c")
    works = [_work(network, kind) for network in made.values()]
    counts = [counted(network, cpu, measured) for network in made.values()]
    rows = [("network", "instructions", "by rates of the others", "error")]
    errors = []
    for number, (name, count) in enumerate(zip(made, counts, strict=True)):
        others = [one for one in range(len(counts)) if one != number]
        rates = dict(fitted([works[one] for one in others], [counts[one] for one in others]))
        said = sum(rates.get(kind, 0.0) * amount for kind, amount in works[number].items())
        errors.append(said / count - 1)
        rows.append((name, f"{count:,}", f"{said:,.0f}", f"{errors[-1]:+.1%}"))
    rates_of_all = fitted(works, counts)
    print(f"{cpu}, {kind}: " + ", ".join(f"{name} {rate:.3f}" for name, rate in rates_of_all))
    print("\n".join(table(rows, 1, (1,))))
    print(f"mean error {np.abs(errors).mean():.1%}, at worst {max(errors, key=abs):+.1%}", flush=True)
    return rates_of_all


def _work(network: lc.Network, kind: str) -> dict[str, float]:
    if kind == FEED_FORWARD:
        return microcontroller.work(asked(network.graph), network.graph.input.dtype)
    return frames.work(frames.exported(network.graph))


def device(cpu: str, rates: tuple[tuple[str, float], ...]) -> Device:
    """The class of a processor, at a clock that boards of it have."""
    command = "python benchmarks/microcontroller/counts.py"
    watts, and_of = WATTS.get(cpu, (0.0, ""))
    source = f"instructions of exported C under qemu, gcc -O2 ({command}); one a cycle is assumed{and_of}"
    return Device(
        name=cpu,
        kind="microcontroller",
        source=source,
        clock_hz=BOARDS[cpu][1],
        bandwidth=BOARDS[cpu][1],
        link="flash",
        static_watts=watts,
        precision="mixed",
        lacks=("depthwise_conv2d",),
        calibrated=f"instruction counts of {len(networks())} small networks and {len(recurrent())} recurrent ones",
        rates=tuple((kind, float(f"{rate:.4g}")) for kind, rate in rates),
    )


if __name__ == "__main__":
    main()
