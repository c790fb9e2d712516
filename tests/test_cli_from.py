"""train --from: a trained network on other data, with more classes, another rate; what is taken is said."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE, SMALL, objects

import linocut as lc

RATE = ["--lr", 0.02, "--schedule", "constant"]
SMALLEST = ["--batch", 5, "--epochs", 1, *REFERENCE]


@pytest.fixture
def photos(elsewhere, tmp_path):
    """Noise in classes of different brightness, of a size that differs."""

    def made(name, classes):
        generator = np.random.default_rng(len(name))
        for number, one in enumerate(classes):
            folder = tmp_path / name / one
            folder.mkdir(parents=True)
            for picture in range(20):
                pixels = generator.integers(60 * number, 60 * number + 70, (9 + picture % 3, 10, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{picture}.png")
        return tmp_path / name

    return made


def test_a_run_goes_on_with_more_classes(photos, linocut):
    """The network, the policy and how pictures are read are the run's; the head is new."""
    first, more = photos("first", ["a", "b"]), photos("more", ["a", "b", "c"])
    options = ["--data", first, "--size", "8x8", "--hidden", "12", "--policy", "lean8", *SMALLEST]
    assert linocut("train", *options, "--out", "run")[0] == 0
    status, out, err = linocut("train", "--from", "run", "--data", more, *SMALLEST, *RATE, "--json")
    assert status == 0
    start, *_, done = objects(out)
    assert start == {
        "event": "start",
        "source": "run",
        "taken": ["binary_dense1", "batch_norm1"],
        "new": {
            "binary_dense2": "its weights are (3, 12), there (2, 12)",
            "batch_norm2": "its beta are (1, 3), there (1, 2)",
        },
        "unused": ["binary_dense2", "batch_norm2"],
        "fitted": [],
    }
    assert "begins from run: binary_dense1, batch_norm1 as they were there" in err
    assert "binary_dense2 begins anew: its weights are (3, 12), there (2, 12)" in err
    assert done["out"] == os.path.join("runs", "mlp-more")
    run = lc.Trainer.resume(done["out"], backend="reference")
    assert run.network == lc.models.mlp((8, 8, 3), 3, (12,)) and run.settings.policy == lc.lean8
    assert run.settings.optimizer.learning_rate == 0.02
    assert linocut("train", "--resume", "--out", done["out"], "--epochs", 2, *REFERENCE)[0] == 0
    assert 'from = "run"' in (run.folder / "config.toml").read_text().splitlines()
    assert lc.Trainer.resume(done["out"], backend="reference").source == "run"


def test_the_head_of_other_classes_begins_anew_as_their_numbers_mean_others(photos, linocut):
    """As many classes, called otherwise, so that their order turns: kept, the last layer would be always wrong."""
    first, same, turned = photos("first", ["a", "b"]), photos("same", ["a", "b"]), photos("turned", ["b", "a"])
    other = photos("other", ["z", "c"])
    assert linocut("train", "--data", first, "--size", "8x8", "--hidden", "12", *SMALLEST, "--out", "run")[0] == 0
    for source in (["run"], ["run/model.safetensors", "--model", "mlp", "--hidden", "12", "--size", "8x8"]):
        status, out, _ = linocut("train", "--from", *source, "--data", other, *SMALLEST, "--json")
        assert status == 0
        assert objects(out)[0]["new"] == {
            "binary_dense2": "its classes are c, z, there a, b",
            "batch_norm2": "it norms binary_dense2, which begins anew",
        }
        for data in (same, turned):  # class folders are in the order of their names
            status, out, _ = linocut("train", "--from", *source, "--data", data, *SMALLEST, "--json")
            assert status == 0 and objects(out)[0]["new"] == {}
    train = lc.data.load(other, size=(8, 8))[0]

    def own():
        return lc.Trainer(lc.models.mlp(train.shape, 2, (12,)), batch_size=5, backend="reference")

    new = own()
    assert new.start_from("run").new == {}
    with pytest.raises(lc.DataError, match=r"is c, of network mlp a: .* give start_from of a new Trainer the data's c"):
        new.fit(train, 1)
    new, fresh = own(), own()
    assert list(new.start_from("run", train.classes).new) == ["binary_dense2", "batch_norm2"]
    assert np.array_equal(new.state["binary_dense2.weights"], fresh.state["binary_dense2.weights"])
    assert not np.array_equal(new.state["binary_dense1.weights"], fresh.state["binary_dense1.weights"])
    new.fit(train, 1)
    with pytest.raises(lc.SpecError, match="classes is 'ab', must be a list of names of classes"):
        own().start_from("run", "ab")


def test_what_begins_anew_is_not_frozen(photos, linocut):
    """A new norm has no statistics to freeze, and none can be taken of one example."""
    first, more = photos("first", ["a", "b"]), photos("more", ["a", "b", "c"])
    assert linocut("train", "--data", first, "--size", "8x8", "--hidden", "12", *SMALLEST, "--out", "run")[0] == 0
    freeze = ["train", "--from", "run", "--data", more, "--epochs", 1, *REFERENCE, "--freeze", "batch_norm*"]
    status, out, _ = linocut(*freeze, "--batch", 5, "--out", "more-run")
    assert status == 0
    assert "batch_norm2 begins anew: its beta are (1, 3), there (1, 2); so it is not frozen" in out
    run, before = (lc.Trainer.resume(name, backend="reference") for name in ("more-run", "run"))
    assert run.settings.frozen == ("batch_norm1",)
    assert np.array_equal(run.state["batch_norm1.running"], before.state["batch_norm1.running"])
    status, _, err = linocut(*freeze, "--batch", 1)
    assert status == 2 and "batch_norm2 cannot be frozen, beginning anew; batch is 1, and batch_norm2 of mlp" in err
    whole = lc.Trainer(run.network, batch_size=5, freeze=["binary_dense2"], backend="reference")
    assert set(np.unique(whole.state["binary_dense2.weights"])) == {-1, 1}, "opened, with frozen bits"
    fresh = lc.Trainer(run.network, batch_size=5, backend="reference")
    assert whole.start_from("run").new["binary_dense2"].endswith("; so it is not frozen")
    assert np.array_equal(whole.state["binary_dense2.weights"], fresh.state["binary_dense2.weights"]), "no signs"
    held = lc.Trainer(run.network, batch_size=5, freeze=["batch_norm*", "binary_dense2"], backend="reference")
    held = lc.Trainer(run.network, budget=held.plan.total_bytes, batch_size=5, freeze=["batch_norm*", "binary_dense2"])
    with pytest.raises(lc.SpecError, match=r"cannot be frozen, beginning anew, and the arena takes .*; do not freeze"):
        held.start_from("run")


def test_batch_and_schedule_are_those_of_the_new_folder(photos, linocut):
    """A batch of 100 would be more than there are pictures; what is given wins."""
    first, few = photos("first", ["a", "b"]), photos("few", ["a", "b"])
    assert linocut("train", "--data", first, "--size", "8x8", "--hidden", "12", *SMALLEST, "--out", "run")[0] == 0
    more = ["train", "--from", "run", "--data", few, "--epochs", 1, *REFERENCE]
    status, out, _ = linocut(*more, "--out", "chosen")
    assert status == 0
    assert "\nchosen for a folder of pictures: --schedule cosine --batch 16; give any of these" in out
    settings = lc.Trainer.resume("chosen", backend="reference").settings
    assert (settings.network.name, settings.schedule, settings.batch_size) == ("mlp", lc.Cosine(), 16)
    status, out, _ = linocut(*more, "--batch", 5, "--schedule", "constant", "--out", "given")
    settings = lc.Trainer.resume("given", backend="reference").settings
    assert status == 0 and "chosen for" not in out
    assert (settings.schedule, settings.batch_size) == (lc.Constant(), 5)


def test_it_begins_where_the_run_ended(run, linocut):
    """With so small a rate that nothing moves, the accuracy after an epoch is that of the run."""
    found = json.loads(linocut("eval", run, "--limit", 120, "--json", *REFERENCE)[1])
    for source in ([run], [f"{run}/model.safetensors", "--model", "mlp", "--hidden", "16"]):
        status, out, _ = linocut("train", "--from", *source, *SMALL[:4], "--batch", 120, *REFERENCE, "--epochs", 1)
        assert status == 0 and "begins from " in out
    own = lc.Trainer(lc.models.mlp((8, 8, 1), 10, (16,)), backend="reference")
    own.start_from(run)
    assert own.evaluate(lc.data.take(lc.data.load("digits")[1], 120)).accuracy == found["accuracy"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--from", "none"], "none is no run that says how its network is trained; give --model"),
        (["--from", "none", "--model", "mlp"], "none is no run and no model to begin from"),
        (["--from", "run", "--resume", "--out", "run"], "--from is for a new run; a resumed one goes on from its own"),
        (["--from", "run", "--hidden", "5", "--model", "mlp"], "run has nothing that mlp could begin from"),
    ],
)
def test_what_cannot_be_begun_from_is_refused(run, linocut, given, message):
    status, _, err = linocut("train", *SMALL[:4], "--batch", 20, *REFERENCE, *given)
    assert (status, len(err.splitlines())) == (2, 1) and message in err
    assert not os.path.exists("runs")
