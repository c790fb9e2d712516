"""A new user's session: photos as people have them, from a plan to a network that knows one class more; right at each
step. The commands are those of docs/start.md."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import mixed_pictures
import pytest

CLASSES = [*sorted([*mixed_pictures.CLASSES, mixed_pictures.LONELY])]
COUNT, EPOCHS = 500, 6
HOW = ("--validation", 0.15, "--patience", 4, "--epochs", EPOCHS, "--seed", 1)  # all else is chosen for the folder


def linocut(*arguments: object, cwd: Path, status: int = 0) -> str:
    """What a command writes to standard output."""
    command = [sys.executable, "-m", "linocut", *map(str, arguments)]
    environment = {**os.environ, "PYTHONUTF8": "1", "COLUMNS": "80"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def events(text: str) -> dict[str, list[dict[str, Any]]]:
    """The objects of a training by their kinds."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        one = json.loads(line)
        found.setdefault(one["event"], []).append(one)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session takes place; each test goes on where the one before ended."""
    home = tmp_path_factory.mktemp("ein Ordner")
    mixed_pictures.make(home / "photos", COUNT)
    return home


def test_1_plan(home: Path) -> None:
    planned = json.loads(linocut("plan", "--data", "photos", "--json", cwd=home))
    assert 0 < planned["lower_bound_bytes"] <= planned["total_bytes"] < 12 * 2**20


def test_2_train_with_validation_and_patience(home: Path) -> None:
    found = events(linocut("train", "--data", "photos", *HOW, "--out", "runs/photos", "--json", cwd=home))
    epochs, (done,) = found["epoch"], found["done"]
    best = max(epoch["validation_accuracy"] for epoch in epochs)
    assert best > 0.85
    assert epochs[done["kept_epoch"] - 1]["validation_accuracy"] == best
    assert done["accuracy"] > 0.85
    assert all(epoch["accuracy"] is None for epoch in epochs)  # the test pictures chose nothing


def test_3_what_is_wrong(home: Path) -> None:
    found = json.loads(linocut("eval", "runs/photos", "--errors", 5, "--json", cwd=home))
    assert found["accuracy"] > 0.85 and [row["name"] for row in found["per_class"]] == CLASSES
    matrix = found["confusion"]
    assert sum(map(sum, matrix)) == found["examples"]
    assert sum(matrix[n][n] for n in range(len(CLASSES))) == round(found["accuracy"] * found["examples"])
    for mistake in found["errors"]:
        assert Path(mistake["file"]).parent.name == mistake["true"] and Path(mistake["file"]).exists()
    shown = linocut("eval", "runs/photos", "--confusion", cwd=home)
    assert all(name in shown for name in mixed_pictures.CLASSES)


def test_4_resume_where_the_folder_has_moved(home: Path) -> None:
    """Ctrl-C in the second epoch, the photos under another name, and on: to the bits of a run without all that."""
    command = [sys.executable, "-m", "linocut", "train", "--data", "photos", *map(str, HOW), "--json"]
    run = subprocess.Popen([*command, "--out", "runs/cut"], stdout=subprocess.PIPE, text=True, cwd=home)
    assert run.stdout is not None
    for line in run.stdout:
        if json.loads(line)["event"] == "epoch":
            run.send_signal(signal.SIGINT)
            break
    run.communicate()
    assert run.returncode == 130
    (home / "photos").rename(home / "moved")
    assert linocut("train", "--resume", "--out", "runs/cut", cwd=home, status=2) == ""
    (done,) = events(linocut("train", "--resume", "--out", "runs/cut", "--data", "moved", "--json", cwd=home))["done"]
    whole = json.loads((home / "runs/photos/log.jsonl").read_text().splitlines()[-1])
    assert done["weights_sha256"] == whole["weights_sha256"] and done["accuracy"] == whole["accuracy"] > 0.85


def test_5_fine_tune_with_a_new_class(home: Path) -> None:
    mixed_pictures.make(home / "more", 120, (*mixed_pictures.CLASSES, mixed_pictures.LONELY), lonely=False, seed=7)
    how = ("--from", "runs/photos", "--epochs", 6, "--lr", 0.001, "--batch", 16, "--out", "runs/more")
    found = events(linocut("train", "--data", "more", *how, "--json", cwd=home))
    assert found["done"][0]["accuracy"] > 0.8
    (start,) = found["start"]
    assert "binary_conv2d1" in start["taken"]


def test_6_predict_a_folder(home: Path) -> None:
    folder = home / "moved" / "ringe"
    lines = linocut("predict", "runs/photos", folder, "--json", "--top", 2, cwd=home).splitlines()
    found = [json.loads(line) for line in lines]
    assert len(found) == len(list(folder.iterdir()))
    assert sum(one["class"] == "ringe" for one in found) > 0.85 * len(found)
    assert all(len(one["top"]) == 2 for one in found)


def test_7_curves(home: Path) -> None:
    pytest.importorskip("matplotlib")
    linocut("log", "runs/photos", "runs/more", "--plot", "curves.png", cwd=home)
    assert (home / "curves.png").stat().st_size > 10_000
    table = linocut("log", "runs/photos", cwd=home)
    assert len(table.splitlines()) > EPOCHS / 2
