"""Recurrent networks as C for devices and C++ for synthesis: compiled here, they give the reference's integers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import recurrent_graphs

import linocut as lc
from linocut.errors import SpecError
from linocut.graph.inference import InferenceGraph
from linocut.graph.q10 import sixteen_bits
from linocut.ops import q10
from linocut.ops.bits import Array
from linocut.run.predict import Predictor

STRICT = ["-O0", "-Wall", "-Wextra", "-Werror"]
LENGTHS = (6, 4, 6)


def expected(graph: InferenceGraph, *, by_step: bool) -> list[int]:
    """The integers of all outputs of the examples, one after the other."""
    reference = Predictor(graph, threads=1, backend="reference")
    found: list[Array] = []
    for x, length in zip(recurrent_graphs.examples(), LENGTHS, strict=True):
        outputs = reference(x)
        found.append((outputs[:length] if by_step else outputs).flatten())  # a copy: the next call writes over it
    return np.rint(1024 * np.concatenate(found)).astype(int).tolist()


def told(values: Array) -> str:
    """Lengths and numbers, as the programs read them."""
    lines = (f"{n}\n{' '.join(map(str, x[:n].reshape(-1).tolist()))}\n" for x, n in zip(values, LENGTHS, strict=True))
    return "".join(lines)


def run(command: list[str], folder: Path, given: str = "") -> str:
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("kind", "by_step"), [("projected", False), ("sigmoid", True), ("both ways", False), ("gated", False)]
)
def test_hls_gives_the_integers_of_the_reference(tmp_path: Path, kind: str, by_step: bool) -> None:
    floats = recurrent_graphs.graph(kind, by_step=by_step)
    graph = sixteen_bits(floats, recurrent_graphs.examples(), "paper" if by_step else "own").graph
    done = lc.export(graph, "hls", out=tmp_path, name="net")
    assert done.sizes["weight_bytes"] == graph.nbytes
    sources = ["net.cpp", "net_main.cpp", "-I", "stand_in"]
    run(["g++", "-std=c++14", *STRICT, "-Wno-unknown-pragmas", *sources, "-o", "net"], tmp_path)
    assert run(["./net"], tmp_path) == "ok\n"
    given = told(q10.quantised(recurrent_graphs.examples()))
    assert [int(word) for word in run(["./net", "-"], tmp_path, given).split()] == expected(graph, by_step=by_step)
    for wrong, reason in (
        ("7\n", "a sequence of 7 frames, must be 1 to 6"),
        ("2\n1 2 3", "ends after 3 of 10 integers"),
    ):
        tried = subprocess.run(["./net", "-"], cwd=tmp_path, input=wrong, capture_output=True, text=True, check=False)
        assert tried.returncode == 2 and reason in tried.stderr


@pytest.mark.parametrize(("kind", "by_step"), [("projected", False), ("sigmoid", True), ("gated", False)])
def test_c_gives_the_integers_of_the_reference_after_every_frame(tmp_path: Path, kind: str, by_step: bool) -> None:
    graph = sixteen_bits(recurrent_graphs.graph(kind, by_step=by_step), recurrent_graphs.examples()).graph
    lc.export(graph, "c", out=tmp_path, name="net")
    sources = ["net.c", "net_test.c", "-o", "net", "-lm"]
    run(["cc", "-std=c99", "-pedantic", *STRICT, "-ffp-contract=off", *sources], tmp_path)
    assert run(["./net"], tmp_path) == "ok\n"
    found = [int(word) for word in run(["./net", "-"], tmp_path, told(recurrent_graphs.examples())).split()]
    wanted, ends = expected(graph, by_step=by_step), np.cumsum(LENGTHS) * 3
    if by_step:
        assert found == wanted
    else:
        assert [found[end - 3 : end] for end in ends] == np.reshape(wanted, (-1, 3)).tolist()


def test_floats_are_taken_to_16_bits_and_what_has_none_is_refused(tmp_path: Path) -> None:
    floats = recurrent_graphs.graph("plain")
    lc.export(floats, "c", out=tmp_path / "a", name="net")
    lc.export(sixteen_bits(floats).graph, "c", out=tmp_path / "b", name="net")
    assert (tmp_path / "a/net.c").read_text() == (tmp_path / "b/net.c").read_text()
    with pytest.raises(SpecError, match="goes backwards"):
        lc.export(recurrent_graphs.graph("both ways"), "c", out=tmp_path / "c")
    with pytest.raises(SpecError, match="hls takes recurrent networks"):
        lc.export(lc.Trainer(lc.models.mlp((4, 4, 1), hidden=(8,))).inference_graph(), "hls", out=tmp_path / "d")
