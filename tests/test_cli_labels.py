"""linocut predict of networks that read labels: of recordings all in order, of a live stream each as it begins."""

import io
import json
import re
import signal
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from wav_files import tone, write_wav

import linocut as lc
from linocut.run.best_path import LabelReader, best_path
from linocut.train.interrupts import Interrupted

pytestmark = pytest.mark.usefixtures("elsewhere")
FILES = "fsdd/recordings"


@pytest.fixture
def read():
    """A run over strings of tones, long enough that it reads some labels, and what it makes of a recording."""
    for digit in range(2):
        for number in range(9):
            samples = tone(400 + 900 * digit, 0.3 + 0.01 * number, number)
            write_wav(Path(FILES) / f"{digit}_ann_{number}.wav", samples)
    train, _ = lc.data.load("fsdd-strings", ".")
    network = lc.networks.lstm(
        train.shape, len(train.classes) + 1, cells=16, projection=8, block=4, labels=train.targets
    )
    trainer = lc.Trainer(network, "standard", lc.Adam(0.03, clip_norm=1.0), 2, threads=1)
    trainer.fit(train, epochs=60, out="run")
    predictor = lc.load("run", threads=1)
    return predictor, predictor.read(f"{FILES}/1_ann_1.wav")


def plainly(outputs: np.ndarray, names: tuple[str, ...]) -> list[str]:
    """Repeats merged, then blanks dropped, as the definition says it."""
    merged = [label for label, _ in groupby(outputs.argmax(axis=1).tolist())]
    return [names[label] for label in merged if label != len(names)]


def test_recordings_and_streams_are_read_as_labels(read, linocut, monkeypatch):
    predictor, example = read
    frames = example[0][: np.flatnonzero(example[0].any(axis=1))[-1] + 1]
    wanted = plainly(predictor.predict(example).outputs[0][: len(frames)], predictor.classes)
    assert wanted  # else the rest would show nothing
    status, out, _ = linocut("predict", "run", f"{FILES}/1_ann_1.wav", f"{FILES}/0_ann_1.wav", "--json")
    assert status == 0 and json.loads(out.splitlines()[0]) == {"file": f"{FILES}/1_ann_1.wav", "labels": wanted}
    assert linocut("predict", "run", f"{FILES}/1_ann_1.wav")[1] == f"{FILES}/1_ann_1.wav  {'  '.join(wanted)}\n"
    for given in (f"{FILES}/1_ann_1.wav", "-"):
        status, _, err = linocut("predict", "run", given, "--top", 2)
        assert status == 2 and "the network of run reads all labels of a sequence; leave out --top" in err
    status, _, err = linocut("eval", "run", "--data-dir", ".", "--errors", 2)
    assert status == 2 and "reads labels of sequences: none is taken for another class" in err
    sixteen = lc.Predictor(lc.sixteen_bits(predictor.graph).graph, predictor.classes, threads=1)
    wanted = plainly(sixteen.predict(example).outputs[0][: len(frames)], predictor.classes)
    for words in (("--json",), ()):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(frames.tobytes()), isatty=lambda: False))
        status, out, _ = linocut("predict", "run", "-", *words)
        lines = out.splitlines()
        labels = [json.loads(line)["label"] for line in lines] if words else [line.split()[1] for line in lines]
        assert (status, len(lines)) == (0, len(frames))
        assert [label for label in labels if label not in (None, "-")] == wanted


def test_paths_are_read_step_by_step_as_they_are_as_a_whole():
    rng = np.random.default_rng(0)
    for steps in (1, 2, 40):
        logits = rng.normal(size=(steps, 3)).astype(np.float32)
        reader = LabelReader()
        heard = [label for step in logits if (label := reader.read(step)) is not None]
        assert ["ab"[label] for label in heard] == plainly(logits, ("a", "b"))
        assert heard == best_path(logits)


def test_data_without_labels_or_sequences_are_refused_in_a_line(linocut):
    for word in ("low", "high"):
        write_wav(Path("tones") / word / "0.wav", tone(400))
        write_wav(Path("tones") / word / "1.wav", tone(500))
    for words, reason in (
        (("--model", "small_lstm", "--data", "tones"), "which reads labels of sequences; give strings such as"),
        (("--model", "lstm", "--data", "digits"), "must be (steps, features), as recordings are (--features mfcc)"),
        (("--model", "lstm", "--data", "tones", "--features", "log_mel"), "must be 'f32', as recordings are"),
    ):
        status, out, err = linocut("train", *words, "--batch", 1, "--out", "other")
        assert status == 2 and out == "" and err.count("\n") == 1 and reason in err and not Path("other").exists()


def test_error_rates_are_shown_and_logged_by_epoch(linocut):
    """Those of what the epoch came to on the test data; of the validation data where there are any; of the end too."""
    for digit in range(2):
        for number in range(12):
            write_wav(Path(FILES) / f"{digit}_ann_{number}.wav", tone(400 + 900 * digit, 0.3 + 0.01 * number, number))
    asked = ("--model", "lstm", "--block", 4, "--data", "fsdd-strings", "--data-dir", ".", "--policy", "standard")
    asked = *asked, "--batch", 1, "--epochs", 2, "--threads", 1
    status, out, err = linocut("train", *asked, "--out", "tested")
    rate = lc.load("tested", threads=1).evaluate(lc.data.load("fsdd-strings", ".")[1]).error_rate
    assert status == 0, err
    assert rate is not None and re.search(rf"^epoch 2/2  .*test error rate +{rate:.2%}", out, re.MULTILINE)
    assert f"test error rate   {rate:.2%}\n" in out and "test accuracy" not in out
    status, out, _ = linocut("train", *asked, "--validation", 0.25, "--out", "chosen", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert len(epochs) == 2 and all(epoch["validation_error_rate"] > 0 for epoch in epochs)
    assert not any("error_rate" in epoch for epoch in epochs) and events[-1]["error_rate"] > 0
    assert "error rate" in linocut("log", "tested")[1] and f"{rate:.2%}" in linocut("log", "tested")[1]
    logged = json.loads(linocut("log", "tested", "--json")[1].splitlines()[-1])
    assert (
        logged["error_rate"]
        == rate
        == json.loads(linocut("eval", "tested", "--data-dir", ".", "--json")[1])["error_rate"]
    )
    again = linocut("train", "--resume", "--data-dir", ".", "--out", "chosen", "--epochs", 3, "--json")
    assert again[0] == 0 and "validation_error_rate" in again[1], again


def test_what_goes_on_after_a_signal_has_the_folder_of_the_data(linocut, monkeypatch):
    def stopped(*given):
        raise Interrupted(signal.SIGTERM, "run")

    monkeypatch.setattr("linocut.cli.train._fitted", stopped)
    status, _, err = linocut("train", "--data", "digits", "--data-dir", "my data", "--out", "run", "--hidden", 8)
    assert status == 128 + signal.SIGTERM
    assert err == "interrupted by SIGTERM; go on with: linocut train --resume --out run --data-dir 'my data'\n"
