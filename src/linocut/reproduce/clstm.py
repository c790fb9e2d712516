"""Wang et al., C-LSTM (arXiv 1803.06305): numbers and multiplications by block, frames a second and energy on FPGAs.

LSTMs in blocks of several sizes are trained on spoken digits, and measured in floats and in 16 bits: TIMIT, of which
the paper's error rates are, is not to be had freely. The published figures are in `clstm.toml`. Rates are of the first
layer, as published, in the paper's three stages, by linocut's model of a pipeline; energy is those rates by the watts
that were published.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from linocut import networks
from linocut.data.dataset import Dataset
from linocut.devices.pipeline.accelerate import Accelerated, design
from linocut.devices.pipeline.clstm import graph_of
from linocut.devices.table import described
from linocut.errors import DataError
from linocut.graph.lstm_shapes import first_layer_multiplications, shapes_of
from linocut.graph.network import Network
from linocut.layers.circulant import BLOCKS
from linocut.reproduce import clstm_training as training
from linocut.reproduce.asked import Asked
from linocut.reproduce.figures import read_figures, records
from linocut.reproduce.row import COUNTED, MEASURED, MODELLED, Row

OWN = Path(__file__).with_suffix(".toml")
STAGES = 3  # of the paper: gates, what is element by element, projection
NUMBERS, COMPRESSION = "numbers of the network", "times fewer numbers than dense"
WORK, WEIGHTS = "multiplications a frame, layer 1, one direction", "its weights in 16 bits"
RATES, ALONE, LATENCY, ENERGY = (
    "frames a second",
    "frames a second of one stream",
    "latency",
    "frames a second and watt",
)
AGAINST, ERRORS = "against ESE", "phone error rate on TIMIT"
ACCURACY, STRINGS_ERRORS = "accuracy on spoken digits", "phone error rate on strings of spoken digits"
LEFT_OUT = "accuracy on spoken digits of a speaker who is left out of training"
QUICK_BLOCKS, QUICK_EPOCHS = (1, 8), 1
AGAIN = "linocut reproduce clstm"
RECALLED = "recalled of the paper's tables"
INFERRED = f"{RECALLED}; DSP of the gates' products are inferred, on the 7V3 the clock too"
BYTES_OF_SHORT, KIB = 2, 1024


@dataclass(frozen=True)
class Sizes:
    """Of a network: published numbers in millions and error rates in percent, by block; none where not known."""

    model: str
    blocks: list[int]
    millions: list[float]
    error_rates: list[float]


@dataclass(frozen=True)
class Rate:
    """A published rate, and the setting that explains it."""

    model: str
    block: int
    device: str
    dsp: int
    clock_mhz: float
    frames_per_second: float
    watts: float | None = None
    frames_per_joule: float | None = None

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"{self.model}, block {self.block}, {self.device}, {self.dsp} DSP, {self.clock_mhz:g} MHz"

    @property
    def command(self) -> str:
        """What gives it."""
        one = " --one-direction" if self.model == "small_lstm" else ""
        clock = f" --clock {self.clock_mhz:g}MHz"
        layer = f"--layer lstm1{one} --dsp {self.dsp} --stages {STAGES}{clock}"
        return f"linocut accelerate {self.model} --block {self.block} --on {self.device} {layer}"

    def ours(self) -> Accelerated:
        """The same by linocut's model."""
        first = replace(shapes_of(_network(self.model, self.block).graph)[0], directions=1)
        device = described(self.device)
        graph = graph_of(self.model, [first], device.family)
        return design(graph, device, clock_hz=1e6 * self.clock_mhz, dsp=self.dsp, stages=STAGES, watts=self.watts)


def rows(asked: Asked) -> Iterator[Row]:
    """All rows, table by table; those of trainings last, each as soon as it is trained."""
    figures = read_figures(OWN)
    sizes, rates = records(figures, "network", Sizes), records(figures, "rate", Rate)
    yield from (row for one in sizes for row in _numbers(one))
    yield from (row for one in sizes for row in _compressions(one))
    yield from (row for one in sizes for row in _work(one))
    yield from (row for one in sizes for row in _weights(one))
    found = {rate: rate.ours() for rate in rates}
    yield from _rates(found)
    yield from _against(figures["ese"], found)
    for one in sizes:
        for block, percent in zip(one.blocks, one.error_rates, strict=False):
            title = f"{one.model}, block {block}"
            yield Row(ERRORS, title, percent, None, "%", None, "", published_as=RECALLED)
    yield from _trainings(asked)


def _trainings(asked: Asked) -> Iterator[Row]:
    """Of the spoken digits, where they are on this machine."""
    try:
        for task, table in ((training.DIGITS, ACCURACY), (training.STRINGS, STRINGS_ERRORS)):
            train, test = training.opened(task, asked)
            for block in QUICK_BLOCKS if asked.quick else BLOCKS:
                yield from _of_block(asked, task, table, block, train, test)
        yield from _left_out(asked)
    except DataError as error:
        asked.tell(f"nothing more is trained: {error}")


def _left_out(asked: Asked) -> Iterator[Row]:
    """Each speaker by networks that were trained on all others, from one seed, and the means."""
    all_came: dict[int, list[training.Came]] = {block: [] for block in training.LEFT_OUT_BLOCKS}
    for speaker in training.SPEAKERS[: 1 if asked.quick else None]:
        task = replace(training.DIGITS, speaker=speaker, seeds=training.DIGITS.seeds[:1])
        train, test = training.opened(task, asked)
        for block, came in all_came.items():
            one = training.SpeechTraining(task, block, task.seeds[0], _epochs(asked, task))
            came.append(one.run(asked, train, test))
            yield from _both(asked, one, LEFT_OUT, f"{speaker}, block {block}, {one.epochs} epochs", came[-1])
    for block, came in all_came.items() if not asked.quick else ():
        yield from _means(LEFT_OUT, f"block {block}, mean of {len(came)} speakers", came)


def _of_block(
    asked: Asked, task: training.Task, table: str, block: int, train: Dataset, test: Dataset
) -> Iterator[Row]:
    """Each seed, and the means of several."""
    all_came = []
    for seed in task.seeds[:1] if asked.quick else task.seeds:
        one = training.SpeechTraining(task, block, seed, _epochs(asked, task))
        all_came.append(one.run(asked, train, test))
        yield from _both(asked, one, table, f"block {block}, seed {seed}, {one.epochs} epochs", all_came[-1])
    if len(all_came) > 1:
        yield from _means(table, f"block {block}, mean of {len(all_came)} seeds", all_came)


def _epochs(asked: Asked, task: training.Task) -> int:
    return asked.epochs or (QUICK_EPOCHS if asked.quick else task.epochs)


def _both(asked: Asked, one: training.SpeechTraining, table: str, title: str, came: training.Came) -> Iterator[Row]:
    """What a training came to in floats and in 16 bits."""
    command = f"{AGAIN} --quick" if asked.quick else one.command
    yield Row(table, title, None, came.floats, "%", MEASURED, command, seconds=came.seconds)
    yield Row(table, f"{title}, in 16 bits", None, came.sixteen, "%", MEASURED, command)


def _means(table: str, title: str, all_came: Sequence[training.Came]) -> Iterator[Row]:
    yield Row(table, title, None, fmean(one.floats for one in all_came), "%", MEASURED, AGAIN)
    yield Row(table, f"{title}, in 16 bits", None, fmean(one.sixteen for one in all_came), "%", MEASURED, AGAIN)


def _network(model: str, block: int) -> Network:
    return networks.build(model, block=block)


def _published(values: Sequence[float], number: int) -> float | None:
    return values[number] if values else None


def _numbers(one: Sizes) -> Iterator[Row]:
    """How many numbers there are."""
    for number, block in enumerate(one.blocks):
        count, published = _count(one.model, block) / 1e6, _published(one.millions, number)
        row = NUMBERS, _title(one, block), published, count, "million", COUNTED, _counting(one, block)
        yield Row(*row, published_as=RECALLED)


def _compressions(one: Sizes) -> Iterator[Row]:
    """How many times fewer than in a dense one."""
    dense = _count(one.model, one.blocks[0])
    for block in one.blocks:
        times = dense / _count(one.model, block)
        yield Row(COMPRESSION, _title(one, block), None, times, "x", COUNTED, _counting(one, block))


def _title(one: Sizes, block: int) -> str:
    return f"{one.model}, block {block}"


def _counting(one: Sizes, block: int) -> str:
    """What counts the numbers."""
    graph = f'lc.models.build("{one.model}", block={block}).graph'
    return f"python -c 'import math, linocut as lc; print(sum(math.prod(p.shape) for p in {graph}.parameters()))'"


@cache
def _count(model: str, block: int) -> int:
    """Numbers of all parameters."""
    return sum(math.prod(one.shape) for one in _network(model, block).graph.parameters())


def _work(one: Sizes) -> Iterator[Row]:
    """Multiplications of a frame in one direction of the first layer."""
    for block in one.blocks:
        count = first_layer_multiplications(_network(one.model, block).graph)
        yield Row(WORK, _title(one, block), None, float(count), "", COUNTED, _of_layer(one, block))


def _weights(one: Sizes) -> Iterator[Row]:
    """The weights that they take."""
    for block in one.blocks:
        shape = shapes_of(_network(one.model, block).graph)[0]
        kib = (shape.gate_blocks + shape.projection_blocks) * block * BYTES_OF_SHORT / KIB
        yield Row(WEIGHTS, _title(one, block), None, kib, "KiB", COUNTED, _of_layer(one, block))


def _of_layer(one: Sizes, block: int) -> str:
    return f"linocut accelerate {one.model} --block {block} --layer lstm1 --one-direction"


def _rates(found: dict[Rate, Accelerated]) -> Iterator[Row]:
    """Interleaved and alone, latency and energy."""
    for rate, ours in found.items():
        published, figure = rate.frames_per_second, ours.frames_per_second
        yield Row(RATES, rate.title, published, figure, "", MODELLED, rate.command, published_as=INFERRED)
    for rate, ours in found.items():
        yield Row(ALONE, rate.title, None, ours.one_stream_per_second, "", MODELLED, rate.command)
    for rate, ours in found.items():
        yield Row(LATENCY, rate.title, None, 1e6 * ours.latency_s, "us", MODELLED, rate.command)
    for rate, ours in found.items():
        if rate.watts is not None:
            command = f"{rate.command} --watts {rate.watts:g}"
            of_board = f"{RECALLED}, measured of the board"
            joule = rate.frames_per_joule, ours.frames_per_joule
            yield Row(ENERGY, rate.title, *joule, "", MODELLED, command, published_as=of_board)


def _against(ese: dict[str, Any], found: dict[Rate, Accelerated]) -> Iterator[Row]:
    """How many times ESE's rate and efficiency: the abstract's figures, and their quotients from ours."""
    best = next(
        rate for rate in found if (rate.model, rate.block, rate.device) == (ese["model"], ese["block"], ese["device"])
    )
    ours = found[best]
    told = "of the abstract"
    faster = ours.frames_per_second / ese["frames_per_second"]
    yield Row(
        AGAINST, "times the frames a second", ese["times_faster"], faster, "x", MODELLED, best.command, None, told
    )
    joule = (ours.frames_per_joule or 0.0) / ese["frames_per_joule"]
    wanted = ese["times_frames_per_joule"]
    yield Row(AGAINST, "times the frames a second and watt", wanted, joule, "x", MODELLED, best.command, None, told)
