"""Numbers that go wrong are found in the step where they do, and named; the last good state is kept."""

import json
import re

import numpy as np
import pytest
from small_training import STEPS, examples, interrupt_at, lasting, trainer

import linocut as lc
from linocut.data import ArrayDataset
from linocut.ops.gradient_exponent import EXPONENT, KNOWN
from linocut.train.finite import find_no_number

FLOATS = ["standard", "wang2021"]
ALL = [*FLOATS, "lean", "lean8"]


def after(step, act):
    """A callback that acts once, after the given step of the first epoch."""

    def callback(event):
        if type(event).__name__ == "Stepped" and (event.epoch, event.step) == (1, step):
            act()

    return callback


def planted(one, name, value):
    """What puts a value into the last row of a buffer of the state."""

    def act():
        one.session.array(name)[-1, 3] = value

    return act


@pytest.mark.parametrize("policy", ALL)
@pytest.mark.parametrize("value", [np.nan, -np.inf])
@pytest.mark.parametrize(
    ("name", "shown"),
    [("batch_norm1.beta", "beta of batch_norm1"), ("batch_norm2.running", "norm statistics of batch_norm2")],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of the NumPy reference, before it is refused
def test_no_number_is_named_in_the_next_step_and_nothing_bad_is_kept(tmp_path, policy, name, shown, value):
    one = trainer(policy=policy)
    with pytest.raises(lc.DivergenceError) as caught:
        one.fit(examples(), 2, out=tmp_path, callbacks=[after(3, planted(one, name, value))], save_every=2)
    text = str(caught.value)
    spread = "W of binary_dense1" if policy == "standard" else shown  # by the gradient, to the layer before
    assert text.startswith((f"epoch 1, step 4: {shown}", f"epoch 1, step 4: {spread}"))
    assert "holds" in text and "take a smaller learning rate than 0.02" in text
    assert text.endswith(f"{tmp_path} keeps 0 of 2 epochs and 2 steps")
    again = lc.Trainer.resume(tmp_path, backend="reference")
    assert find_no_number(again.session, again.compiled.layout) == ""
    whole = trainer(policy=policy)
    whole.fit(examples(), 2)
    again.fit(examples(), 2)
    assert again.session.state_sha256() == whole.session.state_sha256()


@pytest.mark.parametrize("policy", FLOATS)
@pytest.mark.parametrize(
    ("name", "shown"),
    [("binary_dense1.weights", "W of binary_dense1"), ("binary_dense2.m", "momenta of binary_dense2")],
)
def test_no_number_that_no_step_shows_is_never_kept(tmp_path, policy, name, shown):
    one = trainer(policy=policy)
    with pytest.raises(lc.DivergenceError, match=f"{shown} .* holds nan.* keeps 0 of 2 epochs$"):
        one.fit(examples(), 2, out=tmp_path, callbacks=[after(STEPS, planted(one, name, np.nan))])
    with pytest.raises(lc.DivergenceError, match=f"{shown} .* holds nan"):
        one.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()
    kept = lc.Trainer.resume(tmp_path, backend="reference")
    assert find_no_number(kept.session, kept.compiled.layout) == ""


def test_an_interrupt_keeps_no_bad_state(tmp_path):
    one = trainer(policy="standard")
    spoil = after(3, planted(one, "binary_dense1.weights", np.nan))
    with pytest.raises(lc.DivergenceError):
        one.fit(examples(), 2, out=tmp_path, callbacks=[spoil, interrupt_at(3)], save_every=2)
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.step == 2


@pytest.mark.parametrize("policy", ALL)
@pytest.mark.parametrize("optimizer", [lc.Adam(1e30), lc.SGD(1e30)])
def test_a_learning_rate_that_diverges(tmp_path, policy, optimizer):
    with pytest.raises(lc.DivergenceError) as caught:
        trainer(policy=policy, optimizer=optimizer).fit(examples(), 2, out=tmp_path)
    text = str(caught.value)
    assert text.startswith(("epoch 1, step 1: beta of batch_norm1", "epoch 1, step 2: the loss is"))
    assert "batch_norm" in text and "take a smaller learning rate than 1e+30" in text
    kept = lc.Trainer.resume(tmp_path, backend="reference")
    assert find_no_number(kept.session, kept.compiled.layout) == ""


def test_a_loss_beyond_any_sense_names_the_largest_shift():
    one = trainer()
    with pytest.raises(
        lc.DivergenceError,
        match=r"step 4: the loss is .*, must be 108 or less, and the largest shift \(beta\) is 100.*, of batch_norm2",
    ):
        one.fit(examples(), 2, callbacks=[after(3, planted(one, "batch_norm2.beta", 1000))])


@pytest.mark.parametrize("policy", ALL)
def test_a_rate_that_silences_a_layer_ends_training_where_no_loss_shows_it(tmp_path, policy):
    with pytest.raises(lc.DivergenceError) as caught:
        trainer(policy=policy, optimizer=lc.Adam(3.0)).fit(examples(), 9, out=tmp_path, save_every=1)
    found = re.fullmatch(
        r"epoch (\d), step (\d): beta of batch_norm1: (\d+) of 24 channels are shifted by more than 8 deviations, "
        r"so that their signs hardly depend on the examples: training diverges; take a smaller learning rate than 3; "
        r".*",
        str(caught.value),
    )
    assert found, str(caught.value)
    assert int(found[3]) > 12
    kept = lc.Trainer.resume(tmp_path, backend="reference")  # of the step before
    assert kept.progress.epoch * STEPS + kept.progress.step == (int(found[1]) - 1) * STEPS + int(found[2]) - 1
    assert np.count_nonzero(np.abs(kept.session.array("batch_norm1.beta")) > 8) <= 12


def shifted(one):
    """A callback that shifts most channels far, but not beyond return, after step 2."""

    def act():
        one.session.array("batch_norm1.beta")[-1, :20] = 5

    return after(2, act)


def test_a_layer_that_goes_silent_is_named_once_an_epoch_and_in_a_resumed_run(tmp_path):
    whole, part = trainer(), trainer()
    first, second = whole.fit(examples(), 2, callbacks=[shifted(whole)])
    what = "beta of batch_norm1: 20 of 24 channels are shifted by more than 4 deviations, so that their signs hardly "
    what += "depend on the examples; take a smaller learning rate than 0.02"
    assert [first.warnings, second.warnings] == [(f"step 3: {what}",), (f"step 1: {what}",)]
    with pytest.raises(lc.Interrupted):
        part.fit(examples(), 2, out=tmp_path, callbacks=[shifted(part), interrupt_at(STEPS - 1)])
    again = lc.Trainer.resume(tmp_path, backend="reference").fit(examples(), 2)
    assert [ended.warnings for ended in again] == [first.warnings, second.warnings]


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("optimizer", [lc.Adam(0.1), lc.Adam(), lc.SGD(), lc.Bop()], ids=str)
@pytest.mark.parametrize("policy", [*FLOATS, "lean"])
def test_sane_rates_shift_no_layer_far(policy, optimizer, schedule):
    for ended in trainer(policy=policy, optimizer=optimizer, schedule=schedule).fit(examples(), 8):
        assert not [text for text in ended.warnings if "beta" in text]


def test_the_command_line_fails_with_status_1(elsewhere, linocut):
    small = ["--data", "digits", "--limit", 120, "--hidden", 16, "--batch", 20, "--backend", "reference"]
    status, out, err = linocut("train", *small, "--lr", "1e30", "--out", "run", "--json")
    assert (status, len(err.splitlines())) == (1, 1)
    assert err.startswith("error: epoch 1, step 1: beta of batch_norm1: 14 of 16 channels are shifted")
    assert err.endswith("run keeps 0 of 10 epochs\n")
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["plan"]


def alike():
    """Examples that no channel can tell apart."""
    images, labels = examples()
    images[...] = images[0]
    return images, labels


@pytest.mark.parametrize("micro_batch", [10, 5])
@pytest.mark.parametrize("policy", ALL)
def test_channels_that_never_vary_are_counted_and_named(policy, micro_batch):
    first, second = trainer(policy=policy, micro_batch=micro_batch).fit(alike(), 2)
    assert (first.dead_channels, second.dead_channels) == (28, 28)
    assert first.warnings[-2:] == (
        "step 5: norm statistics of batch_norm1: no variation since step 1 in channels 0, 1, 2, 3, 4 and 19 more",
        "step 5: norm statistics of batch_norm2: no variation since step 1 in channels 0, 1, 2, 3",
    )


@pytest.mark.parametrize("policy", ALL)
def test_sound_training_has_no_warnings(policy):
    for ended in trainer(policy=policy).fit(examples(), 4):
        assert (ended.dead_channels, ended.warnings) == (0, ())
        assert ended.saturated >= 0 if policy.startswith("lean") else ended.saturated == 0


def saturating(one):
    """A callback that makes the exponent of a gradient far too small, in every step."""

    def callback(event):
        one.session.array("batch_norm2.dY.scale")[[KNOWN, EXPONENT]] = 1, -1000

    return callback


@pytest.mark.parametrize("policy", ["lean", "lean8"])
def test_gradients_that_keep_saturating_are_counted_and_named(policy):
    one = trainer(policy=policy, batch_size=4)  # 13 steps an epoch
    first, *_, last = one.fit(examples(), 2, callbacks=[saturating(one)])
    for ended in (first, last):
        assert ended.saturated > 100
        assert len(ended.warnings) == 1
        assert ended.warnings[0].endswith("% of dY of batch_norm2 saturated, as before")
        assert ended.warnings[0].startswith("step ")


@pytest.mark.parametrize("step", [1, 3, STEPS, STEPS + 2])
def test_what_was_found_is_resumed(tmp_path, step):
    whole = trainer().fit(alike(), 3)
    with pytest.raises(lc.Interrupted):
        trainer().fit(alike(), 3, out=tmp_path, callbacks=[interrupt_at(step)])
    found = lc.Trainer.resume(tmp_path, backend="reference").fit(alike(), 3)
    assert lasting(found) == lasting(whole)
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [event["dead_channels"] for event in logged if event["event"] == "epoch"] == [28] * 3


class Spoiled(ArrayDataset):
    """Has such a value in one example, once it is told to."""

    value = 0.5

    def read(self, indices, images, labels):
        super().read(indices, images, labels)
        images[indices == 17] = self.value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_no_number_names_epoch_and_step_and_the_state_before_is_kept(tmp_path, value):
    def spoil(event):
        if type(event).__name__ == "EpochEnded":
            data.value = value

    images, labels = examples()
    data = Spoiled(images.astype(np.float32) / 255, labels)
    network = lc.models.mlp((6, 6, 1), 4, (24,), dtype="f32")
    with pytest.raises(lc.DataError, match=rf"epoch 2, step [1-5], input: a value of an example is {value}, must be"):
        trainer(network=network).fit(data, 2, out=tmp_path, callbacks=[spoil])
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.epoch == 1


def test_people_see_the_warnings(capsys):
    trainer().fit(alike(), 1, callbacks=[lc.ProgressBar()])
    line, *warnings = capsys.readouterr().out.splitlines()
    assert line.startswith("epoch 1/1  loss")
    assert warnings[-1].startswith("  warning: step 5: norm statistics of batch_norm2: no variation")
