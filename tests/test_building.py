"""What people lack to build linocut is said in a line, with the mend."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not shutil.which("cmake"), reason="there is no cmake here")


def refusal(folder: Path, *options: str, path: Path | None = None) -> str:
    """What configuring ends with, in one line."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CXX", "CXXFLAGS")}
    environment |= {"PATH": str(path)} if path else {}
    command = [str(shutil.which("cmake")), "-S", str(ROOT), "-B", str(folder), "-DLINOCUT_PYTHON=OFF", *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode != 0
    return " ".join(done.stderr.split())


def test_no_compiler(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cmake", "make", "ninja", "sh", "uname"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    said = refusal(tmp_path / "build", path=tools)
    assert "there is no C++ compiler here, which linocut's core needs; install one: sudo apt install g++" in said


def test_windows(tmp_path: Path) -> None:
    said = refusal(tmp_path / "build", "-DCMAKE_SYSTEM_NAME=Windows")
    assert "in the Windows Subsystem for Linux it does: wsl --install" in said


def test_an_old_compiler(tmp_path: Path) -> None:
    """One that says that it is GCC 9, and otherwise does what this one does."""
    real = shutil.which("g++")
    if real is None:
        pytest.skip("there is no g++ here")
    old = tmp_path / "g++-9"
    flags = "-U__GNUC__ -D__GNUC__=9 -U__GNUC_MINOR__ -D__GNUC_MINOR__=4 -U__GNUC_PATCHLEVEL__ -D__GNUC_PATCHLEVEL__=0"
    old.write_text(f'#!/bin/sh\nexec {real} {flags} -w "$@"\n')
    old.chmod(0o755)
    said = refusal(tmp_path / "build", f"-DCMAKE_CXX_COMPILER={old}")
    assert "g++ is of version 9.4.0, linocut's core is C++20 and needs 11 or later; install one and name it" in said
