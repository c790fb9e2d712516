"""Expressions over sizes, formats and attributes of an instruction: written as Python has it, run as steps of a stack.

    K <= (32767 if y == i16 else 1073741823)

A capital letter is a size of the signature (0 where no operand that is given has it), another name an attribute, or an
operand, whose format is compared with that of a name, with `absent`, or with another operand's. Numbers are doubles;
what is true is 1. `compiled` turns an expression into steps for a stack machine, which reads none of Python: `value`
here and native/rules.cpp are two of it, so that a limit is said once and means the same to both.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from linocut.errors import SpecError
from linocut.formats import FORMATS, words
from linocut.ops.signature import Signature

Steps: TypeAlias = tuple[str, ...]
ABSENT = "absent"
ATTRIBUTE = "@"  # begins the step that reads one
FORMAT, SAME = ":", "="  # in the steps that compare an operand's format with a name, with another's


@dataclass(frozen=True)
class Known:
    """What an expression is about: sizes by letter, formats by operand, absent ones left out, attributes by name."""

    sizes: Mapping[str, int]
    formats: Mapping[str, str]
    attributes: Mapping[str, float]

    def format(self, operand: str) -> str:
        """The format of an operand, or `absent`."""
        return self.formats.get(operand, ABSENT)


def _quotient(a: float, b: float) -> float:
    """A / b as IEEE 754 has it, also where b is 0."""
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _floor(a: float) -> float:
    return float(math.floor(a)) if math.isfinite(a) else a


def _whole(a: float) -> bool:
    return math.isfinite(a) and math.floor(a) == a


def _digits(a: float) -> int:
    """Binary digits of the numbers below a, 1 at least."""
    return max(1, (int(a) - 1).bit_length())


_TWO: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "//": lambda a, b: _floor(_quotient(a, b)),
    "%": math.fmod,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "min": min,
}
_ONE: Mapping[str, Callable[[float], float]] = {
    "not": lambda a: not a,
    "whole": _whole,
    "finite": math.isfinite,
    "words": lambda a: words(int(a)),
    "digits": _digits,
}
_CHOOSE = "if"  # of three: then, else, condition
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
_FLIPPED = {ast.Gt: "<", ast.GtE: "<="}
_COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Eq: "=="}


def value(steps: Steps, known: Known) -> float:
    """What an expression comes to."""
    stack: list[float] = []
    for step in steps:
        if step in _TWO:
            b, a = stack.pop(), stack.pop()
            stack.append(float(_TWO[step](a, b)))
        elif step in _ONE:
            stack.append(float(_ONE[step](stack.pop())))
        elif step == _CHOOSE:
            condition, other, chosen = stack.pop(), stack.pop(), stack.pop()
            stack.append(chosen if condition else other)
        else:
            stack.append(_read(step, known))
    (result,) = stack
    return result


def _read(step: str, known: Known) -> float:
    if step[0] == ATTRIBUTE:
        return float(known.attributes[step[1:]])
    if FORMAT in step:
        operand, wanted = step.split(FORMAT)
        return float(known.format(operand) == wanted)
    if SAME in step:
        one, other = step.split(SAME)
        return float(known.format(one) == known.format(other))
    return float(known.sizes.get(step, 0)) if step.isalpha() else float(step)


def compiled(text: str, signature: Signature, omitted: tuple[str, ...] = ()) -> Steps:
    """The steps of an expression about such an instruction; SpecError for a name that it does not have.

    `omitted` are operands that are taken as absent: those that a fused instruction has no need of.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise SpecError(f"{text!r} is no expression: {error.msg}") from None
    operands = {operand.name for operand in signature.operands} | set(omitted)
    return _Compiler(text, operands, set(signature.attributes)).steps(tree)


@dataclass(frozen=True)
class _Compiler:
    text: str
    operands: set[str]
    attributes: set[str]

    def steps(self, node: ast.expr) -> Steps:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return (repr(node.value),)
        if isinstance(node, ast.Name):
            return (self._name(node.id),)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return (*self.steps(node.left), *self.steps(node.right), _BINARY[type(node.op)])
        if isinstance(node, ast.BoolOp):
            return self._joined([self.steps(v) for v in node.values], "and" if isinstance(node.op, ast.And) else "or")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return (*self.steps(node.operand), "not")
        if isinstance(node, ast.IfExp):
            return (*self.steps(node.body), *self.steps(node.orelse), *self.steps(node.test), _CHOOSE)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._called(node.func.id, node.args)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            parts = [self._compared(sides[n], op, sides[n + 1]) for n, op in enumerate(node.ops)]
            return self._joined(parts, "and")
        raise SpecError(f"{self.text!r} has {ast.unparse(node)!r}, which no rule may have")

    def _name(self, name: str) -> str:
        if len(name) == 1 and name.isupper():
            return name
        if name in self.attributes:
            return ATTRIBUTE + name
        raise SpecError(f"{self.text!r} has {name!r}, which is no size or attribute of the instruction")

    def _joined(self, parts: list[Steps], word: str) -> Steps:
        whole = parts[0]
        for part in parts[1:]:
            whole = (*whole, *part, word)
        return whole

    def _called(self, name: str, arguments: list[ast.expr]) -> Steps:
        if (name in _ONE and len(arguments) == 1) or (name in _TWO and name.isalpha() and len(arguments) == 2):
            return (*(step for argument in arguments for step in self.steps(argument)), name)
        raise SpecError(f"{self.text!r} calls {name!r}, which no rule may")

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Steps:
        if isinstance(op, ast.In) and isinstance(right, ast.Tuple):
            return self._joined([self._compared(left, ast.Eq(), one) for one in right.elts], "or")
        if isinstance(op, ast.NotIn):
            return (*self._compared(left, ast.In(), right), "not")
        if isinstance(op, ast.NotEq):
            return (*self._compared(left, ast.Eq(), right), "not")
        if isinstance(op, ast.Eq) and isinstance(left, ast.Name) and left.id in self.operands:
            return (self._of_operand(left.id, right),)
        if type(op) in _FLIPPED:
            return (*self.steps(right), *self.steps(left), _FLIPPED[type(op)])
        if type(op) in _COMPARED:
            return (*self.steps(left), *self.steps(right), _COMPARED[type(op)])
        raise SpecError(f"{self.text!r} has a comparison that no rule may have")

    def _of_operand(self, operand: str, right: ast.expr) -> str:
        name = right.id if isinstance(right, ast.Name) else ""
        if name in self.operands:
            return f"{operand}{SAME}{name}"
        if name in FORMATS or name == ABSENT:
            return f"{operand}{FORMAT}{name}"
        raise SpecError(f"{self.text!r} compares {operand} with {ast.unparse(right)!r}, which is no format")
