"""One process writes a run folder at a time; others are told which, and may read what is there."""

import fcntl
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


@pytest.mark.parametrize(
    "text", ["", "1\n", pytest.param(str(os.getpid()), id="own"), "12345678901234567890\n", "\0\0\0"]
)
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
        log = (run / "log.jsonl").read_text()
        events = [json.loads(line)["event"] for line in log[: log.rfind("\n") + 1].splitlines()]
        assert events[:1] == ["plan"] and len(events) > seen[-1].epoch
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


def put_link(path, target):
    path.symlink_to(target)


def put_name(path, target):
    os.link(target, path)


def put_text(path, target):
    path.write_text("not a number" * 9)


def put_few(path, target):
    path.write_text("mine")


def put_pipe(path, target):
    os.mkfifo(path)


def put_folder(path, target):
    path.mkdir()


@pytest.mark.parametrize("put", [put_link, put_name, put_text, put_few, put_pipe, put_folder])
def test_a_lock_that_is_none_of_ours_is_left_as_it_is(tmp_path, put):
    """A run folder out of an archive may hold a `.lock` that is a link to any file of the user's."""
    precious, folder = tmp_path / "precious", tmp_path / "run"
    precious.write_text("123")  # as a lock file's
    folder.mkdir()
    put(folder / ".lock", precious)
    before = os.lstat(folder / ".lock")
    text = (folder / ".lock").read_text() if before.st_size and put is not put_folder else None
    with pytest.raises(
        lc.RunError, match=r"\.lock is not a lock file of linocut; move it away, or give another folder"
    ):
        trainer().fit(examples(), 1, out=folder)
    assert precious.read_text() == "123"
    assert os.listdir(folder) == [".lock"]
    after = os.lstat(folder / ".lock")
    assert (before.st_ino, before.st_size, before.st_mode) == (after.st_ino, after.st_size, after.st_mode)
    assert text is None or (folder / ".lock").read_text() == text


@pytest.mark.parametrize("name", [".checkpoint.safetensors.1.part", ".model.safetensors.2.part"])
def test_half_written_files_that_are_links_are_removed_and_not_followed(tmp_path, name):
    precious, folder = tmp_path / "precious", tmp_path / "run"
    precious.write_text("precious")
    folder.mkdir()
    (folder / name).symlink_to(precious)
    (folder / ".log.jsonl.3.part").mkdir()
    trainer().fit(examples(), 1, out=folder)
    assert precious.read_text() == "precious"
    assert not os.path.lexists(folder / name)


def at_step(number, act):
    """A callback that acts once, after the step of the first epoch."""

    def callback(event):
        if type(event).__name__ == "Stepped" and (event.epoch, event.step) == (1, number):
            act()

    return callback


@pytest.mark.parametrize("other", [None, "empty", "run"])
def test_a_run_whose_folder_was_renamed_writes_over_no_other(tmp_path, other):
    run, moved = tmp_path / "run", tmp_path / "moved"

    def rename():
        run.rename(moved)
        if other == "empty":
            run.mkdir()
        elif other == "run":
            trainer(seed=9).fit(examples(), 1, out=run)

    message = "run is not the folder any more that this run began to write: it was renamed, removed or replaced; resume"
    with pytest.raises(lc.RunError, match=message):
        trainer().fit(examples(), 2, out=run, callbacks=[at_step(2, rename)])
    if other == "run":
        assert lc.Trainer.resume(run, backend="reference").settings.seed == 9
    else:
        assert not run.exists() or not list(run.iterdir())
    assert ".lock" not in os.listdir(moved)
    again = lc.Trainer.resume(moved, backend="reference")
    again.fit(examples(), 2)
    whole = trainer()
    whole.fit(examples(), 2)
    assert again.session.state_sha256() == whole.session.state_sha256()


def test_a_lock_file_that_is_removed_lets_nobody_in(tmp_path):
    def remove():
        (tmp_path / ".lock").unlink()
        with pytest.raises(lc.RunError, match="is being trained by another process; wait for it to end"):
            lc.Trainer.resume(tmp_path, backend="reference").fit(examples(), 2)

    one = trainer()
    one.fit(examples(), 2, out=tmp_path, callbacks=[at_step(2, remove)])
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.safetensors", "config.toml", "log.jsonl", "model.safetensors"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_lock_file_that_vanishes_between_opening_and_locking_it(tmp_path, monkeypatch, times):
    """Its holder had just ended: whoever opened it then has locked what nobody else will find."""
    real, left, before = fcntl.flock, [times], os.listdir("/proc/self/fd")

    def vanishing(descriptor, operation):
        if left[0]:
            left[0] -= 1
            (tmp_path / ".lock").unlink()
        return real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", vanishing)
    with Lock(tmp_path):
        monkeypatch.undo()
        assert left == [0]
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
        script = f"import fcntl; fcntl.flock(open({str(tmp_path / '.lock')!r}), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert "BlockingIOError" in other.stderr
    assert not os.listdir(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_another_s_lock_file_is_not_removed(tmp_path):
    with Lock(tmp_path):
        (tmp_path / ".lock").unlink()
        (tmp_path / ".lock").write_text("77\n")
    assert (tmp_path / ".lock").read_text() == "77\n"


def child_of(work):
    child = os.fork()
    if not child:
        try:
            signal.alarm(60)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def test_a_child_does_not_hold_the_lock_of_its_parent(tmp_path):
    """The parent, a process of its own, is killed while its child lives on."""
    reading, writing = os.pipe()

    def parent():
        with Lock(tmp_path):
            grandchild = child_of(lambda: signal.pause())
            os.write(writing, f"{grandchild}\n".encode())
            signal.pause()

    child = child_of(parent)
    grandchild = int(os.read(reading, 20))
    try:
        with pytest.raises(lc.RunError, match=f"is being trained by process {child}"), Lock(tmp_path):
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with Lock(tmp_path):
            assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    finally:
        os.kill(grandchild, signal.SIGKILL)
        os.close(reading)
        os.close(writing)


def test_a_child_that_was_forked_in_a_callback_writes_nothing(tmp_path):
    one = trainer()

    def fork():
        def work():
            try:
                one.save(tmp_path / "run")
            except lc.RunError as error:
                assert "was forked from the one that writes" in str(error)
                one.save(tmp_path / "other")
                os._exit(7)

        found = os.waitstatus_to_exitcode(os.waitpid(child_of(work), 0)[1])
        assert found == 7

    one.fit(examples(), 2, out=tmp_path / "run", callbacks=[at_step(2, fork)])
    assert lc.Trainer.resume(tmp_path / "run", backend="reference").progress.epoch == 2
    assert lc.Trainer.resume(tmp_path / "other", backend="reference").progress.step == 2
    assert not (tmp_path / "run" / ".lock").exists()


@pytest.mark.timeout(60)
def test_a_child_that_goes_on_with_its_parent_s_fit_is_refused(tmp_path):
    parent = os.getpid()
    children = []

    def fork():
        if not (child := os.fork()):
            signal.alarm(50)
        else:
            children.append(child)

    status = 1
    try:
        trainer().fit(examples(), 2, out=tmp_path, callbacks=[at_step(2, fork)])
    except lc.RunError as error:
        status = 7 if "was forked in a callback of fit" in str(error) else 1
    finally:
        if os.getpid() != parent:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.epoch == 2


@pytest.mark.parametrize("ends", [KeyboardInterrupt, ValueError, SystemExit])
def test_a_lock_lives_exactly_as_long_as_its_run(tmp_path, ends):
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None

    def end():
        raise ends

    with pytest.raises(ends):
        trainer().fit(examples(), 2, out=tmp_path, callbacks=[at_step(2, end)])
    assert not (tmp_path / ".lock").exists()
    with Lock(tmp_path):
        pass
    assert before is None or len(os.listdir("/proc/self/fd")) == before
