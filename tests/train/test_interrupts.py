"""Signals to a program that trains: its own handlers are found and put back, and no second signal costs the state."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from small_training import STEPS, examples, interrupt_at, trainer

import linocut as lc
from linocut.train.interrupts import SIGNALS


class Ended(Exception):
    """By a callback."""


def at_step(number, act):
    """A callback that acts once, after a step of the whole training, from 1."""

    def callback(event):
        if type(event).__name__ == "Stepped" and (event.epoch - 1) * event.steps + event.step == number:
            act()

    return callback


def failing():
    raise Ended


@pytest.fixture
def own():
    """A handler of the program's for each signal, none of which may be called; others after that."""
    former = {number: signal.getsignal(number) for number in SIGNALS}

    def handlers():
        return {number: signal.getsignal(number) for number in SIGNALS}

    called: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda *given, number=number: called.append(number))
    handlers.called, handlers.before = called, handlers()  # type: ignore[attr-defined]
    yield handlers
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("ends", ["well", "interrupted", "failed", "diverged"])
def test_handlers_of_the_program_are_found_and_put_back(own, ends):
    found = []
    what = {
        "well": [],
        "interrupted": [interrupt_at(2, signal.SIGTERM)],
        "failed": [at_step(2, failing)],
        "diverged": [at_step(2, lambda: one.session.array("loss").fill(float("nan")))],
    }[ends]
    one = trainer()
    errors = {"interrupted": lc.Interrupted, "failed": Ended, "diverged": lc.DivergenceError}
    watching = [at_step(1, lambda: found.append(own())), *what]
    if ends == "well":
        one.fit(examples(), 2, callbacks=watching)
    else:
        with pytest.raises(errors[ends]):
            one.fit(examples(), 2, callbacks=watching)
    assert all(handler not in own.before.values() for handler in found[0].values())
    assert own() == own.before
    assert own.called == []
    for number in SIGNALS:
        os.kill(os.getpid(), number)
    assert own.called == list(SIGNALS)


def test_signals_that_the_program_ignores_are_ignored(own, tmp_path):
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    callbacks = [interrupt_at(step, number) for step, number in enumerate(SIGNALS, 1)]
    assert len(trainer().fit(examples(), 2, out=tmp_path, callbacks=callbacks)) == 2
    assert own() == dict.fromkeys(SIGNALS, signal.SIG_IGN)


@pytest.mark.parametrize(("first", "second"), list(zip(SIGNALS, (*SIGNALS[1:], SIGNALS[0]), strict=True)))
def test_two_signals_in_a_row(tmp_path, first, second):
    """The first one tells what ended training; the second takes nothing from the state."""
    whole = trainer()
    whole.fit(examples(), 2)
    callbacks = [interrupt_at(3, first), interrupt_at(3, second)]
    with pytest.raises(lc.Interrupted) as caught:
        trainer().fit(examples(), 2, out=tmp_path, callbacks=callbacks)
    assert (caught.value.number, caught.value.folder) == (first, str(tmp_path))
    again = lc.Trainer.resume(tmp_path, backend="reference")
    assert (again.progress.epoch, again.progress.step) == (0, 3)
    again.fit(examples(), 2)
    assert again.session.state_sha256() == whole.session.state_sha256()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_second_signal_while_the_state_is_written(tmp_path, monkeypatch, call):
    """At every file of it."""
    sent, real = [], getattr(os, call)

    def impatient(*arguments):
        if sent:
            sent.append(call)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    def begin():
        sent.append("begun")
        os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(os, call, impatient)
    with pytest.raises(lc.Interrupted) as caught:
        trainer().fit(examples(), 2, out=tmp_path, callbacks=[at_step(3, begin)])
    monkeypatch.undo()
    assert caught.value.number == signal.SIGHUP
    assert len(sent) >= 3  # checkpoint and model
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.safetensors", "config.toml", "log.jsonl", "model.safetensors"]
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.step == 3


def test_what_an_interrupt_is():
    """Ctrl-C to a program: what is written for any error does not swallow it, what is written for Ctrl-C gets it."""
    assert issubclass(lc.Interrupted, KeyboardInterrupt)
    assert not issubclass(lc.Interrupted, Exception)
    with pytest.raises(KeyboardInterrupt, match="interrupted by SIGHUP; give an out folder to have it kept") as caught:
        trainer().fit(examples(), 1, callbacks=[interrupt_at(1, signal.SIGHUP)])
    error: Any = caught.value
    assert (error.number, error.folder, error.__cause__) == (signal.SIGHUP, None, None)
    assert error.__suppress_context__


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, Ended])
@pytest.mark.parametrize("out", [True, False])
def test_what_a_callback_raises_is_handed_on_and_the_trainer_goes_on(tmp_path, error, out):
    whole = trainer()
    whole.fit(examples(), 2)

    def end():
        raise error

    one = trainer()
    with pytest.raises(error) as caught:
        one.fit(examples(), 2, out=tmp_path if out else None, callbacks=[at_step(STEPS + 2, end)])
    assert type(caught.value) is error
    assert (one.progress.epoch, one.progress.step) == (1, 2)
    if out:
        kept = lc.Trainer.resume(tmp_path, backend="reference")
        assert (kept.progress.epoch, kept.progress.step) == (1, 0)
    one.fit(examples(), 2)
    assert one.session.state_sha256() == whole.session.state_sha256()


def test_a_trainer_goes_on_after_an_interrupt():
    whole, one = trainer(), trainer()
    whole.fit(examples(), 2)
    with pytest.raises(lc.Interrupted):
        one.fit(examples(), 2, callbacks=[interrupt_at(STEPS + 1)])
    one.fit(examples(), 2)
    assert one.session.state_sha256() == whole.session.state_sha256()


def test_a_fit_in_another_thread_leaves_signals_to_the_program(own):
    found, begun = [], threading.Event()

    def fit():
        found.append(len(trainer().fit(examples(), 3, callbacks=[lambda event: begun.set()])))

    thread = threading.Thread(target=fit)
    thread.start()
    begun.wait()
    found.append(own())
    os.kill(os.getpid(), signal.SIGINT)
    thread.join()
    assert found == [own.before, 3] or found == [3, own.before]
    assert own.called == [signal.SIGINT]
