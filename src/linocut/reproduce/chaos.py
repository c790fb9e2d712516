"""Zhang et al., Edge of chaos as a guiding principle for modern neural network training (arXiv 2107.09437).

J^2 = A t + C while the network is ordered: slopes A over learning rate, momentum and batch, the collapse of settings of
equal eta / ((1 - alpha) B), weight decay, and test accuracy by J. The published figures are in `chaos.toml`; an epoch
is of whole batches, where the authors train on a last short one too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from linocut.data import available, load
from linocut.data.dataset import Dataset
from linocut.dynamics import constant, constant_with_decay, edge, fit_slope, laws
from linocut.errors import SpecError
from linocut.reproduce.asked import Asked
from linocut.reproduce.chaos_training import ChaosTraining, Trajectory
from linocut.reproduce.figures import read_figures
from linocut.reproduce.row import COUNTED, MEASURED, Row

OWN = Path(__file__).with_suffix(".toml")
DATA = "fashion-mnist"
MARGIN = 1.25  # epochs to train at most, by those to the edge at the published slope
C = 0.28  # of the line, about: J^2 = 0.25 at first, and the first epoch lies above it
QUICK = ((0.1, 0.0, 32), (0.01, 0.9, 32), (0.01, 0.95, 32))  # settings that come to the edge within 21 epochs
EDGES, SLOPES, K = "the edge of chaos", "slope A of J^2 by epoch", "k = A (1 - alpha) B / eta"
COLLAPSE, DECAY, ACCURACY = "collapse: J^2 at equal rescaled time", "weight decay", "test accuracy by J"


@dataclass(frozen=True)
class Slope:
    """A published slope, and the setting that it is of."""

    eta: float
    alpha: float
    batch: int
    A: float

    def training(self, epochs: int | None) -> ChaosTraining:
        """To the edge, or for so many epochs at most."""
        most = epochs or int(MARGIN * (1.0 - C) / self.A) + 3
        return ChaosTraining(self.eta, self.alpha, self.batch, most, to_edge=True)


def rows(asked: Asked) -> Iterator[Row]:
    """All rows, table by table; those of trainings as soon as they are trained."""
    figures = read_figures(OWN)
    yield from _edges()
    if DATA not in {entry.name for entry in available(asked.data_dir) if entry.found is not None}:
        asked.tell(f"{DATA} is not on this machine, so nothing is trained: linocut data get {DATA}")
        return
    runs = _Runs(asked, *load(DATA, asked.data_dir))
    settings = _published(figures, asked)
    yield from _slopes(runs, settings)
    yield from _accuracies(runs, settings[0].training(asked.epochs))
    for figure in figures["collapse"]:
        yield from _collapse(runs, figure)
    yield from _decay(runs, figures["decay"])


@dataclass(frozen=True)
class _Runs:
    """Trainings on this data, each once for as many epochs as are asked for."""

    asked: Asked
    train: Dataset
    test: Dataset
    known: dict[str, Trajectory] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """What gives the rows of them."""
        epochs = f" --epochs {self.asked.epochs}" if self.asked.epochs else ""
        return f"linocut reproduce chaos{' --quick' * self.asked.quick}{epochs}"

    def of(self, training: ChaosTraining) -> Trajectory:
        """What a training comes to, which may have been for another row, and for more epochs."""
        found = self.known.get(training.name)
        if found is None or (not training.to_edge and len(found.j_squared) <= training.epochs):
            found = self.known[training.name] = training.run(self.asked, self.train, self.test)
        return found


def _edges() -> Iterator[Row]:
    command = "python -c 'import linocut as lc; print(lc.dynamics.edge({}))'"
    for activation, r, published in (
        ("tanh", 0.0, 1.0),
        ("tanh", 1.5, None),
        ("tanh", 2.0, None),
        ("relu", 0.0, 2**0.5),
    ):
        given = f'{r:g}, "{activation}"'
        told = None if published is None else "theory: 1, and He's initialisation"
        title = f"J at the edge, {activation}, J0 / J = {r:g}"
        yield Row(EDGES, title, published, edge(r, activation), "", COUNTED, command.format(given), None, told)


def _published(figures: dict[str, Any], asked: Asked) -> list[Slope]:
    """The published slopes, each setting once; in quick form those that come to the edge soonest."""
    found: dict[tuple[float, float, int], Slope] = {}
    for table in figures["slope"]:
        for value, A in zip(table["values"], table["A"], strict=True):
            setting = {
                "eta": table.get("eta"),
                "alpha": table.get("alpha"),
                "B": table.get("batch"),
                table["varied"]: value,
            }
            one = Slope(float(setting["eta"]), float(setting["alpha"]), int(setting["B"]), A)
            found.setdefault((one.eta, one.alpha, one.batch), one)
    return [found[setting] for setting in QUICK] if asked.quick else list(found.values())


def _slopes(runs: _Runs, settings: Sequence[Slope]) -> Iterator[Row]:
    """A of each setting, then k of each."""
    told = (
        "from the authors' scripts; how they chose the epochs of the fit is not known: ours is from epoch 1 to the edge"
    )
    slopes = []
    for one in settings:
        training = one.training(runs.asked.epochs)
        found = runs.of(training)
        slope = _fitted(found)
        ours = None if slope is None else slope.A
        slopes.append((training, ours, one.A))
        fitted = f", epochs {slope.first} to {slope.last}" if slope else ", too few epochs"
        how = MEASURED if slope else None
        yield Row(SLOPES, f"{training.title}{fitted}", one.A, ours, "", how, runs.command, None, told, found.seconds)
    for training, A, published in slopes:
        law = training.eta, training.alpha, training.batch
        ours = None if A is None else constant(A, *law)
        how = None if A is None else MEASURED
        yield Row(K, training.title, constant(published, *law), ours, "", how, runs.command, None, "of the published A")


def _fitted(found: Trajectory) -> laws.Slope | None:
    """The line of J^2 by epoch; None where too few epochs lie before the edge."""
    try:
        return fit_slope(found.j_squared)
    except SpecError:
        return None


def _accuracies(runs: _Runs, training: ChaosTraining) -> Iterator[Row]:
    """Of the first setting: the accuracy after the epoch whose J is nearest to some."""
    found = runs.of(training)
    J = np.sqrt(found.j_squared[1:])
    for wanted in (0.6, 0.7, 0.8, 0.9, 1.0):
        at = int(np.argmin(np.abs(J - wanted)))
        title = f"{training.title}: J = {J[at]:.3f}, after epoch {at + 1}"
        right = 100 * found.accuracies[at]
        yield Row(ACCURACY, title, None, right, "%", MEASURED, runs.command, seconds=found.seconds)


def _collapse(runs: _Runs, figure: dict[str, Any]) -> Iterator[Row]:
    """J^2 of settings at the rescaled time of the first one's last epoch; then how far they were apart by then."""
    asked = runs.asked
    rate, count = (figure["quick_rate"], figure["quick_settings"]) if asked.quick else (1, len(figure["eta"]))
    epochs = asked.epochs or figure["quick_epochs" if asked.quick else "epochs"]
    settings = list(zip(figure["eta"], figure["alpha"], figure["batch"], strict=True))[:count]
    curves: list[list[float]] = []
    first = ChaosTraining(settings[0][0] * rate, *settings[0][1:], epochs)
    for eta, alpha, batch in settings:
        own = ChaosTraining(eta * rate, alpha, batch, epochs)
        each = round(first.rescaled / own.rescaled)  # epochs, in the time of one of the first
        found = runs.of(replace(own, epochs=each * epochs))
        curves.append([found.j_squared[each * t] for t in range(1, epochs + 1)])
        title = f"{figure['pairs']}: {own.title}, epoch {each * epochs}"
        yield Row(COLLAPSE, title, None, curves[-1][-1], "", MEASURED, runs.command, seconds=found.seconds)
    apart = max(100 * (max(at) - min(at)) / (sum(at) / len(at)) for at in zip(*curves, strict=True))
    title = f"{figure['pairs']}: largest less smallest by the mean, at most"
    yield Row(COLLAPSE, title, None, apart, "%", MEASURED, runs.command)


def _decay(runs: _Runs, figure: dict[str, Any]) -> Iterator[Row]:
    """J^2 and accuracy by lambda; then k, measured with each decay on, and the lambda that it says holds J^2 at 1."""
    asked = runs.asked
    alpha = figure["quick_alpha" if asked.quick else "alpha"]
    epochs = asked.epochs or figure["quick_epochs" if asked.quick else "epochs"]
    decays = figure["quick_lambda" if asked.quick else "lambda"]
    trainings = [ChaosTraining(figure["eta"], alpha, figure["batch"], epochs, decay) for decay in decays]
    for training in trainings:
        found, decay = runs.of(training), training.decay
        title = f"{training.title}, lambda {decay:g} (Keras's; PyTorch's is {2 * decay:g}), epoch {epochs}"
        yield Row(
            DECAY, f"J^2, {title}", None, found.j_squared[epochs], "", MEASURED, runs.command, seconds=found.seconds
        )
        yield Row(
            DECAY, f"test accuracy, {title}", None, 100 * found.accuracies[epochs - 1], "%", MEASURED, runs.command
        )
    for training in trainings if epochs > 1 else ():
        yield from _balance(runs, training, figure)


def _balance(runs: _Runs, training: ChaosTraining, figure: dict[str, Any]) -> Iterator[Row]:
    """k of a training with its decay on, and k / (4 S)."""
    law, examples = (training.eta, training.alpha, training.batch), len(runs.train)
    curve = runs.of(training).j_squared[: training.epochs + 1]
    k = constant_with_decay(curve, *law, training.decay, examples)
    title = f"{training.title}, lambda {training.decay:g}, epochs {len(curve) // 2} to {training.epochs}"
    yield Row(DECAY, f"k, {title}", None, k, "", MEASURED, runs.command)
    told = "the best that the authors found" if training.decay else "which the authors computed from the growth without"
    published = figure["best" if training.decay else "computed"]
    balance = f"lambda that holds J^2 at 1 by this k, {title}"
    yield Row(DECAY, balance, published, k / (4 * examples), "", MEASURED, runs.command, None, told)
