"""Sizes of phase diagrams that are no numbers."""

from __future__ import annotations

from typing import Any

import pytest

from linocut.dynamics import phase_diagram
from linocut.errors import SpecError


@pytest.mark.parametrize("given", [{"n": "a"}, {"n": 2.5}, {"steps": "a"}])
def test_what_is_no_size_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"(n|steps) is .*, must be"):
        phase_diagram(**given)
