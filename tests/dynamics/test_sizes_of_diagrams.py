"""Sizes of phase diagrams that are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from linocut.dynamics import fit_slope, phase_diagram, separation
from linocut.dynamics.distances import check
from linocut.errors import SpecError


@pytest.mark.parametrize("given", [{"n": "a"}, {"n": 2.5}, {"steps": "a"}])
def test_what_is_no_size_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"(n|steps) is .*, must be"):
        phase_diagram(**given)


def test_whole_numbers_of_numpy_are_sizes() -> None:
    check(np.int64(2), np.int64(5), "tanh", np.int64(0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"J": "a"}, "J is 'a', must be a finite number"),
        ({"J": 1.0, "J0": float("inf")}, "J0 is inf, must be a finite number"),
        ({"J": 1.0, "seed": -1}, "seed is -1, must be a whole number, 0 or more"),
    ],
)
def test_what_no_network_has_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        separation(**given)


def test_axes_and_curves_that_are_no_numbers_are_refused() -> None:
    axes: dict[str, Any] = {"beta": ["a"], "ratio": [1.0]}
    with pytest.raises(SpecError, match=r"1 / J is \['a'\], must be a list of numbers"):
        phase_diagram(**axes)
    with pytest.raises(SpecError, match=r"j_squared is .*, must be a list of finite numbers"):
        fit_slope([0.2, 0.3, float("nan"), 0.4])
