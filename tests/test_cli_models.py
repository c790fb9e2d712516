"""`linocut models`, and what is done with a model that it gave."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from wav_files import write_wav

from linocut.pretrained.index import available

NAME = "spoken-digits"


def test_list(linocut):
    status, out, _ = linocut("models", "list")
    assert status == 0
    for entry in available():
        assert f"test accuracy {entry.accuracy:.2f}%; {entry.command}" in out
    assert "binarynet-cifar10" in out and "not there yet: no trained run" in out
    status, out, _ = linocut("models", "list", "--json")
    assert [json.loads(line)["sha256"] for line in out.splitlines()] == [entry.sha256 for entry in available()]


def test_get(elsewhere, linocut, tmp_path):
    (entry,) = (one for one in available() if one.name == NAME)
    status, out, _ = linocut("models", "get", NAME)
    assert status == 0 and f"train on:  linocut train --from {NAME}.safetensors --model {entry.model}" in out
    assert Path(f"{NAME}.safetensors").stat().st_size == entry.bytes
    status, out, err = linocut("models", "get", NAME)
    assert (status, out) == (2, "")
    assert err == f"error: {NAME}.safetensors exists already; give --force to replace it, or another --out\n"
    status, out, _ = linocut("models", "get", NAME, "--force", "--json")
    assert json.loads(out) == {
        "name": NAME, "out": f"{NAME}.safetensors", "bytes": entry.bytes, "sha256": entry.sha256
    }  # fmt: skip
    (tmp_path / "into").mkdir()
    assert linocut("models", "get", NAME, "--out", "into")[0] == 0
    assert (tmp_path / "into" / entry.file).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("get", "spoken-digit"), "no trained model is called 'spoken-digit'"),
        (("get", NAME, "--from", "nowhere"), "nowhere holds no index.toml of models"),
        (("get",), "Missing argument 'NAME'"),
        (("list", "--from", "nowhere"), "nowhere holds no index.toml of models"),
        (("git",), "no command is called 'git'; there are list, get; did you mean get?"),
    ],
)
def test_mistakes_are_told_in_a_line(elsewhere, linocut, arguments, message):
    status, out, err = linocut("models", *arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1) and message in err


def test_a_model_is_exported(elsewhere, linocut):
    """To C, whose own test runs the network."""
    assert linocut("models", "get", "mlp-mnist")[0] == 0
    status, out, _ = linocut("export", "mlp-mnist.safetensors", "--to", "c", "--out", "c", "--name", "net", "--json")
    assert status == 0 and json.loads(out)["macs"] == 399_872
    build = ["cc", "-O1", "-ffp-contract=off", "net.c", "net_test.c", "-o", "net_test"]
    assert subprocess.run(build, cwd="c", capture_output=True).returncode == 0
    done = subprocess.run(["./net_test"], cwd="c", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_recordings_are_heard_as_the_model_takes_them(elsewhere, linocut, tmp_path):
    """A model alone knows the ranges of its features, so that training goes on in these: every layer is taken."""
    for part in ("train", "test"):
        for digit in range(10):
            for take in range(3):
                tone = np.sin(np.arange(4000) * (0.1 + 0.05 * digit + 0.003 * take)) * 0.3
                write_wav(tmp_path / "words" / part / str(digit) / f"{take}.wav", tone)
    assert linocut("models", "get", NAME)[0] == 0
    network = Path(__file__).parents[1] / "examples" / "spoken-digits.toml"
    command = ("train", "--from", f"{NAME}.safetensors", "--model", network, "--data", "words", "--batch", 10)
    status, out, err = linocut(*command, "--epochs", 1, "--threads", 1, "--out", "run", "--json")
    assert status == 0, err
    start = json.loads(out.splitlines()[0])
    assert start["event"] == "start" and not start["new"] and len(start["taken"]) == 6
