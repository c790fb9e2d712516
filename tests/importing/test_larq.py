"""What Larq trained (larq_model.py) predicts the same here: products integer by integer, outputs, accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Flatten, Input, MaxPool2D, Sign, SoftmaxCrossEntropy

HERE = Path(__file__).parent
PRODUCTS = {"stem": "binary_conv2d1", "conv": "binary_conv2d2", "dense": "binary_dense1", "logits": "binary_dense2"}
NETWORK = lc.Network(
    "of_larq",
    (
        *(Input((8, 8, 1)), BinaryConv2D(8), BatchNorm(), Sign(), BinaryConv2D(16), MaxPool2D(2), BatchNorm(), Sign()),
        *(Flatten(), BinaryDense(32), BatchNorm(), Sign(), BinaryDense(10), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)


@pytest.fixture(scope="module")
def larq() -> dict[str, np.ndarray]:
    with np.load(HERE / "larq_model.npz") as found:
        return dict(found)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """The arrays of the file, by Keras's names, as {w.name: w.numpy() for w in model.weights} gives them."""
    h5py = pytest.importorskip("h5py")
    found = {}
    with h5py.File(HERE / "larq_model.h5") as file:
        for layer in file.attrs["layer_names"]:
            for name in file[layer].attrs["weight_names"]:
                found[name] = file[layer][name][()]
    return found


def trainer(policy: str = "standard") -> lc.Trainer:
    return lc.Trainer(NETWORK, policy, batch_size=60)


@pytest.mark.parametrize("policy", ["standard", "wang2021", "lean", "lean8"])
def test_products_and_outputs_are_those_of_larq(policy: str, larq, weights) -> None:
    run = trainer(policy)
    assert set(lc.import_larq(run, HERE / "larq_model.h5")) == set(run.state)
    found = run.capture(larq["x"], list(PRODUCTS.values()))
    turned = {"dense": np.where(weights["norm3/gamma:0"] < 0, -1, 1)}
    assert (turned["dense"] < 0).any()
    for name in ("conv", "dense", "logits"):
        np.testing.assert_array_equal(found[PRODUCTS[name]], larq[name].astype(int) * turned.get(name, 1))
    stem = found["binary_conv2d1"]
    whole = np.abs(stem).max() > 100  # integers, or numbers of 16 bits
    np.testing.assert_allclose(stem * (1 if whole else 255), larq["stem"], rtol=1e-3, atol=0.5)
    predictor = lc.Predictor(run.inference_graph())
    outputs = np.stack([predictor(image).copy() for image in larq["x"]])
    np.testing.assert_allclose(outputs, larq["output"], atol=1e-4 if policy == "standard" else 0.02)
    accuracy = (outputs.argmax(1) == larq["y"]).mean()
    assert accuracy == (larq["output"].argmax(1) == larq["y"]).mean() > 0.9


def test_arrays_by_name_do_as_well_as_a_file(weights) -> None:
    one, other = trainer(), trainer()
    lc.import_larq(one, HERE / "larq_model.h5")
    lc.import_larq(other, weights)
    for name in one.state:
        np.testing.assert_array_equal(one.state[name], other.state[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("dense/kernel:0"), "4 layers with weights .*the Larq model 3"),
        (
            lambda w: w.update({"depth/depthwise_kernel:0": np.ones((3, 3, 8, 1))}),
            "depth/depthwise_kernel:0 is no kernel",
        ),
        (lambda w: w.update({"more/bias:0": np.ones(8)}), "more has bias and no kernel"),
        (lambda w: w.update({"conv/kernel:0": np.ones((5, 5, 8, 16))}), r"conv has weights \(16, 5, 5, 8\)"),
    ],
)
def test_what_does_not_fit_is_refused(change, message, weights) -> None:
    given = dict(weights)
    change(given)
    with pytest.raises(lc.SpecError, match=message):
        lc.import_larq(trainer(), given)


def test_a_file_that_is_none_is_refused(tmp_path) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / "weights.h5"
    for content in (None, b"no weights", (HERE / "larq_model.h5").read_bytes()[:5000]):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(lc.DataError, match=r"weights.h5 cannot be read as weights of Keras.*save_weights"):
            lc.import_larq(trainer(), path)


def test_without_h5py_it_is_said_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(lc.SpecError, match=r"pip install 'linocut\[larq\]'"):
        lc.import_larq(trainer(), HERE / "larq_model.h5")
