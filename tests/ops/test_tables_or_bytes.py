"""Gradients times signs by tables and as bytes: native against the reference both ways, whichever is faster here.

All other tests go by tables where a set has them (conftest.py), so that what they test is no matter of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stated import check_everywhere
from test_conv2d_weight_gradient_blocks import ADAM, BITS, GRADIENT, LATENT, _case, _sizes
from test_few_channels import DX, HALVES, _convolution

from linocut import _native

INPUTS = {
    "64 channels": (DX, _sizes(2, 9, 3, 64, 64, 1, 1), 1, 1),
    "words of channels, every other pixel": (DX, _sizes(2, 11, 3, 192, 150, 2, 1), 2, 1),
    "no padding": (DX, _sizes(2, 10, 3, 130, 72, 1, 0), 1, 0),
    "four bits": (DX | HALVES, _sizes(2, 9, 3, 128, 66, 1, 1), 1, 1),
    "four bits of bytes": (DX | {"dx": "i4"}, _sizes(2, 7, 3, 64, 128, 1, 1), 1, 1),
}
WEIGHTS = {
    "64 channels": (GRADIENT, BITS, _sizes(3, 6, 3, 64, 64, 1, 1), 1, 1, 0),
    "words of channels": (ADAM, BITS | LATENT, _sizes(3, 9, 3, 200, 130, 1, 1), 1, 1, 0),
    "no padding, every other pixel": (GRADIENT, BITS, _sizes(2, 13, 3, 128, 66, 2, 0), 2, 0, 0),
    "four bits": (ADAM, BITS | LATENT | {"dy": "i4"}, _sizes(3, 9, 3, 128, 72, 1, 1), 1, 1, 0),
    "four bits, 64 channels": (GRADIENT, BITS | {"dy": "i4"}, _sizes(3, 5, 3, 64, 66, 1, 1), 1, 1, 0),
}


@pytest.fixture(autouse=True, params=[True, False, None], ids=["tables", "bytes", "what is faster"])
def by_tables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param is None:
        monkeypatch.delenv("LINOCUT_TABLES")
    _native.use_tables(request.param)
    yield
    monkeypatch.undo()
    _native.use_tables(None)


@pytest.mark.parametrize("name", INPUTS)
def test_gradients_of_inputs(name: str) -> None:
    check_everywhere(_convolution(*INPUTS[name]))


@pytest.mark.parametrize("name", WEIGHTS)
def test_gradients_of_weights(name: str) -> None:
    check_everywhere(_case(*WEIGHTS[name]))
