"""linocut sixteen-bits, and predict over a live stream of frames, on recordings of tones."""

import io
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from wav_files import tone, tones, write_wav

import linocut as lc
from linocut.cli.sixteen_bits import _examples
from linocut.layers import GRU, BlockCirculantDense, Network, SequenceInput, SequencePool, SoftmaxCrossEntropy

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def heard():
    """A run over tones, two epochs long, and its training data."""
    train, _ = lc.data.load(str(tones(Path("tones"), 15)), features="mfcc")
    layers = SequenceInput(train.shape), GRU(8, 4), SequencePool("last"), BlockCirculantDense(2)
    trainer = lc.Trainer(Network("tones", (*layers, SoftmaxCrossEntropy())), "standard", lc.Adam(0.02), 8, threads=1)
    trainer.fit(train, epochs=2, out="run")
    return train


def test_a_run_in_16_bits_is_calibrated_on_its_data(heard, linocut):
    status, out, _ = linocut("sixteen-bits", "run", "--out", "small.safetensors", "--json")
    told = json.loads(out)
    assert (status, told["out"], told["saturated"], told["clipped"]) == (0, "small.safetensors", {}, {})
    assert set(told["largest"]) == {"gru1.gates", "gru1.candidates", "gru1.cells"}
    made = lc.sixteen_bits(lc.load("run").graph, _examples(heard, heard.shape)).graph
    kept = lc.load("small.safetensors")
    assert kept.classes == lc.load("run").classes and kept.form == heard.form
    x = _examples(heard, heard.shape)
    assert np.array_equal(kept.predict(x).outputs, lc.Predictor(made, threads=1).predict(x).outputs)
    status, out, _ = linocut("sixteen-bits", "run", "--out", "small.safetensors", "--force")
    assert "gru1.gates: integers up to" in out and out.splitlines()[0].startswith("wrote small.safetensors: ")
    for words, reason in (
        (("run", "--out", "small.safetensors"), "small.safetensors exists already; give --force"),
        (("small.safetensors", "--out", "b"), "is in 16 bits already"),
        (("run",), "Missing option '--out'"),
        (("run", "--data", "digits", "--out", "b"), "digits has examples (8, 8, 1) of u8, the network takes"),
    ):
        status, out, err = linocut("sixteen-bits", *words)
        assert (status, out, err.count("\n")) == (2, "", 1) and reason in err


def test_frames_are_heard_as_they_come(heard, linocut, monkeypatch):
    x = _examples(heard, heard.shape)[0]
    frames = x[: np.flatnonzero(x.any(axis=1))[-1] + 1]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(frames.tobytes()), isatty=lambda: False))
    status, out, _ = linocut("predict", "run", "-", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    stream = lc.Stream(lc.sixteen_bits(lc.load("run").graph).graph)
    wanted = [heard.classes[int(stream.push(frame).argmax())] for frame in frames]
    assert status == 0 and [line["class"] for line in lines] == wanted
    assert [line["frame"] for line in lines] == list(range(len(frames)))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(frames.tobytes()[:-2]), isatty=lambda: False))
    status, _, err = linocut("predict", "run", "-")
    assert status == 2 and f"has {4 * x.shape[1] - 2} B, must have {4 * x.shape[1]} ({x.shape[1]} floats)" in err


def test_recordings_are_named_with_the_likeliest_classes_and_long_ones_are_told_of(heard, linocut):
    write_wav(Path("long.wav"), tone(400, 20.0))
    status, out, err = linocut("predict", "run", "tones/low/000.wav", "long.wav", "--top", 2, "--json")
    first, second = (json.loads(line) for line in out.splitlines())
    assert status == 0 and {one["class"] for one in first["top"]} == {"low", "high"}
    assert first["class"] == first["top"][0]["class"] and first["confidence"] >= first["top"][1]["confidence"]
    assert err == f"long.wav has 1,998 frames, of which the network hears the first {heard.shape[0]}\n"
    assert second["file"] == "long.wav"


@pytest.mark.parametrize("to", ["c", "hls"])
def test_what_export_says_to_try_works_and_saturated_numbers_are_named(heard, linocut, to):
    status, out, _ = linocut("export", "run", "--to", to, "--out", "device")
    assert status == 0 and "cannot hold" not in out
    *_, line = out.splitlines()
    done = subprocess.run(line.removeprefix("try it: "), shell=True, capture_output=True, text=True)
    assert line.startswith("try it: cd device && ") and done.returncode == 0, done.stderr
    trainer = lc.Trainer.resume("run", threads=1)
    trainer.state["gru1.bias"] = trainer.state["gru1.bias"] + 40
    found = lc.export(trainer, to, out="saturated")
    assert found.saturated == found.to_json()["saturated"] == {"gru1.bias": 24}


@pytest.mark.parametrize("to", ["onnx", "tflite"])
def test_formats_without_recurrent_nodes_say_which_have_them(heard, linocut, to):
    status, out, err = linocut("export", "run", "--to", to, "--out", "model")
    assert (
        (status, out, err.count("\n")) == (2, "", 1) and "give --to c or --to hls" in err and not Path("model").exists()
    )


def test_examples_unlike_those_of_training_are_told_of(heard, linocut):
    """Here of tones of other heights; what was trained on is not."""
    assert linocut("sixteen-bits", "run", "--out", "own.safetensors")[2] == ""
    for word, height in (("low", 3000), ("high", 3500)):
        for number in range(15):
            write_wav(Path("others") / word / f"{number:03}.wav", tone(height, 0.3 + 0.01 * number, number))
    status, out, err = linocut("sixteen-bits", "run", "--data", "others", "--out", "b.safetensors", "--json")
    assert status == 0 and json.loads(out)["out"] == "b.safetensors"
    assert (
        err.startswith("these examples are unlike what the network was trained on: feature ") and err.count("\n") == 1
    )
    np.savez("x.npz", x=np.zeros((20, *heard.shape), np.float32), y=np.arange(20) % 2)
    status, _, err = linocut("sixteen-bits", "run", "--data", "x.npz", "--out", "c.safetensors")
    assert status == 2 and "the network was trained on recordings; give such" in err


@pytest.mark.parametrize("words", [("eval",), ("sixteen-bits", "--out", "b.safetensors")])
def test_data_that_were_given_in_python_are_said_to_be_not_here(heard, linocut, words):
    trainer = lc.Trainer.resume("run", threads=1)
    x, y = _examples(heard, heard.shape), np.arange(len(_examples(heard, heard.shape))) % 2
    lc.Trainer(trainer.network, "standard", batch_size=4, threads=1).fit((x, y), epochs=1, out="mine")
    status, _, err = linocut(*words, "mine")
    assert status == 2 and "mine was trained on arrays, data that were given in Python and are not here;" in err
