import numpy as np
import pytest
from small_training import STEPS, examples, network, trainer

import linocut as lc
from linocut.data import Dataset
from linocut.train import Done, EpochEnded, Planned, Stepped


class Fixed(Dataset):
    """A data set of the caller's own, whose `read` gives what it was told to."""

    def __init__(self, value, label, dtype="u8", classes=4):
        self.name, self.shape, self.dtype = "fixed", (6, 6, 1), dtype
        self.classes = tuple(map(str, range(classes)))
        self.value, self.label = value, label

    def __len__(self):
        return 20

    def read(self, indices, images, labels):
        images[...], labels[...] = self.value, self.label


@pytest.mark.parametrize("policy", ["lean", "lean8", "wang2021", "standard"])
@pytest.mark.parametrize("optimizer", [lc.Adam(0.02), lc.SGD(0.1), lc.Bop(0.02, 1e-2, 1e-6)])
def test_it_learns_and_predicts_what_it_learned(policy, optimizer):
    one = trainer(policy=policy, optimizer=optimizer)
    history = one.fit(examples(), 6, examples(1))
    assert history[-1].loss < history[0].loss
    found = one.evaluate(examples(1))
    assert found.accuracy == history[-1].accuracy > 0.6
    assert found.examples == 53
    images, labels = examples(1)
    classes, confidences = one.predict(images)
    assert np.mean(classes == labels) == pytest.approx(found.accuracy)
    assert np.all((confidences > 0.25) & (confidences <= 1))


@pytest.mark.parametrize("policy", ["lean", "lean8", "wang2021", "standard"])
@pytest.mark.parametrize("batch", [2, 10, 33])
def test_the_planned_arena_is_the_real_one(policy, batch):
    one = trainer(policy=policy, batch_size=batch)
    assert one.plan.total_bytes == one.compiled.program.arena_bytes == one.session.arena.nbytes
    events = []
    one.fit(examples(), 1, callbacks=[events.append])
    assert events[0] == Planned(
        one.plan.total_bytes, one.plan.lower_bound_bytes, one.plan.workspace_bytes * one.session.threads
    )


def test_nothing_is_allocated_before_it_is_needed(monkeypatch):
    monkeypatch.setattr("linocut.train.ready.open_session", lambda *a, **k: pytest.fail("a session was opened"))
    assert "total" in str(trainer().plan)


def test_events_in_order():
    events = []
    trainer().fit(examples(), 2, examples(1), callbacks=[events.append])
    assert [type(event) for event in events] == [Planned, *([Stepped] * STEPS + [EpochEnded]) * 2, Done]
    last_step, epoch, done = events[-3:]
    assert (last_step.epoch, last_step.step, last_step.steps, last_step.epochs) == (2, STEPS, STEPS, 2)
    assert (last_step.loss, last_step.train_accuracy) == (epoch.loss, epoch.train_accuracy)
    assert (done.epochs, done.accuracy, done.out) == (2, epoch.accuracy, None)
    assert done.peak_rss_bytes > 2**20
    assert 0 <= epoch.flip_ratio < 1
    assert 0 < epoch.step_ms / 1e3 <= epoch.seconds


def test_epochs_count_those_that_are_done():
    once, twice = trainer(), trainer()
    once.fit(examples(), 3)
    assert len(twice.fit(examples(), 1)) == 1
    assert len(twice.fit(examples(), 3)) == 3
    assert once.session.state_sha256() == twice.session.state_sha256()


def test_evaluating_between_epochs_changes_nothing():
    plain, watched = trainer(), trainer()
    plain.fit(examples(), 2)
    watched.fit(examples(), 2, examples(1))
    watched.evaluate(examples(1))
    assert plain.session.state_sha256() == watched.session.state_sha256()
    counters = watched.session.array("counters").copy()
    watched.predict(examples(1)[0])
    assert np.array_equal(counters, watched.session.array("counters"))


def test_the_seed_decides():
    states = {seed: trainer(seed=seed).session.state_sha256() for seed in (1, 2)}
    assert trainer(seed=1).session.state_sha256() == states[1] != states[2]


def test_float_input():
    images, labels = examples()
    one = trainer(network=network(dtype="f32"))
    assert one.fit((images / 127.5 - 1, labels), 4)[-1].train_accuracy > 0.5


def test_grey_images_need_no_channel():
    one = trainer()
    images, labels = examples()
    assert one.evaluate((images[..., 0], labels)) == one.evaluate((images, labels))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"policy": "leen"}, "no policy is called 'leen'.*did you mean lean"),
        ({"optimizer": "adan"}, "no optimizer is called 'adan'.*did you mean adam"),
        ({"schedule": "cosin"}, "did you mean cosine"),
        ({"batch_size": 0}, "batch size is 0, must be a whole number from 1"),
        ({"threads": 0}, "threads is 0, must be a whole number from 1 to 256"),
        ({"seed": -1}, "seed is -1, must be a whole number from 0"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(lc.SpecError, match=message):
        trainer(**settings)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((np.zeros((20, 5, 5), np.uint8), np.zeros(20, int)), "shape 5 x 5 x 1, network mlp takes 6 x 6 x 1"),
        ((np.zeros((20, 6, 6)), np.zeros(20, int)), "type f32, network mlp takes u8"),
        ((np.zeros((20, 6, 6), np.uint8), np.full(20, 4)), r"label of example 0 is 4, must be 0 to 3 \(4 classes\)"),
        ((np.zeros((3, 6, 6), np.uint8), np.zeros(3, int)), "batch size is 10, but arrays has 3 examples"),
        (Fixed(0, 4), "a label is 4, must be 0 to 3"),
        (Fixed(0, -2), "a label is -2, must be 0 to 3"),
        (Fixed(0, 0, classes=5), "fixed has 5 classes, network mlp tells 4 apart"),
        (3, r"examples are int, must be a data set, a pair \(images, labels\), or an object that gives pairs"),
        ("mnist", "examples are str, must be a data set, a pair"),
        (np.zeros((20, 6, 6, 1), np.uint8), "examples are ndarray, must be a data set, a pair"),
        ([1, 2], r"list: example 0 is int, must be a pair \(x, y\) of an example and its label"),
    ],
)
def test_data_that_does_not_fit(data, message):
    with pytest.raises(lc.DataError, match=message):
        trainer().fit(data, 1)


@pytest.mark.parametrize(
    ("policy", "value", "message"),
    [
        ("lean", 1.5, "a value of an example is 1.5, must be -1.0 to 1.0"),
        ("lean", np.nan, "a value of an example is nan"),
        ("standard", np.nan, "a value of an example is nan"),
        ("standard", -np.inf, "a value of an example is -inf"),
    ],
)
def test_values_that_cannot_be_are_found_before_they_enter_the_arena(policy, value, message):
    one = trainer(network=network(dtype="f32"), policy=policy)
    with pytest.raises(lc.DataError, match=message):
        one.fit(Fixed(value, 0, "f32"), 1)


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True])
def test_epochs_that_cannot_be(epochs):
    with pytest.raises(lc.SpecError, match="must be a whole number, 1 or more"):
        trainer().fit(examples(), epochs)


def test_images_to_predict_must_fit():
    with pytest.raises(lc.DataError, match="6 x 6 x 1"):
        trainer().predict(np.zeros((2, 5, 5), np.uint8))
    with pytest.raises(lc.DataError, match="images have shape"):
        trainer().predict(np.uint8(3))
