"""A trainer has one use at a time: what comes from another thread meanwhile is refused, and changes no bit."""

import copy
import os
import pickle
import signal
import threading

import numpy as np
import pytest
from forked import in_child
from small_training import examples, lasting, trainer

import linocut as lc

TIMES = 100


def uses(one, folder):
    """All that a trainer can be asked for, by what its error calls it."""
    name = next(iter(one.state))
    return {
        "fit": lambda: one.fit(examples(), 3),
        "evaluate": lambda: one.evaluate(examples(1)),
        "predict": lambda: one.predict(examples(1)[0]),
        "save": lambda: one.save(folder / "copy"),
        "capture": lambda: one.capture(examples(1)[0], ["sign1"]),
        "inference_graph": lambda: one.inference_graph(),
        "export_steps": lambda: lc.export_steps(one, examples(), folder / "device", 1),
        f"reading {name}": lambda: one.state[name],
        f"writing {name}": lambda: one.state.update({name: np.zeros(one.state.shape(name))}),
    }


def elsewhere(work):
    """What `work` raises in another thread, or gives."""
    found = []

    def run():
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run, name="other")
    thread.start()
    thread.join()
    return found[0]


def once_at(step, act):
    def callback(event):
        if type(event).__name__ == "Stepped" and (event.epoch, event.step) == (1, step):
            act()

    return callback


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_every_second_use_from_another_thread_is_refused(tmp_path, backend):
    whole = trainer(backend=backend)
    whole.fit(examples(), 2)
    one = trainer(backend=backend)
    one.evaluate(examples(1))

    def others():
        for what, use in uses(one, tmp_path).items():
            error = elsewhere(use)
            assert isinstance(error, lc.RunError), (what, error)
            assert str(error) == (
                f"{what} is called while thread MainThread is in fit of the same trainer; wait for it to end, "
                "call it in a callback of fit, or use another trainer (Trainer.resume of its folder)"
            )

    one.fit(examples(), 2, out=tmp_path / "run", callbacks=[once_at(2, others)])
    assert one.session.state_sha256() == whole.session.state_sha256()
    assert not (tmp_path / "copy").exists()
    for what, use in uses(one, tmp_path).items():
        found = elsewhere(use)
        assert not isinstance(found, Exception), (what, found)  # and at rest any thread may


def test_a_hundred_uses_beside_a_fit_change_no_bit(tmp_path):
    """As a server would: they come at any moment of a step, not only in callbacks."""
    whole = trainer(backend="native")
    history = whole.fit(examples(), 60)
    one = trainer(backend="native")
    one.evaluate(examples(1))
    all_uses = list(uses(one, tmp_path).values())
    begun, ended, refused = threading.Event(), threading.Event(), []

    def beside(number):
        begun.wait()
        while not ended.is_set():
            try:
                all_uses[number]()
                assert ended.is_set() or one.progress.epoch == 60
            except lc.RunError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=beside, args=(number,)) for number in range(1, len(all_uses) - 1)]
    for thread in threads:
        thread.start()
    try:
        found = one.fit(examples(), 60, callbacks=[lambda event: begun.set()])
        state = one.session.state_sha256()
    finally:
        ended.set()
        begun.set()
        for thread in threads:
            thread.join()
    assert state == whole.session.state_sha256()
    assert lasting(found) == lasting(history)
    assert len(refused) >= TIMES


def test_two_fits_at_once_are_one(tmp_path):
    one, barrier, found = trainer(), threading.Barrier(2), []

    def work():
        barrier.wait()
        try:
            one.fit(examples(), 3, out=tmp_path)
            found.append("done")
        except lc.RunError as error:
            found.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("done") >= 1
    assert all("is in fit of the same trainer" in text for text in found if text != "done")
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.epoch == one.progress.epoch == 3


@pytest.mark.parametrize("policy", ["lean", "standard"])
def test_callbacks_may_evaluate_predict_and_save_and_change_no_bit(tmp_path, policy):
    whole, one = (trainer(policy=policy, micro_batch=5) for _ in range(2))
    history = whole.fit(examples(), 2, examples(1))
    saved = []

    def using(event):
        if type(event).__name__ == "Stepped":
            for what, use in uses(one, tmp_path / f"{event.epoch}-{event.step}").items():
                left = what != "export_steps" or event.step < event.steps  # of the epoch
                if left and what != "fit" and "writing" not in what:
                    use()
            saved.append((event.epoch - 1, event.step, one.session.state_sha256()))

    assert lasting(one.fit(examples(), 2, examples(1), tmp_path / "run", [using])) == lasting(history)
    assert one.session.state_sha256() == whole.session.state_sha256()
    for epoch, step, state in saved:
        copied = lc.Trainer.resume(tmp_path / f"{epoch + 1}-{step}" / "copy", backend="reference")
        assert (copied.progress.epoch, copied.progress.step, copied.session.state_sha256()) == (epoch, step, state)
        copied.fit(examples(), 2, examples(1))
        assert copied.session.state_sha256() == whole.session.state_sha256()


@pytest.mark.parametrize("kind", ["Planned", "Stepped", "EpochEnded", "Done"])
def test_a_fit_in_a_callback_is_refused_and_the_run_is_whole(tmp_path, kind):
    one = trainer()

    def again(event):
        if type(event).__name__ == kind:
            with pytest.raises(
                lc.RunError, match="fit is called in a callback of fit of the same trainer; call it when"
            ):
                one.fit(examples(), 4)

    one.fit(examples(), 3, out=tmp_path, callbacks=[again])
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.epoch == 3


def test_a_use_that_fails_ends():
    def failing(event):
        raise ZeroDivisionError

    one = trainer()
    for _ in range(3):
        with pytest.raises(lc.DataError):
            one.evaluate((np.zeros((3, 5, 5, 1), np.uint8), np.zeros(3, int)))
        with pytest.raises(ZeroDivisionError):
            one.fit(examples(), 1, callbacks=[failing])
    one.evaluate(examples())


def test_a_graph_is_of_one_moment():
    one = trainer(optimizer="bop")
    one.fit(examples(), 1)
    graph = one.inference_graph()
    before = {f"{node}.{part}": array.copy() for node, part, array in graph.tensors()}
    one.fit(examples(), 4)
    for node, part, array in graph.tensors():
        np.testing.assert_array_equal(array, before[f"{node}.{part}"])


@pytest.mark.parametrize("use", [pickle.dumps, copy.copy, copy.deepcopy])
def test_pickles_and_copies_are_refused_with_what_to_do(use):
    with pytest.raises(
        lc.RunError, match=r"cannot be pickled or copied; save it \(trainer.save\(folder\)\) and go on with"
    ):
        use(trainer())


def test_a_child_goes_on_with_a_trainer_that_was_at_rest(tmp_path):
    one = trainer(backend="native", threads=3)
    one.fit(examples(), 1)

    def work():
        one.fit(examples(), 3, out=tmp_path)

    assert in_child(work) == 0
    one.fit(examples(), 3)
    assert lc.Trainer.resume(tmp_path).session.state_sha256() == one.session.state_sha256()


def test_a_child_is_refused_a_trainer_that_was_at_work():
    one = trainer(backend="native", threads=2)
    begun, ended = threading.Event(), threading.Event()

    def beside(event):
        begun.set()
        if ended.is_set():
            raise ZeroDivisionError

    def fit():
        with pytest.raises(ZeroDivisionError):
            one.fit(examples(), 10**6, callbacks=[beside])

    thread = threading.Thread(target=fit)
    thread.start()
    begun.wait()

    def work():
        for use in (lambda: one.evaluate(examples()), lambda: one.fit(examples(), 1), lambda: one.state["beta"]):
            try:
                use()
            except lc.SpecError:
                continue  # an unknown name
            except lc.RunError as error:
                assert "forked while another thread was in fit of this trainer" in str(error)
                continue
            raise AssertionError

    try:
        assert [in_child(work) for _ in range(10)] == [0] * 10
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_end_a_child_that_was_forked_in_a_callback(number):
    """Its parent only notes them, for the end of the step."""
    found = []

    def fork():
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        child = os.fork()
        if not child:
            signal.alarm(20)
            try:
                os.kill(os.getpid(), number)
                signal.pause()
            except KeyboardInterrupt:
                os._exit(130)
            os._exit(1)
        found.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    trainer().fit(examples(), 1, callbacks=[once_at(2, fork)])
    assert found == [130 if number == signal.SIGINT else -number]
