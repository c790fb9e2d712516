"""Pictures of dynamics: lines are where the numbers are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linocut.dynamics import History, LayerDynamics, PhaseDiagram
from linocut.report import dynamics_plot, figures, phase_plot
from linocut.report.dynamics_plot import Traced

pytest.importorskip("matplotlib")


def history() -> History:
    found = History()
    found.add(None, (LayerDynamics("a", 0.5, 0.1),))
    for epoch in (1, 2, 3):
        found.add(epoch, (LayerDynamics("a", 0.5 + 0.1 * epoch, 0.1, 0.0, 1e-3 / epoch, None, 0.6),))
    return found


def diagram() -> PhaseDiagram:
    beta, ratio = np.array([0.5, 1.0, 1.5]), np.array([0.0, 0.5])
    return PhaseDiagram(beta, ratio, np.array([[9.0, np.inf], [0.1, 0.0], [0.0, 0.0]]), "tanh", 10, 10, 0)


def drawn(monkeypatch: pytest.MonkeyPatch, runs: list[Traced], of: PhaseDiagram | None) -> list[Any]:
    kept: list[Any] = []
    monkeypatch.setattr(figures, "save", lambda figure, path: kept.append(figure))
    dynamics_plot.plot(runs, of, Path("unused.png"))
    return [axes for axes in kept[0].axes if axes.axison]


def test_a_panel_for_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = drawn(monkeypatch, [Traced("run", history(), None)], None)
    assert [one.get_ylabel() for one in axes] == [
        "J^2",
        "turnover, share of weights a step",
        "share passed",
        "share clipped",
    ]
    x, y = axes[0].lines[0].get_data()
    np.testing.assert_allclose((x, y), ([0, 1, 2, 3], [0.25, 0.36, 0.49, 0.64]))
    np.testing.assert_allclose(axes[1].lines[0].get_data(), ([1, 2, 3], [1e-3, 5e-4, 1e-3 / 3]))


def test_rescaled_time_and_the_path_in_the_phase_diagram(monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.arange(4.0)
    runs = [Traced("one", history(), 0.01 * time, frozenset("a")), Traced("two", history(), 0.02 * time)]
    plane, _, rescaled = drawn(monkeypatch, runs, diagram())[:3]
    edge, path = plane.lines[:2]
    assert len(plane.lines) == 3  # with the path's end: what no tanh is behind has no place
    assert set(edge.get_ydata()) == {1.0} and edge.get_label() == "edge of chaos, tanh"
    np.testing.assert_allclose(
        path.get_data(), (0.1 / np.array([0.5, 0.6, 0.7, 0.8]), 1 / np.array([0.5, 0.6, 0.7, 0.8]))
    )
    assert path.get_label() == "one: a"
    np.testing.assert_allclose(rescaled.lines[1].get_xdata(), [0, 0.02, 0.04, 0.06])


def test_layers_of_equal_weights_have_no_place_in_the_phase_diagram(tmp_path: Path) -> None:
    equal = np.array([0.0, 0.0]), np.array([0.8, 0.9])
    phase_plot.plot(diagram(), {"a": equal, "b": (np.array([0.0, 1.2]), equal[1])}, tmp_path / "phase.png")
    assert (tmp_path / "phase.png").stat().st_size > 1000


def test_a_phase_diagram_alone_is_written(tmp_path: Path) -> None:
    phase_plot.plot(diagram(), {"a": (np.array([0.5, 1.2]), np.array([0.1, 0.3]))}, tmp_path / "phase.png")
    assert (tmp_path / "phase.png").stat().st_size > 1000
