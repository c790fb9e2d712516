"""What a run's files say is shown in printable characters, and shortly: they may be anybody's."""

import json
from pathlib import Path

import numpy as np
import pytest
from checksums import joined, mended, split
from PIL import Image
from small_command import REFERENCE

ODD = "\x1b[2J\x1b]0;owned\x07\u202e\n" * 3
LONG = "x" * 10**5
MOST = 5000  # characters of all that is said


def change(path, edit):
    """Rewrite a file's description, with a checksum that agrees."""
    header, tensors = split(path.read_bytes())
    description = json.loads(header["__metadata__"]["description"])
    edit(description)
    header["__metadata__"]["description"] = json.dumps(description)
    path.write_bytes(mended(joined(header, tensors)))


def check(status, out, err, *, expected):
    assert status == expected, err[:1000]
    for line in (out + err).splitlines():
        assert line.isprintable()
    assert len(out + err) < MOST


@pytest.mark.parametrize("odd", [ODD, LONG])
def test_the_data_of_a_checkpoint(run, linocut, odd):
    change(Path(run, "checkpoint.safetensors"), lambda about: about["data"].update(name=odd))
    again = ["train", "--resume", "--out", run, *REFERENCE]
    check(*linocut(*again), expected=2)
    check(*linocut(*again, "--data", "digits", "--epochs", 3), expected=2)


@pytest.mark.parametrize("odd", [ODD, LONG])
def test_warnings_and_policy_of_a_checkpoint(run, linocut, odd):
    def edit(about):
        about["progress"]["findings"]["warnings"] = [odd]
        about["progress"].update(epochs=3)

    change(Path(run, "checkpoint.safetensors"), edit)
    status, out, err = linocut("train", "--resume", "--out", run, "--epochs", 3, *REFERENCE)
    check(status, out, err, expected=0)
    assert "warning: " in out
    change(Path(run, "checkpoint.safetensors"), lambda about: about["settings"]["policy"].update(name=odd))
    wanted = ["--policy", "standard", "--epochs", 4]
    check(*linocut("train", "--resume", "--out", run, *wanted, *REFERENCE), expected=2)


def test_many_sizes_of_data(run, linocut):
    change(Path(run, "checkpoint.safetensors"), lambda about: about["data"].update(shape=[1] * 10**5))
    status, out, err = linocut("train", "--resume", "--out", run, *REFERENCE)
    check(status, out, err, expected=2)
    assert "data shape has 100,000 sizes, must have 5 or fewer" in err


@pytest.mark.parametrize("odd", [ODD, LONG])
def test_data_and_classes_of_a_model(run, linocut, odd):
    change(Path(run, "model.safetensors"), lambda about: about.update(data=odd, classes=[odd] * 10))
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("zero.png")
    check(*linocut("predict", run, "zero.png", *REFERENCE), expected=0)
    check(*linocut("eval", run, *REFERENCE), expected=2)
    check(*linocut("eval", run, "--data", "digits", *REFERENCE), expected=0)
