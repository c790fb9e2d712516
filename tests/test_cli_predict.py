"""linocut predict: files, folders, patterns, and frames on standard input."""

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE, objects

import linocut as lc

pytestmark = pytest.mark.usefixtures("elsewhere")


def digits(count):
    _, test = lc.data.load("digits")
    images, labels = np.empty((count, 8, 8, 1), np.uint8), np.empty(count, np.int32)
    test.read(np.arange(count), images, labels)
    return images


@pytest.fixture
def photos():
    """Six digits, some of them in a folder below."""
    images = digits(6)
    Path("photos/below").mkdir(parents=True)
    names = [f"photos/{number}.png" for number in range(3)] + [f"photos/below/{number} ü.png" for number in range(3, 6)]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image[..., 0]).save(name)
    Path("photos/notes.txt").touch()
    return names, images


def classes(run, images):
    found = lc.load(run, backend="reference").predict(images)
    return [str(label) for label in found.classes.tolist()]


def test_a_folder(linocut, run, photos):
    names, images = photos
    status, out, err = linocut("predict", run, "photos", "--json", *REFERENCE)
    assert (status, err) == (0, "photos: left out 1 file that is not called as a picture is: 1 .txt\n")
    found = {each["file"]: each["class"] for each in objects(out)}
    assert found == dict(zip(names, classes(run, images), strict=True))


def test_a_pattern_beside_a_file(linocut, run, photos):
    names, _ = photos
    status, out, _ = linocut("predict", run, "photos/be*/*.png", names[0], "--json", *REFERENCE)
    assert (status, [each["file"] for each in objects(out)]) == (0, [*names[3:], names[0]])


def test_names_that_stand_for_nothing_cost_a_line_and_the_status(linocut, run, photos):
    Path("empty").mkdir()
    status, out, err = linocut("predict", run, "empty", photos[0][0], "no*.png", "--json", *REFERENCE)
    assert (status, len(objects(out))) == (2, 1)
    first, second = err.splitlines()
    assert first == "error: empty holds no pictures; give a folder of pictures, or files"
    assert second.startswith("error: no*.png does not exist, and as a pattern matches nothing")
    assert linocut("predict", run, "empty", *REFERENCE)[:2] == (2, "")


def test_the_likeliest_classes(linocut, run, photos):
    names, images = photos
    _, out, _ = linocut("predict", run, names[1], "--top", 3, "--json", *REFERENCE)
    (found,) = objects(out)
    assert list(found) == ["file", "class", "confidence", "top"]
    guesses = lc.load(run, backend="reference").predict(images[1:2])
    order = np.argsort(-guesses.probabilities[0], kind="stable")[:3].tolist()
    assert [int(each["class"]) for each in found["top"]] == order
    assert [each["confidence"] for each in found["top"]] == pytest.approx(guesses.probabilities[0][order].tolist())
    assert found["top"][0] == {"class": found["class"], "confidence": found["confidence"]}
    text = linocut("predict", run, names[1], "--top", 3, *REFERENCE)[1]
    words = "  ".join(f"{each['class']}  {each['confidence']:.1%}" for each in found["top"])
    assert text == f"{names[1]}  {words}\n"
    assert len(objects(linocut("predict", run, names[1], "--top", 99, "--json", *REFERENCE)[1])[0]["top"]) == 10


def frames(monkeypatch, data):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))


@pytest.mark.parametrize("word", ["-", "--stdin"])
def test_frames(linocut, run, monkeypatch, word):
    images = digits(5)
    frames(monkeypatch, images.tobytes())
    status, out, err = linocut("predict", run, word, "--json", *REFERENCE)
    guesses = lc.load(run, backend="reference").predict(images)
    assert (status, err) == (0, "")
    assert [list(each) for each in objects(out)] == [["file", "frame", "class", "confidence"]] * 5
    assert [(each["file"], each["frame"], each["class"]) for each in objects(out)] == [
        ("-", number, label) for number, label in enumerate(classes(run, images))
    ]
    assert [each["confidence"] for each in objects(out)] == pytest.approx(guesses.confidences.tolist())
    frames(monkeypatch, images[:1].tobytes())
    assert linocut("predict", run, word, *REFERENCE)[1] == f"0  {guesses.classes[0]}  {guesses.confidences[0]:.1%}\n"


def test_each_frame_is_a_line_before_the_next_comes(run):
    images = digits(3)
    command = [sys.executable, "-m", "linocut", "predict", run, "-", *REFERENCE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}) as process:
        assert process.stdin and process.stdout
        for number, (image, label) in enumerate(zip(images, classes(run, images), strict=True)):
            process.stdin.write(image.tobytes()[:10])
            process.stdin.flush()
            process.stdin.write(image.tobytes()[10:])
            process.stdin.flush()
            assert process.stdout.readline().decode().split()[:2] == [str(number), label]
        process.stdin.close()
        assert process.stdout.read() == b"" and process.wait(60) == 0


@pytest.mark.parametrize(
    ("data", "lines", "message"),
    [
        (bytes(64 + 7), 1, "frame 1 has 7 B, must have 64 (8 x 8 x 1): standard input ended within it"),
        (b"", 0, "standard input held no frame; send frames of 64 B (8 x 8 x 1)"),
    ],
    ids=["part of one", "none"],
)
def test_frames_that_are_none(linocut, run, monkeypatch, data, lines, message):
    frames(monkeypatch, data)
    status, out, err = linocut("predict", run, "-", *REFERENCE)
    assert (status, len(out.splitlines())) == (2, lines) and message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'IMAGE...'"),
        (("-", "x.png"), "frames on standard input are read alone; leave out the other images"),
        (("x.png", "--stdin"), "frames on standard input are read alone"),
        (("-", "-"), "frames on standard input are read alone"),
        (("x.png", "--top", "0"), "0 is not in the range x>=1"),
    ],
)
def test_what_does_not_go_together(linocut, run, arguments, message):
    status, out, err = linocut("predict", run, *arguments, *REFERENCE)
    assert (status, out) == (2, "") and message in err


def test_a_terminal_sends_no_frames(linocut, run, monkeypatch):
    stream = io.BytesIO()
    stream.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    status, _, err = linocut("predict", run, "-", *REFERENCE)
    assert status == 2 and "standard input is a terminal; pipe frames of 8 x 8 x 1 bytes into it" in err


def test_numbers_have_no_likeliest(linocut, monkeypatch):
    layers = [lc.layers.Input((2, 3, 1)), lc.layers.Flatten(), lc.layers.Dense(2), lc.layers.MeanSquaredError()]
    trainer = lc.Trainer(lc.layers.Network("own", tuple(layers)), batch_size=5, backend="reference")
    trainer.fit((np.arange(60, dtype=np.uint8).reshape(10, 2, 3, 1), np.ones((10, 2))), epochs=1, out="numbers")
    status, _, err = linocut("predict", "numbers", "-", "--top", 2, *REFERENCE)
    assert status == 2 and "gives numbers; leave out --top" in err
    frames(monkeypatch, bytes(range(12)))
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3, 1)
    expected = lc.load("numbers", backend="reference").predict(image).outputs.tolist()
    assert [
        each["outputs"] for each in objects(linocut("predict", "numbers", "-", "--json", *REFERENCE)[1])
    ] == expected
