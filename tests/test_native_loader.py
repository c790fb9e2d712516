"""The native core refuses every damaged or hostile program with a reason, and accepts the rest."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linocut import _native
from linocut.compile.binary import ABSENT, decode, encode
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.errors import SpecError
from linocut.formats import FORMATS
from linocut.ops import OP_BY_NAME, OPS, Op
from linocut.roles import ROLE_CODES

Shape = tuple[int, ...]
Spec = tuple[str, Shape]


def place(specs: Sequence[Spec | None], op: str, attributes: tuple[float, ...] = ()) -> Program:
    """A program of one instruction whose operands lie one after another; None, or none at the end, is an absent one."""
    specs = [*specs, *[None] * (len(OP_BY_NAME[op].signature.operands) - len(specs))]
    buffers: list[Buffer] = []
    operands: list[int | None] = []
    end = 0
    for spec in specs:
        operands.append(None if spec is None else len(buffers))
        if spec is not None:
            buffers.append(Buffer(f"b{len(buffers)}", "workspace", *spec, persistent=False, offset=end))
            end += -(-buffers[-1].nbytes // 64) * 64
    step = Instruction(OP_BY_NAME[op], tuple(operands), attributes)
    return Program(tuple(buffers), (step,), (Section("step", 0, 1),), end)


def quantise(rows: int = 3, cols: int = 5, low: float = -1.0, high: float = 1.0) -> Program:
    return place([("f32", (rows, cols)), ("u8", (rows, cols))], "quantise_input", (low, high))


def edit(program: Program, buffer: int, **changes: object) -> Program:
    buffers = list(program.buffers)
    buffers[buffer] = replace(buffers[buffer], **changes)
    return replace(program, buffers=tuple(buffers))


def refusal(data: Program | bytes) -> str:
    with pytest.raises(ValueError) as caught:
        _native.Program(data if isinstance(data, bytes) else encode(data))
    reason = str(caught.value)
    assert reason and "\n" not in reason
    return reason


# --- the table and the formats are those of Python ------------------------------------------------


def test_op_table_is_that_of_python() -> None:
    assert _native.signatures() == [(op.code, op.name, op.signature_text) for op in OPS]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shape", [(1,), (64,), (65,), (3, 63), (2, 3, 4, 65)])
def test_sizes_of_formats_are_those_of_python(name: str, shape: Shape) -> None:
    nbytes = FORMATS[name].nbytes(shape)
    program = Program((Buffer("b", "workspace", name, shape, False),), (), (), nbytes)
    assert _native.Program(encode(program)).arena_bytes == nbytes
    assert f"buffer 0 at 0 + {nbytes} B lies outside" in refusal(replace(program, arena_bytes=nbytes - 1))


@pytest.mark.parametrize("role", ROLE_CODES)
def test_every_role_is_known(role: str) -> None:
    _native.Program(encode(edit(quantise(), 0, role=role)))


# --- whole programs -------------------------------------------------------------------------------


def test_valid_program_is_accepted() -> None:
    program = quantise()
    program.check()
    assert _native.Program(encode(program)).arena_bytes == program.arena_bytes


def test_program_without_anything_is_accepted() -> None:
    program = _native.Program(encode(Program((), (), (), 0)))
    assert _native.Session(program, 1).arena.size == 0


DAMAGED_FIELDS: dict[str, tuple[int, str, int, str]] = {
    # what: offset in the file, form, value, reason. The header takes 40 bytes, the first buffer starts there.
    "magic": (0, "<B", 0x6C, "do not start with the mark"),
    "version": (8, "<I", 1, "version 1, must be 2; compile it anew"),
    "arena too small": (12, "<Q", 64, "buffer 1 at 64 + 15 B lies outside the arena of 64 B"),
    "arena too large": (12, "<Q", 2**63, "wants an arena of"),
    "buffer count": (28, "<I", 2**32 - 1, "claims 4294967295 buffers"),
    "buffer count by one": (28, "<I", 3, "buffer 2"),
    "instruction count": (32, "<I", 2**32 - 1, "claims 4294967295 instructions"),
    "section count": (36, "<I", 2**32 - 1, "claims 4294967295 sections"),
    "section count 0": (36, "<I", 0, "14 bytes follow"),
    "offset unaligned": (40, "<Q", 8, "buffer 0 starts at byte 8, must be a multiple of 64"),
    "offset outside": (40, "<Q", 128, "buffer 0 at 128 + 60 B lies outside the arena of 128 B"),
    "offset wraps": (40, "<Q", 2**64 - 64, "lies outside the arena"),
    "format 0": (48, "<B", 0, "format code 0"),
    "format unknown": (48, "<B", len(FORMATS) + 1, f"format code {len(FORMATS) + 1}"),
    "role 0": (49, "<B", 0, "role code 0, must be 1 to 16"),
    "role unknown": (49, "<B", len(ROLE_CODES) + 1, "role code 17, must be 1 to 16"),
    "persistent": (50, "<B", 2, "persistent 2, must be 0 or 1"),
    "no dimension": (51, "<B", 0, "0 dimensions, must have 1 to 6"),
    "dimensions": (51, "<B", 7, "7 dimensions, must have 1 to 6"),
    "base unknown": (52, "<I", 2, "buffer 0 is a view of number 2, which has no bytes of its own"),
    "base itself": (52, "<I", 0, "buffer 0 is a view of number 0, which has no bytes of its own"),
    "base elsewhere": (52, "<I", 1, "0 + 60 B is a view of number 1 at 64 + 15 B, must lie within"),
    "dimension 0": (56, "<I", 0, "dimension 0 is 0"),
    "rows": (56, "<I", 2**32 - 1, "lies outside the arena"),
    "cols": (60, "<I", 2**32 - 1, "lies outside the arena"),
    "name": (64, "<H", 2**16 - 1, "cut short or damaged"),
}


@pytest.mark.parametrize("what", DAMAGED_FIELDS)
def test_damaged_field_is_refused(what: str) -> None:
    offset, form, value, reason = DAMAGED_FIELDS[what]
    data = bytearray(encode(quantise()))
    struct.pack_into(form, data, offset, value)
    assert reason in refusal(bytes(data))


def test_view_lies_within_its_base() -> None:
    program = quantise(4, 16)  # 256 bytes of f32, and 64 of u8
    view = Buffer("view", "workspace", "f32", (64,), False, 0, base=0)
    for size, offset in ((64, 0), (63, 0), (48, 64), (16, 192)):
        part = replace(view, shape=(size,), offset=offset)
        _native.Program(encode(replace(program, buffers=(*program.buffers, part))))
    for size, offset in ((65, 0), (49, 64), (1, 256)):
        other = replace(program, buffers=(*program.buffers, replace(view, shape=(size,), offset=offset)))
        reason = f"buffer 2 at {offset} + {size * 4} B is a view of number 0 at 0 + 256 B, must lie within it"
        assert reason in refusal(other)
    unaligned = replace(program, buffers=(*program.buffers, replace(view, shape=(1,), offset=16)))
    assert "buffer 2 starts at byte 16, must be a multiple of 64" in refusal(unaligned)
    before = edit(program, 0, offset=128, shape=(2, 16))  # buffer 0 at 128, the view at 64
    assert "must lie within it" in refusal(replace(before, buffers=(*before.buffers, replace(view, offset=64))))
    chain = replace(program, buffers=(*program.buffers, view, replace(view, name="chain", base=2)))
    assert "buffer 3 is a view of number 2, which has no bytes of its own" in refusal(chain)


def test_size_that_overflows_64_bits_is_refused() -> None:
    huge = Buffer("b", "X", "u8", (2**32 - 1,) * 6, False)
    assert "buffer 0 has more than" in refusal(Program((huge,), (), (), 2**40))
    half = Buffer("b", "X", "f64", (2**31, 2**31), False)  # 2**65 bytes, 0 in 64 bits but for the carry
    assert "buffer 0 has more than" in refusal(Program((half,), (), (), 2**40))


def test_bytes_that_follow_are_refused() -> None:
    assert "1 bytes follow" in refusal(encode(quantise()) + b"\0")


@pytest.mark.parametrize("section", [Section("s", 1, 0), Section("s", 0, 2), Section("s", 2**32 - 1, 2**32 - 1)])
def test_section_outside_the_instructions_is_refused(section: Section) -> None:
    assert "section 0 is instructions" in refusal(replace(quantise(), sections=(section,)))


def test_names_end_where_they_end_in_c() -> None:
    program = quantise()
    for odd in (edit(program, 1, name="b0\0"), replace(program, sections=(Section("step\0", 0, 1),))):
        assert "has a byte of 0 in it" in refusal(odd)
        with pytest.raises(SpecError, match="has a byte of 0 in it"):
            decode(encode(odd))


def test_names_given_twice_are_refused() -> None:
    program = quantise()
    assert "buffer 1 is called 'b0' like an earlier one" in refusal(edit(program, 1, name="b0"))
    twice = replace(program, sections=program.sections * 2)
    assert "section 1 is called 'step' like an earlier one" in refusal(twice)


# --- instructions ---------------------------------------------------------------------------------


def instruction_bytes(code: int, operands: tuple[int, ...], attributes: tuple[float, ...]) -> bytes:
    counts = struct.pack("<HHH", code, len(operands), len(attributes))
    return counts + struct.pack(f"<{len(operands)}I{len(attributes)}d", *operands, *attributes)


@pytest.mark.parametrize(
    ("code", "operands", "attributes", "reason"),
    [
        (0, (0, 1), (-1.0, 1.0), "instruction 0 has op code 0"),
        (2**16 - 1, (0, 1), (-1.0, 1.0), "instruction 0 has op code 65535"),
        (4, (0,), (-1.0, 1.0), "quantise_input has 1 operands, must have 2"),
        (4, (0, 1, 1), (-1.0, 1.0), "quantise_input has 3 operands, must have 2"),
        (4, (0, 1), (-1.0,), "quantise_input has 1 attributes, must have 2"),
        (4, (0, 2), (-1.0, 1.0), "operand codes is buffer 2, there are 2"),
        (4, (0, ABSENT), (-1.0, 1.0), "operand codes is absent and must be given"),
        (4, (1, 0), (-1.0, 1.0), "operand x has format u8, must be f16 or f32"),
        (4, (0, 0), (-1.0, 1.0), "operand codes has format f32, must be u8"),
    ],
)
def test_damaged_instruction_is_refused(
    code: int, operands: tuple[int, ...], attributes: tuple[float, ...], reason: str
) -> None:
    program = quantise()
    step = program.instructions[0]
    good = instruction_bytes(4, tuple(index for index in step.operands if index is not None), step.attributes)
    data = encode(program)
    assert data.count(good) == 1
    assert reason in refusal(data.replace(good, instruction_bytes(code, operands, attributes)))


COUNTERS: Spec = ("i64", (4,))
CONTROL: Spec = ("f64", (4,))
RANDOM: Spec = ("i64", (1,))
ADAM = (0.9, 0.999, 1e-8, 0.1, 1.0, 7.0)
BOP = (1e-4, 1e-8, 0.1, 7.0)
SGD = (0.9, 0.1, 1.0, 7.0, 0.0, 1.0)


def adam(w: str, m: str, v: str | None, dw: str, attributes: tuple[float, ...] = ADAM) -> Program:
    moments: list[Spec | None] = [(m, (3, 70)), None if v is None else (v, (3, 70))]
    return place([(w, (3, 70)), *moments, (dw, (3, 70)), CONTROL, RANDOM, COUNTERS], "adam", attributes)


def bop(m: str, dw: str, attributes: tuple[float, ...] = BOP) -> Program:
    return place([("bit", (3, 70)), (m, (3, 70)), (dw, (3, 70)), RANDOM, COUNTERS], "bop", attributes)


def sgd(form: str, decay: float) -> Program:
    moment, dw = ("q7", "bit") if form.startswith("q") else ("f32", "f32")
    specs: list[Spec | None] = [(form, (3, 70)), (moment, (3, 70)), (dw, (3, 70)), CONTROL, RANDOM, COUNTERS]
    return place(specs, "sgd", (*SGD[:4], decay, 1.0))


def decay_weights(form: str = "q15", rate: float = 0.01) -> Program:
    return place([(form, (3, 70)), CONTROL, RANDOM], "decay_weights", (rate, 7.0))


def matmul(x: Shape, weights: Shape, y: Shape, y_format: str = "i32") -> Program:
    return place([("bit", x), ("bit", weights), (y_format, y)], "binary_matmul")


def norm_gradient(dx: str, x: str, dy: str, exponents: tuple[bool, bool]) -> Program:
    dx_exponent, dy_exponent = (("i32", (1,)) if there else None for there in exponents)
    specs = [(dx, (9, 4)), dx_exponent, None, (x, (9, 4)), None, None, ("f32", (2, 4)), ("f32", (1, 4))]
    specs += [("f64", (5, 4)), None]
    return place([*specs, (dy, (9, 4)), dy_exponent, ("f32", (1, 4)), scale(exponents[1])], "norm_gradient", (1.0, 1.0))


def statistics(y: str, rows: int, work: int, group: tuple[int, int, float] = (4, 4, 0.0)) -> Program:
    """Of channels from the last number of `group` on, so many as its first, of its second."""
    some, channels, first = group
    specs: list[Spec | None] = [(y, (rows, some)), ("f32", (2, channels)), None, ("f64", (work, some))]
    return place(specs, "norm_statistics", (1.0, 0.9, first))


def norm_sign(omega: bool, work: bool, group: tuple[int, int, float] = (4, 4, 0.0)) -> Program:
    """`group` as in `statistics`."""
    n, c, first = group
    specs: list[Spec | None] = [("i16", (9, n)), ("f32", (2, c)), ("f32", (1, c)), ("bit", (9, c)), None, None]
    specs += [("f32", (1, c)) if omega else None, ("f64", (2, n)) if work else None]
    return place(specs, "norm_sign", (1.0, first))


def input_gradient(dy: str, dx: str, there: tuple[bool, ...], outputs: int = 4) -> Program:
    dy_exponent, dx_exponent = exponents((there[0], there[1]))
    specs = [(dy, (2, outputs)), dy_exponent, ("bit", (outputs, 3)), (dx, (2, 3)), dx_exponent, scale(there[-1])]
    return place(specs, "input_gradient")


def weight_gradient(dy: str, x: str, dw: str, rows: int = 9) -> Program:
    return place([(dy, (rows, 4)), (x, (rows, 1)), (dw, (4, 1))], "weight_gradient")


def softmax(gradient: str | None, exponent: bool) -> Program:
    written = [None if gradient is None else (gradient, (9, 4)), ("i32", (1,)) if exponent else None]
    return place([("f32", (9, 4)), ("i32", (9,)), *written, ("f64", (1,)), COUNTERS], "softmax_cross_entropy", (0.1,))


def loss_of_targets(op: str, gradient: str | None, exponent: bool) -> Program:
    written = [None if gradient is None else (gradient, (9, 4)), ("i32", (1,)) if exponent else None]
    return place([("f16", (9, 4)), ("f32", (9, 4)), *written, ("f64", (1,)), COUNTERS], op)


def copy_channels(
    x: str = "bit", y: str = "bit", span: tuple[float, float, float] = (3.0, 60.0, 70.0), fresh: float = 1.0
) -> Program:
    """Of 80 channels into 130; the span is begin, at and count."""
    return place([(x, (9, 80)), (y, (9, 130))], "copy_channels", (*span, fresh))


def channel_sums(rows: int, work: int) -> Program:
    return place([("f16", (rows, 4)), ("f32", (rows, 4)), ("f32", (1, 4)), ("f64", (work, 4))], "channel_sums")


def scale(there: bool) -> Spec | None:
    return ("i64", (6,)) if there else None


def exponents(there: tuple[bool, bool]) -> list[Spec | None]:
    return [("i32", (1,)) if given else None for given in there]


def conv2d(
    x: str = "bit",
    weights: str = "bit",
    y: str = "i32",
    window: tuple[float, ...] = (1.0, 1.0, 1.0, 0.0),
    kernel: Shape = (7, 3, 3, 70),
    output: Shape = (2, 5, 6, 7),
) -> Program:
    """On images of 5 x 6; the window is stride, pad_top, pad_left and exact."""
    return place([(x, (2, 5, 6, kernel[3])), (weights, kernel), (y, output)], "conv2d", window)


def conv2d_input_gradient(dy: str, weights: str, dx: str, there: tuple[bool, bool], kernel: int = 3) -> Program:
    dy_exponent, dx_exponent = exponents(there)
    specs = [(dy, (2, 5, 6, 7)), dy_exponent, (weights, (7, kernel, 3, 70)), (dx, (2, 5, 6, 70)), dx_exponent]
    return place([*specs, scale(all(there))], "conv2d_input_gradient", (1.0, 1.0, 1.0, 0.0))


def conv2d_weight_gradient(dy: str, x: str, dw: str, rows: int = 5) -> Program:
    specs = [(dy, (2, rows, 6, 7)), (x, (2, rows, 6, 70)), (dw, (7, 3, 3, 70))]
    return place(specs, "conv2d_weight_gradient", (1.0, 1.0, 1.0, 0.0))


def conv2d_update(update: str, x: str, attributes: tuple[float, ...], stride: float = 1.0) -> Program:
    moments: list[Spec] = [("q15", (7, 3, 3, 70)), ("q7", (7, 3, 3, 70)), CONTROL, RANDOM, COUNTERS]
    if update == "bop":
        moments = [("bit", (7, 3, 3, 70)), ("q15", (7, 3, 3, 70)), RANDOM, COUNTERS]
    specs = [("i8", (2, 5, 6, 7)), (x, (2, 5, 6, 70)), *moments]
    return place(specs, f"conv2d_weight_gradient_{update}", (stride, 1.0, 1.0, *attributes))


POOL = (2.0, 2.0, 2.0, 0.0, 0.0)  # height, width, stride, pad_top and pad_left


def max_pool(
    window: tuple[float, ...] = POOL, planes: int | None = 2, y: str = "i16", output: tuple[int, int] = (2, 3)
) -> Program:
    index: Spec | None = None if planes is None else ("bit", (2, *output, planes, 70))
    return place([("i16", (2, 5, 6, 70)), (y, (2, *output, 70)), index], "max_pool", window)


def max_pool_gradient(
    dy: str = "i16",
    dx: str = "i16",
    there: tuple[bool, bool] = (True, True),
    window: tuple[float, ...] = POOL,
    planes: int = 2,
) -> Program:
    dy_exponent, dx_exponent = exponents(there)
    index: Spec = ("bit", (2, 2, 3, planes, 70))
    specs = [(dy, (2, 2, 3, 70)), dy_exponent, index, (dx, (2, 5, 6, 70)), dx_exponent]
    return place(specs, "max_pool_gradient", window)


def average_pool(window: tuple[float, ...], gradient: bool = False) -> Program:
    image, output = ("f16", (2, 5, 6, 70)), ("f32", (2, 2, 3, 70))
    if gradient:
        return place([output, image], "average_pool_gradient", window)
    return place([image, output], "average_pool", window)


def gate(dx: str, exponent: bool, *gates: str) -> Program:
    formats = {"mask": "bit", "slope": "u8", "x": "f16"}
    given: list[Spec | None] = [(form, (9, 70)) if name in gates else None for name, form in formats.items()]
    exponents: list[Spec | None] = [("i32", (1,)) if exponent else None] * 2
    return place([(dx, (9, 70)), *exponents, *given, None, ("f32", (9, 70))], "gate_gradient")


def flatten(bits: int) -> Program:
    return place([("bit", (2, 5, 6, 70)), ("bit", (2, bits))], "flatten_bits")


ACCEPTED: dict[str, Callable[[], Program]] = {
    "rows are the product of leading dimensions": lambda: matmul((2, 3, 4, 65), (7, 65), (24, 7)),
    "an operand may be wider in dimensions": lambda: matmul((24, 65), (7, 65), (2, 3, 4, 7)),
    "fixed-point adam": lambda: adam("q15", "q7", None, "bit"),
    "fixed-point adam of 8 bits": lambda: adam("q7", "q7", None, "bit"),
    "floating adam": lambda: adam("f16", "f32", "f16", "bit"),
    "fixed-point bop": lambda: bop("q15", "bit"),
    "floating bop": lambda: bop("f16", "f32"),
    "integer norm gradient from floats": lambda: norm_gradient("f32", "bit", "i8", (False, True)),
    "floating norm gradient from integers": lambda: norm_gradient("i16", "bit", "f16", (True, False)),
    "most parts": lambda: statistics("i16", 9, 27),
    "most rows of i32": lambda: statistics("i32", 2**22, 3),
    "inputs of u8 into i16": lambda: conv2d("u8", "bit", "i16", kernel=(7, 3, 3, 14)),
    "inputs of a dense layer of u8 into i16": lambda: place(
        [("u8", (2, 128)), ("bit", (4, 128)), ("i16", (2, 4))], "real_matmul"
    ),
    "first channels": lambda: statistics("i16", 9, 3, (64, 130, 0.0)),
    "half a word of channels": lambda: statistics("i16", 9, 3, (32, 130, 32.0)),
    "channels between": lambda: statistics("i16", 9, 3, (64, 130, 64.0)),
    "last channels": lambda: statistics("i16", 9, 3, (2, 130, 128.0)),
    "signs of the last channels": lambda: norm_sign(True, True, (2, 66, 64.0)),
    "integer norm gradient": lambda: norm_gradient("i16", "bit", "i8", (True, True)),
    "floating norm gradient": lambda: norm_gradient("f16", "f32", "f16", (False, False)),
    "integer input gradient": lambda: input_gradient("i8", "i16", (True, True)),
    "input gradient in bytes": lambda: input_gradient("i8", "i8", (True, True)),
    "widest input gradient": lambda: input_gradient("f16", "f16", (False, False), (2**31 - 1) // 255),
    "sign of a weight gradient": lambda: weight_gradient("i8", "u8", "bit"),
    "most rows of u8": lambda: weight_gradient("i8", "u8", "bit", (2**31 - 1) // (127 * 510)),
    "loss alone": lambda: softmax(None, False),
    "integer loss gradient": lambda: softmax("i16", True),
    "most inputs in i16": lambda: matmul((1, 32767), (1, 32767), (1, 1), "i16"),
    "binary convolution": lambda: conv2d(),
    "convolution of bytes": lambda: conv2d("u8", "bit", "f16"),
    "convolution in full": lambda: conv2d("f32", "f16", "f32", (2.0, 2.0, 2.0, 1.0), output=(2, 4, 4, 7)),
    "most inputs of a convolution in i16": lambda: conv2d("bit", "bit", "i16", kernel=(7, 7, 31, 151)),
    "last output sees one pixel": lambda: conv2d(window=(3.0, 0.0, 0.0, 0.0), output=(2, 2, 2, 7)),
    "integer gradient of a convolution": lambda: conv2d_input_gradient("i8", "bit", "i16", (True, True)),
    "full gradient of a convolution": lambda: conv2d_input_gradient("f16", "f32", "f32", (False, False)),
    "sign of a convolution's gradient": lambda: conv2d_weight_gradient("i8", "u8", "bit"),
    "convolution's gradient with numbers": lambda: conv2d_weight_gradient("f32", "f16", "f16"),
    "convolution's gradient and adam": lambda: conv2d_update("adam", "bit", (*ADAM, 0.0)),
    "convolution's gradient and sgd": lambda: conv2d_update("sgd", "u8", (*SGD, 1.0)),
    "convolution's gradient and bop": lambda: conv2d_update("bop", "bit", BOP),
    "pool": lambda: max_pool(),
    "pool of a window larger than the image": lambda: max_pool((2.0**15, 2.0**15, 2.0, 0.0, 0.0), 30),
    "pool of one tap": lambda: max_pool((1.0, 1.0, 2.0, 0.0, 0.0), 1),
    "pool without index": lambda: max_pool(planes=None),
    "integer pool gradient": lambda: max_pool_gradient(),
    "floating pool gradient": lambda: max_pool_gradient("f16", "f16", (False, False)),
    "most windows that share an input": lambda: max_pool_gradient(window=(512.0, 512.0, 2.0, 0.0, 0.0), planes=18),
    "average pool": lambda: average_pool((3.0, 3.0, 2.0, 2.0, 2.0)),
    "average pool gradient": lambda: average_pool((3.0, 3.0, 2.0, 2.0, 2.0), gradient=True),
    "gate of mantissas": lambda: gate("i16", True, "slope"),
    "gate of numbers": lambda: gate("f16", False, "x"),
    "gate that passes everything": lambda: gate("i8", True),
    "norm without a shift": lambda: place(
        [("i32", (9, 4)), ("f32", (2, 4)), None, None, ("f32", (9, 4))], "norm_apply", (1.0, 0.0)
    ),
    "decay of floats": lambda: sgd("f16", 0.01),
    "fixed-point sgd": lambda: sgd("q15", 0.0),
    "decay of fixed-point weights": lambda: decay_weights(),
    "squared error in mantissas": lambda: loss_of_targets("mean_squared_error", "i16", True),
    "sigmoid's cross-entropy alone": lambda: loss_of_targets("sigmoid_cross_entropy", None, False),
    "channels over the ends of words": lambda: copy_channels(),
    "all channels": lambda: copy_channels("f16", "f16", (0.0, 50.0, 80.0), 0.0),
    "sums of a channel, a row each": lambda: channel_sums(9, 9),
    "flattened bits": lambda: flatten(2100),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_what_python_accepts_is_accepted(what: str) -> None:
    program = ACCEPTED[what]()
    program.check()
    _native.Program(encode(program))


REFUSED: dict[str, tuple[Callable[[], Program], str]] = {
    "letters": (lambda: matmul((2, 65), (7, 64), (2, 7)), "operand weights: K is 64, must be 65"),
    "rows": (lambda: matmul((2, 3, 65), (7, 65), (5, 7)), "operand y: R is 5, must be 6"),
    "too few dimensions": (lambda: matmul((65,), (7, 65), (1, 7)), "operand x has 1 dimensions, must have 2"),
    "too many dimensions": (lambda: matmul((1, 65), (1, 7, 65), (1, 7)), "operand weights has 3 dimensions"),
    "format": (
        lambda: matmul((1, 65), (7, 65), (1, 7), "u8"),
        "has format u8, must be i16 or i32 or f16 or f32",
    ),
    "inputs in i16": (lambda: matmul((1, 32768), (1, 32768), (1, 1), "i16"), "at most 32,767"),
    "f32 inputs into i32": (
        lambda: place([("f32", (2, 3)), ("bit", (4, 3)), ("i32", (2, 4))], "real_matmul"),
        "no integer product",
    ),
    "number of channels": (
        lambda: place(
            [("i32", (9, 4)), ("f32", (3, 4)), ("f32", (1, 4)), None, ("f32", (9, 4))], "norm_apply", (1.0, 0.0)
        ),
        "operand stats: 2 is 3, must be 2",
    ),
    "i8 without exponents": (lambda: norm_gradient("i16", "bit", "i8", (False, False)), "goes with its exponent"),
    "f16 with an exponent": (lambda: norm_gradient("f16", "bit", "f16", (False, True)), "goes with its exponent"),
    "i8 of numbers without exponents": (
        lambda: norm_gradient("i16", "f16", "i8", (False, False)),
        "goes with its exponent",
    ),
    "part of a part": (lambda: statistics("i16", 9, 4), "must be a multiple of 3, at most 27"),
    "more parts than rows": (lambda: statistics("i16", 9, 30), "must be a multiple of 3, at most 27"),
    "far too many parts": (lambda: statistics("i16", 2**17, 3 * 65537), "must be a multiple of 3, at most 196,608"),
    "rows of i32": (lambda: statistics("i32", 2**22 + 1, 3), "rows overflow the sum"),
    "channels beyond": (
        lambda: statistics("i16", 9, 3, (64, 130, 128.0)),
        "first is 128, must be a multiple of 64 from 0",
    ),
    "channels before": (lambda: statistics("i16", 9, 3, (64, 130, -64.0)), "first is -64, must be"),
    "channels within a word": (lambda: statistics("i16", 9, 3, (64, 130, 2.0)), "first is 2, must be"),
    "more channels than there are": (lambda: statistics("i16", 9, 3, (64, 4, 0.0)), "from 0 to -60"),
    "channels across words": (
        lambda: statistics("i16", 9, 3, (64, 130, 32.0)),
        "first is 32, must be a multiple of 64",
    ),
    "a quarter of a word of channels": (lambda: statistics("i16", 9, 3, (16, 130, 0.0)), "y has 16 of 130 channels"),
    "signs of channels beyond": (lambda: norm_sign(True, True, (2, 66, 128.0)), "first is 128, must be"),
    "signs of half a word": (lambda: norm_sign(True, True, (2, 66, 0.0)), "y has 2 of 66 channels"),
    "omega without work": (lambda: norm_sign(True, False), "omega and work go with each other"),
    "work without omega": (lambda: norm_sign(False, True), "omega and work go with each other"),
    "floats with a scale": (lambda: input_gradient("f16", "f16", (False, False, True)), "go with each other"),
    "integers without a scale": (lambda: input_gradient("i8", "i8", (True, True, False)), "go with each other"),
    "i8 into f16": (lambda: input_gradient("i8", "f16", (True, False)), "go with each other"),
    "outputs": (
        lambda: input_gradient("f16", "f16", (False, False), (2**31 - 1) // 255 + 1),
        "outputs overflow",
    ),
    "full i8 gradient": (lambda: weight_gradient("i8", "bit", "f16"), "gives dW as bit or q7"),
    "q7 from floats": (lambda: weight_gradient("f32", "bit", "q7"), "a dY in f32 gives no dW in q7"),
    "i8 with f16": (lambda: weight_gradient("i8", "f16", "bit"), "takes X as bit or u8"),
    "rows of u8": (
        lambda: weight_gradient("i8", "u8", "bit", (2**31 - 1) // (127 * 510) + 1),
        "rows of u8 overflow",
    ),
    "rows of bits": (lambda: weight_gradient("i8", "bit", "bit", (2**31 - 1) // 255 + 1), "rows of bit overflow"),
    "adam without v": (lambda: adam("f32", "f32", None, "f32"), "need a second moment v"),
    "fixed adam with v": (lambda: adam("q15", "q7", "f16", "bit"), "no v"),
    "8-bit adam with v": (lambda: adam("q7", "q7", "f16", "bit"), "no v"),
    "8-bit adam, floating moment": (lambda: adam("q7", "f16", None, "bit"), "take a q7 moment"),
    "floating adam, dW in q7": (lambda: adam("f32", "f32", "f32", "q7"), "floats take dW as bit"),
    "fixed adam, full dW": (lambda: adam("q15", "q7", None, "f16"), "dW as bit"),
    "mixed moments": (lambda: adam("f32", "q7", "f32", "bit"), "take a q7 moment"),
    "fixed bop, full dW": (lambda: bop("q15", "f16"), "takes dW as bit"),
    "bits and numbers": (lambda: conv2d("bit", "f16"), "bits go with bits"),
    "bytes and numbers": (lambda: conv2d("u8", "f32"), "bits go with bits"),
    "f16 and bits": (lambda: conv2d("f16", "bit", "f16"), "bits go with bits"),
    "convolution of f32 into i32": (lambda: conv2d("f32", "bit", "i32"), "no integer product"),
    "inputs of a convolution of u8 into i16": (
        lambda: conv2d("u8", "bit", "i16", kernel=(7, 3, 1, 43), window=(1.0, 1.0, 0.0, 0.0)),
        "129 inputs overflow i16, at most 128",
    ),
    "inputs of a product of u8 into i16": (
        lambda: place([("u8", (2, 129)), ("bit", (4, 129)), ("i16", (2, 4))], "real_matmul"),
        "129 inputs overflow i16, at most 128",
    ),
    "inputs of a convolution in i16": (
        lambda: conv2d("bit", "bit", "i16", kernel=(7, 8, 32, 128)),
        "32,768 inputs overflow i16, at most 32,767",
    ),
    "inputs of a convolution of u8": (
        lambda: conv2d("u8", "bit", "i32", kernel=(1, 2**11, 2**11, 2), output=(2, 5, 6, 1)),
        "inputs overflow i32, at most 4,210,752",
    ),
    "channels of a kernel": (
        lambda: place([("bit", (1, 5, 6, 70)), ("bit", (7, 3, 3, 71)), ("i32", (1, 5, 6, 7))], "conv2d", (1, 1, 1, 0)),
        "operand weights: C is 71, must be 70",
    ),
    "outputs past the image": (
        lambda: conv2d(output=(2, 7, 6, 7)),
        "7 outputs of stride 1 and pad_top 1 pass the image's 5 pixels",
    ),
    "columns past the image": (
        lambda: conv2d(window=(3.0, 0.0, 0.0, 0.0), output=(2, 2, 3, 7)),
        "3 outputs of stride 3 and pad_left 0 pass the image's 6 pixels",
    ),
    "pad of a whole window": (
        lambda: conv2d(window=(1.0, 3.0, 1.0, 0.0)),
        "pad_top is 3, must be a whole number from 0 to 2, below the window's size",
    ),
    "i8 gradient without exponents": (
        lambda: conv2d_input_gradient("i8", "bit", "i16", (False, False)),
        "go with each other",
    ),
    "i8 gradient into f16": (lambda: conv2d_input_gradient("i8", "bit", "f16", (True, False)), "go with each other"),
    "i8 gradient and full weights": (
        lambda: conv2d_input_gradient("i8", "f16", "i16", (True, True)),
        "exponents, scale and bits",
    ),
    "products of a convolution": (
        lambda: conv2d_input_gradient("i8", "bit", "i16", (True, True), 2**19),
        "11,010,048 products overflow the sum, at most 8,421,504",
    ),
    "full gradient from i8": (lambda: conv2d_weight_gradient("i8", "bit", "f16"), "gives dW as bit or q7"),
    "i8 and inputs in numbers": (lambda: conv2d_weight_gradient("i8", "f32", "bit"), "takes X as bit or u8"),
    "pixels": (lambda: conv2d_weight_gradient("i8", "bit", "bit", 2**20), "pixels of a batch overflow"),
    "update past the image": (lambda: conv2d_update("adam", "bit", (*ADAM, 0.0), 2.0), "pass the image's 5 pixels"),
    "pool into another format": (lambda: max_pool(y="i32"), "must have the same format"),
    "too few planes": (lambda: max_pool((2.0, 3.0, 2.0, 0.0, 0.0), 2), "has 2 planes, a window of 2 x 3 takes 3"),
    "too many planes": (lambda: max_pool((1.0, 1.0, 2.0, 0.0, 0.0), 2), "has 2 planes, a window of 1 x 1 takes 1"),
    "pool past the image": (lambda: max_pool(output=(4, 3)), "pass the image's 5 pixels"),
    "pool gradient into another format": (lambda: max_pool_gradient("i8"), "must have the same format"),
    "pool gradient with one exponent": (
        lambda: max_pool_gradient(there=(True, False)),
        "exponents of dY i32 and of dX absent",
    ),
    "floating pool gradient with exponents": (
        lambda: max_pool_gradient("f16", "f16"),
        "exponents of dY i32 and of dX i32",
    ),
    "planes of a pool gradient": (lambda: max_pool_gradient(planes=3), "has 3 planes"),
    "windows that share an input": (
        lambda: max_pool_gradient(window=(513.0, 512.0, 2.0, 0.0, 0.0), planes=19),
        "65,792 windows that share an input overflow",
    ),
    "gradient of an average past the image": (
        lambda: average_pool((3.0, 3.0, 6.0, 0.0, 0.0), gradient=True),
        "2 outputs of stride 6 and pad_top 0 pass the image's 5 pixels",
    ),
    "gate with two": (lambda: gate("f16", False, "mask", "x"), "takes one of mask, slope and x"),
    "gate of mantissas alone": (lambda: gate("i16", False, "mask"), "go with each other"),
    "gate of numbers with an exponent": (lambda: gate("f32", True, "mask"), "go with each other"),
    "decay of fixed-point weights by sgd": (lambda: sgd("q7", 0.01), "must be 0 of weights in q7; use decay_weights"),
    "decay in a fused sgd": (
        lambda: conv2d_update("sgd", "bit", (*SGD[:4], 0.01, 0.0, 1.0)),
        "must be 0 of weights in q15; use decay_weights",
    ),
    "squared error in i16 alone": (lambda: loss_of_targets("mean_squared_error", "i16", False), "go"),
    "sigmoid's gradient in f32 with an exponent": (lambda: loss_of_targets("sigmoid_cross_entropy", "f32", True), "go"),
    "channels into another format": (lambda: copy_channels("u8", "i8"), "must have the same format"),
    "channels past the first": (lambda: copy_channels(span=(11.0, 0.0, 70.0)), "begin is 11, must be"),
    "channels past the second": (lambda: copy_channels(span=(0.0, 61.0, 70.0)), "at is 61, must be"),
    "more channels than the first": (lambda: copy_channels(span=(0.0, 0.0, 81.0)), "count is 81, must be"),
    "no channel": (lambda: copy_channels(span=(0.0, 0.0, 0.0)), "count is 0, must be"),
    "half a channel": (lambda: copy_channels(span=(0.5, 0.0, 1.0)), "begin is 0.5, must be"),
    "channels that are fresh by half": (lambda: copy_channels(fresh=0.5), "fresh is 0.5, must be"),
    "more parts of a channel than rows": (lambda: channel_sums(9, 10), "must be a multiple of 1, at most 9"),
    "too few bits": (lambda: flatten(2099), "y has 2,099 bits an example, x has 2,100"),
    "bits to whole words": (lambda: flatten(2112), "y has 2,112 bits an example, x has 2,100"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_python_refuses_is_refused(what: str) -> None:
    make, reason = REFUSED[what]
    program = make()
    with pytest.raises(ValueError):
        program.check()
    assert reason in refusal(program)


def test_integer_loss_gradient_goes_with_an_exponent() -> None:
    assert "an i16 gradient and an exponent go with each other" in refusal(softmax("i16", False))
    assert "an i16 gradient and an exponent go with each other" in refusal(softmax("f16", True))
    assert "an i16 gradient and an exponent go with each other" in refusal(softmax(None, True))


def with_attribute(name: str, value: float) -> Program:
    """A program with an attribute of that name changed to `value`."""
    for program in (
        adam("f16", "f32", "f16", "bit"),
        bop("q15", "bit"),
        statistics("f32", 9, 3),
        norm_gradient("i16", "bit", "i8", (True, True)),
        quantise(),
        place([CONTROL, RANDOM], "optimizer_tick", (0.9, 0.999, 1.0)),
        conv2d_update("adam", "bit", (*ADAM, 0.0)),
        sgd("f32", 0.0),
        decay_weights(),
        softmax(None, False),
        copy_channels(),
    ):
        step = program.instructions[0]
        names = step.op.signature.attributes
        if name in names:
            changed = tuple(value if n == name else v for n, v in zip(names, step.attributes, strict=True))
            return replace(program, instructions=(replace(step, attributes=changed),))
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("norm", (0.0, 1.5, 4.0)),
        ("ste", (-1.0, 0.5, 3.0)),
        ("clip", (-1.0, 1.5, 2.0)),
        ("signs", (-1.0, 0.5, 2.0)),
        ("momentum", (-0.1, 1.0)),
        ("beta1", (-0.1, 1.0)),
        ("beta2", (-0.1, 1.0, 2.0)),
        ("epsilon", (-1e-8,)),
        ("gradient_scale", (0.0, -1.0)),
        ("gamma", (-0.1, 1.1)),
        ("tau", (-1e-8, 1e300)),
        ("micro_batches", (0.0, -1.0, 1.5, 2.0**20 + 1)),
        ("decay", (-0.1,)),
        ("nesterov", (-1.0, 0.5)),
        ("rate", (-0.1,)),
        ("smoothing", (-0.1, 1.0)),
        ("fresh", (-1.0, 0.5)),
        ("begin", (-1.0, 0.5, 11.0, 1e300)),
        ("at", (-1.0, 0.5, 61.0, 1e300)),
        ("count", (-1.0, 0.0, 0.5, 81.0, 1e300)),
        ("salt", (-1.0, 0.5, 2.0**54)),
        ("low", (1.0, 2.0, 1.0 - 1e-320)),
        ("high", (-1.0, -2.0)),
    ],
)
def test_attribute_out_of_range_is_refused(name: str, bad: tuple[float, ...]) -> None:
    for value in (*bad, np.nan, np.inf, -np.inf):
        assert name in refusal(with_attribute(name, value))


@pytest.mark.parametrize(("low", "high"), [(0.0, 5e-324), (-1.7e308, 1.7e308)])
def test_range_that_cannot_be_divided_by_is_refused(low: float, high: float) -> None:
    assert "low must be below high" in refusal(quantise(low=low, high=high))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("stride", (0.0, -1.0, 0.5, 1.5, 2.0**15 + 1, 2.0**63, 1e300)),
        ("pad_top", (-1.0, 0.5, 5.0, 2.0**63, 1e300)),
        ("pad_left", (-1.0, 0.5, 5.0, 2.0**63, 1e300)),
        ("exact", (-1.0, 0.5, 2.0)),
        ("height", (0.0, -1.0, 1.5, 2.0**15 + 1, 2.0**63, 1e300)),
        ("width", (0.0, -1.0, 1.5, 2.0**15 + 1, 2.0**63, 1e300)),
    ],
)
def test_bad_window_is_refused(name: str, bad: tuple[float, ...]) -> None:
    made = (conv2d(), max_pool(), max_pool_gradient(), average_pool(POOL), conv2d_update("bop", "bit", BOP))
    having = [p for p in made if name in p.instructions[0].op.signature.attributes]
    assert having
    for program in having:
        step = program.instructions[0]
        for value in (*bad, np.nan, np.inf, -np.inf):
            named = zip(step.op.signature.attributes, step.attributes, strict=True)
            changed = replace(step, attributes=tuple(value if n == name else v for n, v in named))
            other = replace(program, instructions=(changed,))
            with pytest.raises(ValueError):
                other.check()
            assert f"{name} is " in refusal(other)


def _of_images(op: Op) -> bool:
    """Whether it has images or windows; those of sequences have other dimensions of these letters."""
    dims = {d for operand in op.signature.operands for d in operand.dims}
    return bool({"H", "P"} & dims) and not {"T", "A"} & dims  # steps, tiles of circulant blocks


@given(st.data())
@settings(max_examples=600, deadline=None)
def test_images_that_python_and_the_native_core_refuse_are_the_same(data: st.DataObject) -> None:
    """Any formats, small sizes and windows: most do not fit, and both say so; some do."""
    op = data.draw(st.sampled_from([op for op in OPS if _of_images(op)]))
    sizes = {letter: data.draw(st.integers(1, 4)) for letter in "BCHWIJNPQLRO"}
    sizes["K"] = sizes["H"] * sizes["W"] * sizes["C"] + data.draw(st.sampled_from([0, 0, 1]))
    sizes["S"] = sizes["I"] * (sizes["J"] + sizes["Q"]) + data.draw(st.sampled_from([0, 0, 1]))
    windows = {"stride": (1, 2, 3, 0.5), "height": (1, 2, 3, 0), "width": (1, 2, 3, 4.5), "exact": (0, 1, 2)}
    windows |= {"pad_top": (0, 0, 1, -1), "pad_left": (0, 0, 1, 2), "decay": (0, 0, 0.1)}
    windows |= {"image_height": (1, 2, 3, 0.5), "image_width": (1, 2, 3, 0), "factor": (1, 3, 15, 1 / 3, 0)}
    windows |= {"parts": (1, 2, 3), "packed": (0, 1, 2), "by": (0, 1, 2)}
    valid = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "momentum": 0.9, "clip": 1.0, "salt": 7.0}
    valid |= {"signs": 0.0, "nesterov": 1.0, "gamma": 1e-4, "tau": 1e-8, "gradient_scale": 0.1}
    attributes = {
        n: data.draw(st.sampled_from(windows[n])) if n in windows else valid[n] for n in op.signature.attributes
    }
    specs: list[Spec | None] = []
    for operand in op.signature.operands:
        form = data.draw(st.sampled_from([*operand.formats, *([None] if operand.optional else [])]))
        shape = tuple(int(d) if d.isdigit() else sizes[d] for d in operand.dims)
        specs.append(None if form is None else (form, shape))
    program = place(specs, op.name, tuple(float(value) for value in attributes.values()))
    try:
        program.check()
    except ValueError:
        refusal(program)
    else:
        _native.Program(encode(program))


# --- aliasing -------------------------------------------------------------------------------------


def test_written_operand_that_overlaps_another_is_refused() -> None:
    program = quantise(16, 16)  # 1,024 bytes of f32, then 256 of u8
    for offset in (0, 64, 960):
        assert "operands x at 0 + 1024 B and codes" in refusal(edit(program, 1, offset=offset))
    _native.Program(encode(edit(edit(program, 0, offset=256), 1, offset=0)))


def test_operand_written_twice_is_refused() -> None:
    program = adam("f32", "f32", "f32", "f32")
    step = program.instructions[0]
    for operands in ((0, 0, 2, 3, 4, 5, 6), (0, 1, 1, 3, 4, 5, 6), (0, 1, 2, 0, 4, 5, 6)):
        aliased = replace(program, instructions=(replace(step, operands=(*operands, None)),))
        assert "overlap, and one is written" in refusal(aliased)


def test_operands_that_are_only_read_may_overlap() -> None:
    program = matmul((7, 65), (7, 65), (7, 7))
    step = program.instructions[0]
    _native.Program(encode(replace(program, instructions=(replace(step, operands=(0, 0, 2)),))))


def test_only_what_a_signature_says_may_be_written_over() -> None:
    """dY of a norm over a dX of the same format, and exactly there."""
    program = norm_gradient("i8", "bit", "i8", (True, True))
    dx, dy, dbeta = (program.instructions[0].operand(name) for name in ("dx", "dy", "dbeta"))
    assert dx is not None and dy is not None and dbeta is not None
    _native.Program(encode(edit(program, dy, offset=program.buffers[dx].offset)))
    assert "overlap, and one is written" in refusal(edit(program, dbeta, offset=program.buffers[dx].offset))
    wider = norm_gradient("i16", "bit", "i8", (True, True))
    assert "overlap, and one is written" in refusal(edit(wider, dy, offset=wider.buffers[dx].offset))
    total = place([("f16", (9, 70)), ("f16", (9, 70)), ("f16", (9, 70))], "add")
    for over in (0, 1):
        _native.Program(encode(edit(total, 2, offset=total.buffers[over].offset)))
    assert "overlap, and one is written" in refusal(edit(total, 2, offset=total.buffers[0].offset + 64))


# --- hostile bytes --------------------------------------------------------------------------------

VALID = [encode(make()) for make in ACCEPTED.values()] + [encode(quantise())]


def load_or_refuse(data: bytes) -> None:
    try:
        _native.Program(data)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize("data", VALID)
def test_every_truncation_is_refused(data: bytes) -> None:
    for length in range(len(data)):
        refusal(data[:length])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_bytes_are_refused_or_accepted(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(VALID)))
    changes = st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    for at, value in data.draw(changes):
        raw[at] = value
    load_or_refuse(bytes(raw))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_the_header_are_refused_or_accepted(tail: bytes) -> None:
    load_or_refuse(VALID[0][:28] + tail)
