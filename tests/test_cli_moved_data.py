"""A run goes on with data that have moved, which are known by what is in them, and says what has changed."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE
from wav_files import tone, write_wav

import linocut as lc
from linocut.data.arrays import ArrayDataset
from linocut.data.content import Content, content_of
from linocut.data.fingerprint import PIECE, WHOLE, file_fingerprint
from linocut.train.data_facts import DataFacts

RESUME = ["train", "--resume", "--out", "run", "--epochs", 2, *REFERENCE]


def save(path, bright):
    generator = np.random.default_rng(len(str(path.name)) + bright)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(generator.integers(bright, bright + 99, (8, 8)).astype(np.uint8)).save(path)


@pytest.fixture
def data(elsewhere, tmp_path):
    for name, bright in (("day", 120), ("dusk", 60), ("night", 0)):
        for number in range(15):
            save(tmp_path / "data" / name / f"n{'x' * number}.png", bright)
    return tmp_path / "data"


@pytest.fixture(params=[[], ["--validation", 0.2], ["--limit", 20]])
def run(request, data, linocut):
    options = ["--data", data, "--hidden", 8, "--batch", 5, *request.param, *REFERENCE]
    assert linocut("train", *options, "--epochs", 2, "--out", "whole")[0] == 0
    assert linocut("train", *options, "--epochs", 1, "--out", "run")[0] == 0
    return request.param


def resumed(name):
    return lc.Trainer.resume(name, backend="reference")


def test_moved_data_are_known_by_their_content(run, data, linocut, tmp_path):
    """It ends in the same bits, and knows them by their new place from then on."""
    shutil.copytree(data, tmp_path / "there", copy_function=shutil.copyfile)  # with other times
    shutil.rmtree(data)
    status, _, err = linocut(*RESUME)
    assert status == 2
    assert f"the run's data were in {data}, where nothing is now; if they have moved, say where they are: --data" in err
    assert linocut(*RESUME, "--data", tmp_path / "there")[0] == 0
    assert resumed("run").session.state_sha256() == resumed("whole").session.state_sha256()
    assert resumed("run").data.name == str(tmp_path / "there")
    assert linocut("eval", "run", *REFERENCE)[0] == 0
    assert linocut(*RESUME[:-2], "--epochs", 3, *REFERENCE)[0] == 0


def grow(data):
    for number in range(15, 40):
        save(data / "dusk" / f"n{'x' * number}.png", 60)


def repaint(data):
    for path in (data / "day").iterdir():
        save(path, 119)


def rename(data):
    os.rename(data / "day", data / "noon")


def shrink(data):
    for number in range(12):
        (data / "night" / f"n{'x' * number}.png").unlink()


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (grow, r"(; |: )\d\d examples of class dusk, before \d\d;"),
        (shrink, r"(; |: )\d examples of class night, before \d\d"),
        (repaint, r": the \d+ examples of class day are not all the same$"),
        (rename, r"classes are gone: day; classes are new: noon"),
    ],
)
def test_changed_data_are_refused_and_it_is_said_what_has_changed(data, linocut, tmp_path, change, told, moved):
    options = ["--data", data, "--hidden", 8, "--batch", 5, *REFERENCE]
    assert linocut("train", *options, "--epochs", 1, "--out", "run")[0] == 0
    change(data)
    if moved:
        os.rename(data, tmp_path / "there")
    status, _, err = linocut(*RESUME, *(["--data", tmp_path / "there"] if moved else []))
    assert (status, len(err.splitlines())) == (2, 1)
    assert "run holds a run of data" in err
    assert re.search(told, err.strip())


def test_python_says_so_too(data):
    train, _ = lc.data.load(data)
    trainer = lc.Trainer(lc.models.mlp(train.shape, 3, (8,)), batch_size=5, backend="reference")
    trainer.fit(train, 1, out="run")
    grow(data)
    with pytest.raises(lc.RunError, match=r"the run was on .*give it the same data, .*examples of class dusk, before"):
        resumed("run").fit(lc.data.load(data)[0], 2)


def test_of_examples_of_several_labels_it_is_said_how_many_there_are_and_no_class():
    def facts(count, seed=0):
        rng = np.random.default_rng(seed)
        images, labels = rng.random((5, 4, 2), np.float32), rng.integers(0, 2, (5, 3)).astype(np.float32)
        given = images[:count], labels[:count], ("a", "b"), "/somewhere"
        return DataFacts.of(ArrayDataset(*given, shape=(4, 2), numbers=True))

    assert facts(5).changes(facts(4)) == ["examples: 4, before 5"]
    assert facts(5).changes(facts(5, 1)) == ["the 5 examples are not all the same"]
    before = replace(facts(5), content=(*facts(5).content, Content(0, "0" * 32)))  # as it was, the first had them all
    assert before.changes(facts(5)) == []
    assert before.changes(facts(4)) == ["examples: 4, before 5"]


def test_recordings_of_a_name_are_known_by_their_content(elsewhere, linocut):
    """Of strings, each of several recordings, there may be as many as before."""
    files = Path("fsdd/recordings")
    for digit in range(2):
        for number in range(12):
            write_wav(files / f"{digit}_ann_{number}.wav", tone(400 + 900 * digit, 0.3 + 0.01 * number, number))
    options = ("--data-dir", ".", "--policy", "standard", "--batch", 1, "--threads", 1)
    for name in ("fsdd", "fsdd-strings"):
        status, _, err = linocut("train", "--model", "lstm", "--data", name, *options, "--epochs", 1, "--out", name)
        assert status == 0, err
    go_on = ("train", "--resume", "--epochs", 2, "--data-dir", ".")
    assert "holds a run of no test speaker, not ann" in linocut(*go_on, "--out", "fsdd", "--test-speaker", "ann")[2]
    write_wav(files / "1_ann_7.wav", tone(700, 0.37))
    for name, told in (("fsdd", "the 7 examples of class 1 are"), ("fsdd-strings", "examples are")):
        status, _, err = linocut(*go_on, "--out", name)
        assert status == 2 and f"{told} not all the same" in err, err


def test_files_of_other_formats_are_known_too(tmp_path, elsewhere, linocut):
    """Here MNIST's: what they hold is read."""
    generator = np.random.default_rng(2)
    for place, odd in (("one", 0), ("same", 0), ("other", 1)):
        (tmp_path / place).mkdir()
        generator = np.random.default_rng(2)
        for part, count in (("train", 40), ("t10k", 20)):
            images = generator.integers(0, 256, (count, 6, 6), np.uint8)
            labels = np.arange(count, dtype=np.uint8) % 2
            images[7] ^= np.uint8(odd)
            for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
                header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
                (tmp_path / place / name).write_bytes(header + array.tobytes())
    options = ["--data", tmp_path / "one", "--hidden", 8, "--batch", 5, *REFERENCE]
    assert linocut("train", *options, "--epochs", 1, "--out", "run")[0] == 0
    assert linocut(*RESUME, "--data", tmp_path / "same")[0] == 0
    status, _, err = linocut(*RESUME[:-2], "--epochs", 3, "--data", tmp_path / "other", *REFERENCE)
    assert status == 2 and "the 20 examples of class 1 are not all the same" in err


def test_a_print_of_a_large_file_has_its_pieces(tmp_path):
    path = tmp_path / "large"
    data = bytearray(np.random.default_rng(0).bytes(WHOLE + 1))
    prints = set()
    for place in (None, 0, len(data) // 2, len(data) - 1, PIECE - 1, -PIECE):
        changed = bytearray(data)
        if place is not None:
            changed[place] ^= 1
        path.write_bytes(changed)
        prints.add(file_fingerprint(path))
    path.write_bytes(data[:-1])
    prints.add(file_fingerprint(path))
    assert len(prints) == 7
    with pytest.raises(lc.DataError, match="cannot be read: No such file"):
        file_fingerprint(tmp_path / "none")


def test_runs_of_before_know_their_data_by_name(data):
    """Their checkpoints say nothing of contents."""
    from dataclasses import replace

    facts = DataFacts.of(lc.data.load(data)[0])
    older = replace(facts, content=None)
    assert not older.changes(facts) and not facts.changes(older)
    assert older.changes(replace(facts, name="/elsewhere")) == [f"it is /elsewhere, was {data}"]
    assert not facts.changes(replace(facts, name="/elsewhere"))
    assert facts.content == content_of(lc.data.load(data)[0])
    assert DataFacts.of(lc.data.load("digits")[0]).content is None
