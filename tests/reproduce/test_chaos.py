"""Zhang et al.: the network, its trainings, and the rows that they come to, on little data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.data.arrays import ArrayDataset
from linocut.data.dataset import Dataset
from linocut.errors import RunError
from linocut.reproduce import chaos
from linocut.reproduce.asked import Asked
from linocut.reproduce.chaos_training import ChaosTraining, Trajectory
from linocut.reproduce.figures import read_figures
from linocut.reproduce.tanh_network import tanh_network


def asked(*, quick: bool = True, epochs: int | None = None, out: Path | None = None) -> Asked:
    return Asked(quick, epochs, out, None, 1, lambda text: None)


def pictures(count: int = 200, seed: int = 0) -> Dataset:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    images = random.integers(0, 120, (count, 28, 28, 1)) + (labels * 13)[:, None, None, None]
    return ArrayDataset(images.astype(np.uint8), labels.astype(np.int32), [str(n) for n in range(10)], "pictures")


def test_the_published_figures_are_those_of_the_paper() -> None:
    figures = read_figures(chaos.OWN)
    every = chaos._published(figures, asked(quick=False))
    assert len(every) == 28  # three tables of ten, in which one setting stands three times
    k = [one.A * (1 - one.alpha) * one.batch / one.eta for one in every if one.alpha <= 0.9]
    assert min(k) > 10.7 and max(k) < 11.3
    quick = chaos._published(figures, asked())
    assert [(one.eta, one.alpha, one.batch, one.A) for one in quick] == [
        (0.1, 0.0, 32, 3.45e-2),
        (0.01, 0.9, 32, 3.50e-2),
        (0.01, 0.95, 32, 7.65e-2),
    ]
    assert [one.training(None).epochs for one in quick] == [29, 28, 14]


def test_the_network_begins_at_half_of_the_edge() -> None:
    trainer = lc.Trainer(tanh_network(), "standard", lc.SGD(0.1), batch_size=2)
    hidden, outputs = trainer.state["dense1.weights"], trainer.state["dense2.weights"]
    assert hidden.std() * 28 == pytest.approx(0.5, rel=5e-3)
    assert np.abs(outputs).max() == pytest.approx((6 / 794) ** 0.5, rel=1e-3)
    assert "dense1.bias" not in trainer.state and not trainer.state["dense2.bias"].any()


def test_a_training_is_sgd_with_momentum_and_kerass_decay() -> None:
    """Two epochs of two steps, beside a transcription in float64."""
    setting, data = ChaosTraining(0.05, 0.5, 100, 2, decay=0.01), pictures()
    found = setting.run(asked(), data, data)
    start = lc.Trainer(tanh_network(), "standard", lc.SGD(0.05, 0.5), batch_size=100).state
    w = start["dense1.weights"].reshape(784, 784).astype(np.float64)
    v = start["dense2.weights"].reshape(10, 784).astype(np.float64)
    b = np.zeros(10)
    moments = [np.zeros_like(w), np.zeros_like(v), np.zeros_like(b)]
    images, labels = np.empty((200, 28, 28, 1), np.uint8), np.empty(200, np.int32)
    data.read(np.arange(200), images, labels)
    x = images.reshape(200, 784) / 255
    curve = [w.var() * 784]
    for epoch in range(2):
        order = lc.data.epoch_order(0, epoch, 200)
        for some in (order[:100], order[100:]):
            hidden = np.tanh(x[some] @ w.T)
            logits = hidden @ v.T + b
            p = np.exp(logits - logits.max(1, keepdims=True))
            slope = (p / p.sum(1, keepdims=True) - np.eye(10)[labels[some]]) / 100
            back = (slope @ v) * (1 - hidden**2)
            gradients = back.T @ x[some] + 0.02 * w, slope.T @ hidden + 0.02 * v, slope.sum(0)
            for values, moment, gradient in zip((w, v, b), moments, gradients, strict=True):
                moment *= 0.5
                moment += -0.05 * gradient
                values += moment
        curve.append(w.var() * 784)
    np.testing.assert_allclose(found.j_squared, curve, rtol=1e-5)
    assert len(found.accuracies) == 2 and found.seconds > 0


def test_a_kept_training_is_not_trained_again_and_another_is_refused(tmp_path: Path) -> None:
    setting, data = ChaosTraining(0.05, 0.5, 100, 2), pictures()
    first = setting.run(asked(out=tmp_path), data, data)
    log = (tmp_path / setting.name / "log.jsonl").read_text()
    assert setting.run(asked(out=tmp_path), data, data) == first
    assert (tmp_path / setting.name / "log.jsonl").read_text() == log
    longer = ChaosTraining(0.05, 0.5, 100, 3).run(asked(out=tmp_path), data, data)
    assert longer.j_squared[:3] == first.j_squared and len(longer.j_squared) == 4
    (tmp_path / setting.name).rename(tmp_path / ChaosTraining(0.06, 0.5, 100, 2).name)
    with pytest.raises(RunError, match=r"holds a run of other settings \(optimizer\)"):
        ChaosTraining(0.06, 0.5, 100, 2).run(asked(out=tmp_path), data, data)


def test_rows_of_slopes_have_k_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of trainings that grow as the law says, with k = 11; decay holds J^2, and pairs differ by a little."""

    def grown(self: ChaosTraining, *_: object) -> Trajectory:
        rate = 11 * self.rescaled / (1 + 100 * self.decay) * (1 + self.batch / 1e5)
        curve = [0.25, *(0.28 + rate * t for t in range(1, self.epochs + 1))]
        if self.to_edge:
            curve = [J for J in curve if J < 1] + [1.01]
        return Trajectory(tuple(curve), tuple(0.5 + J / 4 for J in curve[1:]), 1.5)

    monkeypatch.setattr(ChaosTraining, "run", grown)
    monkeypatch.setattr(chaos, "available", lambda _: [type("Entry", (), {"name": chaos.DATA, "found": Path()})])
    monkeypatch.setattr(chaos, "load", lambda *_: (pictures(), pictures()))
    rows = list(chaos.rows(asked()))
    by_table = {
        table: [row for row in rows if row.table == table] for table in dict.fromkeys(row.table for row in rows)
    }
    assert list(by_table) == [chaos.EDGES, chaos.SLOPES, chaos.K, chaos.ACCURACY, chaos.COLLAPSE, chaos.DECAY]
    assert by_table[chaos.EDGES][1].ours == pytest.approx(3.63598, abs=1e-5)
    slopes = by_table[chaos.SLOPES]
    assert [row.ours for row in slopes] == pytest.approx([0.034386, 0.034386, 0.068772], rel=1e-3)
    assert [row.published for row in slopes] == [3.45e-2, 3.50e-2, 7.65e-2] and {row.seconds for row in slopes} == {1.5}
    assert slopes[0].row == "eta 0.1, alpha 0, B 32, epochs 1 to 20"
    assert [row.ours for row in by_table[chaos.K]] == pytest.approx([11.0035] * 3, rel=1e-3)
    assert by_table[chaos.ACCURACY][-1].ours == pytest.approx(100 * (0.5 + 1.01 / 4))
    assert [row.row.split(", epoch ")[1] for row in by_table[chaos.COLLAPSE] if row.unit == ""] == [
        *"44444",
        *("3", "6", "12"),
    ]
    apart = [row.ours or 0.0 for row in by_table[chaos.COLLAPSE] if row.unit == "%"]
    assert 0.002 < apart[0] < 0.2 and apart[1] == pytest.approx(0.0, abs=1e-9)
    held = [row.ours or 0.0 for row in by_table[chaos.DECAY] if row.row.startswith("J^2")]
    assert (
        held == sorted(held, reverse=True)
        and "lambda 9e-05 (Keras's; PyTorch's is 0.00018)" in by_table[chaos.DECAY][2].row
    )
    k = [row.ours or 0.0 for row in by_table[chaos.DECAY] if row.row.startswith("k, ")]
    lambdas = [(row.published, row.ours or 0.0) for row in by_table[chaos.DECAY] if row.row.startswith("lambda that")]
    grown_by = [11.0035 / (1 + 100 * decay) for decay in (0.0, 9e-5, 5e-4)]
    taken = [4 * decay * 200 * 0.67 for decay in (0.0, 9e-5, 5e-4)]  # of J^2 of about 0.67
    assert k == pytest.approx([a + b for a, b in zip(grown_by, taken, strict=True)], rel=5e-3)
    assert [published for published, _ in lambdas] == [5e-5, 9e-5, 9e-5]
    assert [ours for _, ours in lambdas] == pytest.approx([one / (4 * 200) for one in k])
    for row in rows:
        json.dumps(row.to_json(), allow_nan=False)
        assert (row.published_as is None) == (row.published is None)


def test_a_training_of_too_few_epochs_has_no_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChaosTraining, "run", lambda *_: Trajectory((0.25, 0.3), (0.5,), 1.0))
    settings = chaos._published(read_figures(chaos.OWN), asked())
    rows = list(chaos._slopes(chaos._Runs(asked(epochs=1), pictures(), pictures()), settings))
    assert {(row.ours, row.how) for row in rows} == {(None, None)} and "too few epochs" in rows[0].row


def test_without_the_data_there_is_theory_alone(tmp_path: Path) -> None:
    told: list[str] = []
    rows = list(chaos.rows(Asked(True, None, None, tmp_path, 1, told.append)))
    assert {row.table for row in rows} == {chaos.EDGES}
    assert "fashion-mnist is not on this machine, so nothing is trained: linocut data get fashion-mnist" in told
