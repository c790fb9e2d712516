"""Faults in Python: each changes one node of the syntax tree, where it stands."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from functools import cached_property

from faults.fault import Fault, numbered

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
COMPARED |= {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult}
COMPUTED |= {ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
COMPUTED |= {ast.Mod: ast.FloorDiv}
NAMED = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor"}
NAMED |= {"any": "all", "all": "any"}
# What is said, not done: types, and the texts of errors.
PASSED_OVER = (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)


def faults(path: str, source: bytes) -> list[Fault]:
    """All of a file, in the order of the text."""
    return numbered(sorted(_Faults(path, source).all(), key=lambda fault: (fault.begin, fault.end, fault.kind)))


class _Faults:
    def __init__(self, path: str, source: bytes) -> None:
        self.path, self.source = path, source

    @cached_property
    def starts(self) -> list[int]:
        starts = [0]
        for line in self.source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def all(self) -> Iterator[Fault]:
        yield from self._visit(ast.parse(self.source))

    def _visit(self, node: ast.AST) -> Iterator[Fault]:
        yield from self._of(node)
        if isinstance(node, PASSED_OVER):
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self._visit(child)

    def _of(self, node: ast.AST) -> Iterator[Fault]:
        if isinstance(node, ast.expr):
            yield from self._expression(node)
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and ast.unparse(node.test) != "TYPE_CHECKING":
            yield self._replaced("condition", node.test, f"not ({ast.unparse(node.test)})")
        if isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Await)):
            yield self._replaced("statement dropped", node, "pass")
        if isinstance(node, ast.AugAssign):
            yield self._replaced("statement dropped", node, "pass")
        if isinstance(node, ast.Raise):
            yield self._replaced("raise dropped", node, "pass")
        if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], (ast.Return, ast.Continue)):
            yield self._replaced("early end dropped", node.body[-1], "pass")

    def _expression(self, node: ast.expr) -> Iterator[Fault]:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
            yield self._changed("comparison", node, ops=[COMPARED[type(node.ops[0])]()])
        elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not _is_text(node):
            yield self._changed("arithmetic", node, op=COMPUTED[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            yield self._changed("and, or", node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        elif isinstance(node, ast.Constant):
            yield from self._constant(node)
        elif isinstance(node, ast.Slice):
            yield from self._slice(node)
        elif isinstance(node, ast.Call):
            yield from self._call(node)

    def _constant(self, node: ast.Constant) -> Iterator[Fault]:
        if isinstance(node.value, bool):
            yield self._replaced("constant", node, repr(not node.value))
        elif isinstance(node.value, int):
            yield self._replaced("constant", node, repr(node.value + 1))
        elif isinstance(node.value, float):
            yield self._replaced("constant", node, repr(node.value / 2 if node.value else 1.0))

    def _slice(self, node: ast.Slice) -> Iterator[Fault]:
        for bound in (node.lower, node.upper):
            if bound is not None:
                yield self._replaced("slice", bound, f"({ast.unparse(bound)}) + 1")

    def _call(self, node: ast.Call) -> Iterator[Fault]:
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name in NAMED:
            other = copy.deepcopy(called)
            setattr(other, "attr" if isinstance(called, ast.Attribute) else "id", NAMED[name])
            yield self._changed("min, max", node, func=other)
        if name == "range":
            stop = node.args[1 if len(node.args) > 1 else 0]
            yield self._replaced("range", stop, f"({ast.unparse(stop)}) - 1")
        if len(node.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
            first, second, *rest = node.args
            if ast.unparse(first) != ast.unparse(second) and name not in (*NAMED, "isinstance", "cast"):
                yield self._changed("arguments swapped", node, args=[second, first, *rest])

    def _changed(self, kind: str, node: ast.expr, **fields: object) -> Fault:
        other = copy.copy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return self._replaced(kind, node, f"({ast.unparse(other)})")

    def _replaced(self, kind: str, node: ast.expr | ast.stmt, after: str) -> Fault:
        assert node.end_lineno is not None and node.end_col_offset is not None
        begin = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        context = self.source.splitlines()[node.lineno - 1].decode().strip()
        before = self.source[begin:end].decode()
        return Fault(self.path, kind, node.lineno, begin, end, before, after, context)


def _is_text(node: ast.BinOp) -> bool:
    """Whether it puts texts together."""
    sides = (node.left, node.right)
    return any(
        isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str)) for s in sides
    )
