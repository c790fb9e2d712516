"""Public docstrings say what a user must know: shapes of arrays, and which errors are raised.

What is public is what docs/reference/python.md lists, with the methods and properties of its classes.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from linocut import errors

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "python.md"
DIRECTIVE = re.compile(r"^\.\. auto(class|exception|function|module):: ([\w.]+)\n((?: +:.*\n)*)", re.M)
ARRAYS = re.compile(r"\b(NDArray|ArrayLike|Array)\b")
SHAPE = re.compile(r"\((\*shape|[\w*.'+ -]+,[\w*.,'+ -]*)\)|`shape`")
ERRORS = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
# Functions that make errors for others, whose errors are theirs.
MAKERS = {"unknown_name": "SpecError"}


class Public(NamedTuple):
    """A public function, class, method or property: its name, what runs (None of some classes), and what is told."""

    name: str
    function: Callable[..., Any] | None
    doc: str
    annotations: dict[str, Any]  # of arguments and what is returned, of a class its fields


def _found(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return getattr(_found(module), name)


def _listed() -> Iterator[tuple[str, Any]]:
    """What the reference lists: modules as what they export, if their members are shown."""
    for kind, path, options in DIRECTIVE.findall(REFERENCE.read_text()):
        if kind != "module":
            yield path, _found(path)
        elif ":no-members:" not in options:
            package = importlib.import_module(path)
            yield from ((f"{path}.{name}", getattr(package, name)) for name in package.__all__)


def _function(member: Any) -> Callable[..., Any] | None:
    """The function of a method or a property, None for what is neither."""
    for within in ("fget", "func", "__func__"):
        member = getattr(member, within, member)
    return member if inspect.isfunction(member) else None


def _public() -> Iterator[Public]:
    for path, found in _listed():
        if inspect.isfunction(found):
            yield Public(path, found, found.__doc__ or "", found.__annotations__)
        elif inspect.isclass(found):
            makes = vars(found).get("__post_init__" if dataclasses.is_dataclass(found) else "__init__")
            yield Public(path, _function(makes), found.__doc__ or "", vars(found).get("__annotations__", {}))
            for name, member in vars(found).items():
                function = _function(member)
                if function is not None and (not name.startswith("_") or name == "__call__"):
                    yield Public(f"{path}.{name}", function, function.__doc__ or "", function.__annotations__)


PUBLIC = {public.name: public for public in _public()}
OF_CLASS = {name: PUBLIC[name.rpartition(".")[0]].doc for name in PUBLIC if name.rpartition(".")[0] in PUBLIC}


def test_the_reference_is_found() -> None:
    assert {"linocut.Trainer.fit", "linocut.load", "linocut.layers.Dense", "linocut.data.load"} <= set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_is_documented(name: str) -> None:
    assert PUBLIC[name].doc.strip(), f"{name} has no docstring"


@pytest.mark.parametrize("name", PUBLIC)
def test_arrays_have_shapes(name: str) -> None:
    """Of what is given and of what is returned; a class's docstring counts for its methods."""
    told = PUBLIC[name].doc + OF_CLASS.get(name, "")
    arrays = [argument for argument, kind in PUBLIC[name].annotations.items() if ARRAYS.search(str(kind))]
    assert not arrays or SHAPE.search(told), f"{name} says no shape of {', '.join(arrays)}"


@functools.cache
def _module_functions(module: str) -> dict[str, ast.FunctionDef]:
    source = inspect.getsource(sys.modules[module])
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def _raised(node: ast.AST) -> set[str]:
    """The errors that the body of a function raises and does not catch, by their names."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and isinstance(inner.exc, ast.Call) and isinstance(inner.exc.func, ast.Name):
            found.add(MAKERS.get(inner.exc.func.id, inner.exc.func.id))
    return found & ERRORS


def _raises(function: Callable[..., Any]) -> set[str]:
    """What a function raises itself, and what the private functions of its module raise that it calls."""
    body = ast.parse(textwrap.dedent(inspect.getsource(function)))
    beside = _module_functions(function.__module__)
    called = {node.func.id for node in ast.walk(body) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return _raised(body).union(*(_raised(beside[name]) for name in called if name.startswith("_") and name in beside))


@pytest.mark.parametrize("name", [name for name, public in PUBLIC.items() if public.function is not None])
def test_errors_are_told(name: str) -> None:
    public = PUBLIC[name]
    assert public.function is not None
    if public.function.__module__.startswith("linocut"):
        told = public.doc + OF_CLASS.get(name, "")
        silent = {error for error in _raises(public.function) if error not in told}
        assert not silent, f"{name} raises {', '.join(sorted(silent))}, and does not say so"
