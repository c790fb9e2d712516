"""The log of a run: it grows by what an epoch adds, and the checkpoint says which part of it is the run's history."""

import dataclasses
import json
import os
import shutil
import zlib

import pytest
from checksums import joined, mended, split
from small_training import examples, interrupt_at, lasting, trainer

import linocut as lc
from linocut import files, tensor_file
from linocut.run import Session
from linocut.train import run_folder, run_log
from linocut.train.events import EpochEnded
from linocut.train.run_log import Mark

ENDED = EpochEnded(1, 1.5, 0.25, None, 0.125, 0.5, 2.0, 3, 0, ("a warning",))


def resumed(folder):
    return lc.Trainer.resume(folder, backend="reference")


def lines(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def changed(folder, change):
    """The description of a checkpoint, changed behind linocut's back."""
    path = folder / "checkpoint.safetensors"
    header, tensors = split(path.read_bytes())
    about = json.loads(header["__metadata__"]["description"])
    change(about)
    header["__metadata__"]["description"] = json.dumps(about)
    path.write_bytes(mended(joined(header, tensors)))


def marked(folder, data):
    """A log, and the checkpoint that says that all of it is the run's."""
    (folder / "log.jsonl").write_bytes(data)
    changed(folder, lambda about: about.update(log={"nbytes": len(data), "crc32": zlib.crc32(data)}))


@pytest.fixture
def run(tmp_path):
    trainer().fit(examples(), 2, examples(1), tmp_path / "run")
    return tmp_path / "run"


def written(monkeypatch):
    """How many bytes go into the log, and into headers of checkpoints, at each save."""
    found = {"log": [], "header": []}
    extended, write = files.extended, tensor_file.write

    def extending(path, folder, nbytes, data):
        found["log"].append(len(data))
        return extended(path, folder, nbytes, data)

    def writing(path, tensors, parts, kind, version, description):
        if path.name == "checkpoint.safetensors":
            found["header"].append(len(json.dumps(description)))
        write(path, tensors, parts, kind, version, description)

    monkeypatch.setattr(run_folder, "extended", extending)
    monkeypatch.setattr(tensor_file, "write", writing)
    return found


def test_a_save_costs_the_same_after_twenty_thousand_epochs(run, monkeypatch):
    """What a run writes, and what it reads of a past so long."""
    epochs = 20_000
    again = resumed(run)
    again.progress.history = [dataclasses.replace(ENDED, epoch=epoch) for epoch in range(1, epochs + 1)]
    again.progress.epoch = again.progress.epochs = epochs
    again.save(run.parent / "long")
    long = resumed(run.parent / "long")
    assert long.progress.history == again.progress.history
    found = written(monkeypatch)
    history = long.fit(examples(), epochs + 2, save_every=2)
    assert len(history) == epochs + 2
    assert len(found["header"]) >= 2 * 3 and max(found["header"]) < 3000
    assert len(found["log"]) >= 3 and max(found["log"]) < 500
    assert resumed(run.parent / "long").progress.history == list(history)


def test_the_log_tells_of_each_epoch_once_whatever_ended_the_run(tmp_path):
    whole = trainer()
    expected = whole.fit(examples(), 4, examples(1))
    one = trainer()
    for step in (3, 7, 12):
        with pytest.raises(lc.Interrupted):
            one.fit(examples(), 4, examples(1), tmp_path, [interrupt_at(step)], save_every=2)
        one = resumed(tmp_path)
        assert [line["event"] for line in lines(tmp_path)] == ["plan", *["epoch"] * one.progress.epoch]
    assert lasting(one.fit(examples(), 4, examples(1))) == lasting(expected)
    assert [line["event"] for line in lines(tmp_path)] == ["plan", *["epoch"] * 4, "done"]
    longer = resumed(tmp_path)
    assert lasting(longer.progress.history) == lasting(expected)
    longer.fit(examples(), 5, examples(1))
    assert [line["event"] for line in lines(tmp_path)] == ["plan", *["epoch"] * 5, "done"]
    assert [line["epoch"] for line in lines(tmp_path)[1:-1]] == [1, 2, 3, 4, 5]


def test_what_a_killed_run_had_logged_of_a_lost_epoch_is_written_over(run):
    """A kill between the log and the checkpoint, at its worst: half of a line too many."""
    log = run / "log.jsonl"
    log.write_bytes(log.read_bytes() + run_log.lines_of([dataclasses.replace(ENDED, epoch=3)]) + b'{"event": "ep')
    again = resumed(run)
    assert again.progress.epoch == len(again.progress.history) == 2
    again.fit(examples(), 3, examples(1))
    assert [line["event"] for line in lines(run)] == ["plan", "epoch", "epoch", "epoch", "done"]


def test_a_run_saved_elsewhere_takes_its_history_along_and_both_go_on(run):
    one = resumed(run)
    one.save(run.parent / "copy")
    one.fit(examples(), 3, examples(1), out=run)
    one.save(run.parent / "copy")  # which gets what it lacks
    for folder in (run, run.parent / "copy"):
        assert resumed(folder).progress.history == one.progress.history
    again = resumed(run.parent / "copy")
    again.fit(examples(), 4)
    assert [line.get("epoch") for line in lines(run.parent / "copy")] == [None, 1, 2, 3, 4, None]
    assert [line["event"] for line in lines(run)] == ["plan", "epoch", "epoch", "epoch", "done"]


def test_a_log_that_was_removed_costs_its_figures_only(run, linocut):
    (run / "log.jsonl").unlink()
    again = resumed(run)
    assert (again.progress.epoch, again.progress.forgotten, again.progress.history) == (2, 2, [])
    whole = trainer()
    whole.fit(examples(), 4, examples(1))
    assert [ended.epoch for ended in again.fit(examples(), 3, examples(1))] == [3]
    again = resumed(run)
    assert (again.progress.forgotten, [ended.epoch for ended in again.progress.history]) == (2, [3])
    again.fit(examples(), 4, examples(1))
    assert again.session.state_sha256() == whole.session.state_sha256()
    assert [line["event"] for line in lines(run)] == ["plan", "epoch", "epoch", "done"]


def test_a_log_that_was_removed_is_told_of(run, elsewhere, linocut):
    assert linocut("train", "--data", "digits", "--limit", 60, "--batch", 20, "--epochs", 1, "--out", "own")[0] == 0
    os.unlink("own/log.jsonl")
    status, out, err = linocut("train", "--resume", "--out", "own")
    assert status == 0 and "test accuracy     -" in out
    assert err.splitlines()[0] == "own has lost its log, and the figures of 1 epochs"


def test_a_log_removed_while_the_run_trains_is_written_again(tmp_path):
    def removing(event):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            (tmp_path / "log.jsonl").unlink()

    trainer().fit(examples(), 3, out=tmp_path, callbacks=[removing])
    assert [line["event"] for line in lines(tmp_path)] == ["plan", *["epoch"] * 3, "done"]
    assert len(resumed(tmp_path).progress.history) == 3


def odd_lines():
    sound = json.loads(run_log.lines_of([ENDED]))
    for name, value in (
        *(("epoch", odd) for odd in (0, -1, 1.0, "1", None, True)),
        *(("loss", odd) for odd in (float("nan"), None, "1", 10**400)),
        ("train_accuracy", "high"),
        ("train_accuracy", None),
        ("flip_ratio", "none"),
        ("step_ms", [1]),
        ("saturated", "1"),
        ("dead_channels", []),
        ("warnings", "none"),
        ("warnings", [1]),
        ("more", 1),
    ):
        yield json.dumps({**sound, name: value})
    yield from ("[]", "3", "{", "", "[" * 100_000, "[]," * 10**6, "\\", "\x1b[2J", '{"event": "epoch"}')


@pytest.mark.parametrize("line", list(odd_lines()), ids=lambda line: line[:8])
def test_a_line_that_no_run_writes(run, line):
    marked(run, line.encode() + b"\n" + run_log.lines_of([dataclasses.replace(ENDED, epoch=2)]))
    with pytest.raises(lc.RunError, match=r"log\.jsonl is not .*the checkpoint.*; put it back as it was") as caught:
        resumed(run)
    message = str(caught.value).replace(str(run), "")
    assert message.isprintable() and len(message) < 900


@pytest.mark.parametrize("epochs", [(1,), (3,), (2, 1), (1, 1), (1, 3), (2, 2), (2, 3)])
def test_epochs_that_are_not_the_latest_in_order(run, epochs):
    marked(run, run_log.lines_of([dataclasses.replace(ENDED, epoch=epoch) for epoch in epochs]))
    with pytest.raises(lc.RunError, match=r"log\.jsonl is not .*the checkpoint"):
        resumed(run)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:40],  # cut
        lambda data: data.replace(b"epoch", b"epohc", 1),
        lambda data: b"\n" + data,
        lambda data: data.replace(b"\n", b" ", 1),
        lambda data: b"",
        lambda data: bytes(len(data)),  # a power cut on a file system that promises too little
    ],
)
def test_a_damaged_log_is_told_of_and_left_as_it_is(run, damage):
    log = run / "log.jsonl"
    spoilt = damage(log.read_bytes())
    log.write_bytes(spoilt)
    with pytest.raises(
        lc.RunError, match=r"log\.jsonl is not as the checkpoint has it: .*; put it back as it was, or re"
    ):
        resumed(run)
    assert log.read_bytes() == spoilt


def test_every_bit_of_a_history_is_watched(run):
    log = run / "log.jsonl"
    data = log.read_bytes()
    counted = tensor_file.TensorFile(run / "checkpoint.safetensors", "linocut-checkpoint", 4).description["log"]
    for place in range(0, counted["nbytes"], 7):
        log.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(lc.RunError, match="log"):
            resumed(run)


def test_a_log_of_another_run_is_not_taken_for_its_own(run):
    other = run.parent / "other"
    trainer(seed=4).fit(examples(), 2, examples(1), other)
    shutil.copy(other / "log.jsonl", run / "log.jsonl")
    with pytest.raises(lc.RunError, match=r"log\.jsonl is not as the checkpoint has it"):
        resumed(run)


def test_nothing_is_written_through_links_and_other_names(run):
    """A run folder from elsewhere: its log is another file of the user's, which holds what the checkpoint wants."""
    log, precious = run / "log.jsonl", run.parent / "precious"
    shutil.copy(log, precious)
    before = precious.read_bytes()
    for link in (os.symlink, os.link):
        log.unlink()
        link(precious, log)
        again = resumed(run)
        again.fit(examples(), again.progress.epoch + 1)
        assert precious.read_bytes() == before
        assert not log.is_symlink() and log.stat().st_nlink == 1
        assert len(resumed(run).progress.history) == again.progress.epoch
        shutil.copy(log, precious)
        before = precious.read_bytes()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_no_plain_file(run, make):
    (run / "log.jsonl").unlink()
    make(run / "log.jsonl")
    with pytest.raises(lc.RunError, match=r"log\.jsonl is not as the checkpoint has it"):
        resumed(run)


def test_no_line_is_written_that_could_not_be_read(run):
    long = dataclasses.replace(ENDED, epoch=3, warnings=("x" * (1 << 24),))
    again = resumed(run)
    again.progress.history.append(long)
    again.progress.epoch = again.progress.epochs = 3
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(lc.RunError, match=r"a line of log\.jsonl would have 16,777,\d+ B, 16,777,216 can be read"):
        again.save(run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_checkpoint_of_version_2_brings_its_history_into_the_log(run):
    """It held it in its header; files of version 2 are written no more."""
    one = resumed(run)
    path, history = run / "checkpoint.safetensors", [dataclasses.asdict(ended) for ended in one.progress.history]

    def older(about):
        del about["log"]
        about["progress"]["history"] = history

    def save(version):
        file = tensor_file.TensorFile(path, "linocut-checkpoint", 4)
        about = file.description
        older(about)
        tensors = {b.name: file.read(b.name, (b.nbytes,), "u1") for b in one.session.program.persistent()}
        tensor_file.save(path, tensors, "linocut-checkpoint", version, about)

    save(2)
    (run / "log.jsonl").unlink()
    again = resumed(run)
    assert again.progress.history == one.progress.history
    assert isinstance(again.session, Session)
    history[1]["epoch"] = 1
    whole = path.read_bytes()
    again.fit(examples(), 3, examples(1))
    assert [line.get("epoch") for line in lines(run)] == [None, 1, 2, 3, None]
    assert resumed(run).progress.history == again.progress.history
    path.write_bytes(whole)
    changed(run, lambda about: about["progress"].update(history=history))
    with pytest.raises(lc.RunError, match="history entry 2 is of epoch 1"):
        resumed(run)
    for odd in ({}, None, [1, 2], []):
        changed(run, lambda about, odd=odd: about["progress"].update(history=odd))
        with pytest.raises(lc.RunError, match="does not describe a run"):
            resumed(run)


def test_marks_are_of_bytes_and_their_checksum():
    assert Mark().after(b"one\n").after(b"two\n") == Mark(8, zlib.crc32(b"one\ntwo\n"))
