"""Sizes of phase diagrams that are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from linocut.dynamics import phase_diagram
from linocut.dynamics.distances import check
from linocut.errors import SpecError


@pytest.mark.parametrize("given", [{"n": "a"}, {"n": 2.5}, {"steps": "a"}])
def test_what_is_no_size_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"(n|steps) is .*, must be"):
        phase_diagram(**given)


def test_whole_numbers_of_numpy_are_sizes() -> None:
    check(np.int64(2), np.int64(5), "tanh")
