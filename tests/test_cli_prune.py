"""linocut prune, and train --prune."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linocut.cli import main

TRAIN = ["train", "--model", "mlp", "--hidden", "128,128,128", "--data", "digits", "--epochs", "2", "--threads", "1"]


def _said(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> tuple[str, str]:
    assert main([str(one) for one in arguments]) == status
    said = capsys.readouterr()
    return said.out, said.err


def test_prunes_a_run_and_trains_it_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = tmp_path / "run", tmp_path / "pruned"
    _said(capsys, *TRAIN, "--out", run)
    said, _ = _said(capsys, "prune", run, "--rate", "4", "--by", "channel", "--epochs", "1", "--out", out)
    assert "kept weights" in said and "kept words" in said and "binary_dense2         4,096  16,384    4.0" in said
    said, _ = _said(capsys, "prune", run, "--rate", "4", "--by", "word", "--epochs", "0", "--json")
    found = json.loads(said)
    assert (found["by"], found["accuracy"], found["out"]) == ("word", None, f"{run}-word")
    assert found["layers"][0] == {
        "name": "binary_dense2",
        "weights": 4096,
        "of_weights": 16384,
        "words": 64,
        "of_words": 256,
    }
    said, _ = _said(capsys, "eval", f"{run}-word", "--json")
    assert json.loads(said.splitlines()[-1])["examples"] == 297
    _, error = _said(capsys, "prune", run, "--rate", "4", "--out", out, status=2)
    assert "already holds a run" in error


def test_an_interrupted_training_says_where_its_data_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from linocut.train import Interrupted, Trainer

    def stopped(self: Trainer, *given: object, out: object, **how: object) -> None:
        raise Interrupted(2, str(out))

    run, out = tmp_path / "run", tmp_path / "pruned"
    _said(capsys, *TRAIN, "--out", run)
    monkeypatch.setattr(Trainer, "fit", stopped)
    _, error = _said(capsys, "prune", run, "--rate", "4", "--data-dir", tmp_path, "--out", out, status=130)
    assert error.endswith(f"go on with: linocut train --resume --out {out} --data-dir {tmp_path}\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--prune-rate", "4"], "--prune-rate is given without --prune"),
        (["--prune", "word", "--prune-rate", "0.5"], "rate is 0.5, must be above 1"),
        (["--prune", "word", "--prune-ramp", "2"], "the ramp of pruning is 2 epochs, must be fewer than the 2"),
        (["--prune", "word", "--prune-rate", "500"], "leaves nothing of binary_dense2, which has 64 words"),
        (["--prune", "column", "--balanced"], "balanced is of kernel, block, word"),
    ],
)
def test_what_cannot_be_pruned(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, error = _said(capsys, *TRAIN, *options, "--out", tmp_path / "run", status=2)
    assert said in error and len(error.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_pruned_run_goes_on_with_its_own_masks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    said, _ = _said(capsys, *TRAIN, "--prune", "word", "--prune-rate", "4", "--out", run)
    assert "8,192 of 32,768 of pruned layers, 128 of 512 words" in said
    _, error = _said(capsys, "train", "--resume", "--out", run, "--epochs", "3", "--prune", "kernel", status=2)
    assert "holds a run of pruning 4 times by word, over 1 epochs, not 4 times by kernel" in error
    _said(capsys, "train", "--resume", "--out", run, "--epochs", "3", "--prune", "word", "--threads", "1")
