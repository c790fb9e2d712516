import os
import signal

import numpy as np
import pytest
from small_training import STEPS, examples, interrupt_at, lasting, network, trainer

import linocut as lc
from linocut.data import ArrayDataset

EPOCHS = 3


def resumed(folder):
    return lc.Trainer.resume(folder, backend="reference")


@pytest.mark.parametrize("schedule", [lc.Cosine(), lc.Plateau(patience=1, threshold=0.5)])
@pytest.mark.parametrize("policy", ["lean", "lean8", "wang2021", "standard"])
@pytest.mark.parametrize("step", [1, STEPS - 1, STEPS, STEPS + 1, EPOCHS * STEPS])
def test_an_interrupted_run_ends_in_the_same_bits(tmp_path, step, policy, schedule):
    whole = trainer(policy=policy, schedule=schedule)
    expected = whole.fit(examples(), EPOCHS, examples(1))
    with pytest.raises(lc.Interrupted) as caught:
        trainer(policy=policy, schedule=schedule).fit(examples(), EPOCHS, examples(1), tmp_path, [interrupt_at(step)])
    assert caught.value.folder == str(tmp_path)
    assert caught.value.number == signal.SIGINT
    second = resumed(tmp_path)
    assert second.progress.epoch * STEPS + second.progress.step == step
    found = second.fit(examples(), EPOCHS, examples(1))
    assert lasting(found) == lasting(expected)
    assert second.session.state_sha256() == whole.session.state_sha256()


def test_many_interrupts_of_both_kinds(tmp_path):
    whole = trainer()
    whole.fit(examples(), EPOCHS)
    runner = trainer()
    for step in range(2, EPOCHS * STEPS, 3):
        number = signal.SIGTERM if step % 2 else signal.SIGINT
        with pytest.raises(lc.Interrupted) as caught:
            runner.fit(examples(), EPOCHS, out=tmp_path, callbacks=[interrupt_at(step, number)])
        assert caught.value.number == number
        runner = resumed(tmp_path)
    runner.fit(examples(), EPOCHS)
    assert runner.session.state_sha256() == whole.session.state_sha256()


class Interrupting(ArrayDataset):
    """Sends SIGINT when it is read for the first time."""

    def read(self, indices, images, labels):
        if not hasattr(self, "sent"):
            self.sent = True
            os.kill(os.getpid(), signal.SIGINT)
        super().read(indices, images, labels)


def test_an_interrupt_while_the_epoch_is_evaluated(tmp_path):
    whole = trainer(batch_size=5)
    expected = whole.fit(examples(), 2, examples(1))
    with pytest.raises(lc.Interrupted):
        trainer(batch_size=5).fit(examples(), 2, Interrupting(*examples(1), "0123"), tmp_path)
    second = resumed(tmp_path)
    assert (second.progress.epoch, second.progress.step) == (0, len(examples()[0]) // 5)
    found = second.fit(examples(), 2, examples(1))
    assert lasting(found) == lasting(expected)
    assert found[0].step_ms is None


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(lc.Interrupted, match="give an out folder"):
        trainer().fit(examples(), 2, callbacks=[interrupt_at(1)])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("schedule", ["constant", "step", "plateau"])
def test_a_finished_run_goes_on_as_a_longer_one(tmp_path, schedule):
    whole = trainer(schedule=schedule)
    whole.fit(examples(), 3)
    trainer(schedule=schedule).fit(examples(), 2, out=tmp_path)
    second = resumed(tmp_path)
    second.fit(examples(), 3)
    assert second.session.state_sha256() == whole.session.state_sha256()
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1 + 3 + 1


def test_a_cosine_keeps_its_length(tmp_path):
    trainer(schedule="cosine").fit(examples(), 2, out=tmp_path)
    with pytest.raises(lc.RunError, match="epochs is 3, but the run's cosine schedule was laid out for 2"):
        resumed(tmp_path).fit(examples(), 3)


def test_resuming_needs_the_same_data_and_room_to_go(tmp_path):
    trainer().fit(examples(), 2, out=tmp_path)
    with pytest.raises(lc.RunError, match=r"the run was on arrays \(53 examples.*not on arrays \(40 examples"):
        resumed(tmp_path).fit(examples(count=40), 3)
    with pytest.raises(lc.RunError, match="epochs is 1, but the run is at 2 of 2 epochs; give more"):
        resumed(tmp_path).fit(examples(), 1)


def test_a_folder_of_another_run_is_not_written_over(tmp_path):
    trainer().fit(examples(), 1, out=tmp_path)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    other = trainer(network=network((8,)))
    message = "already holds a run of network mlp on arrays .* at 1 of 1 epochs; resume it"
    with pytest.raises(lc.RunError, match=message):
        other.fit(examples(), 1, out=tmp_path)
    with pytest.raises(lc.RunError, match=message):
        other.save(tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_what_was_saved_is_loaded(tmp_path):
    one = trainer()
    one.fit(examples(), 2)
    one.save(tmp_path / "deep" / "run")
    again = resumed(tmp_path / "deep" / "run")
    assert again.session.state_sha256() == one.session.state_sha256()
    assert again.settings == one.settings
    assert np.array_equal(again.predict(examples(1)[0]).classes, one.predict(examples(1)[0]).classes)
