"""Losses against PyTorch in float64: their values, their gradients by autograd, what counts and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from operands import view

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.control import CORRECT, EXAMPLES

torch = pytest.importorskip("torch")
functional = torch.nn.functional

ROWS, COUNT = 21, 6
MISSING = [0, 7, 20]  # rows that are no examples
BEFORE = 5.0  # in the loss, which is added to
OUTPUTS = {"mean_squared_error": "outputs", "sigmoid_cross_entropy": "logits"}


def outputs(seed: int, count: int = COUNT, spread: float = 3.0) -> Array:
    return np.random.default_rng(seed).normal(0, spread, (ROWS, count)).astype(np.float32)


def run(
    op: str, operands: dict[str, View | None], form: str | None, count: int, **attributes: float
) -> dict[str, View]:
    given: dict[str, View | None] = {
        **operands,
        "gradient": None if form is None else view(np.full((ROWS, count), 99.0), form),
        "exponent": view(np.array([99]), "i32") if form == "i16" else None,
        "loss": view(np.array([BEFORE]), "f64"),
        "counters": view(np.arange(4), "i64"),
    }
    OP_BY_NAME[op].reference(**given, **attributes)
    return {name: operand for name, operand in given.items() if operand is not None}


def check(found: dict[str, View], loss, logits, form: str) -> None:
    """The loss summed over examples, and its gradient over all rows."""
    (loss / ROWS).backward()
    expected = logits.grad.numpy()
    assert found["loss"].data[0] - BEFORE == pytest.approx(loss.item(), rel=1e-13)
    got = found["gradient"].data.astype(np.float64)
    largest = np.abs(expected).max()
    if form == "i16":
        assert 2**14 <= np.abs(got).max() <= 2**15
        got *= 2.0 ** found["exponent"].data[0]
    tolerance = {"i16": 2.0**-15, "f16": 2.0**-11, "f32": 2.0**-23}[form] * 1.01
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("form", ["i16", "f16", "f32"])
def test_mean_squared_error(form: str) -> None:
    x, targets = outputs(0), outputs(1)
    targets[MISSING, 0] = np.nan
    found = run("mean_squared_error", {"outputs": view(x, "f32"), "targets": view(targets, "f32")}, form, COUNT)
    theirs = torch.tensor(x.astype(np.float64), requires_grad=True)
    kept = np.setdiff1d(np.arange(ROWS), MISSING)
    wanted = torch.tensor(targets[kept].astype(np.float64))
    check(found, functional.mse_loss(theirs[kept], wanted, reduction="none").mean(1).sum(), theirs, form)
    assert found["counters"].data.tolist() == [0, 1 + len(kept), 2, 3]


@pytest.mark.parametrize("form", ["i16", "f16", "f32"])
@pytest.mark.parametrize("hard", [False, True])
def test_sigmoid_cross_entropy(form: str, hard: bool) -> None:
    x, rng = outputs(2, spread=20.0 if hard else 2.0), np.random.default_rng(3)
    targets = rng.uniform(0, 1, x.shape).astype(np.float32)
    targets = np.rint(targets) if hard else targets
    targets[5:10] = np.where(x[5:10] >= 0, 0.5, 0.25)  # all right
    targets[MISSING, 0] = np.nan
    found = run("sigmoid_cross_entropy", {"logits": view(x, "f32"), "targets": view(targets, "f32")}, form, COUNT)
    theirs = torch.tensor(x.astype(np.float64), requires_grad=True)
    kept = np.setdiff1d(np.arange(ROWS), MISSING)
    wanted = torch.tensor(targets[kept].astype(np.float64))
    loss = functional.binary_cross_entropy_with_logits(theirs[kept], wanted, reduction="none").mean(1).sum()
    check(found, loss, theirs, form)
    right = [r for r in kept if all((x[r] >= 0) == (targets[r] >= 0.5))]
    assert set(range(5, 10)) - {7} <= set(right) and len(right) < len(kept)
    assert found["counters"].data[[CORRECT, EXAMPLES]].tolist() == [len(right), 1 + len(kept)]


def test_sigmoid_cross_entropy_of_huge_logits_is_finite() -> None:
    x = np.full((ROWS, 1), 1e30, np.float32) * np.where(np.arange(ROWS) % 2, 1, -1)[:, None]
    targets = view(np.ones((ROWS, 1)), "f32")
    found = run("sigmoid_cross_entropy", {"logits": view(x, "f32"), "targets": targets}, "f32", 1)
    assert found["loss"].data[0] == pytest.approx(11 * 1e30)
    assert found["gradient"].data[:, 0] * ROWS == pytest.approx([-1.0, 0.0] * 10 + [-1.0])


@pytest.mark.parametrize("op", OUTPUTS)
def test_rows_that_are_no_examples_count_for_nothing(op: str) -> None:
    targets = np.full((ROWS, 2), 0.5, np.float32)
    targets[:, 0] = np.nan
    found = run(op, {OUTPUTS[op]: view(outputs(4, 2), "f32"), "targets": view(targets, "f32")}, "i16", 2)
    assert found["loss"].data[0] == BEFORE and found["counters"].data.tolist() == [0, 1, 2, 3]
    assert not found["gradient"].data.any() and found["exponent"].data[0] == -15


@pytest.mark.parametrize("form", ["i16", "f16", "f32"])
@pytest.mark.parametrize("classes", [2, 6, 130])
@pytest.mark.parametrize(
    ("weighted", "smoothing"), [(False, 0.0), (True, 0.0), (False, 0.1), (True, 0.3), (True, 0.95)]
)
def test_softmax_cross_entropy(form: str, classes: int, weighted: bool, smoothing: float) -> None:
    x, rng = outputs(5, classes), np.random.default_rng(6)
    labels = rng.integers(0, classes, ROWS)
    labels[MISSING] = -1
    weights = rng.uniform(0, 3, (1, classes)).astype(np.float32) if weighted else None
    operands = {"logits": view(x, "f32"), "labels": view(labels, "i32")}
    operands |= {"weights": view(weights, "f32") if weights is not None else None}
    found = run("softmax_cross_entropy", operands, form, classes, smoothing=smoothing)
    theirs = torch.tensor(x.astype(np.float64), requires_grad=True)
    loss = functional.cross_entropy(
        theirs,
        torch.tensor(labels.astype(np.int64)),
        weight=None if weights is None else torch.tensor(weights[0].astype(np.float64)),
        ignore_index=-1,
        reduction="sum",
        label_smoothing=smoothing,
    )
    check(found, loss, theirs, form)
    correct = np.count_nonzero(x.argmax(axis=1) == labels)
    assert found["counters"].data[[CORRECT, EXAMPLES]].tolist() == [correct, 1 + ROWS - len(MISSING)]


def test_weights_of_one_and_no_smoothing_are_the_plain_loss() -> None:
    operands = {"logits": view(outputs(7), "f32"), "labels": view(np.arange(ROWS) % COUNT, "i32")}
    plain = run("softmax_cross_entropy", {**operands, "weights": None}, "f32", COUNT, smoothing=0.0)
    ones = run("softmax_cross_entropy", {**operands, "weights": view(np.ones((1, COUNT)), "f32")}, "f32", COUNT)
    assert np.array_equal(plain["gradient"].data, ones["gradient"].data)
    assert plain["loss"].data[0] == pytest.approx(ones["loss"].data[0], rel=1e-15)
