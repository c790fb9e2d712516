"""Validation on the command line: held out, or in a folder of its own; what is kept, when it ends, what is told."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE, SMALL, objects

import linocut as lc

RUN = ["--out", "run", *REFERENCE]


@pytest.fixture
def parts(elsewhere, tmp_path):
    """A folder of three parts: noise, in two classes of different brightness."""
    generator = np.random.default_rng(5)
    for part, count in (("train", 20), ("val", 8), ("test", 6)):
        for name, bright in (("day", 110), ("night", 0)):
            (tmp_path / "data" / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(bright, bright + 140, (8, 8, 1)).astype(np.uint8)
                Image.fromarray(pixels[..., 0]).save(tmp_path / "data" / part / name / f"{number}.png")
    return tmp_path / "data"


def epochs(out):
    return [line for line in objects(out) if line["event"] == "epoch"]


def test_a_part_is_held_out_and_a_run_goes_on_with_it(elsewhere, linocut):
    options = [*SMALL, "--validation", 0.2, "--patience", 3]
    assert linocut("train", *options, "--epochs", 9, "--out", "whole", "--json")[0] == 0
    assert linocut("train", *options, "--epochs", 2, "--out", "run", "--json")[0] == 0
    assert linocut("train", "--resume", "--epochs", 9, *RUN, "--json")[0] == 0
    run, whole = (lc.Trainer.resume(name, backend="reference") for name in ("run", "whole"))
    assert run.session.state_sha256() == whole.session.state_sha256()
    assert (run.choosing, run.progress.best) == (whole.choosing, whole.progress.best)
    assert run.choosing.patience == 3 and run.data.examples == 120 - run.choosing.validation.data.examples
    done = json.loads((run.folder / "log.jsonl").read_text().splitlines()[-1])
    assert done["kept_epoch"] == run.progress.best.epoch
    found = json.loads(linocut("eval", "run", "--limit", 120, "--json", *REFERENCE)[1])
    assert found["accuracy"] == done["accuracy"]
    for given in (["--validation", 0.3], ["--keep", "last"]):
        status, _, err = linocut("train", "--resume", "--epochs", 12, *RUN, *given)
        assert (
            status == 2
            and f"holds a run of {given[0][2:]} {'best' if 'last' in given else 0.2}, not {given[1]};" in err
        )


def test_people_are_told_what_was_chosen(elsewhere, linocut):
    options = [*SMALL, "--lr", 0.05, "--schedule", "plateau", "--epochs", 40, "--out", "run"]
    status, out, _ = linocut("train", *options, "--validation", 0.2, "--patience", 2)
    assert status == 0
    assert "95 to train on, 25 to validate on, 120 to test on; 10 classes" in out.splitlines()[0]
    assert "the plateau schedule follows the validation loss" in out
    assert " validation " in next(line for line in out.splitlines() if line.startswith("epoch "))
    assert "ended early       after " in out and ": 2 epochs without a better one" in out
    assert "kept model        the best, of epoch " in out
    assert "linocut train --resume --out run --patience 4" in out
    status, out, _ = linocut("train", *SMALL, "--schedule", "plateau", "--epochs", 1, "--out", "other")
    assert "follows the loss on the test data, which so choose the learning rate; with --validation 0.1 they" in out
    status, out, _ = linocut("train", *SMALL, "--validation", 0.2, "--keep", "last", "--epochs", 2, "--out", "third")
    assert "kept model        the last, of epoch 2; the best was " in out


def test_a_folder_of_three_parts(parts, linocut):
    """What lies in val chooses, until the run is at its end; a run that began without goes on without."""
    options = ["--data", parts, "--hidden", 8, "--batch", 10]
    status, out, err = linocut("train", *options, "--epochs", 3, *RUN, "--json")
    assert (status, err) == (0, "")
    assert all(line["accuracy"] is None and line["validation_accuracy"] is not None for line in epochs(out))
    validation = lc.Trainer.resume("run", backend="reference").choosing.validation
    assert (validation.fraction, validation.data.examples) == (None, 16)
    assert linocut("train", "--resume", "--epochs", 4, *RUN)[0] == 0
    status, _, err = linocut("train", *options, "--validation", 0.1, "--out", "other", *REFERENCE)
    assert status == 2
    assert f"{parts} has 16 validation examples in a folder of their own; leave out --validation, or move that" in err
    shutil.move(parts / "val", parts.parent / "val")
    status, _, err = linocut("train", "--resume", "--epochs", 5, *RUN)
    assert status == 2 and "the run is validated on" in err and "give these" in err
    assert linocut("train", *options, "--epochs", 1, "--out", "plain", *REFERENCE)[0] == 0
    shutil.move(parts.parent / "val", parts / "val")
    status, out, _ = linocut("train", "--resume", "--epochs", 2, "--out", "plain", "--json", *REFERENCE)
    assert status == 0
    assert [(line["accuracy"] is None, line["validation_accuracy"]) for line in epochs(out)] == [(False, None)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--validation", 1.5], "validation is 1.5, must be a part of the training data above 0 and below 1"),
        (["--keep", "best"], "there are no validation data to tell which epoch is better"),
        (["--patience", 0], "--patience"),
        (["--validation", 0.5, "--batch", 100], "batch size is 100"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(elsewhere, linocut, tmp_path, given, message):
    status, _, err = linocut("train", *SMALL, *given, "--out", "run")
    assert (status, len(err.splitlines())) == (2, 1) and message in err
    assert not (tmp_path / "run").exists()
