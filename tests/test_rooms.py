"""The rooms of the package, in the order in which data crosses them: each imports only from those above it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import linocut

HOME = Path(linocut.__file__).parent
ROOMS = (
    ("errors", "lazily"),
    ("formats", "roles", "digest", "sizes", "tables", "settings_of", "masks", "forks", "json_text"),
    ("files", "fields"),
    ("toml_text",),
    ("pretrained",),
    ("policies", "schedules"),
    ("ops",),
    ("tensor_file",),
    ("layers",),
    ("graph",),
    ("networks",),
    ("optimizers",),
    ("compile",),
    ("data",),
    ("run",),
    ("dynamics",),
    ("devices",),
    ("plan",),
    ("export",),
    ("train",),
    ("importing",),
    ("tune",),
    ("hybrid",),
    ("reproduce",),
    ("sklearn",),
    ("report",),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
# What a person calls: the front door, and the command.
DOORS = ("__init__.py", "__main__.py")
FILES = sorted(path for path in HOME.rglob("*.py") if path.relative_to(HOME).as_posix() not in DOORS)


def module_of(path: Path) -> str:
    """linocut.room.file, of a package its own name."""
    parts = path.relative_to(HOME.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


def imported(path: Path, *, types: bool = False) -> Iterator[str]:
    """The modules that a file imports when it is loaded or run, wherever it says so; with `types` for types too."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only and not types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def room_of(module: str) -> str:
    """The room that a module of linocut's is in."""
    return module.split(".")[1] if "." in module else ""


@cache
def own() -> dict[str, list[str]]:
    """What each module imports of linocut; asked for by tests, as collecting them should not take seconds."""
    return {module_of(path): sorted({m for m in imported(path) if m in MODULES}) for path in FILES}


def test_every_file_is_in_a_room() -> None:
    assert {room_of(module) for module in own()} == set(LEVEL)


@pytest.mark.parametrize("room", LEVEL)
def test_nothing_imports_a_room_below(room: str) -> None:
    for module, sources in own().items():
        if room_of(module) != room:
            continue
        for source in sources:
            if room_of(source) != room:
                assert LEVEL[room_of(source)] < LEVEL[room], f"{module} imports {source}, which is not above it"


# For types alone: a program prints itself, by what names its type; a network is made of layers, and found beside them.
ROUND = (("linocut.compile.listing", "linocut.compile.program"), ("linocut.layers", "linocut.graph.network"))


def test_no_import_goes_in_a_circle() -> None:
    """Of files: within a room too, and for types alone too."""
    done: set[str] = set()
    named = {module_of(path): sorted({m for m in imported(path, types=True) if m in MODULES}) for path in FILES}
    for module, source in ROUND:
        named[module].remove(source)

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"a circle: {' imports '.join((*path[path.index(module) :], module))}"
        if module in done:
            return
        for source in named[module]:
            if source != module:
                visit(source, (*path, module))
        done.add(module)

    for module in named:
        visit(module, ())


# Whoever finds structure by names of buffers, or by kinds of layers, asks the graph instead.
STRUCTURE = re.compile(r"name\w*\.(split|rsplit|partition|removesuffix|endswith)\(|isinstance\([^)]*\blayer\b")


def test_structure_is_read_in_two_rooms_only() -> None:
    for path in FILES:
        if room_of(module_of(path)) in ("graph", "layers", "data"):  # data takes names of files apart
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            assert not STRUCTURE.search(line), f"{path}:{number} reads structure: {line.strip()}"


HEAVY = (
    "torch",
    "tensorflow",
    "scipy",
    "pandas",
    "matplotlib",
    "onnx",
    "tflite",
    "flatbuffers",
    "sklearn",
    "mlflow",
    "wandb",
)


def test_heavy_libraries_are_imported_in_their_own_rooms_only() -> None:
    for path in FILES:
        for name in imported(path):
            heavy = name.partition(".")[0] in HEAVY
            assert not heavy or module_of(path) == f"linocut.{name.partition('.')[0]}", f"{path} imports {name}"
