"""advice: what tuning comes to: settings, why, what to expect, and what was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linocut.optimizers import Optimizer
from linocut.schedules import Schedule
from linocut.tables import percent, table
from linocut.tune.forecast import Forecast
from linocut.tune.regime import Regime
from linocut.tune.trial import Trial, weight_decay

TITLES = ("learning rate", "batch", "schedule", "weight decay", "steps", "seed", "loss", "accuracy", "turnover", "J^2")


@dataclass(frozen=True)
class Advice:
    """How to train: `optimizer`, with its learning rate and all else, `schedule`, `batch_size`, for `epochs`.

    `reasons` are lines on each; `warnings` on what keeps the network from training, with the mend. `alike` is the range
    of learning rates, lowest and highest, whose accuracy is the same within the error of its measurement. `forecast` is
    what the run will go through (None where too little was measured), `table` all trials in order, `seconds` what
    tuning took. `learned`: whether anything did better than guessing.
    """

    optimizer: Optimizer
    schedule: Schedule
    batch_size: int
    epochs: int
    regime: Regime
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    alike: tuple[float, float]
    forecast: Forecast | None
    table: tuple[Trial, ...]
    seconds: float
    learned: bool

    @property
    def flat(self) -> float:
        """By which factor learning rates may differ: highest by lowest of `alike`."""
        return self.alike[1] / self.alike[0]

    def to_json(self) -> dict[str, Any]:
        """For programs; without the trials."""
        expected = self.forecast
        return {
            "objective": self.regime.objective,
            "optimizer": self.optimizer.to_dict(),
            "schedule": self.schedule.to_dict(),
            "batch": self.batch_size,
            "epochs": self.epochs,
            "reasons": list(self.reasons),
            "warnings": list(self.warnings),
            "alike": list(self.alike),
            "learned": self.learned,
            "measure": None if expected is None else expected.measure,
            "expected": None if expected is None else list(expected.values),
            "within": None if expected is None else expected.within,
            "to_edge": None if expected is None else expected.to_edge,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        """Lines for people: trials, reasons, warnings and the forecast."""
        trials = table([TITLES, *map(row, self.table)], left=0, rules=(1,))
        return "\n".join([*trials, "", *self.reasons, *(f"warning: {text}" for text in self.warnings), *self._expected])

    @property
    def _expected(self) -> list[str]:
        expected = self.forecast
        if expected is None:
            return ["what the run will go through is not foretold: too little was measured"]
        name = "J^2" if expected.measure == "j_squared" else "turnover"
        shown = [f"{value:.3g}" for value in expected.values]
        if len(shown) > 12:
            shown = [*shown[:6], "...", *shown[-5:]]
        return [f"{name} by epoch, within a factor of {expected.within:.2f}: {', '.join(shown)}"]


def row(trial: Trial) -> tuple[str, ...]:
    """A trial's cells, under `TITLES`."""
    last = trial.marks[-1] if trial.marks else None
    return (
        f"{trial.setting.rate:.3g}",
        f"{trial.setting.batch_size:,}",
        trial.setting.schedule.kind,
        f"{weight_decay(trial.setting.optimizer):.3g}",
        f"{trial.steps:,}",
        f"{trial.seed}",
        "diverged" if trial.loss is None else f"{trial.loss:.4f}",
        percent(trial.accuracy),
        "-" if last is None or last.turnover is None else f"{last.turnover:.1e}",
        "-" if last is None or last.j_squared is None else f"{last.j_squared:.3f}",
    )
