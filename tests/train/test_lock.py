"""One process writes a run folder at a time; others are told which, and may read what is there."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_training import examples, interrupt_at, trainer

import linocut as lc
from linocut.train.lock import Lock

HOLDING = """
import sys, time
from pathlib import Path
from linocut.train.lock import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_is_told_the_process_of_the_first(tmp_path, other):
    message = f"{tmp_path} is being trained by process {other.pid}; wait for it to end, or give another folder"
    with pytest.raises(lc.RunError, match=message):
        trainer().fit(examples(), 1, out=tmp_path)
    with pytest.raises(lc.RunError, match=message):
        trainer().save(tmp_path)
    assert os.listdir(tmp_path) == [".lock"]


def test_the_command_line_says_it_in_one_line(tmp_path, other, linocut):
    status, _, err = linocut("train", "--data", "digits", "--hidden", 8, "--backend", "reference", "--out", tmp_path)
    assert (status, len(err.splitlines())) == (2, 1)
    assert f"process {other.pid}" in err


def test_the_lock_of_a_killed_process_is_stale(tmp_path, other):
    other.kill()
    other.wait()
    trainer().fit(examples(), 1, out=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.safetensors", "config.toml", "log.jsonl", "model.safetensors"]


@pytest.mark.parametrize("text", ["", "1\n", str(os.getpid()), "not a number" * 9])
def test_a_lock_file_that_nobody_holds_stops_nobody(tmp_path, text):
    (tmp_path / ".lock").write_text(text)
    with Lock(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    assert not list(tmp_path.iterdir())


def test_two_trainers_in_one_process(tmp_path):
    def beside(event):
        with pytest.raises(lc.RunError, match=f"is being trained by process {os.getpid()}"):
            trainer().fit(examples(), 1, out=tmp_path)

    trainer().fit(examples(), 1, out=tmp_path, callbacks=[beside])


def test_a_callback_may_save_the_run_that_calls_it_and_copies(tmp_path):
    one = trainer()

    def saving(event):
        if type(event).__name__ == "EpochEnded":
            one.save(tmp_path / f"epoch{event.epoch}")
            one.save(tmp_path / "run")

    one.fit(examples(), 2, out=tmp_path / "run", callbacks=[saving])
    one.fit(examples(), 3, out=tmp_path / "run")
    assert lc.Trainer.resume(tmp_path / "run", backend="reference").progress.epoch == 3
    assert lc.Trainer.resume(tmp_path / "epoch1", backend="reference").progress.epoch == 1


def test_a_run_is_read_while_it_trains(tmp_path):
    found = []

    def reading(event):
        if type(event).__name__ == "EpochEnded":
            found.append(lc.load(tmp_path, backend="reference").evaluate(examples(1)).accuracy)
            found.append(event.accuracy)
            lc.Trainer.resume(tmp_path, backend="reference").fit(examples(), 3, out=tmp_path / f"copy{event.epoch}")

    whole = trainer()
    whole.fit(examples(), 3, examples(1), tmp_path, [reading])
    assert found[0::2] == found[1::2]
    for epoch in (1, 2, 3):
        copy = lc.Trainer.resume(tmp_path / f"copy{epoch}", backend="reference")
        assert copy.session.state_sha256() == whole.session.state_sha256()


TRAINING = """
import sys
from small_training import examples, trainer
trainer(threads=1).fit(examples(), int(sys.argv[2]), examples(1), out=sys.argv[1], save_every=1)
"""


def test_a_run_is_read_at_any_moment_while_another_process_trains_it(tmp_path):
    """Whatever moment it is, each file is a whole one, and tells of no less than it did before."""
    epochs, run = 15, tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parents[1], *sys.path)))}
    process = subprocess.Popen([sys.executable, "-c", TRAINING, str(run), str(epochs)], env=environment)
    seen = []
    while process.poll() is None:
        if not (run / "config.toml").exists():  # the last file of a run that begins
            continue
        assert lc.load(run, backend="reference").evaluate(examples(1)).examples == 53
        seen.append(lc.Trainer.resume(run, backend="reference").progress)
        log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        assert [event["event"] for event in log[:1]] == ["plan"]
    assert process.returncode == 0
    places = [(progress.epoch, progress.step) for progress in seen]
    assert places == sorted(places)
    assert len(set(places)) >= 5, "it was read while it trained"
    assert lc.Trainer.resume(run, backend="reference").progress.epoch == epochs


def test_a_run_that_another_process_took_further_is_not_set_back(tmp_path):
    with pytest.raises(lc.Interrupted):
        trainer().fit(examples(), 2, out=tmp_path, callbacks=[interrupt_at(3)])
    first, second = (lc.Trainer.resume(tmp_path, backend="reference") for _ in range(2))
    second.fit(examples())
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(lc.RunError, match="was written by another process since it was read; resume it again"):
        first.fit(examples(), 2)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before
    second.fit(examples(), 11)


def test_what_a_killed_process_was_writing_is_removed(tmp_path):
    for name in (".model.safetensors.77.part", ".checkpoint.safetensors.1.part", ".other.1.part"):
        (tmp_path / name).write_text("half")
    trainer().fit(examples(), 1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == [".other.1.part"]


def _compete(folder, barrier, outcomes):
    signal.alarm(60)
    barrier.wait()
    try:
        trainer().fit(examples(), 2, out=folder)
        outcomes.put("done")
    except lc.RunError as error:
        outcomes.put(str(error))


def test_of_many_that_begin_at_once_one_trains(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier, outcomes = context.Barrier(4), context.Queue()
    racing = [context.Process(target=_compete, args=(tmp_path / "run", barrier, outcomes)) for _ in range(4)]
    for process in racing:
        process.start()
    found = [outcomes.get(timeout=60) for _ in racing]
    for process in racing:
        process.join()
    assert found.count("done") == 1
    assert all("is being trained by" in text or "already holds a run" in text for text in found if text != "done")


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def failing(*arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("fcntl.flock", failing)
    with pytest.raises(lc.MachineError, match=r"\.lock cannot be written and locked: Read-only file system; make room"):
        trainer().fit(examples(), 1, out=tmp_path / "run")
