"""Q5.10: block products against exact ones, how far rounding takes them, and tanh and sigmoid by pieces of lines."""

from __future__ import annotations

import numpy as np
import pytest

from linocut.errors import SpecError
from linocut.ops import q10, q10_functions, q10_transform
from linocut.ops.bits import Array

ALL = np.arange(-32768, 32768)


def dense(blocks: Array) -> Array:
    """The matrix of circulant blocks (O, J, k), entry by entry."""
    outputs, inputs, k = blocks.shape
    matrix = np.zeros((outputs * k, inputs * k))
    for i in range(outputs):
        for j in range(inputs):
            for r in range(k):
                for c in range(k):
                    matrix[i * k + r, j * k + c] = blocks[i, j, (r - c) % k]
    return matrix


def multiplied(blocks: Array, x: Array, *, all_inverse: bool) -> tuple[Array, int]:
    """The product in integers, and the largest of these on the way."""
    made, k, largest = q10_transform.spectra(blocks), blocks.shape[-1], [0]

    def watch(values: Array) -> None:
        largest[0] = max(largest[0], int(np.abs(values).max()))

    heard = q10_transform.heard(x, k, all_inverse=all_inverse, watch=watch)
    found = q10_transform.product(made.values, heard, made.point, all_inverse=all_inverse, watch=watch)
    return found.reshape(len(x), -1), largest[0]


@pytest.mark.parametrize("k", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("all_inverse", [False, True])
def test_a_block_product_is_that_of_the_dense_matrix(k: int, all_inverse: bool) -> None:
    rng = np.random.default_rng(k)
    blocks = rng.uniform(-0.5, 0.5, (2, 3, k)) / np.sqrt(k)
    x = q10.quantised(rng.standard_normal((5, 3 * k)))
    found, _ = multiplied(blocks, x, all_inverse=all_inverse)
    assert np.abs(found - x @ dense(blocks).T).max() < 1 + k


# Rms errors in units of 2^-10, and the largest integers with all halvings in the inverse: docs/design/numbers.md.
@pytest.mark.parametrize(
    ("k", "split", "inverse", "largest"),
    [(2, 0.9, 0.4, 7733), (4, 0.9, 0.5, 10508), (8, 1.5, 0.6, 14891), (16, 1.7, 0.7, 19372)],
)
def test_rounding_errors_of_a_gate_matrix(k: int, split: float, inverse: float, largest: int) -> None:
    rng = np.random.default_rng(0)
    blocks = rng.uniform(-0.1, 0.1, (1024 // k, 672 // k, k))
    x = q10.quantised(rng.standard_normal((4, 672)))
    exact = np.fft.irfft(np.einsum("ijm,bjm->bim", np.fft.rfft(blocks), np.fft.rfft(x.reshape(4, -1, k))), k).reshape(
        4, -1
    )
    for all_inverse, error in ((False, split), (True, inverse)):
        found, seen = multiplied(blocks, x, all_inverse=all_inverse)
        assert np.sqrt(np.mean((found - exact) ** 2)) == pytest.approx(error, abs=0.07)
        if all_inverse:
            assert 0.7 * largest < seen < 1.4 * largest


@pytest.mark.parametrize(("paper", "sigmoid_error", "tanh_error"), [(False, 0.0017, 0.0021), (True, 0.0062, 0.0158)])
def test_functions_are_off_by_so_much(paper: bool, sigmoid_error: float, tanh_error: float) -> None:
    sigmoid, tanh = q10_functions.sigmoid(ALL, paper=paper), q10_functions.tanh(ALL, paper=paper)
    assert np.abs(sigmoid / 1024 - 1 / (1 + np.exp(-ALL / 1024))).max() == pytest.approx(sigmoid_error, abs=5e-5)
    assert np.abs(tanh / 1024 - np.tanh(ALL / 1024)).max() == pytest.approx(tanh_error, abs=5e-5)


def test_own_functions_never_fall_and_stay_within_their_bounds() -> None:
    sigmoid, tanh = q10_functions.sigmoid(ALL), q10_functions.tanh(ALL)
    assert (np.diff(sigmoid) >= 0).all() and (np.diff(tanh) >= 0).all()
    assert (sigmoid.min(), sigmoid.max(), tanh.min(), tanh.max()) == (0, 1024, -1024, 1024)
    assert (q10_functions.tanh(-ALL) == -tanh).all()


def test_published_chords_have_so_much_of_an_error_in_exact_products() -> None:
    for chords, (units, over), exact, error in (
        (q10_functions.PAPER_SIGMOID, q10_functions.SIGMOID_STEP, 1 / (1 + np.exp(-ALL / 1024)), 0.0060),
        (q10_functions.PAPER_TANH, q10_functions.TANH_STEP, np.tanh(ALL / 1024), 0.0154),
    ):
        at = np.clip(ALL * over // units + 12, 0, 23)
        assert np.abs((chords[0][at] * ALL / 1024 + chords[1][at]) / 1024 - exact).max() == pytest.approx(
            error, abs=5e-5
        )


def test_rounding_is_to_the_nearest_and_halves_go_up() -> None:
    assert [q10.shift(np.int64(v), 2) for v in (5, 6, -6, -7, 7)] == [1, 2, -1, -2, 2]
    assert q10.quantised(np.array([0.5 / 1024, 1.5 / 1024, 40.0, -40.0, np.nan])).tolist() == [0, 2, 32767, -32768, 0]
    assert q10.saturating(np.array([31.9, 32.0, -32.0, -33.0, np.nan])) == 3


def test_weights_that_16_bits_cannot_hold_are_refused() -> None:
    with pytest.raises(SpecError, match=r"block is 3, must be one of 1, 2, 4, 8, 16, 32"):
        q10_transform.spectra(np.zeros((1, 1, 3)))
    for value in (40000.0, np.nan):
        with pytest.raises(SpecError, match="the largest component of a spectrum is"):
            q10_transform.spectra(np.full((1, 1, 2), value))
    assert q10_transform.spectra(np.zeros((1, 1, 4))).point == q10_transform.MOST_POINT
