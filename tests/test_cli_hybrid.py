"""`linocut analyse`, `linocut hybrid`, and precisions of layers on the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from small_command import objects

import linocut as lc

NETWORK = """
[[layers]]
layer = "conv2d"
filters = 8
name = "conv1"
[[layers]]
layer = "batch_norm"
[[layers]]
layer = "relu"
[[layers]]
layer = "residual"
body = [
    {layer = "batch_norm"}, {layer = "sign"}, {layer = "binary_conv2d", filters = 8, name = "conv2"},
    {layer = "batch_norm"}, {layer = "relu"},
]
[[layers]]
layer = "batch_norm"
[[layers]]
layer = "sign"
[[layers]]
layer = "binary_conv2d"
filters = 12
stride = 2
name = "conv3"
[[layers]]
layer = "batch_norm"
[[layers]]
layer = "relu"
[[layers]]
layer = "global_average_pool"
[[layers]]
layer = "dense"
units = "classes"
[[layers]]
layer = "batch_norm"
"""
TRAIN = ("--data", "digits", "--batch", 20, "--threads", 1)


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """A binary run, for all tests."""
    folder = tmp_path_factory.mktemp("hybrid")
    (folder / "net.toml").write_text(NETWORK)
    from linocut.cli import main

    arguments = (
        "train",
        "--model",
        folder / "net.toml",
        *TRAIN,
        "--limit",
        200,
        "--epochs",
        1,
        "--out",
        folder / "run",
    )
    assert main([str(one) for one in arguments]) == 0
    return folder


def test_analyse_for_programs_and_for_people(elsewhere, linocut, binary, tmp_path):
    command = ("analyse", binary / "run", "--data", "digits", "--examples", 60, "--choices", "2,float", "--threads", 1)
    status, out, err = linocut(*command, "--json")
    (found,) = objects(out)
    assert status == 0 and err.count("the loss falls by") == 4
    assert [layer["name"] for layer in found["layers"]] == ["conv2", "conv3"]
    assert {"model", "tap", "examples", "threshold", "rise", "loss", "bytes", "pj", "device", "ms"} < set(found)
    assert found["examples"] == 60 and set(found["layers"][0]["falls"]) == {"2", "float"}
    pytest.importorskip("matplotlib")
    status, out, err = linocut(*command, "--components-only", "--tap", "block", "--plot", tmp_path / "c.png")
    assert status == 0 and "principal components of what its block gives" in out and "falls" not in out
    assert (tmp_path / "c.png").stat().st_size > 1000


def test_hybrid_chooses_trains_and_compares(elsewhere, linocut, binary, tmp_path):
    budget = 2600
    command = ("hybrid", "--from", binary / "run", "--budget", f"{budget}B", "--examples", 60, "--threads", 1)
    status, out, _ = linocut(*command, "--choices", "2,float", "--epochs", 1, "--limit", 100, "--out", "h", "--json")
    assert status == 0
    analysis, choice, compared = objects(out)
    assert [one["event"] for one in (analysis, choice, compared)] == ["analysis", "choice", "compared"]
    assert choice["least"] <= choice["cost"] <= budget < choice["most"] and choice["exact"]
    names = [one["name"] for one in compared["networks"]]
    assert names == ["binary", "chosen", "full precision, not trained"] and compared["out"] == "h"
    assert compared["networks"][1]["bytes"] == choice["cost"] and compared["networks"][2]["accuracy"] is None
    kept = lc.Trainer.resume("h", 1)
    for name, to in choice["precisions"].items():
        assert str(getattr(kept.network.graph.node(name).layer, "bits", 1)) == to
    status, _, err = linocut(*command, "--out", "h")
    assert status == 2 and "h holds a run already: go on with it (linocut train --resume --out h)" in err


def test_the_binary_network_is_trained_first_where_there_is_none(elsewhere, linocut, binary, tmp_path):
    pytest.importorskip("matplotlib")
    command = ("hybrid", "--model", binary / "net.toml", *TRAIN, "--limit", 100, "--epochs", 1, "--examples", 50)
    status, out, err = linocut(*command, "--budget", "2600B", "--by", "pca", "--out", "own", "--plot", "front.svg")
    assert status == 0 and "trains the binary network first, into own-binary" in err
    assert "choices that nothing beats (exact)" in out and "full precision, not trained" in out
    assert lc.Trainer.resume("own-binary", 1).network.graph.node("conv2").layer.kind == "binary_conv2d"
    assert (tmp_path / "front.svg").stat().st_size > 1000


def test_precisions_of_layers(elsewhere, linocut, binary):
    net = binary / "net.toml"
    plan = ("plan", "--model", net, "--input", "8x8x1", "--classes", 10, "--batch", 10, "--layers")
    status, out, _ = linocut(*plan, "--keep-float", "conv2", "--bits", "conv3=4")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith("conv")}
    assert status == 0 and rows["conv2"][1] == "32" and rows["conv3"][1] == "4"
    status, out, _ = linocut(
        "estimate", "--model", binary / "run", "--bits", "conv[23]=2", "--on", "cortex-m7", "--json"
    )
    assert status == 0 and json.loads(out)["total_ms"] > 0
    train = ("train", "--from", binary / "run", *TRAIN, "--limit", 40, "--epochs", 1, "--out", "raised")
    status, out, _ = linocut(*train[:-1], "few", "--bits", "conv3=4")
    assert status == 0 and "% of 4 bits or fewer" in out
    status, out, _ = linocut(*train, "--keep-float", "conv3")
    assert status == 0 and "begins anew" not in out
    assert lc.Trainer.resume("raised", 1).network.graph.node("conv3").layer.kind == "conv2d"
    status, _, err = linocut("train", "--resume", "--out", "raised", "--keep-float", "conv2")
    assert status == 2 and "network" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plan", "--model", "resnet20", "--bits", "conv8=3"), "the precision of conv8 is '3', must be 1, 2, 4, float"),
        (("plan", "--model", "resnet20", "--bits", "conv8"), "'conv8' is not NAME=BITS, such as conv8=2"),
        (("plan", "--model", "resnet20", "--bits", "conv99=2"), "no layer of resnet20 is called 'conv99'"),
        (("plan", "--model", "resnet20", "--keep-float", "a,,b"), "'a,,b' has an empty name"),
        (
            ("plan", "--model", "resnet20", "--keep-float", "conv8", "--bits", "conv8=2"),
            "conv8 is given two precisions, float and 2",
        ),
        (("analyse", "nowhere"), "nowhere holds no run"),
        (
            ("analyse", "RUN", "--examples", 5),
            "5 examples are analysed, but conv3 has 12 channels; give as many or more, of data",
        ),
        (("analyse", "RUN", "--threshold", 2), "threshold is 2.0, must be a part of the variance above 0 and below 1"),
        (("analyse", "RUN", "--rise", 0), "rise is 0"),
        (("analyse", "RUN", "--tap", "x"), "'x' is not one of 'conv', 'block'"),
        (("hybrid", "--from", "RUN", "--choose-only"), "Missing option '--budget'"),
        (("hybrid", "--from", "RUN", "--budget", "1MiB", "--choose-only"), "all layers raised take"),
        (("hybrid", "--from", "RUN", "--budget", "100B", "--choose-only"), "the network as it is takes"),
        (("hybrid", "--from", "RUN", "--budget", "3ms", "--choose-only"), "which is of time; name the device"),
        (("hybrid", "--from", "RUN", "--budget", "2KiB", "--seed", 1), "--from says the seed: leave out --seed"),
        (("hybrid", "--model", "resnet20", "--budget", "2KiB", "--choose-only"), "--choose-only is for a binary run"),
        (("hybrid", "--model", "resnet20", "--budget", "80KiB"), "--data is not given; take digits"),
        (
            ("hybrid", "--from", "RUN", "--budget", "2KiB", "--choices", "3", "--choose-only"),
            "must be of 1, 2, 4, float",
        ),
    ],
)
def test_mistakes_are_one_line(elsewhere, linocut, binary, arguments, message):
    given = [binary / "run" if one == "RUN" else one for one in arguments]
    status, out, err = linocut(*given)
    assert status == 2 and out == "" and message in err and err.count("\n") == 1


@contextmanager
def stopped_trainings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A block in which each training is interrupted behind its first epoch."""
    from linocut.train import EpochEnded, Interrupted, Trainer

    fit = Trainer.fit

    def stopped(self, *given, **how):
        fit(self, *given, **how | {"callbacks": [lambda event: self.stop() if isinstance(event, EpochEnded) else None]})
        raise Interrupted(2, str(how["out"]))

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "fit", stopped)
        yield


def test_an_interrupted_binary_run_is_where_to_begin_from(elsewhere, linocut, binary, monkeypatch):
    """Its folder says how to go on, as does what is told; and the choice then comes to what it would have come to."""
    command = ("hybrid", "--model", binary / "net.toml", *TRAIN, "--limit", 100, "--epochs", 2, "--examples", 50)
    command += ("--choices", "2,float", "--budget", "2600B")
    assert linocut(*command, "--out", "whole")[0] == 0
    with stopped_trainings(monkeypatch):
        status, _, err = linocut(*command, "--out", "cut")
    resume = "linocut train --resume --out cut-binary"
    begin = "linocut hybrid --from cut-binary --budget 2600B --choices 2,float --examples 50 --epochs 2 --limit 100"
    begin += " --threads 1 --out cut"
    assert status == 130 and f"go on with: {resume}; then: {begin}" in err
    status, _, err = linocut(*command, "--out", "cut")
    assert status == 2 and "cut-binary holds a binary run already: begin from it with --from cut-binary" in err
    assert f"({resume})" in err
    where = ("--data-dir", "a folder")
    assert f"({resume} --data-dir 'a folder')" in linocut(*command, *where, "--out", "cut")[2]
    assert linocut(*resume.split()[1:], "--threads", 1)[0] == 0
    assert linocut(*begin.split()[1:])[0] == 0
    one, other = (lc.Trainer.resume(folder, 1) for folder in ("whole", "cut"))
    for name in one.state:
        assert (one.state[name] == other.state[name]).all()


def test_an_analysis_that_is_interrupted_says_how_to_choose_from_the_binary_run(
    elsewhere, linocut, binary, monkeypatch
):
    """That run is at its end, and its training is not lost; the command that follows names the data's folder too."""

    def stopped(*given, **how):
        raise KeyboardInterrupt

    command = ("hybrid", "--model", binary / "net.toml", *TRAIN, "--limit", 100, "--epochs", 1, "--examples", 50)
    command += ("--choices", "2,float", "--budget", "2600B", "--by", "pca", "--data-dir", "there", "--out", "cut")
    with monkeypatch.context() as patched:
        patched.setattr("linocut.hybrid.analyse", stopped)
        status, _, err = linocut(*command)
    begin = "linocut hybrid --from cut-binary --budget 2600B --by pca --choices 2,float --examples 50 --epochs 1"
    begin += " --limit 100 --threads 1 --data-dir there --out cut"
    assert status == 130 and f"the binary run is at its end; choose with: {begin}\n" in err
    assert linocut(*begin.split()[1:])[0] == 0


def test_a_chosen_network_of_fewer_examples_goes_on(elsewhere, linocut, tmp_path, monkeypatch):
    """Its limit is of what the binary run trained on, beside the validation data of that run."""
    (tmp_path / "net.toml").write_text(NETWORK)
    run = ("train", "--model", "net.toml", *TRAIN, "--limit", 200, "--validation", 0.1, "--epochs", 1, "--out", "run")
    assert linocut(*run)[0] == 0
    command = ("hybrid", "--from", "run", "--budget", "2600B", "--examples", 50, "--by", "pca", "--threads", 1)
    command += ("--limit", 100, "--epochs", 2, "--data-dir", "there")
    status, _, err = linocut(*command, "--out", "whole")
    assert status == 0 and "hybrid: epoch 2, loss" in err and ", validation accuracy" in err
    with stopped_trainings(monkeypatch):
        status, _, err = linocut(*command, "--out", "cut")
    resume = "linocut train --resume --out cut --data-dir there"
    assert status == 130 and err.endswith(f"go on with: {resume}\n")
    assert linocut(*resume.split()[1:], "--threads", 1)[0] == 0
    one, other = (lc.Trainer.resume(folder, 1) for folder in ("whole", "cut"))
    assert all((one.state[name] == other.state[name]).all() for name in one.state)


def test_data_that_are_named_are_the_runs_own(elsewhere, linocut, binary, tmp_path):
    """Of a run of fewer examples too: what is validated on is what it did not train on. Without, more may be named."""
    (tmp_path / "net.toml").write_text(NETWORK)
    run = ("train", "--model", "net.toml", *TRAIN, "--limit", 200, "--validation", 0.1, "--epochs", 1, "--out", "run")
    assert linocut(*run)[0] == 0
    command = ("analyse", "run", "--choices", "2", "--threads", 1, "--json")
    _, own, _ = linocut(*command)
    _, named, _ = linocut(*command, "--data", "digits")
    assert objects(own)[0]["examples"] == 180 and own == named
    more = ("analyse", binary / "run", "--components-only", "--threads", 1, "--json")
    assert [objects(linocut(*more, *named)[1])[0]["examples"] for named in ((), ("--data", "digits"))] == [200, 1500]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--threshold", 2), "threshold is 2.0, must be a part of the variance"),
        (("--examples", 5), "5 examples are analysed, but conv3 has 12 channels; give as many or more, of data"),
        (
            ("--limit", 5, "--batch", 5),
            "5 examples are analysed, but conv3 has 12 channels; give as many or more, of data",
        ),
    ],
)
def test_what_cannot_be_analysed_is_not_trained_first(elsewhere, linocut, binary, tmp_path, arguments, message):
    command = ("hybrid", "--model", binary / "net.toml", *TRAIN, "--epochs", 1, "--budget", "2600B", "--out", "own")
    status, out, err = linocut(*command, *arguments)
    assert status == 2 and out == "" and message in err and err.count("\n") == 1
    assert not (tmp_path / "own-binary").exists()


def test_data_decide_as_they_do_in_train(elsewhere, linocut, tmp_path):
    """The batch of few examples; of a folder of pictures the network and size too, unless they are said."""
    command = ("hybrid", "--epochs", 1, "--by", "pca", "--threads", 1)
    few = ("--data", "digits", "--model", "mlp", "--hidden", "32,32", "--limit", 40)
    status, _, err = linocut(*command, *few, "--budget", "2KiB", "--out", "few")
    assert status == 0 and "chosen for 40 examples to train on: --batch 16" in err
    assert lc.Trainer.resume("few", 1).settings.batch_size == 16
    pytest.importorskip("PIL")
    pictures(tmp_path / "photos")
    status, _, err = linocut(*command, "--data", "photos", "--budget", "40KiB", "--out", "chosen")
    assert status == 2 and "--model convnet --size 64x64 --schedule cosine --batch 16" in err
    assert "31 examples are analysed, but binary_conv2d3 has 128 channels" in err
    sized = ("--model", "mlp", "--hidden", "24,24", "--size", "8x8")
    assert linocut(*command, "--data", "photos", *sized, "--budget", "2KiB", "--out", "sized")[0] == 0
    assert lc.Trainer.resume("sized", 1).network.input.shape == (8, 8, 3)
    status, _, err = linocut(*command, "--from", "sized", "--size", "9x9", "--budget", "2KiB")
    assert status == 2 and "--from says the size: leave out --size, or --from" in err


def pictures(folder):
    """Two classes of 20 pictures in colours each."""
    from PIL import Image

    random = np.random.default_rng(0)
    for least, name in enumerate("ab"):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            values = random.integers(100 * least, 100 * least + 100, (16, 16, 3))
            Image.fromarray(values.astype(np.uint8)).save(folder / name / f"{number}.png")


def test_a_run_without_data(elsewhere, linocut, binary):
    lc.Trainer(lc.models.mlp((8, 8, 1), 10, (16,)), batch_size=10, threads=1).save("new")
    status, _, err = linocut("analyse", "new")
    assert status == 2 and "new does not say what it was trained on; give --data" in err
