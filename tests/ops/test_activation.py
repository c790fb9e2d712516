"""tanh, sigmoid and their gradients against PyTorch in float64, over every size of number."""

from __future__ import annotations

import numpy as np
import pytest
from operands import view

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array

torch = pytest.importorskip("torch")

HALF_UNIT = 0.5 * 1.0001  # in the last place: the function itself is far more accurate


def numbers(form: str) -> Array:
    """Of both signs, from the smallest that the format has to far beyond saturation; zeros and infinities."""
    sizes = np.concatenate([np.logspace(-40, 3, 2000), [0.0, np.inf]])
    with np.errstate(over="ignore"):
        return np.concatenate([-sizes, sizes]).astype(np.float16 if form == "f16" else np.float32)[None]


def run(op: str, **operands: View) -> None:
    OP_BY_NAME[op].reference(**operands)


@pytest.mark.parametrize("form", ["f16", "f32"])
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_functions_are_rounded_once(name: str, form: str) -> None:
    x, y = view(numbers(form), form), view(np.zeros_like(numbers(form)), "f32")
    run(name, x=x, y=y)
    expected = getattr(torch, name)(torch.tensor(x.data.astype(np.float64))).numpy()
    unit = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    assert (np.abs(y.data - expected) <= HALF_UNIT * unit).all()


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_gradients_are_those_of_autograd(name: str) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(0, 2, (7, 33)).astype(np.float32), rng.normal(0, 1, (7, 33)).astype(np.float32)
    theirs = torch.tensor(x.astype(np.float64), requires_grad=True)
    (getattr(torch, name)(theirs) * torch.tensor(dy.astype(np.float64))).sum().backward()
    y, dx = view(np.zeros_like(x), "f32"), view(np.zeros_like(x), "f32")
    run(name, x=view(x, "f32"), y=y)
    run(f"{name}_gradient", dy=view(dy, "f32"), y=y, dx=dx)
    # Where y is close to 1 the unit of y, 2^-24, is what 1 - y is off by.
    np.testing.assert_allclose(dx.data, theirs.grad.numpy(), rtol=3e-7, atol=2.0**-22 * np.abs(dy).max())


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_what_is_not_a_number_stays_so(name: str) -> None:
    y = view(np.zeros((1, 1)), "f32")
    run(name, x=view(np.array([[np.nan]]), "f32"), y=y)
    assert np.isnan(y.data[0, 0])
