"""Products larger than what their kernels take at a time: panels packed once, panels packed for each block, one more.

Each in one dimension as large as a block, and one larger, in another of two blocks of rows: a panel that is used again
for the second block must still be that of its part of the sum.
"""

from __future__ import annotations

import numpy as np
import pytest
from cases import make_case
from stated import check_everywhere

from linocut.ops import OP_BY_NAME

BITS = {"x": "bit", "weights": "bit", "y": "i32"}
BYTES = {"x": "u8", "weights": "bit", "y": "i32"}
FLOATS = {"x": "f32", "weights": "bit", "y": "f32"}
DX = {"dy": "i8", "dy_exponent": "i32", "weights": "bit", "dx": "i8", "dx_exponent": "i32", "scale": "i64"}
FLOAT_DX = {"dy": "f32", "weights": "bit", "dx": "f32"}
DW = {"dy": "i8", "x": "bit", "dw": "q7"}

# The instruction, its formats, the letter of what is summed and how many are, and its other sizes. Rows come in blocks
# of 128, words of bits in panels of 64 (AVX2) or 256, bytes in panels of 512, floats of 128; examples of dW in blocks
# of 256, of bytes 128; rows in prediction in blocks of 256, and words of bits in panels of 384.
SUMS = (
    ("binary_matmul", BITS, "K", (4096, 4097, 16_384, 16_385), {"R": 131, "N": 19}),
    ("binary_matmul", {**BITS, "y": "i16"}, "K", (4096, 4097, 16_384, 16_385), {"R": 256, "N": 65}),
    ("real_matmul", BYTES, "K", (512, 513, 1025), {"R": 131, "N": 67}),
    ("real_matmul", FLOATS, "K", (128, 129, 257), {"R": 131, "N": 67}),
    ("input_gradient", DX, "N", (512, 513, 1025), {"R": 131, "K": 67}),
    ("input_gradient", FLOAT_DX, "N", (128, 129, 257), {"R": 131, "K": 67}),
    ("weight_gradient", DW, "R", (256, 257, 513), {"N": 131, "K": 67}),
    ("weight_gradient", {**DW, "x": "u8"}, "R", (128, 129, 256, 257), {"N": 131, "K": 67}),
    ("weight_gradient", {"dy": "f32", "x": "f32", "dw": "f32"}, "R", (128, 129, 257), {"N": 131, "K": 67}),
    ("packed_matmul", {"x": "bit", "panels": "bit", "least": "i32", "bits": "bit"}, "K", (24_576, 24_577), {"N": 67}),
    ("packed_matmul", {"x": "bit", "panels": "bit", "y": "i32"}, "K", (24_576, 24_577), {"N": 67}),
    ("byte_matmul", {"x": "u8", "weights": "bit", "least": "i32", "bits": "bit"}, "K", (512, 513), {"R": 131, "N": 67}),
)
CASES = [
    pytest.param(name, formats, {"R": 17, **sizes, letter: count}, id=f"{name} {formats.get('x', '')} {letter}={count}")
    for name, formats, letter, counts, sizes in SUMS
    for count in counts
]


@pytest.mark.parametrize(("name", "formats", "sizes"), CASES)
def test_sums_of_several_panels(name: str, formats: dict[str, str], sizes: dict[str, int]) -> None:
    check_everywhere(make_case(OP_BY_NAME[name], formats, {}, sizes, np.random.default_rng(0)), threads=(2,))


@pytest.mark.parametrize("rows", [255, 256, 257, 512, 513])
@pytest.mark.parametrize("name", ["packed_matmul", "byte_matmul"])
def test_several_blocks_of_rows_in_prediction(name: str, rows: int) -> None:
    weights = {"panels": "bit"} if name == "packed_matmul" else {"weights": "bit"}
    formats = {"x": "bit" if name == "packed_matmul" else "u8", **weights, "least": "i32", "bits": "bit"}
    sizes = {"R": rows, "K": 70, "N": 67}
    check_everywhere(make_case(OP_BY_NAME[name], formats, {}, sizes, np.random.default_rng(1)))
