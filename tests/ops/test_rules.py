"""Rules of instructions: Python and the native core refuse the same, in the same words, as one declaration has it."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
from cases import random_case

from linocut import _native
from linocut.compile.binary import encode
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.errors import SpecError
from linocut.ops import OP_BY_NAME, OPS, Op, control
from linocut.ops.expression import Known, compiled, value
from linocut.ops.native_table import texts
from linocut.ops.rule import Rule, check, shown
from linocut.ops.signature import bind, parse

NATIVE = Path(__file__).parents[2] / "native"
ODD = (
    0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    3.0,
    4.0,
    7.0,
    15.0,
    64.0,
    2.0**15,
    2.0**15 + 1,
    1e6,
    2.0**53,
    1e300,
    math.inf,
    math.nan,
)
SIZES = (1, 2, 3, 4, 5, 63, 64, 65, 128, 129, 4096, 2**15, 2**31)
BASES = 12  # legal cases of an instruction, of which draws change one to three things
COMPARED = 250  # draws of an instruction, at least, and all that break a rule for the first time
DRAWS = 20_000  # at most, until each rule was broken once


def test_the_native_table_is_made_from_the_declarations() -> None:
    for path, text in texts().items():
        assert (NATIVE / path).read_text() == text, f"native/{path} is not that of src/linocut/ops; run: make ops"


Drawn = tuple[dict[str, str], dict[str, int], list[float]]  # formats, sizes, attributes


def legal(op: Op) -> list[Drawn]:
    """Legal instructions."""
    rng, made = np.random.default_rng(op.code), []
    for _ in range(BASES):
        case = random_case(op.name, rng, {letter: int(rng.integers(1, 9)) for letter in "RKNC"})
        given = [None if buffer is None else (buffer.format, buffer.shape) for buffer in case.buffers]
        pairs = zip(op.signature.operands, case.buffers, strict=True)
        formats = {operand.name: buffer.format for operand, buffer in pairs if buffer is not None}
        made.append((formats, dict(bind(op.signature, given, op.name)), list(case.attributes)))
    return made


def changed(op: Op, base: Drawn, bounds: list[float], chance: random.Random) -> Drawn:
    """One to three things of an instruction changed, often to what a rule has for a bound, or next to it."""
    formats, sizes, attributes = dict(base[0]), dict(base[1]), list(base[2])
    for _ in range(chance.randint(1, 3)):
        what = chance.randrange(3)
        if what == 0 and attributes:
            attributes[chance.randrange(len(attributes))] = chance.choice((*ODD, *bounds))
        elif what == 1 and sizes:
            sizes[chance.choice(list(sizes))] = int(chance.choice((*SIZES, *(n for n in bounds if 1 <= n < 2**32))))
        else:
            operand = chance.choice(op.signature.operands)
            formats.pop(operand.name, None)
            if wanted := chance.choice((*operand.formats, *([""] if operand.optional else []))):
                formats[operand.name] = wanted
    if chance.random() < 0.5:
        follow(sizes, dict(zip(op.signature.attributes, attributes, strict=True)))
    letters = {d for o in op.signature.operands if o.name in formats for d in o.dims if d.isalpha()}
    return formats, {letter: sizes.get(letter, 5) for letter in letters}, attributes


def follow(sizes: dict[str, int], attributes: dict[str, float]) -> None:
    """Make sizes that a window decides those of this one, so that the rules behind theirs are come to."""
    taps = attributes.get("height", math.nan) * attributes.get("width", math.nan)
    if 1 <= taps < 2**31:
        sizes |= {"L": max(1, (int(taps) - 1).bit_length()), "K": int(taps) * -(-sizes["C"] // 64)}


def bounds_of(op: Op) -> list[float]:
    """The numbers that its rules have, and those beside them."""
    numbers = {float(step) for c in op.checks for step in c.holds if step[0].isdigit()}
    return sorted({beside for n in numbers for beside in (n - 1, n, n + 1)})


def program_of(op: Op, formats: dict[str, str], sizes: dict[str, int], attributes: list[float]) -> Program:
    """A program of one instruction, its operands side by side, that nobody has checked."""
    buffers: list[Buffer] = []
    places: list[int | None] = []
    end = 0
    for operand in op.signature.operands:
        if operand.name not in formats:
            places.append(None)
            continue
        shape = tuple(int(d) if d.isdigit() else sizes[d] for d in operand.dims)
        places.append(len(buffers))
        buffers.append(Buffer(operand.name, "workspace", formats[operand.name], shape, persistent=False, offset=end))
        end += -(-buffers[-1].nbytes // 64) * 64
    step = Instruction(op, tuple(places), tuple(attributes))
    return Program(tuple(buffers), (step,), (Section("step", 0, 1),), end)


def refusal(program: Program) -> str:
    """Why the native core refuses its instruction, or ""."""
    try:
        _native.Program(encode(program))
    except ValueError as error:
        return str(error).removeprefix(f"instruction 0: {program.instructions[0].op.name}: ")
    return ""


def always_holds(op: Op, number: int) -> bool:
    """A rule of a fused instruction about operands that it has not, and formats of which it has one kind."""
    rule = str(op.checks[number])
    return "weight_gradient_" in op.name and ("dw:" in rule or "v:absent" in rule or "m:f16" in rule)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_both_sides_refuse_the_same_for_the_same_reason(op: Op) -> None:
    chance, bases, bounds = random.Random(op.code), legal(op), bounds_of(op)
    unbroken = {n for n in range(len(op.checks)) if not always_holds(op, n)}
    for draw in range(DRAWS):
        if draw >= COMPARED and not unbroken:
            break
        formats, sizes, attributes = changed(op, chance.choice(bases), bounds, chance)
        known = Known(sizes, formats, dict(zip(op.signature.attributes, attributes, strict=True)))
        first = next((n for n, one in enumerate(op.checks) if one.failure(known)), None)
        program = program_of(op, formats, sizes, attributes)
        if (draw < COMPARED or first in unbroken) and program.arena_bytes < 2**47:
            assert refusal(program) == op.reason(sizes, formats, known.attributes)
            assert (first is None) == (refusal(program) == "")
            unbroken -= {first}
    assert not unbroken, f"no draw broke {[str(op.checks[n]) for n in unbroken]}"


def test_fused_instructions_have_the_rules_of_both_parts() -> None:
    rules = [str(c) for c in OP_BY_NAME["weight_gradient_bop"].checks]
    for part in ("weight_gradient", "bop"):
        assert {str(c) for c in OP_BY_NAME[part].checks} <= set(rules)


SIGNATURE = parse("<x:bit|u8[R,K] >y?:i16|i32[R,N]; stride low")
KNOWN = Known({"R": 5, "K": 129, "N": 3}, {"x": "u8"}, {"stride": 2.0, "low": -0.5})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("K + R * N - 4", 140),
        ("K // stride % 10 / 4", 1),
        ("7 // stride", 3),
        ("0 < R < K <= 129 != 5", 1),
        ("R < N < 100", 0),
        ("x == u8 and y == absent", 1),
        ("x != bit or R == 6", 1),
        ("x in (bit, u8)", 1),
        ("x not in (bit, u8)", 0),
        ("y in (i16, absent)", 1),
        ("x == y", 0),
        ("not (low >= 0)", 1),
        ("R if y == i16 else N", 3),
        ("words(K) + digits(K) + min(R, N)", 3 + 8 + 3),
        ("digits(1) + digits(2) + digits(3) + digits(4) + digits(5)", 1 + 1 + 2 + 2 + 3),
        ("whole(low) + whole(stride) + finite(low / 0)", 1),
        ("1 / 0", math.inf),
    ],
)
def test_expressions(text: str, expected: float) -> None:
    assert value(compiled(text, SIGNATURE), KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("K <", "is no expression"),
        ("width < 3", "has 'width', which is no size or attribute"),
        ("z == u8", "has 'z'"),
        ("x == u9", "compares x with 'u9', which is no format"),
        ("x < u8", "has 'x'"),
        ("open('a')", "calls 'open', which no rule may"),
        ("min(R)", "calls 'min'"),
        ("R ** 2", "which no rule may have"),
        ("R.real", "which no rule may have"),
        ("'R'", "which no rule may have"),
        ("R is K", "has a comparison that no rule may have"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match="(?s)" + reason.replace("(", r"\(")):
        check(Rule(text, ""), SIGNATURE, ())


def test_numbers_for_people() -> None:
    assert [shown(n) for n in (0.0, -1.0, 999.0, 1000.0, -32768.0, 2.0**53, 0.5, 1e300, math.inf, math.nan)] == [
        *("0", "-1", "999", "1,000", "-32,768", "9,007,199,254,740,992", "0.5", "1e+300", "inf", "nan")
    ]


def test_the_places_of_the_state_are_those_of_the_native_core() -> None:
    """Of numbers that both sides read and write in every program."""
    text = (NATIVE / "kernels/control.hpp").read_text()
    found = {name: int(number) for name, number in re.findall(r"(\w+) = (\d+)", text)}
    names = {"rate": control.LEARNING_RATE, "steps": control.STEPS}
    names |= {"beta1_power": control.BETA1_POWER, "beta2_power": control.BETA2_POWER}
    counted = {"correct": control.CORRECT, "examples": control.EXAMPLES}
    counted |= {"flips": control.FLIPS, "saturations": control.SATURATIONS}
    assert found == {f"control_{n}": p for n, p in names.items()} | {f"counter_{n}": p for n, p in counted.items()}
