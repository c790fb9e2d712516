"""Signatures: every op's reads, wrong ones and operands that do not fit are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from linocut.errors import SpecError
from linocut.ops import OP_BY_CODE, OP_BY_NAME, OPS
from linocut.ops.norm import work_shape
from linocut.ops.signature import Operand, bind, parse

TEXT = "<x:bit[R,K] <weights:bit[N,K] >y:i16|f32[R,N] =stats?:f64[2,N]; momentum norm"


def test_parse() -> None:
    signature = parse(TEXT)
    assert signature.operands == (
        Operand("<", "x", False, ("bit",), ("R", "K")),
        Operand("<", "weights", False, ("bit",), ("N", "K")),
        Operand(">", "y", False, ("i16", "f32"), ("R", "N")),
        Operand("=", "stats", True, ("f64",), ("2", "N")),
    )
    assert signature.attributes == ("momentum", "norm")
    modes = [(o.reads, o.writes) for o in signature.operands]
    assert modes == [(True, False), (True, False), (False, True), (True, True)]


def test_parse_without_attributes() -> None:
    assert parse("=a:i64[1]").attributes == ()


@pytest.mark.parametrize(
    "text", ["x:bit[R]", "<x[R]", "<x:bit", "<x:bit[]", "<x:bit[R", "?<x:bit[R]", "<x:[R]", "<:bit[R]"]
)
def test_what_has_not_the_form_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is not of the form <name:format"):
        parse(text)


def test_bind_returns_the_sizes() -> None:
    given = [("bit", (4, 70)), ("bit", (3, 70)), ("f32", (4, 3)), None]
    assert bind(parse(TEXT), given, "op") == {"R": 4, "K": 70, "N": 3}


def test_rows_are_the_product_of_all_leading_dimensions() -> None:
    given = [("bit", (2, 5, 7, 70)), ("bit", (3, 70)), ("f32", (70, 3)), ("f64", (2, 3))]
    assert bind(parse(TEXT), given, "op") == {"R": 70, "K": 70, "N": 3}
    assert bind(parse("<labels:i32[R]"), [("i32", (2, 3))], "op") == {"R": 6}


GOOD = {"x": ("bit", (4, 70)), "weights": ("bit", (3, 70)), "y": ("f32", (4, 3)), "stats": ("f64", (2, 3))}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"y": None}, "op: operand y is absent and must be given"),
        ({"y": ("f16", (4, 3))}, "op: operand y has format f16, must be i16 or f32"),
        ({"weights": ("bit", (3, 71))}, r"op: operand weights has shape \(3, 71\): K is 71, must be 70"),
        ({"y": ("f32", (5, 3))}, r"op: operand y has shape \(5, 3\): R is 5, must be 4"),
        ({"stats": ("f64", (3, 3))}, r"op: operand stats has shape \(3, 3\): 2 is 3, must be 2"),
        ({"stats": ("f64", (1, 2, 3))}, "op: operand stats has 3 dimensions, must have 2"),
        ({"weights": ("bit", (1, 3, 70))}, "op: operand weights has 3 dimensions, must have 2"),
        ({"x": ("bit", (70,))}, "op: operand x has 1 dimensions, must have 2"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    bind(parse(TEXT), list(GOOD.values()), "op")
    with pytest.raises(SpecError, match=reason):
        bind(parse(TEXT), list({**GOOD, **changes}.values()), "op")


def test_the_number_of_operands_must_fit() -> None:
    with pytest.raises(SpecError, match="op takes 4 operands, not 3"):
        bind(parse(TEXT), list(GOOD.values())[:3], "op")


def test_the_table_of_ops_is_whole() -> None:
    assert len(OP_BY_CODE) == len(OP_BY_NAME) == len(OPS)
    assert min(OP_BY_CODE) == 1
    for op in OPS:
        assert any(operand.writes for operand in op.signature.operands)


LIMITS = {
    "binary_matmul": ({"R": 1, "K": 32768, "N": 1}, {"y": "i16"}, "32,768 inputs overflow i16, at most 32,767"),
    "real_matmul": ({"R": 1, "K": 2, "N": 1}, {"x": "f32", "y": "i32"}, "f32 inputs have no integer product"),
    "weight_gradient": (
        {"R": 33_156, "K": 1, "N": 1},
        {"dy": "i8", "x": "u8"},
        "33,156 rows of u8 overflow the sum, at most 33,155",
    ),
    "input_gradient": (
        {"N": 8_421_505},
        {"dy": "i8", "dx": "i8", "dy_exponent": "i32", "dx_exponent": "i32", "scale": "i64"},
        "overflow",
    ),
    "norm_statistics": ({"R": 2**22 + 1, "S": 3}, {"y": "i32", "work": "f64"}, "overflow the sum, at most 4,194,304"),
    "norm_sign": ({"R": 9, "S": 2}, {"y": "i16", "omega": "f32"}, "omega and work go with each other"),
    "norm_gradient": ({}, {"dx": "i16", "dy": "f32", "x": "bit"}, "an integer gradient goes with its exponent"),
    "norm_gradient_sums": ({"R": 9, "S": 6}, {"dx": "i16", "work": "f64"}, "work has 6 rows, must be a multiple of 5"),
    "adam": ({}, {"w": "f32", "m": "f32"}, "weights in f32 need a second moment v"),
    "sgd": ({}, {"w": "q15", "m": "f16"}, "fixed-point weights take a q7 moment, no v, and dW as bit"),
    "channel_sums": ({"R": 9, "S": 10}, {"a": "f16", "work": "f64"}, "work has 10 rows, must be a multiple of 1"),
    "copy_channels": ({}, {"x": "bit", "y": "u8"}, "x bit and y u8 must have the same format"),
    "mean_squared_error": ({}, {"gradient": "i16"}, "an i16 gradient and an exponent go with each other"),
    "gate_gradient": (
        {},
        {"dx": "f32", "mask": "bit", "x": "f32"},
        "takes one of mask, slope and x at most: mask is bit, slope absent, x f32",
    ),
    "bop": ({}, {"m": "q7", "dw": "f32"}, "a q7 moment takes dW as bit, not f32"),
    "conv2d_weight_gradient": ({}, {"dy": "f32", "x": "bit", "dw": "q7"}, "a dY in f32 gives no dW in q7"),
    "packed_matmul": ({"K": 64}, {"bits": "bit"}, "least and bits go with each other"),
    "byte_matmul": ({"K": 129}, {"y": "i16"}, "129 inputs overflow the sum, at most 128"),
    "byte_conv2d": ({}, {"bits": "bit", "least": "i32", "y": "i16"}, "takes one of bits and y"),
    "threshold": ({}, {"y": "f16", "least": "i32"}, "integers go with i32, floats with f32"),
    "weight_gradient_adam": (
        {"R": 33_156},
        {"dy": "i8", "x": "u8", "w": "q15", "m": "q7"},
        "33,156 rows of u8 overflow",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_say_why(name: str) -> None:
    sizes, formats, reason = LIMITS[name]
    assert reason in OP_BY_NAME[name].reason(sizes, formats)


@pytest.mark.parametrize(("form", "decay", "refused"), [("q15", 0.01, True), ("q15", 0.0, False), ("f32", 0.01, False)])
def test_fixed_point_weights_do_not_decay_by_sgd(form: str, decay: float, refused: bool) -> None:
    fixed = form == "q15"
    given = {"momentum": 0.9, "gradient_scale": 1.0, "clip": 1.0, "salt": 0.0, "decay": decay, "nesterov": 0.0}
    reason = OP_BY_NAME["sgd"].reason({}, {"w": form, "m": "q7" if fixed else form, "dw": "bit"}, given)
    assert reason == ("decay is 0.01, must be 0 of weights in q15; use decay_weights" if refused else "")


def test_panels_hold_all_rows() -> None:
    sizes, formats = {"P": 2, "W": 2, "N": 65, "K": 128}, {"y": "i32"}
    assert OP_BY_NAME["packed_matmul"].reason(sizes, formats) == ""
    reason = OP_BY_NAME["packed_matmul"].reason({**sizes, "N": 64}, formats)
    assert "panels are 2 of 2 words, must be 1 of 2 for 64 outputs" in reason
    window = {"stride": 1.0, "pad_top": 1.0, "pad_left": 1.0, "height": 3.0, "width": 3.0}
    images = {"H": 5, "W": 5, "I": 5, "J": 5, "C": 70, "P": 1, "N": 64}
    assert OP_BY_NAME["packed_conv2d"].reason({**images, "K": 18}, formats, window) == ""
    assert "of 18 for 64 outputs" in OP_BY_NAME["packed_conv2d"].reason({**images, "K": 9}, formats, window)


@pytest.mark.parametrize(("rows", "work"), [(9, 2), (9, 4), (9, 30), (2, 9), (2**20, 3 * 65537)])
def test_work_has_a_whole_number_of_parts_of_a_row_at_least(rows: int, work: int) -> None:
    reason = OP_BY_NAME["norm_statistics"].reason({"R": rows, "S": work}, {"y": "i16", "work": "f64"})
    assert "must be a multiple of 3, at most" in reason
    assert OP_BY_NAME["norm_statistics"].reason({"R": 9, "S": 27}, {"y": "i16", "work": "f64"}) == ""


def test_the_compiler_asks_for_parts_of_512_rows_and_at_most_32() -> None:
    shapes = [work_shape(3, rows, 5) for rows in (1, 512, 513, 16384, 10**6)]
    assert shapes == [(3, 5), (3, 5), (6, 5), (96, 5), (96, 5)]


def test_limits_are_tight() -> None:
    assert OP_BY_NAME["binary_matmul"].reason({"K": 32767}, {"y": "i16"}) == ""
    rows = (2**31 - 1) // (127 * 2 * 255)
    assert OP_BY_NAME["weight_gradient"].reason({"R": rows}, {"dy": "i8", "x": "u8"}) == ""
    assert 127 * 255 * rows < 2**31 and OP_BY_NAME["weight_gradient"].reason({"R": rows + 1}, {"dy": "i8", "x": "u8"})
