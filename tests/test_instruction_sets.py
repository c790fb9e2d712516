"""Kernels know no instruction set: native/simd/ has all that differs, every set a part of every topic."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[1] / "native"
KERNELS = sorted((NATIVE / "kernels").glob("*.hpp"))
SETS = sorted(set(re.findall(r"add_instruction_set\((\w+)", (NATIVE.parent / "CMakeLists.txt").read_text())) - {"name"})
TOPICS = {path.name for path in (NATIVE / "simd").iterdir() if path.is_dir()}
OF_A_SET = re.compile(r"__AVX|__F16C__|__ARM|NEON|_mm\d*_|\b__m\d+|\bv[a-z]+q?_[a-z]\d+\b|immintrin|arm_neon")


def included(path: Path) -> set[Path]:
    """All files of native/simd/ that one includes, and those that they do."""
    found: set[Path] = set()
    ahead = [path]
    while ahead:
        one = ahead.pop()
        for name in re.findall(r'#include "(.+?)"', one.read_text()):
            other = (one.parent / name).resolve()
            if other.is_relative_to(NATIVE / "simd") and other not in found:
                found.add(other)
                ahead.append(other)
    return found


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_kernels_are_of_no_set(path: Path) -> None:
    assert OF_A_SET.findall(path.read_text()) == []


def test_every_set_is_declared() -> None:
    lists = re.findall(r"#define LINOCUT_SETS\(DO\) (DO.+)", (NATIVE / "kernels/kernel.hpp").read_text())
    declared = {name for one in lists for name in re.findall(r"\bDO\((\w+)\)", one)}
    assert declared == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_a_part_of_every_topic(name: str) -> None:
    parts = included(NATIVE / f"simd/{name}.hpp")
    assert {path.parent.name for path in parts} - {"simd"} == TOPICS


def test_every_part_is_of_some_set_and_the_vocabulary_names_every_topic() -> None:
    used = set().union(*(included(NATIVE / f"simd/{name}.hpp") for name in SETS))
    assert {path for topic in TOPICS for path in (NATIVE / "simd" / topic).glob("*.hpp")} - used == set()
    listed = re.findall(r"^//   (\w+) {2,}\w", (NATIVE / "simd/simd.hpp").read_text(), re.M)
    assert set(listed) == TOPICS
