"""What validation decides, and what it does not: the model that is kept, the end of training, the rate of a plateau."""

import json
import shutil

import numpy as np
import pytest
from small_training import STEPS, examples, interrupt_at, lasting, trainer

import linocut as lc
from linocut.data import ArrayDataset, hold_out

EPOCHS, RATE = 6, lc.Adam(0.05)  # so large that validation goes up and down
VALID, TEST = examples(7, 30), examples(8, 40)


def of(events, kind):
    return [event for event in events if type(event).__name__ == kind]


def fitted(folder=None, own=None, epochs=EPOCHS, **given):
    events, own = [], own or trainer(optimizer=RATE)
    given = {"validation": VALID, "test": TEST, **given}
    own.fit(examples(), epochs, out=folder, callbacks=[events.append], **given)
    return own, events


def model(folder):
    return (folder / "model.safetensors").read_bytes()


def ranks(history):
    return [(-ended.validation_accuracy, ended.validation_loss, ended.epoch) for ended in history]


def test_each_epoch_is_validated_and_the_test_data_are_looked_at_once(tmp_path):
    own = trainer(optimizer=RATE)
    found, read = [], []

    class Watched(ArrayDataset):
        def read(self, indices, images, labels):
            read.append(own.progress.epoch)
            super().read(indices, images, labels)

    def measure(event):
        if isinstance(event, lc.train.EpochEnded):
            found.append((own.evaluate(VALID), event))

    tested = Watched(*TEST, "0123")
    history = own.fit(examples(), EPOCHS, out=tmp_path, callbacks=[measure], validation=VALID, test=tested)
    assert [(e.accuracy, e.loss) for e, _ in found] == [(h.validation_accuracy, h.validation_loss) for h in history]
    assert {ended.accuracy for ended in history} == {None}
    assert set(read) == {EPOCHS}
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["validation_accuracy"] for line in lines[1:-1]] == [h.validation_accuracy for h in history]
    assert lines[-1]["accuracy"] == lc.load(tmp_path, backend="reference").evaluate(TEST).accuracy


@pytest.mark.parametrize("policy", ["lean", "standard"])
def test_the_model_of_the_best_epoch_is_kept(tmp_path, policy):
    """It has the bytes of a run that ended there, and the arena is no larger for it."""
    own, events = fitted(tmp_path / "run", trainer(optimizer=RATE, policy=policy))
    best = min(ranks(own.progress.history))[2]
    assert 1 <= best < EPOCHS, "of a best epoch that is the last nothing is learned here"
    shorter, _ = fitted(tmp_path / "short", trainer(optimizer=RATE, policy=policy), best, keep="last")
    assert model(tmp_path / "run") == model(tmp_path / "short")
    done = of(events, "Done")[0]
    assert (done.kept_epoch, done.stopped) == (best, None)
    assert done.accuracy == pytest.approx(shorter.evaluate(TEST).accuracy)
    assert done.arena_bytes == trainer(policy=policy).plan.total_bytes


def test_without_a_folder_the_best_is_held_until_it_is_saved(tmp_path):
    own, events = fitted()
    fitted(tmp_path / "run")
    own.save(tmp_path / "saved")
    own.save(tmp_path / "again")
    assert model(tmp_path / "saved") == model(tmp_path / "run") == model(tmp_path / "again")
    assert of(events, "Done")[0].accuracy == lc.load(tmp_path / "run", backend="reference").evaluate(TEST).accuracy
    lc.Trainer.resume(tmp_path / "saved", backend="reference").save(tmp_path / "copied")
    assert model(tmp_path / "copied") == model(tmp_path / "run")


def test_a_copy_that_a_callback_saves_may_go_again(tmp_path):
    """The model of the best epoch stays where the run writes, whatever becomes of other folders with it."""
    own = trainer(optimizer=RATE)

    def copy(event):
        if isinstance(event, lc.train.EpochEnded):
            own.save(tmp_path / f"copy{event.epoch}")
            shutil.rmtree(tmp_path / f"copy{event.epoch}")

    own.fit(examples(), EPOCHS, out=tmp_path / "run", callbacks=[copy], validation=VALID)
    fitted(tmp_path / "plain")
    assert not own.progress.at_best and model(tmp_path / "run") == model(tmp_path / "plain")


def test_the_test_data_choose_nothing(tmp_path):
    schedule = lc.Plateau(patience=1, threshold=0.5)
    for name, tested in (("one", TEST), ("other", examples(99, 21)), ("none", None)):
        own, _ = fitted(tmp_path / name, trainer(optimizer=RATE, schedule=schedule), patience=4, test=tested)
    assert model(tmp_path / "one") == model(tmp_path / "other") == model(tmp_path / "none")
    assert own.progress.schedule.factor < 1


def test_a_plateau_follows_validation():
    schedule = lc.Plateau(patience=1, threshold=0.3)
    own, events = fitted(None, trainer(optimizer=RATE, schedule=schedule))
    state = type(own.progress.schedule)()
    for ended in of(events, "EpochEnded"):
        state = schedule.observe(state, ended.validation_loss)
    assert own.progress.schedule == state


def test_patience_ends_training(tmp_path):
    own, events = fitted(tmp_path, patience=2, epochs=50)
    history, done = own.progress.history, of(events, "Done")[0]
    best = min(ranks(history))[2]
    assert len(history) == done.epochs == best + 2 < 50
    assert (done.stopped, done.kept_epoch) == ("patience", best)
    again, events = fitted(None, lc.Trainer.resume(tmp_path, backend="reference"), epochs=50)
    assert again.progress.epoch == best + 2 and of(events, "Done")[0].accuracy == done.accuracy
    longer, _ = fitted(tmp_path, again, epochs=best + 5, patience=40)
    assert longer.progress.epoch == best + 5


@pytest.mark.parametrize("step", [1, STEPS, 2 * STEPS + 1, 4 * STEPS - 2])
@pytest.mark.parametrize("validation", [0.2, VALID])
def test_an_interrupted_run_is_validated_to_the_same_end(tmp_path, step, validation):
    def given(epochs=40):
        return {"epochs": epochs, "validation": validation, "patience": 3, "save_every": 2}

    how = {"optimizer": RATE, "batch_size": 8, "schedule": "plateau"}
    whole, events = fitted(tmp_path / "whole", trainer(**how), **given())
    with pytest.raises(lc.Interrupted):
        own = trainer(**how)
        own.fit(examples(), out=tmp_path / "run", callbacks=[interrupt_at(step)], test=TEST, **given())
    second = lc.Trainer.resume(tmp_path / "run", backend="reference")
    again = {} if validation == 0.2 else {"validation": VALID}
    found = []
    second.fit(examples(), 40, test=TEST, callbacks=[found.append], **again)
    assert lasting(second.progress.history) == lasting(whole.progress.history)
    assert ranks(second.progress.history) == ranks(whole.progress.history)
    assert second.session.state_sha256() == whole.session.state_sha256()
    assert model(tmp_path / "run") == model(tmp_path / "whole")
    assert of(found, "Done")[0].accuracy == of(events, "Done")[0].accuracy


def test_a_part_is_that_of_hold_out(tmp_path):
    data = ArrayDataset(*examples(), "0123")
    whole, _ = fitted(tmp_path / "one", validation=0.2)
    own = trainer(optimizer=RATE)
    left, held = hold_out(data, 0.2, seed=3)
    own.fit(left, EPOCHS, out=tmp_path / "other", validation=held, test=TEST)
    assert own.session.state_sha256() == whole.session.state_sha256()
    assert own.choosing.validation.fraction == whole.choosing.validation.fraction == 0.2
    assert own.data.examples == len(left) < len(data)


@pytest.mark.parametrize("when", ["Planned", "Stepped", "EpochEnded", "last step"])
def test_a_callback_stops_training_and_the_run_goes_on(tmp_path, when):
    whole, _ = fitted(tmp_path / "whole")
    own, seen = trainer(optimizer=RATE), []

    def stop(event):
        kind = type(event).__name__
        seen.append(kind)
        at = {"Planned": True, "Stepped": seen.count("Stepped") == STEPS + 2, "EpochEnded": seen.count(kind) == 2}
        last = kind == "Stepped" and seen.count(kind) == 2 * STEPS
        if last if when == "last step" else kind == when and at[kind]:
            own.stop()

    history = own.fit(examples(), EPOCHS, out=tmp_path / "run", callbacks=[stop], validation=VALID)
    steps = {"Planned": 0, "Stepped": STEPS + 2, "EpochEnded": 2 * STEPS, "last step": 2 * STEPS}[when]
    assert own.progress.epoch * STEPS + own.progress.step == steps == seen.count("Stepped")
    assert len(history) == steps // STEPS and seen[-1] == "Done"
    line = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert (line["event"], line["stopped"]) == ("done", "callback")
    second, _ = fitted(None, lc.Trainer.resume(tmp_path / "run", backend="reference"))
    assert second.session.state_sha256() == whole.session.state_sha256()
    assert model(tmp_path / "run") == model(tmp_path / "whole")


def test_ties_go_to_the_lower_loss_and_then_to_the_earlier():
    from linocut.run.predictions import Evaluation
    from linocut.train.choosing import better

    best = None
    for epoch, (accuracy, loss) in enumerate([(0.5, 2.0), (0.5, 2.0), (0.4, 1.0), (0.5, 1.5), (0.9, np.nan)], 1):
        best = better(best, epoch, Evaluation(accuracy, loss, 10))
    assert best.epoch == 4
    assert better(None, 1, Evaluation(None, 2.0, 10)).epoch == 1
    assert better(better(None, 1, Evaluation(None, 2.0, 10)), 2, Evaluation(None, 1.0, 10)).epoch == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"keep": "best"}, "keep is 'best', but there are no validation data to tell which epoch is better; hold some"),
        ({"patience": 3}, "patience is 3, but there are no validation data"),
        ({"validation": 0.1, "patience": 0}, "patience is 0, must be a whole number, 1 or more"),
        ({"validation": 0.1, "keep": "first"}, "keep is 'first', must be best or last"),
        ({"validation": 2}, "validation is 2, must be a part of the training data"),
        ({"validate": TEST, "test": TEST}, "test and validate are both given"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, given, message):
    with pytest.raises(lc.SpecError, match=message):
        trainer().fit(examples(), 1, out=tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_a_run_that_goes_on_is_validated_as_it_was(tmp_path):
    fitted(tmp_path / "own", epochs=2)
    fitted(tmp_path / "part", epochs=2, validation=0.2)
    trainer().fit(examples(), 2, out=tmp_path / "none")
    for name, given, message in (
        ("own", {}, r"the run is validated on arrays \(30 examples .* give these \(validation="),
        ("own", {"validation": 0.2}, "the run is validated on arrays .*, not on 0.2 of the training data"),
        ("own", {"validation": examples(7, 31)}, "not on arrays .31 examples"),
        ("own", {"validation": VALID, "keep": "last"}, "keeps the model of its best epoch, not 'last'"),
        ("part", {"validation": 0.3}, "the run is validated on 0.2 of the training data"),
        ("none", {"validation": VALID}, "the run is validated on nothing, not on arrays"),
    ):
        with pytest.raises(lc.RunError, match=message):
            lc.Trainer.resume(tmp_path / name, backend="reference").fit(examples(), 3, **given)


def test_a_run_that_lost_its_best_model_is_refused(tmp_path):
    own, _ = fitted(tmp_path)
    assert not own.progress.at_best
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(lc.RunError, match=r"has lost its model\.safetensors, which kept the model of the best epoch"):
        lc.Trainer.resume(tmp_path, backend="reference")


def test_the_next_steps_for_a_device_are_of_what_is_trained_on(tmp_path):
    own = trainer()
    own.fit(examples(), 1, validation=0.2)
    steps = own.data.examples // 10
    assert steps < len(examples()[0]) // 10
    assert lc.export_steps(own, examples(), tmp_path) == steps


NAMED, OTHERS = ["ant", "bee", "cow", "doe"], ["ant", "cow", "bee", "doe"]


@pytest.mark.parametrize("which", ["validation", "test", "validate"])
def test_data_of_classes_that_are_called_otherwise_are_refused(tmp_path, which):
    own = trainer()
    named, others = ArrayDataset(*examples(), NAMED), ArrayDataset(*TEST, OTHERS, "others")
    message = f"class 1 of others is cow, of network {own.network.graph.name} bee"
    with pytest.raises(lc.DataError, match=message):
        own.fit(named, 1, **{which: others})
    assert not own.progress.begun
    own.fit(named, 1, out=tmp_path, **{which: ArrayDataset(*TEST, NAMED)})
    for one in (own, lc.Trainer.resume(tmp_path, backend="reference")):
        with pytest.raises(lc.DataError, match=message):
            one.evaluate(others)
        assert one.evaluate(ArrayDataset(*TEST, NAMED)) == one.evaluate(TEST), "numbers alone tell nothing"
