"""The picture of the arena."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import linocut as lc
from linocut.compile.lower import Compiled, compile_network
from linocut.errors import MachineError, SpecError
from linocut.plan.arena import arena_account
from linocut.report.plan_plot import plot
from linocut.report.words import ROLE_WORDS, buffer_words
from linocut.roles import ROLES
from linocut.sizes import show_size


@pytest.fixture
def compiled() -> Compiled:
    return compile_network(lc.models.mlp((8, 8, 1), 10, (64,)), lc.lean, lc.Adam(), 20)


def test_a_picture_has_a_box_for_every_buffer(compiled: Compiled, tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # text as text
        plot(compiled, tmp_path / "plan.svg")
    drawn = (tmp_path / "plan.svg").read_text()
    assert drawn.count('<g id="patch_') >= len(compiled.blocks)
    words = {program.buffers[block.buffer].role for program in [compiled.program] for block in compiled.blocks}
    for role in words:
        assert f">{ROLE_WORDS[role]}<" in drawn
    assert not re.search(r">[^<]*(\bd[XYW]\b|W\^|\bq15\b)[^<]*<", drawn)  # no word of linocut's own
    assert f"batch 20: {show_size(compiled.program.arena_bytes)}<" in drawn
    assert ">binary_dense1: weights, 16-bit<" in drawn  # the largest box has room for its name
    account = arena_account(compiled)
    assert f">peak: {show_size(account.lower_bound_bytes)} in use at<" in drawn
    assert account.peak.split(" in ")[0] in drawn  # instruction 7 (norm_sign)
    assert ">a training step<" in drawn and ">prediction<" in drawn


def test_other_endings_and_folders_that_are_not_there(compiled: Compiled, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(SpecError, match=r"plan\.doc.*\.png, \.svg or \.pdf"):
        plot(compiled, tmp_path / "plan.doc")
    with pytest.raises(MachineError, match="No such file"):
        plot(compiled, tmp_path / "nowhere" / "plan.png")


def test_without_matplotlib(compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SpecError, match=r"pip install .linocut\[plot\]'"):
        plot(compiled, tmp_path / "plan.png")


def test_every_role_has_its_words() -> None:
    assert set(ROLE_WORDS) == set(ROLES) and len(set(ROLE_WORDS.values())) == len(ROLES)
    assert buffer_words("train.binary_dense2.dX", "dX", "i8") == (
        "binary_dense2: activation gradients, 8-bit",
        "binary_dense2: activation gradients",
        "activation gradients",
    )
    assert buffer_words("input", "input", "u8") == ("input batch, 8-bit", "input batch")
    assert buffer_words("predict.logits", "Y", "f32") == ("layer products, 32-bit", "layer products")
    assert buffer_words("train.sign1.X", "X", "bit")[0] == "sign1: activations, 1-bit"
