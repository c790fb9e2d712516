"""The picture of the arena."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import linocut as lc
from linocut.compile.lower import Compiled, compile_network
from linocut.errors import MachineError, SpecError
from linocut.plan.arena import arena_account
from linocut.report.plan_plot import plot
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
    assert "gradient mask" in drawn
    assert f"batch 20: {show_size(compiled.program.arena_bytes)}<" in drawn
    assert ">binary_dense1.weights q15<" in drawn  # the largest box has room for its name
    account = arena_account(compiled)
    assert f">peak: {show_size(account.lower_bound_bytes)} live at<" in drawn
    assert account.peak.split(" in ")[0] in drawn  # instruction 7 (norm_sign)
    assert ">train<" in drawn and ">predict<" in drawn


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
