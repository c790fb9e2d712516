"""The public names: each is there, is documented, and has a type that mypy sees, though most are imported late."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import linocut
from linocut import data, devices, layers, networks, optimizers, train

PACKAGES = (linocut, layers, networks, optimizers, data, devices, train)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_name_is_there_and_documented(package) -> None:
    assert len(set(package.__all__)) == len(package.__all__)
    for name in package.__all__:
        found = getattr(package, name)
        if inspect.isclass(found) or inspect.isfunction(found) or inspect.ismodule(found):
            assert inspect.getdoc(found), f"{package.__name__}.{name} has no docstring"


def test_dir_lists_the_public_names() -> None:
    assert sorted(dir(linocut)) == sorted(linocut.__all__)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_no_module_takes_the_place_of_a_name(package) -> None:
    """An attribute of a package becomes the module of that name once anything imports it."""
    there = {name for name, value in vars(package).items() if inspect.isfunction(value)}  # instead of its module
    late = set(package.__all__) - there if hasattr(package, "__getattr__") else set()
    modules = {path.stem for path in Path(package.__file__).parent.iterdir()}
    assert modules & late == (
        {"data", "devices", "dynamics", "export", "hybrid", "layers", "networks", "plan", "pretrained", "train", "tune"}
        if package is linocut
        else set()
    )


def test_train_is_there_before_anything_has_imported_it() -> None:
    program = "import linocut as lc; lc.train.read_dynamics"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


def test_a_name_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(AttributeError, match="there are SGD, Account"):
        _ = linocut.lean16  # type: ignore[attr-defined]


def test_mypy_sees_the_type_of_every_public_name(tmp_path: Path, monkeypatch) -> None:
    """As a user's mypy does, strictly: a name that is Any, or not exported, is checked by nobody."""
    api = pytest.importorskip("mypy.api")
    lines = [line for package in PACKAGES for line in _lines(package)]
    program = tmp_path / "user.py"
    program.write_text("\n".join([*(f"import {package.__name__}" for package in PACKAGES), *lines]))
    home = Path(linocut.__file__).parents[1]
    if home.name != "site-packages":  # where mypy looks itself
        monkeypatch.setenv("MYPYPATH", str(home))
    cache = Path(__file__).parents[1] / ".mypy_cache" / "user"
    out, err, _ = api.run(["--strict", "--config-file", "", "--cache-dir", str(cache), str(program)])
    assert not err
    found = [line for line in out.splitlines() if "Revealed type" in line]
    assert len(found) == len(lines), out
    wrong = [f"{asked}: {line}" for asked, line in zip(lines, found, strict=True) if 'is "Any"' in line]
    wrong += [line for line in out.splitlines() if ": error:" in line]
    assert not wrong, "\n".join(wrong)


def _lines(package) -> list[str]:
    return [f"reveal_type({package.__name__}.{name})" for name in package.__all__ if not _is_alias(package, name)]


def _is_alias(package, name: str) -> bool:
    """Whether it is an alias of types, which is no value."""
    found = getattr(package, name)
    return not inspect.isclass(found) and type(found).__module__ in ("types", "typing") and not inspect.isroutine(found)


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys, linocut; print([m for m in sys.modules if m.startswith(('numpy', 'PIL', 'click', 'linocut.'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['linocut.lazily']"
