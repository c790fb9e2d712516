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
from typing import TYPE_CHECKING, Any, NamedTuple

from linocut import errors
from linocut.errors import DataError, SpecError, unknown_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


@functools.cache
def _module_functions(module: str) -> dict[str, ast.FunctionDef]:
    source = inspect.getsource(sys.modules[module])
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def _raised(node: ast.AST) -> set[str]:
    """The names of the errors that the body of a function makes to raise them."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and isinstance(inner.exc, ast.Call) and isinstance(inner.exc.func, ast.Name):
            found.add(MAKERS.get(inner.exc.func.id, inner.exc.func.id))
    return found & ERRORS


def _raises(function: Callable[..., Any]) -> set[str]:
    """What a function raises itself, and what the private functions of its module raise that it calls; no further."""
    body = ast.parse(textwrap.dedent(inspect.getsource(function)))
    beside = _module_functions(function.__module__)
    called = {node.func.id for node in ast.walk(body) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return _raised(body).union(*(_raised(beside[name]) for name in called if name.startswith("_") and name in beside))


def _untold(public: Public, told: str) -> list[str]:
    """What the docstring lacks: any text, a shape where there are arrays, an error that is raised."""
    name = public.name.rpartition(".")[2]
    if not public.doc.strip() or public.doc.startswith(f"{name}("):  # as dataclasses write for who writes none
        return [f"{public.name} has no docstring"]
    arrays = [argument for argument, kind in public.annotations.items() if ARRAYS.search(str(kind))]
    lacking = [f"{public.name} says no shape of {', '.join(arrays)}"] if arrays and not SHAPE.search(told) else []
    if public.function is not None and public.function.__module__.startswith(("linocut", __name__)):
        lacking += [f"{public.name} raises {e}, and does not say so" for e in _raises(public.function) if e not in told]
    return lacking


def test_public_docstrings_tell_shapes_and_errors() -> None:
    """A class's docstring counts for its methods."""
    public = {public.name: public for public in _public()}
    assert {"linocut.Trainer.fit", "linocut.load", "linocut.layers.Dense", "linocut.data.load"} <= set(public)
    of_class = {name: public.get(name.rpartition(".")[0]) for name in public}
    told = {name: public[name].doc + (found.doc if (found := of_class[name]) else "") for name in public}
    lacking = [line for name in public for line in _untold(public[name], told[name])]
    assert not lacking, "\n".join(lacking)


def _refuse() -> None:
    raise SpecError("no")


def silent(x: NDArray[Any]) -> None:
    """Take x."""
    if not len(x):
        raise unknown_name("length", 0, ["1"])
    _refuse()
    raise DataError("no")


def test_what_lacks_is_found() -> None:
    def lacking(doc: str) -> list[str]:
        return sorted(_untold(Public("silent", silent, doc, silent.__annotations__), doc))

    shape = "silent says no shape of x"
    data, spec = (f"silent raises {error}, and does not say so" for error in ("DataError", "SpecError"))
    assert lacking(silent.__doc__ or "") == [data, spec, shape]
    assert lacking("Take x (n, 3); SpecError for others.") == [data]
    assert lacking("Take x (n,); SpecError and DataError for others.") == []
    assert lacking("") == lacking("silent(x: NDArray)") == ["silent has no docstring"]
