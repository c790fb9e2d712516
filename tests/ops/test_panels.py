"""Panels: where each word of each output lies, and back."""

from __future__ import annotations

import numpy as np
import pytest

from linocut.ops.bits import pack
from linocut.ops.panels import pack_panels, panels_shape, signs, unpack_panels


@pytest.mark.parametrize(("outputs", "words"), [(1, 1), (63, 2), (64, 3), (65, 1), (130, 5)])
def test_words_of_64_outputs_lie_side_by_side(outputs: int, words: int) -> None:
    rows = np.random.default_rng(0).integers(0, 2**64, (outputs, words), np.uint64)
    panels = pack_panels(rows)
    assert (*panels.shape[:2], 64 * panels.shape[2]) == panels_shape(outputs, words)
    for n in range(outputs):
        for w in range(words):
            assert panels[n // 64, w, n % 64] == rows[n, w]
    assert not panels[-1, :, (outputs - 1) % 64 + 1 :].any()
    assert np.array_equal(unpack_panels(panels, outputs), rows)


def test_signs_of_taps() -> None:
    kernel = np.random.default_rng(1).random((65, 6, 70)) < 0.5
    found = signs(pack_panels(pack(kernel).reshape(65, -1)), 65, 70)
    assert np.array_equal(found, np.where(kernel, 1, -1))
