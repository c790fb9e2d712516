"""Data of fewer examples than the default batch: a smaller one is taken, and said; what was asked for is refused."""

import json
from pathlib import Path

import pytest
from wav_files import tones

import linocut as lc

pytestmark = pytest.mark.usefixtures("elsewhere")
SOME = ("--data", "digits", "--limit", 90, "--epochs", 1, "--hidden", 8, "--threads", 1)
SMALLER = "chosen for 90 examples to train on: --batch 16; give another to have it otherwise\n"


def test_a_smaller_batch_is_taken_and_said(linocut):
    status, out, err = linocut("train", *SOME, "--out", "run")
    assert (status, err) == (0, "") and SMALLER in out and "1 epoch of 5 steps" in out
    assert lc.Trainer.resume("run", threads=1).settings.batch_size == 16
    assert linocut("train", *SOME, "--out", "other", "--json")[2] == SMALLER


def test_plan_and_blocks_take_it_too(linocut):
    folder = tones(Path("tones"), 6)
    status, out, err = linocut("plan", "--model", "lstm", "--data", folder, "--json")
    assert status == 0 and json.loads(out)["batch"] == 8 and "--batch 8" in err
    asked = "--data", folder, "--blocks", 16, "--policy", "standard", "--epochs", 1, "--threads", 1
    status, _, err = linocut("blocks", *asked)
    assert status == 0 and "chosen for 6 examples to train on: --batch 6;" in err
    status, out, err = linocut("blocks", *asked, "--batch", 20, "--out", "other")
    assert (status, out) == (2, "") and "batch size is 20, but" in err and not Path("other").exists()


def test_a_batch_that_was_asked_for_is_refused_before_anything_is_shown(linocut):
    status, out, err = linocut("train", *SOME, "--batch", 100, "--out", "run")
    assert (status, out) == (2, "") and not Path("run").exists()
    assert err == "error: batch size is 100, but digits has 90 examples; give a batch of 1 to 90\n"
