"""Whole tunings of small networks."""

import numpy as np
import pytest

import linocut as lc
from linocut.dynamics.weights import weights_dynamics
from linocut.layers import (
    BatchNorm,
    BinaryDense,
    Dense,
    Flatten,
    Input,
    MeanSquaredError,
    SigmoidCrossEntropy,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.run.feed import as_dataset
from linocut.tune.regime import find_regime
from linocut.tune.subject import Subject, held_out
from linocut.tune.trial import Setting, _Watch, run_trial
from linocut.tune.verified import verify

COUNT, BATCH = 600, 10


def examples(dtype=np.uint8, count=COUNT):
    """Noise with a brighter quarter, which tells the class."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, count)
    images = generator.integers(0, 200, (count, 6, 6, 1))
    for image, label in zip(images, labels, strict=True):
        image[3 * (label // 2) :, 3 * (label % 2) :][:3, :3] += 30
    return (images / 255).astype(np.float32) if dtype is np.float32 else images.astype(np.uint8), labels


def binary():
    return lc.models.mlp((6, 6, 1), 4, (24,))


def tanh():
    layers = Flatten(), Dense(36, initial=1 / 12), Tanh(), Dense(4, bias=True)
    return lc.Network("tanh", (Input((6, 6, 1), "f32", 0.0, 1.0), *layers, SoftmaxCrossEntropy()))


def subject(network, data, epochs=2):
    dataset = lc.data.ArrayDataset(*data, classes=list("abcd"), name="made up")
    left, held = held_out(dataset, BATCH, 0)
    settings = lc.Trainer(network, "standard", "sgd", BATCH).settings
    regime = find_regime(network.graph)
    return Subject(network, settings.policy, dataset, left, held, epochs, regime, 0, 1, "native", settings.augmentation)


def test_marks_count_every_change_of_sign_and_end_at_the_weights_that_come_out():
    """The same training by a Trainer, whose own counts of changes by epoch the marks add up to."""
    given, setting = subject(binary(), examples()), Setting(lc.Adam(0.01), BATCH, lc.Cosine())
    found = run_trial(given, setting, 2 * len(given.left), 0)
    trainer = lc.Trainer(given.network, given.policy, setting.optimizer, BATCH, 0, 1, "cosine")
    history = trainer.fit(given.left, 2)
    steps = [mark.step for mark in found.marks]
    turned = sum(m.turnover * n for m, n in zip(found.marks, np.diff([0, *steps]), strict=True))
    assert turned == pytest.approx(sum(one.flip_ratio for one in history) * (len(given.left) // BATCH), rel=1e-6)
    assert found.steps == 2 * (len(given.left) // BATCH) == steps[-1]
    assert found.accuracy == trainer.evaluate(given.held).accuracy
    assert found.layers[0].passed == pytest.approx(0.68, abs=0.05) and found.layers[-1].chi is not None


def test_j_squared_is_followed_from_the_first_weights_to_the_last():
    given, setting = subject(tanh(), examples(np.float32)), Setting(lc.SGD(0.1, 0.5), BATCH, lc.Constant())
    found = run_trial(given, setting, len(given.left), 0)
    trainer = lc.Trainer(given.network, given.policy, setting.optimizer, BATCH, 0, 1)
    assert found.marks[0].j_squared == pytest.approx(weights_dynamics(trainer.network.graph, trainer.state)[0].j ** 2)
    trainer.fit(given.left, 1)
    assert found.j_squared == pytest.approx(weights_dynamics(trainer.network.graph, trainer.state)[0].j ** 2)
    assert found.marks[-1].rates == pytest.approx(0.1 * found.steps)


@pytest.mark.parametrize("off", [1.0, 30.0, 1 / 30])
def test_it_recovers_from_rates_30_times_off(off):
    advice = lc.tune(binary(), examples(), "lean", lc.Adam(0.01 * off), BATCH, epochs=4, threads=1, seed=1)
    usual = lc.Trainer(binary(), "lean", lc.Adam(0.01), BATCH, 1, 1, "cosine")
    usual.fit(examples(), 4)
    ours = lc.Trainer(binary(), "lean", advice.optimizer, advice.batch_size, 1, 1, advice.schedule)
    ours.fit(examples(), 4)
    fresh = examples(count=2 * COUNT)
    assert ours.evaluate(fresh).accuracy > usual.evaluate(fresh).accuracy - 0.05
    assert advice.learned and advice.table and advice.seconds < 60


def test_a_tanh_network_is_tuned_by_its_edge_and_the_run_is_as_foretold():
    data = examples(np.float32)
    advice = lc.tune(tanh(), data, "standard", batch_size=BATCH, epochs=3, threads=1)
    assert advice.regime.objective == "edge" and isinstance(advice.optimizer, lc.SGD)
    assert advice.forecast is not None and advice.forecast.measure == "j_squared"
    assert any(reason.startswith("weight decay") for reason in advice.reasons)
    beside = verify(advice, tanh(), data, data, "standard", threads=1)
    assert [one.epoch for one in beside] == [1, 2, 3] and beside[-1].accuracy is not None
    assert all(abs(one.measured / one.expected - 1) < 0.3 for one in beside)
    assert str(advice).count("\n") > len(advice.table) and advice.to_json()["expected"] is not None


def test_gradients_that_a_sign_stops_are_told_of_with_the_mend():
    layers = Flatten(), Dense(24, initial=30.0), Sign(), BinaryDense(4), BatchNorm()
    network = lc.Network("stuck", (Input((6, 6, 1)), *layers, SoftmaxCrossEntropy()))
    advice = lc.tune(network, examples(), batch_size=BATCH, epochs=1, threads=1)
    assert any("the sign behind dense1 lets " in text and "batch norm right before" in text for text in advice.warnings)
    clean = lc.tune(binary(), examples(), batch_size=BATCH, epochs=2, threads=1)
    assert not clean.warnings


def test_batches_that_do_not_divide_an_epoch_are_no_shorter_trials():
    """Two trials of the same examples are the same, however many of them an epoch leaves over."""
    advice = lc.tune(binary(), examples(count=250), batch_size=17, epochs=3, threads=1)
    trials = [(trial.setting, trial.seed, trial.steps) for trial in advice.table]
    assert len(set(trials)) == len(trials) and {steps for _, _, steps in trials} == {3 * (199 // 17)}


def test_half_a_batch_is_tried_where_none_is_given():
    advice = lc.tune(binary(), examples(count=1300), epochs=2, threads=1)
    assert {trial.setting.batch_size for trial in advice.table} == {100, 50} and advice.batch_size in (50, 100)


def test_chance_is_the_most_frequent_answer():
    """Where nine of ten examples are of a class, nine of ten right is what nobody need learn."""
    data = np.zeros((500, 6), np.uint8), (np.arange(500) % 10 == 0).astype(int)
    assert _subject_of(lc.models.mlp((6,), 2, (8,)), *data).chance == pytest.approx(0.9)
    network = lc.Network("two", (Input((6,)), BinaryDense(2), BatchNorm(), SigmoidCrossEntropy()))
    several = np.stack([np.arange(500) % 4 == 0, np.arange(500) % 8 == 0], axis=1).astype(np.float32)
    assert _subject_of(network, data[0], several).chance == pytest.approx(0.75, abs=0.1)  # (0, 0)
    by_numbers = lc.Network("sum", (*network.layers[:-1], MeanSquaredError()))
    assert _subject_of(by_numbers, data[0], several).chance is None


def _subject_of(network, x, y):
    dataset = as_dataset((x, y), network.graph)
    left, held = held_out(dataset, BATCH, 0)
    return Subject(network, lc.lean, dataset, left, held, 1, find_regime(network.graph), 0, 1, "native", None)


def test_what_is_too_slow_is_told_of_before_it_is_done(monkeypatch):
    """The first training ends when its time is over, not when its steps are done, and is not judged then."""
    monkeypatch.setattr(lc.Trainer, "evaluate", lambda *given: pytest.fail("it was judged"))
    network = lc.models.mlp((6, 6, 1), 4, (24,))
    stepped = []
    monkeypatch.setattr("linocut.tune.trial._Watch.__call__", _counted(stepped))
    with pytest.raises(lc.SpecError, match=r"minutes is 1e-07, but a range test of 7 .* takes .*; give --minutes"):
        lc.tune(network, examples(), batch_size=BATCH, minutes=1e-7, threads=1)
    assert len(stepped) == 2


def _counted(stepped):
    watch = _Watch.__call__

    def call(self, event):
        stepped.extend([event] if isinstance(event, lc.train.Stepped) else [])
        watch(self, event)

    return call


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"minutes": 1e-4}, lc.SpecError, "minutes is 0.0001, but a range test of 7 .* takes .* here; give --minutes"),
        ({"minutes": 0}, lc.SpecError, "minutes is 0, must be a number above 0"),
        (
            {"batch_size": 100},
            lc.DataError,
            "600 examples, a range test needs 1,250: 10 batches of 100, .* give more data, or a batch of 48 at",
        ),
        (
            {"train": examples(count=60)},
            *(lc.DataError, "60 examples, a range test needs 250: .* give more data, 250 at the very least"),
        ),
        ({"optimizer": "bop"}, lc.SpecError, "bop flips binary weights without a learning rate"),
        ({"objective": "edge"}, lc.SpecError, "sign has no edge"),
        ({"epochs": 0}, lc.SpecError, "epochs"),
        ({"seed": "a"}, lc.SpecError, "seed is 'a', must be a whole number from 0 to"),
        ({"network": "mlp"}, lc.SpecError, "network is 'mlp', must be a linocut.Network; take one of"),
        ({"epochs": 10**9}, lc.SpecError, "epochs is 1000000000, must be a whole number from 1 to 10,000"),
    ],
)
def test_bad_input_is_refused_in_one_line(given, error, message):
    with pytest.raises(error, match=message) as caught:
        lc.tune(**{"network": binary(), "train": examples(), "threads": 1, "batch_size": BATCH, **given})
    assert "\n" not in str(caught.value)
