"""linocut eval: accuracy, classes, confusion, mistakes, as text, as JSON and as a picture."""

import sys

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE, objects

import linocut as lc

pytestmark = pytest.mark.usefixtures("elsewhere")
KEYS = ["accuracy", "loss", "examples", "top_k", "per_class", "confusion", "errors"]


def test_for_programs(linocut, run):
    status, out, err = linocut("eval", run, "--errors", 4, "--json", *REFERENCE)
    (found,) = objects(out)
    expected = lc.load(run, backend="reference").assess(lc.data.load("digits")[1], errors=4)
    assert (status, err, list(found)) == (0, "", KEYS)
    assert found == expected.to_json()
    assert list(found["top_k"]) == ["5"] and np.shape(found["confusion"]) == (10, 10)
    assert [list(score) for score in found["per_class"]] == [["name", "precision", "recall", "f1", "support"]] * 10
    assert [list(one) for one in found["errors"]] == [["index", "file", "true", "predicted", "confidence"]] * 4


def test_for_people(linocut, run):
    status, out, err = linocut("eval", run, "--confusion", "--errors", 3, *REFERENCE)
    expected = lc.load(run, backend="reference").assess(lc.data.load("digits")[1], errors=3)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{expected.line}  on 297 examples of digits" and "top-5" in lines[0]
    assert max(map(len, lines)) <= 80
    heads = [n for n, line in enumerate(lines) if line.startswith(("class ", "examples by", "predicted "))]
    assert len(heads) == 3 and len(lines) == heads[2] + 2 + 3
    assert [sum(int(n) for n in line.split()[1:] if n != ".") for line in lines[heads[1] + 3 : heads[1] + 13]] == [
        score.support for score in expected.per_class
    ]
    assert linocut("eval", run, *REFERENCE)[1].splitlines() == lines[: heads[1] - 1]


def test_mistakes_of_a_folder_are_files(linocut, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("ants", "bees"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(30):
            Image.fromarray(rng.integers(0, 256, (8, 8)).astype(np.uint8)).save(f"photos/{name}/{number} ü.png")
    train = ("--data", "photos", "--hidden", 8, "--batch", 20, "--epochs", 1, "--out", "r", *REFERENCE)
    assert linocut("train", *train)[0] == 0
    (found,) = objects(linocut("eval", "r", "--errors", 50, "--json", *REFERENCE)[1])
    wrong = found["confusion"][0][1] + found["confusion"][1][0]
    assert len(found["errors"]) == wrong > 0 and found["top_k"] == {}
    predictor = lc.load("r", backend="reference")
    for mistake in found["errors"]:
        assert f"/{mistake['true']}/" in mistake["file"]
        image = predictor.read_image(mistake["file"])
        guess = predictor.predict(image[None])
        assert predictor.class_name(int(guess.classes[0])) == mistake["predicted"] != mistake["true"]
        assert guess.confidences[0] == pytest.approx(mistake["confidence"])
    sure = [mistake["confidence"] for mistake in found["errors"]]
    assert sure == sorted(sure, reverse=True)
    _, test = lc.data.load("photos")
    assert lc.data.take(test, 3).file_of(2) == test.file_of(2) is not None
    first = linocut("eval", "r", "--errors", 1, "--limit", 12, *REFERENCE)[1].splitlines()[-1]
    assert first.endswith(" ü.png")


def test_data_that_have_moved_are_asked_for(linocut, tmp_path):
    for label in ("a", "b"):
        for number in range(6):
            path = tmp_path / "photos" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8), 255 * (label == "a"), np.uint8)).save(path)
    how = (
        "--model",
        "mlp",
        "--hidden",
        "8",
        "--size",
        "8x8",
        "--batch",
        "4",
        "--epochs",
        "1",
        "--out",
        tmp_path / "run",
    )
    assert linocut("train", "--data", tmp_path / "photos", *how, "--out", tmp_path / "run")[0] == 0
    (tmp_path / "photos").rename(tmp_path / "moved")
    status, _, err = linocut("eval", tmp_path / "run")
    assert status == 2 and "which is not there any more; give --data, where they are" in err
    assert linocut("eval", tmp_path / "run", "--data", tmp_path / "moved")[0] == 0


def test_a_picture(linocut, run):
    pytest.importorskip("matplotlib")
    status, out, err = linocut("eval", run, "--plot", "confusion.png", *REFERENCE)
    assert (status, err) == (0, "wrote confusion.png\n") and "accuracy" in out
    with Image.open("confusion.png") as picture:
        assert min(picture.size) > 300


def test_a_picture_that_cannot_be_is_refused_before_anything_is_done(linocut, run, monkeypatch, tmp_path):
    (tmp_path / "folder.png").mkdir()
    for name, message in (
        ("x", "x cannot be drawn: a name without an ending is no kind of picture; give a name that ends in .png"),
        ("x.doc", "x.doc cannot be drawn: '.doc' is no kind of picture"),
        ("folder.png", "folder.png is a folder; give the name of a file as --plot"),
    ):
        status, out, err = linocut("eval", run, "--plot", name, *REFERENCE)
        assert (status, out) == (2, "") and message in err
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    status, out, err = linocut("eval", run, "--plot", "x.png", *REFERENCE)
    assert (status, out) == (2, "")
    assert "--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'" in err


def test_no_mistakes_and_less_than_one(linocut, run):
    status, out, err = linocut("eval", run, "--errors", 0, *REFERENCE)
    assert (status, out) == (2, "") and "0 is not in the range x>=1" in err
