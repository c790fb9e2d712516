"""What Python is given and cannot be: a SpecError that says what must be, never an error of Python's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import linocut as lc
from linocut.devices import Training
from linocut.devices.calibrate import calibrate
from linocut.devices.search import search
from linocut.devices.sweep import sweep

NETWORK = lc.models.mlp((8, 8, 1), hidden=(16,))
CELLS = lc.nasbench.cells(4)
SWEEP = sweep(CELLS, ["coral-usb"])
MATRIX = [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda: lc.estimate("mlp", "coral-usb"),
        lambda: lc.estimate(NETWORK, None),
        lambda: lc.estimate(NETWORK, "coral-usb", precision=["x"]),
        lambda: lc.estimate(NETWORK, "coral-usb", caching=["x"]),
        lambda: lc.estimate(NETWORK, "coral-usb", batch=1.5),
        lambda: lc.estimate(NETWORK, "cortex-m4", training=3),
        lambda: lc.estimate(NETWORK, "this", training=Training(policy=3)),
        lambda: lc.estimate(NETWORK, "this", training=Training(threads="x")),
        lambda: lc.costmodel.train(CELLS),
        lambda: lc.costmodel.train(SWEEP, examples="x"),
        lambda: lc.costmodel.train(SWEEP, examples=5.5),
        lambda: lc.costmodel.train(SWEEP, examples=5, epochs=1.5),
        lambda: lc.costmodel.train(SWEEP, examples=5, epochs=1, seed=-1),
        lambda: lc.costmodel.predict(None, CELLS),  # type: ignore[arg-type]  # wrong on purpose
        lambda: lc.nasbench.read_accuracies(3),  # type: ignore[arg-type]  # wrong on purpose
        lambda: search(SWEEP, "coral-usb", "x", "macs"),
        lambda: search(SWEEP, "coral-usb", True, "macs"),
        lambda: search(SWEEP, "coral-usb", 3, ["macs"]),
        lambda: search(SWEEP, 3, 3, "macs"),
        lambda: calibrate(lc.devices.load("coral-usb"), [3] * 7),  # type: ignore[list-item]  # wrong on purpose
        lambda: calibrate("coral", []),
        lambda: lc.nasbench.cells("x"),
        lambda: lc.nasbench.cells(3.0),
        lambda: lc.nasbench.as_array(["7:0"]),  # type: ignore[list-item]  # wrong on purpose
        lambda: lc.nasbench.as_array("7:0"),
        lambda: lc.nasbench.read_cell(b"7:0"),
        lambda: lc.nasbench.read_cell({"matrix": 3, "ops": ["input"]}),
        lambda: lc.nasbench.read_cell({"matrix": MATRIX, "ops": ["input", 3]}),
        lambda: lc.nasbench.read_cell({"matrix": [[0, [1]], [0, 0]], "ops": ["input", "output"]}),
        lambda: lc.nasbench.read_cell({"matrix": [[0, True], [0, 0]], "ops": ["input", "output"]}),
        lambda: lc.nasbench.to_json(3),
        lambda: lc.nasbench.network(CELLS),
        lambda: lc.nasbench.network("7:0", input_shape=3),
        lambda: lc.nasbench.network("7:0", classes="x"),
        lambda: lc.nasbench.network("7:0", dtype=3),
    ],
)
def test_what_cannot_be_is_told(call: Callable[[], object]) -> None:
    with pytest.raises((lc.SpecError, lc.DataError)) as error:
        call()
    assert "\n" not in str(error.value)


def test_what_can_be_is_taken() -> None:
    assert np.array_equal(lc.nasbench.cells(np.int64(4)), CELLS)
    assert lc.nasbench.to_json("1:0")["module_adjacency"] == MATRIX
