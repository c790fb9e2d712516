"""linocut pack and unpack: a run goes to a device and comes home as the run that linocut train makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stand_alone import call, native_command

SMALL = ("--data", "digits", "--hidden", 16, "--seed", 3)


def done_of(out: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(out.splitlines()[-1])
    return found


def test_there_and_back(elsewhere, linocut) -> None:
    runner = native_command()
    whole = done_of(linocut("train", *SMALL, "--epochs", 3, "--out", "whole", "--json")[1])
    assert linocut("train", *SMALL, "--epochs", 1, "--out", "run")[0] == 0
    status, out, err = linocut("pack", "run", "--epochs", 3, "--save-every", 5, "--out", "device")
    assert (status, err) == (0, "")
    assert "on the device:  linocut-runner device\n" in out
    assert "then at home:   linocut unpack device --out run\n" in out
    assert call(Path.cwd(), runner, "device").returncode == 0
    status, out, _ = linocut("unpack", "device", "--out", "run")
    assert (status, out.splitlines()[0]) == (0, "wrote run: 3 of 3 epochs")
    status, out, _ = linocut("unpack", "device", "--out", "other", "--json")
    assert json.loads(out) == {"out": "other", "epochs": 3, "steps": 0, "weights_sha256": whole["weights_sha256"]}
    logs = [linocut("log", name, "--json")[1] for name in ("run", "whole", "other")]
    epochs = [[json.loads(line) for line in log.splitlines()] for log in logs]
    for name in ("epoch", "loss", "train_accuracy", "accuracy"):
        assert len({tuple(epoch[name] for epoch in run) for run in epochs}) == 1, name
    assert linocut("train", "--resume", "--out", "run", "--epochs", 4)[0] == 0
    status, _, err = linocut("unpack", "device", "--out", "run")
    assert (status, "holds a run at 4 of 4 epochs, which is not as it was when it was packed" in err) == (2, True)


def test_without_examples(elsewhere, linocut) -> None:
    assert linocut("train", *SMALL, "--limit", 300, "--epochs", 1, "--out", "run")[0] == 0
    status, out, _ = linocut("pack", "run", "--epochs", 2, "--out", "device", "--no-examples", "--json")
    said = json.loads(out)
    assert (status, said["out"], said["epochs"]) == (0, "device", 2)
    assert said["bytes"] == sum(file.stat().st_size for file in Path("device").iterdir() if file.is_file())
    assert not list(Path("device").glob("*images*"))
    Path("x.bin").write_bytes(bytes(range(64)) * 120)
    Path("y.bin").write_bytes(b"\3\0\0\0" * 120)
    own = ("--images", "x.bin", "--labels", "y.bin", "--threads", 1)
    assert call(Path.cwd(), native_command(), "device", *own).returncode == 0
    status, out, _ = linocut("unpack", "device", "--out", "run")
    assert (status, out.splitlines()[-1]) == (
        0,
        "train on, there:  linocut pack run --no-examples --out FOLDER --epochs 4",
    )
    # its examples are not here: it goes back to where they are, or begins anew
    for words in (("train", "--resume", "--out", "run"), ("eval", "run"), ("pack", "run", "--out", "x", "--epochs", 4)):
        status, out, err = linocut(*words)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "a device's own" in err
    assert linocut("eval", "run", "--data", "digits")[0] == 0
    assert linocut("pack", "run", "--no-examples", "--out", "again", "--epochs", 4)[0] == 0
    assert call(Path.cwd(), native_command(), "again", *own).returncode == 0
    status, out, _ = linocut("unpack", "again", "--out", "run", "--json")
    assert (status, json.loads(out)["epochs"]) == (0, 4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pack", "run"), "Missing option '--out'"),
        (("pack", "run", "--out", "device"), "the run is at 1 of 1 epochs: nothing is left to do; give more epochs"),
        (("pack", "nowhere", "--out", "device"), "nowhere holds no run: it has no checkpoint"),
        (("pack", "run", "--out", "device", "--epochs", 0), "epochs"),
        (("pack", "run", "--out", "device", "--epochs", 2, "--data", "mnist", "--data-dir", "."), "mnist"),
        (("unpack", "run", "--out", "other"), "run holds no packed run: it has no run"),
    ],
)
def test_mistakes_are_one_line(elsewhere, linocut, words: tuple[object, ...], said: str) -> None:
    assert linocut("train", *SMALL, "--epochs", 1, "--out", "run")[0] == 0
    status, out, err = linocut(*words)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert said in err
