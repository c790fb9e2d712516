"""What tuning saw: accuracy and turnover (or J^2) by learning rate, and the forecast beside what came."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linocut.report import figures
from linocut.tune.advice import Advice
from linocut.tune.regime import EDGE
from linocut.tune.trial import Trial
from linocut.tune.verified import Verified

J_SQUARED, TURNOVER = "J^2", "turnover"


def plot(advice: Advice, beside: Sequence[Verified], path: Path) -> None:
    """Draw them into a file; errors as plan_plot.plot's."""
    figure = figures.module("matplotlib.figure").Figure(figsize=(14, 4), layout="constrained")
    scores, weights, run = figure.subplots(1, 3)
    _by_rate(scores, advice, "held-out accuracy, %", _score)
    scores.axvspan(*advice.alike, color="C2", alpha=0.15, label="the same, within the error")
    of_edge = advice.regime.objective == EDGE
    if of_edge:
        _by_rate(weights, advice, f"{J_SQUARED} at the end", lambda one: one.j_squared)
        weights.axhline(advice.regime.edge, color="0.5", linestyle="--", linewidth=0.8, label="edge")
    else:
        _by_rate(weights, advice, f"{TURNOVER} of the first steps", _first_turnover)
        weights.set_yscale("log")
    _run(run, advice, beside, J_SQUARED if of_edge else TURNOVER)
    for axes in (scores, weights, run):
        axes.grid(True, linewidth=0.3)
        axes.legend(fontsize=7, frameon=False)
    figures.save(figure, path)


def _score(trial: Trial) -> float | None:
    """In percent; of a regression the loss, below 0."""
    if trial.accuracy is not None:
        return 100 * trial.accuracy
    return None if trial.loss is None else -trial.loss


def _first_turnover(trial: Trial) -> float | None:
    return next((mark.turnover for mark in trial.marks if mark.turnover), None)


def _by_rate(axes: Any, advice: Advice, title: str, value: Any) -> None:
    """A line for each length of trials, by learning rate, and the rate that was chosen."""
    lines: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for trial in advice.table:
        if (found := value(trial)) is not None:
            lines.setdefault((trial.steps, trial.setting.schedule.kind), []).append((trial.setting.rate, found))
    for (steps, schedule), points in lines.items():
        ordered = sorted(points)
        rates, values = [rate for rate, _ in ordered], [value for _, value in ordered]
        axes.plot(rates, values, ".-", linewidth=0.8, label=f"{steps:,} steps, {schedule}")
    axes.axvline(advice.optimizer.learning_rate, color="C3", linewidth=0.8, label="chosen")
    axes.set_xscale("log")
    axes.set(xlabel="learning rate", ylabel=title)


def _run(axes: Any, advice: Advice, beside: Sequence[Verified], title: str) -> None:
    expected = advice.forecast
    if expected is not None:
        epochs = range(1, len(expected.values) + 1)
        low, high = ([value * by for value in expected.values] for by in (1 / expected.within, expected.within))
        axes.fill_between(epochs, low, high, color="C0", alpha=0.15)
        axes.plot(epochs, expected.values, ".-", color="C0", label="foretold")
    if beside:
        axes.plot([one.epoch for one in beside], [one.measured for one in beside], "x-", color="C1", label="measured")
    if title == TURNOVER:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel=title)
    if expected is None and not beside:
        axes.plot([], [], label="too little was measured")
