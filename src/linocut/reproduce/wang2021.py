"""Wang et al., Enabling Binary Neural Network Training on the Edge (arXiv 2102.04270): memory, energy and accuracy.

The published figures are in `wang2021.toml`. The paper's own training is `wang2021`; `standard` is what it compares
with, and `lean` and `lean4` are linocut's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from linocut.data import available
from linocut.reproduce.asked import Asked
from linocut.reproduce.energy import energy_row
from linocut.reproduce.figures import Accuracy, Recorded, read_figures, records
from linocut.reproduce.memory import MIB, arena_row, paper_row
from linocut.reproduce.row import MEASURED, Row
from linocut.reproduce.trainings import Training
from linocut.schedules import Plateau

OWN = Path(__file__).with_suffix(".toml")
PAPERS = ("standard", "wang2021")
POLICIES = (*PAPERS, "lean", "lean4")
TRAINED = (*PAPERS, "lean")
EPOCHS, QUICK_EPOCHS = 1000, 8
# The authors' programs halve the rate where 50 epochs have not helped, and move and mirror pictures, but no digits.
SCHEDULE = Plateau(gamma=0.5, patience=50)
AUGMENTED = {"cifar10": "shift,flip", "svhn-extra": "shift"}
MEMORY, ARENA, ENERGY = "memory as the paper counts it", "memory that linocut takes", "energy of a step"
BEFORE, NOW = "test accuracy, measured before", "test accuracy, trained now"
_TRAINED = f"after {EPOCHS} epochs, of the epoch that was best on the test data; ours is of the last epoch"
PUBLISHED = {
    MEMORY: "modelled by the authors",
    ARENA: "measured by the authors of the whole process on a Raspberry Pi 3B+; ours is the arena alone",
    ENERGY: "measured by the authors of the whole board, a Raspberry Pi 3B+; ours is of operations and accesses, 45 nm",
    BEFORE: _TRAINED,
    NOW: _TRAINED,
}


@dataclass(frozen=True)
class Memory:
    """A network's memory under both trainings, by the paper's model, at a size of the batch."""

    model: str
    optimizer: str
    batch: int
    standard: float
    wang2021: float
    unit: str = MIB
    later_edition: bool = False


@dataclass(frozen=True)
class Prototype:
    """What the authors' program took on a Raspberry Pi 3B+: memory in MiB, energy of a step in J."""

    model: str
    batch: int
    mib: float
    joules: float


def rows(asked: Asked) -> Iterator[Row]:
    """All rows, table by table: those of trainings last, each as soon as it is trained."""
    for row in _rows(asked):
        yield row if row.published is None else replace(row, published_as=PUBLISHED[row.table])


def _rows(asked: Asked) -> Iterator[Row]:
    figures = read_figures(OWN)
    prototypes = records(figures, "prototype", Prototype)
    yield from _memory(records(figures, "memory", Memory))
    yield from _arenas(prototypes)
    yield from _energy(prototypes)
    yield from _before(figures)
    yield from _now(asked, records(figures, "accuracy", Accuracy))


def _memory(figures: Iterable[Memory]) -> Iterator[Row]:
    for one in figures:
        edition = ", later edition" if one.later_edition else ""
        for policy in POLICIES:
            published = getattr(one, policy) if policy in PAPERS else None
            title = f"{one.model}, {one.optimizer}, batch {one.batch:,}{edition}, {policy}"
            what = one.model, policy, one.optimizer, one.batch
            yield paper_row(MEMORY, title, published, *what, unit=one.unit, later_edition=one.later_edition)


def _arenas(prototypes: Iterable[Prototype]) -> Iterator[Row]:
    """The arenas of the paper's networks; its prototype measured the process, for two of them at other sizes."""
    for model in ("mlp", "cnv", "binarynet"):
        for policy in POLICIES:
            yield arena_row(ARENA, f"{model}, adam, batch 100, {policy}", None, model, policy, "adam", 100)
    for one in prototypes:
        for policy in POLICIES:
            published = one.mib if policy == "wang2021" else None
            title = f"{one.model}, adam, batch {one.batch}, {policy}"
            yield arena_row(ARENA, title, published, one.model, policy, "adam", one.batch)


def _energy(prototypes: Iterable[Prototype]) -> Iterator[Row]:
    for one in prototypes:
        for policy in POLICIES:
            published = one.joules if policy == "wang2021" else None
            title = f"{one.model}, adam, batch {one.batch}, {policy}"
            yield energy_row(ENERGY, title, published, one.model, policy, "adam", one.batch)


def _before(figures: dict[str, Any]) -> Iterator[Row]:
    """What the paper publishes, beside what docs/results.md records; where nothing is recorded, nothing."""
    recorded = records(figures, "recorded", Recorded)
    for one in records(figures, "accuracy", Accuracy):
        known = [other for other in recorded if (other.model, other.data) == (one.model, one.data)]
        if not any(other.policy == "wang2021" for other in known):
            yield _unmeasured(one, _training(one, "wang2021", EPOCHS).command)
        for other in known:
            published = one.percent if other.policy == "wang2021" else None
            title = f"{one.model} on {one.data}, {other.policy}, {_epochs(other.epochs)}"
            command = Training(one.model, one.data, other.policy, other.epochs, AUGMENTED.get(one.data, "none")).command
            yield Row(BEFORE, title, published, other.percent, "%", MEASURED, command, other.where)
    for one in records(figures, "imagenet", Accuracy):
        yield _unmeasured(one, "")


def _unmeasured(one: Accuracy, command: str) -> Row:
    return Row(BEFORE, f"{one.model} on {one.data}, wang2021", one.percent, None, "%", None, command)


def _now(asked: Asked, figures: tuple[Accuracy, ...]) -> Iterator[Row]:
    """The trainings: in full the paper's, as far as their data are here; else the perceptron for a few epochs."""
    here = {entry.name for entry in available(asked.data_dir) if entry.found is not None}
    epochs = asked.epochs or (QUICK_EPOCHS if asked.quick else EPOCHS)
    if asked.quick:
        first = figures[0]
        if first.data not in here:
            asked.tell(f"{first.data} is not on this machine, so digits stand in for it: linocut data get {first.data}")
        data, published = (first.data, first.percent) if first.data in here else ("digits", None)
        found = [(Training(first.model, data, policy, epochs), published) for policy in TRAINED]
    else:
        for name in dict.fromkeys(one.data for one in figures if one.data not in here):
            asked.tell(f"{name} is not on this machine, so nothing is trained on it: linocut data get {name}")
        present = [one for one in figures if one.data in here]
        found = [(_training(one, policy, epochs), one.percent) for one in present for policy in TRAINED]
    for training, percent in found:
        title = f"{training.model} on {training.data}, {training.policy}, {_epochs(epochs)}"
        published = percent if training.policy == "wang2021" else None
        accuracy = training.accuracy(asked)
        yield Row(NOW, title, published, accuracy, "%", MEASURED, _command(training, asked))


def _training(one: Accuracy, policy: str, epochs: int) -> Training:
    return Training(one.model, one.data, policy, epochs, AUGMENTED.get(one.data, "none"), SCHEDULE)


def _epochs(count: int) -> str:
    return f"{count:,} epoch{'s' if count > 1 else ''}"


def _command(training: Training, asked: Asked) -> str:
    """What trains it: a command of its own, or this one where the schedule is the authors'."""
    if asked.quick:
        return training.command
    return f"linocut reproduce wang2021 --epochs {training.epochs}"
