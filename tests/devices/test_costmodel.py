"""Learned cost models: answers in NumPy against PyTorch, trainings on few cells, scores, files."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import numpy as np
import pytest

from linocut import costmodel, devices
from linocut.devices.costmodel.features import FEATURES, features
from linocut.devices.costmodel.fit import answer, epochs_for
from linocut.devices.costmodel.learning import Split
from linocut.devices.costmodel.model import CostModel, shapes
from linocut.devices.costmodel.scores import LinearLaw, scores, spearman
from linocut.devices.sweep import Sweep, sweep
from linocut.errors import RunError, SpecError
from linocut.networks import nasbench
from linocut.report import learning_plot
from linocut.tensor_file import save

ON = ("edgetpu-v1", "edgetpu-v2")


@pytest.fixture(scope="module")
def small() -> Sweep:
    return sweep(nasbench.cells(5), [devices.load(name) for name in ON])


def _random_model(seed: int) -> CostModel:
    random = np.random.default_rng(seed)
    weights = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes(2).items()}
    return CostModel(ON, "partial", weights, {"of": "a test"})


def test_features_are_those_of_the_cells() -> None:
    nodes, edges = features(nasbench.as_array([nasbench.read_cell("1771019:83"), nasbench.read_cell("7:2")]))
    assert (nodes.shape, edges.shape) == ((2, 7, FEATURES), (2, 7, 7))
    assert edges[0].sum() == 9 and edges[0, 0, 5] == 1 and edges[0, 5, 0] == 0
    assert nodes[0, 1].tolist() == [0, 1, 0, 0, 0, 1]  # conv1x1
    assert nodes[0, 5].tolist() == [0, 0, 1, 0, 0, 1]  # maxpool3x3
    assert nodes[1, 0].tolist() == [0, 0, 0, 1, 0, 1] and nodes[1, 2].tolist() == [0, 0, 0, 0, 1, 1]
    assert not nodes[1, 3:].any() and not edges[1, 3:].any()


def test_numpy_answers_what_pytorch_trains() -> None:
    torch = pytest.importorskip("torch")
    model = _random_model(0)
    cells = np.random.default_rng(1).choice(nasbench.cells(6), 1500)  # more than one chunk
    nodes, edges = (torch.from_numpy(array) for array in features(cells))
    weights = {name: torch.from_numpy(array) for name, array in model.weights.items()}
    logs = answer(torch, weights, nodes, edges).numpy() * model.weights["scale"] + model.weights["mean"]
    np.testing.assert_allclose(np.log(model.predict(cells)), logs, rtol=2e-4, atol=2e-4)


def test_answers_do_not_depend_on_the_order_of_vertices() -> None:
    written = nasbench.as_array([nasbench.read_cell("1771019:83")])
    model = _random_model(2)
    assert model.predict(written) == pytest.approx(model.predict(nasbench.kept(written)), rel=1e-4)


def test_answers_take_one_thread() -> None:
    """Products so small gain nothing by a second one, which takes several times the processor's time."""
    model, cells = _random_model(4), np.random.default_rng(4).choice(nasbench.cells(6), 10_000)
    model.predict(cells)  # whatever threads others left spinning sleep by then
    begun, own = time.process_time(), time.thread_time()
    model.predict(cells)
    own = time.thread_time() - own
    assert time.process_time() - begun < 1.25 * own
    assert own < 1  # what was asked for; an eighth of it on an EPYC


def test_one_cell_on_one_device_is_a_table_too() -> None:
    random = np.random.default_rng(3)
    weights = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes(1).items()}
    model = CostModel(ON[:1], "partial", weights, {"of": "a test"})
    answers = model.predict(nasbench.as_array([nasbench.read_cell("7:2")]))
    assert (answers.shape, answers.dtype) == ((1, 1), np.float64)


def test_a_model_learns(small: Sweep, tmp_path: Path) -> None:
    """Of some hundred cells; what all of them give is in docs/nasbench.md, with its command."""
    pytest.importorskip("torch").set_num_threads(1)  # more of them wait for each other on small batches
    losses: list[float] = []
    trained = costmodel.train(small, examples=400, epochs=15, tell=lambda epoch, loss: losses.append(loss))
    assert (len(losses), trained.examples, trained.epochs) == (15, 400, 15)
    assert losses[-1] < losses[0] / 10
    if importlib.util.find_spec("matplotlib"):
        learning_plot.plot([trained], small.about, tmp_path / "curve.png")
        assert (tmp_path / "curve.png").stat().st_size > 1000
    assert len(trained.test) == 2 and trained.test[0].examples == 507
    for score in (*trained.test, *trained.validation):
        assert score.accuracy > 0.85 and score.spearman > 0.9
    split = Split.of(len(small.cells), 0)
    trained.model.save(tmp_path / "cost.safetensors")
    answers = costmodel.predict(tmp_path / "cost.safetensors", small.cells[split.test])
    assert np.array_equal(answers, trained.model.predict(small.cells[split.test]))
    again = costmodel.load(tmp_path / "cost.safetensors")
    assert (again.devices, again.caching) == (ON, "partial")
    assert again.about["test"][0]["accuracy"] == trained.test[0].accuracy


def test_the_split_leaves_nothing_out() -> None:
    split = Split.of(1001, 3)
    parts = split.train, split.validation, split.test
    assert [len(part) for part in parts] == [600, 200, 201]
    assert sorted(np.concatenate(parts).tolist()) == list(range(1001))
    assert epochs_for(100) > epochs_for(10_000) > epochs_for(254_174) >= 6


def test_scores_are_those_of_their_definitions() -> None:
    ms = np.array([[1.0], [2.0], [4.0], [8.0]])
    (score,) = scores(("mine",), ms * np.array([[1.1], [0.9], [1.0], [1.2]]), ms)
    assert score.accuracy == pytest.approx(0.9)
    assert score.spearman == 1
    assert spearman(np.array([1, 2, 3, 4]), np.array([4, 3, 2, 1])) == -1
    assert spearman(np.array([1, 2, 2, 4]), np.array([10, 30, 20, 40])) == pytest.approx(0.9486833)  # of ranks 1, 2.5


def test_the_linear_law_is_exact_where_the_law_is() -> None:
    random = np.random.default_rng(5)
    parameters, macs = random.integers(1, 10**7, 50), random.integers(1, 10**9, 50)
    ms = np.stack([0.1 + 2e-7 * parameters + 3e-9 * macs, 0.2 + 1e-7 * parameters], axis=1)
    assert LinearLaw.fit(parameters, macs, ms).predict(parameters, macs) == pytest.approx(ms, rel=1e-9)


def test_trainings_that_cannot_be_are_refused(small: Sweep) -> None:
    with pytest.raises(SpecError, match=r"1 cells were to be trained on, must be 2 to 1,519"):
        costmodel.train(small, examples=1)
    with pytest.raises(SpecError, match="epochs is 0, must be a whole number, 1 or more"):
        costmodel.train(small, epochs=0)
    with pytest.raises(SpecError, match="a sweep of 1 cells, must have 5 or more"):
        costmodel.train(sweep(nasbench.cells(2), [devices.load("edgetpu-v1")]))


def test_files_that_are_no_models_are_named(tmp_path: Path) -> None:
    model, path = _random_model(6), tmp_path / "cost.safetensors"
    model.save(path)
    sound = path.read_bytes()
    path.write_bytes(sound[:5000] + bytes([sound[5000] ^ 1]) + sound[5001:])
    with pytest.raises(RunError, match="is damaged"):
        costmodel.load(path)
    with pytest.raises(RunError, match="make it with: linocut nasbench train-cost-model"):
        costmodel.load(tmp_path / "absent")
    save(path, model.weights, "linocut-cost-model", 2, {"devices": [1], "caching": "partial"})
    with pytest.raises(RunError, match="does not say for which devices"):
        costmodel.load(path)
    fewer = {name: array for name, array in model.weights.items() if name != "mean"}
    save(path, fewer, "linocut-cost-model", 2, {"devices": list(ON), "caching": "partial"})
    with pytest.raises(RunError, match="lacks the tensor 'mean'"):
        costmodel.load(path)
    with pytest.raises(SpecError, match="differ from its form, at mean"):
        CostModel(ON, "partial", fewer, {})


def test_training_needs_pytorch_and_says_so(small: Sweep, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(SpecError, match=r"pip install 'linocut\[costmodel\]'"):
        costmodel.train(small, examples=10, epochs=1)
