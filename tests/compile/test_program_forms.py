"""A Program's binary form and its listing read back equal; a damaged one is refused with a reason."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import COMBINATIONS, compiled

from linocut import _native
from linocut.compile.binary import decode, encode
from linocut.compile.listing import listing
from linocut.compile.parse_listing import parse_listing
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.errors import SpecError
from linocut.ops import OP_BY_NAME

HEADER = struct.calcsize("<8sIQQIII")
SMALL = compiled("floats", "lean", "adam", 3).program
DATA = encode(SMALL)


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_both_forms_read_back_equal(network: str, policy: str, optimizer: str) -> None:
    program = compiled(network, policy, optimizer).program
    assert decode(encode(program)) == program
    assert str(program) == listing(program)
    assert parse_listing(str(program)) == program


def with_bytes(at: int, *values: int) -> bytes:
    """The small program with some bytes replaced."""
    return DATA[:at] + bytes(values) + DATA[at + len(values) :]


FIRST = HEADER  # the first buffer: u64 offset, u8 format, u8 role, u8 persistent, u8 dimensions, u32 base, u32 size ...
FAR = struct.pack("<I", 10**6)
DAMAGES = {
    "nothing": b"",
    "magic": with_bytes(0, 0x6C),
    "version": with_bytes(8, 1),
    "arena too small for its buffers": with_bytes(12, *bytes(8)),
    "one buffer too many": with_bytes(28, *struct.pack("<I", len(SMALL.buffers) + 1)),
    "one buffer too few": with_bytes(28, *struct.pack("<I", len(SMALL.buffers) - 1)),
    "a count of four billion": with_bytes(28, *b"\xff\xff\xff\xff"),
    "one section too few": with_bytes(36, *struct.pack("<I", 1)),
    "a buffer past the arena": with_bytes(FIRST, *struct.pack("<Q", SMALL.arena_bytes)),
    "a buffer off its alignment": with_bytes(FIRST, *struct.pack("<Q", SMALL.buffers[0].offset + 8)),
    "a buffer at the end of the address space": with_bytes(FIRST, *b"\xc0" + b"\xff" * 7),
    "an unknown format": with_bytes(FIRST + 8, 99),
    "an unknown role": with_bytes(FIRST + 9, 99),
    "no dimensions": with_bytes(FIRST + 11, 0),
    "a base that is not there": with_bytes(FIRST + 12, *FAR),
    "a size of 0": with_bytes(FIRST + 16, 0, 0, 0, 0),
    "a size of four billion": with_bytes(FIRST + 16, *b"\xff\xff\xff\xff"),
    "a name that is not UTF-8": with_bytes(FIRST + 22, 0xFF),
    "another format of the same size": with_bytes(FIRST + 8, 5),
    "bytes after the end": DATA + b"\0",
    "a section past the end": DATA[:-4] + FAR,
    "a section that ends before it begins": DATA[:-8] + struct.pack("<II", 5, 4),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_program_is_refused(damage: str) -> None:
    with pytest.raises(SpecError) as caught:
        decode(DAMAGES[damage])
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("cut", range(0, len(DATA), 97))
def test_a_truncated_program_is_refused(cut: int) -> None:
    with pytest.raises(SpecError):
        decode(DATA[:cut])


@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=250, deadline=None)
def test_any_damage_is_refused_or_leaves_a_valid_program(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(DATA)
    for at, value in changes:
        damaged[at] = value
    try:
        program = decode(bytes(damaged))
    except SpecError:
        return
    program.check()
    again = decode(encode(program))
    assert encode(again) == encode(program)
    if again == program:  # but for attributes that are not numbers
        assert parse_listing(listing(program)) == program


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SpecError):
        decode(data)


BINARIZE = OP_BY_NAME["binarize"]
SOUND = Program(
    (
        Buffer("a", "W", "f32", (2, 70), True, 0),
        Buffer("a.flat", "W", "f32", (1, 140), True, 0, base=0),
        Buffer("b", "W^", "bit", (2, 70), False, 576),
    ),
    (Instruction(BINARIZE, (0, 2)),),
    (Section("run", 0, 1),),
    640,
    640,
)


def with_buffer(number: int, **changes: object) -> Program:
    buffers = list(SOUND.buffers)
    buffers[number] = replace(buffers[number], **changes)
    return replace(SOUND, buffers=tuple(buffers))


UNSOUND = {
    "two buffers of one name": (with_buffer(2, name="a"), "names"),
    "an operand that is not there": (replace(SOUND, instructions=(Instruction(BINARIZE, (0, 3)),)), "operand beyond"),
    "an operand that must be given": (replace(SOUND, instructions=(Instruction(BINARIZE, (0, None)),)), "absent"),
    "too few operands": (replace(SOUND, instructions=(Instruction(BINARIZE, (0,)),)), "takes 2 operands"),
    "an attribute": (replace(SOUND, instructions=(Instruction(BINARIZE, (0, 2), (1.0,)),)), "attributes"),
    "a format that does not fit": (replace(SOUND, instructions=(Instruction(BINARIZE, (2, 2)),)), "has format bit"),
    "shapes that do not fit": (with_buffer(2, shape=(2, 71)), "K is 71, must be 70"),
    "a view of a view": (with_buffer(2, base=1), "owns no bytes"),
    "a view elsewhere": (with_buffer(1, offset=64), "not of bytes within it"),
    "a view before its base": (
        replace(with_buffer(0, offset=64), arena_bytes=704),
        "not of bytes within it",
    ),
    "a larger view": (with_buffer(1, shape=(1, 141)), "not of bytes within it"),
    "a section too long": (replace(SOUND, sections=(Section("run", 0, 2),)), "must lie within the 1 instructions"),
    "a buffer outside": (replace(SOUND, arena_bytes=576), "lies outside the arena of 576 B"),
}


@pytest.mark.parametrize("flaw", UNSOUND)
def test_check_names_the_flaw(flaw: str) -> None:
    SOUND.check()
    program, reason = UNSOUND[flaw]
    with pytest.raises(SpecError, match=reason):
        program.check()


def test_a_view_of_some_rows_is_sound_in_every_form() -> None:
    program = with_buffer(1, offset=64, shape=(1, 124))
    program.check()
    assert decode(encode(program)) == program
    assert parse_listing(listing(program)) == program


def test_listing_by_eye() -> None:
    assert listing(SOUND) == (
        "arena 640 bytes, at least 640 live at once; workspace 0 bytes for each thread\n"
        "section run: [0, 1)\n"
        "\n"
        "%0  f32[2, 70]     @0  560 B  W   persistent             a\n"
        "%1  f32[1, 140]    @0  560 B  W   shares %0, persistent  a.flat\n"
        "%2  bit[2, 70]   @576   32 B  W^  transient              b\n"
        "\n"
        "-- run --\n"
        "   0  binarize\n"
        "      < values  %0  f32[2, 70]  @0    a\n"
        "      > bits    %2  bit[2, 70]  @576  b\n"
    )


@pytest.mark.parametrize("name", ["two words", 'a "quote"', "line\nbreak", "größe", "a  b", "", "%1", "-- x --"])
def test_listing_of_odd_names(name: str) -> None:
    program = replace(with_buffer(2, name=name), sections=(Section(name, 0, 1),))
    assert parse_listing(listing(program)) == program


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("arena", "area", "line 1"),
        ("section run", "section", "line 2"),
        ("%1", "%2", "buffer %1"),
        ("f32[1, 140]", "f32[1, 141]", "not of bytes within it"),
        ("560 B", "561 B", "line 4"),
        ("binarize", "binarise", "instruction 0 and the name"),
        ("   0  bin", "   1  bin", "instruction 0"),
        ("< values", "< value ", "no operand value"),
        ("%0  f32[2, 70]  @0", "%0  f32[2, 70]  @64", "line 10"),
        ("      > bits", "hello", "line 11"),
        ("-- run --", "-- walk --", "line 8"),
    ],
)
def test_a_listing_that_contradicts_itself_is_refused(old: str, new: str, reason: str) -> None:
    text = listing(SOUND)
    assert old in text
    with pytest.raises(SpecError, match=reason):
        parse_listing(text.replace(old, new, 1))


@pytest.mark.parametrize("lines", range(2, 11))
def test_a_listing_cut_short_is_refused(lines: int) -> None:
    text = "\n".join(listing(SOUND).splitlines()[:lines])
    with pytest.raises(SpecError):
        parse_listing(text)


PRODUCT = Program(
    (
        Buffer("x", "X", "bit", (2, 70), False),
        Buffer("w", "W^", "bit", (3, 70), True, 64),
        Buffer("y", "Y", "i16", (2, 3), False, 128),
    ),
    (Instruction(OP_BY_NAME["binary_matmul"], (0, 1, 2)),),
    (Section("run", 0, 1),),
    192,
)


def test_listing_says_what_each_thread_needs() -> None:
    text = listing(PRODUCT)
    assert text.startswith("arena 192 bytes, at least 0 live at once; workspace 98,304 bytes for each thread\n")
    assert text.endswith("> y        %2  i16[2, 3]   @128  y\n      workspace 98,304 bytes\n")
    assert parse_listing(text) == PRODUCT
    with pytest.raises(SpecError, match="line 13"):
        parse_listing(text.replace("      workspace 98,304", "      workspace 98,305"))


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_the_native_core_finds_the_same_workspace(network: str, policy: str, optimizer: str) -> None:
    program = compiled(network, policy, optimizer).program
    assert program.workspace_bytes > 0
    assert _native.Program(encode(program)).workspace_bytes == program.workspace_bytes


def test_attributes_keep_every_digit() -> None:
    tick = OP_BY_NAME["optimizer_tick"]
    control, random = (
        Buffer("control", "control", "f64", (4,), True),
        Buffer("random", "control", "i64", (1,), True, 64),
    )
    program = Program(
        (control, random), (Instruction(tick, (0, 1, None), (0.1 + 0.2, 1e-300, 1.0)),), (Section("run", 0, 1),), 128
    )
    assert parse_listing(listing(program)) == program
