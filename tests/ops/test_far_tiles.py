"""Gradients of convolutions of many channels, whose products take what taps see where it lies: native against the
reference.

Pieces of dY that are copied in one and in several goes, sums in one panel and in several, words of inputs and pieces
of words, rows whose length is a multiple of four and is none, many images in a band and one image in many.
"""

from __future__ import annotations

import pytest
from stated import check_everywhere
from test_conv2d_weight_gradient_blocks import ADAM, BITS, GRADIENT, LATENT, _case, _sizes
from test_few_channels import DX, _convolution

pytestmark = pytest.mark.usefixtures("as_bytes")


def _rows(count: int, sizes: dict[str, int]) -> dict[str, int]:
    """Images of so few rows, of as many as what is made of them."""
    return sizes | {"H": count, "I": count}


HALVES = {"dy": "i4"}
INPUTS = {
    "no padding": (DX, _sizes(3, 14, 3, 64, 128, 1, 0), 1, 0),
    "padding, a piece of a word": (DX, _sizes(2, 9, 3, 150, 132, 1, 1), 1, 1),
    "halves": (DX | HALVES, _sizes(2, 12, 3, 128, 128, 1, 1), 1, 1),
    "halves of halves, a piece of a word": (DX | HALVES | {"dx": "i4"}, _sizes(2, 9, 3, 70, 200, 1, 0), 1, 0),
    "16-bit": (DX | {"dx": "i16"}, _sizes(2, 6, 3, 64, 68, 1, 1), 1, 1),
    "copied in several goes": (DX, _sizes(2, 20, 3, 65, 512, 1, 1), 1, 1),
    "halves in several goes": (DX | HALVES, _sizes(2, 20, 3, 65, 512, 1, 1), 1, 1),
    "rows that are too long": (DX, _rows(3, _sizes(1, 90, 3, 65, 512, 1, 1)), 1, 1),
    "every other": (DX, _sizes(3, 11, 3, 64, 128, 2, 1), 2, 1),
    "windows apart": (DX, _sizes(2, 11, 2, 70, 128, 3, 0), 3, 0),
    "large windows": (DX, _sizes(3, 7, 5, 100, 72, 1, 2), 1, 2),
    "images smaller than windows": (DX, _sizes(70, 2, 3, 100, 72, 1, 1), 1, 1),
    "one tap": (DX, _sizes(9, 8, 1, 128, 260, 1, 0), 1, 0),
    "outputs that are no fours": (DX, _sizes(2, 8, 3, 70, 130, 1, 1), 1, 1),
}
WEIGHTS = {
    "no padding": (ADAM, BITS | LATENT, _sizes(7, 14, 3, 64, 128, 1, 0), 1, 0, 0),
    "a piece of a word": (GRADIENT, BITS, _sizes(3, 16, 3, 150, 130, 1, 1), 1, 1, 0),
    "halves": (GRADIENT, BITS | HALVES, _sizes(3, 16, 3, 128, 70, 1, 1), 1, 1, 0),
    "few outputs": (ADAM, BITS | LATENT, _sizes(3, 20, 3, 64, 20, 1, 1), 1, 1, 0),
    "many small images": (GRADIENT, BITS, _sizes(150, 4, 3, 64, 64, 1, 1), 1, 1, 0),
    "rows of ten": (GRADIENT, BITS, _sizes(4, 12, 3, 100, 64, 1, 0), 1, 0, 0),
    "rows of five": (GRADIENT, BITS, _sizes(4, 5, 3, 64, 64, 1, 1), 1, 1, 0),
    "one tap": (GRADIENT, BITS, _sizes(9, 8, 1, 64, 300, 1, 0), 1, 0, 0),
    "two taps": (GRADIENT, BITS, _sizes(2, 33, 2, 70, 40, 1, 0), 1, 0, 0),
    "padding as wide as the window": (GRADIENT, BITS, _sizes(3, 7, 2, 64, 64, 1, 1), 1, 1, 0),
    "long rows": (GRADIENT, BITS, _rows(7, _sizes(1, 200, 3, 64, 33, 1, 1)), 1, 1, 0),
    "rows longer than a band": (GRADIENT, BITS, _rows(3, _sizes(1, 700, 1, 64, 33, 1, 0)), 1, 0, 0),
    "every other": (GRADIENT, BITS, _sizes(3, 11, 3, 128, 64, 2, 1), 2, 1, 0),
}


@pytest.mark.parametrize("name", INPUTS)
def test_gradients_of_inputs(name: str) -> None:
    check_everywhere(_convolution(*INPUTS[name]))


@pytest.mark.parametrize("name", WEIGHTS)
def test_gradients_of_weights(name: str) -> None:
    check_everywhere(_case(*WEIGHTS[name]))
