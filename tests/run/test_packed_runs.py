"""A run that is packed, trained by linocut-runner and unpacked is the run that `fit` makes, to the bit."""

from __future__ import annotations

import json
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stand_alone import call, native_command, report

import linocut as lc
from linocut.data.batches import epoch_order
from linocut.train import EpochEnded, Stepped, device_checkpoint

DIGITS = lc.data.load("digits")


@pytest.fixture
def runner() -> list[str]:
    return native_command()


def make_trainer(schedule: str | lc.Schedule = "constant", **given: Any) -> lc.Trainer:
    network = lc.models.mlp((8, 8, 1), 10, (70,))
    return lc.Trainer(network, batch_size=60, seed=5, schedule=schedule, threads=1, **given)


def trained(folder: Path, runner: list[str], *words: object) -> dict[str, str]:
    """What the runner printed of a training in a packed folder."""
    done = call(folder, runner, ".", "--threads", 1, *words)
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def same(run: lc.Trainer, other: lc.Trainer) -> None:
    """Equal states, and equal figures of every epoch, but for times and what only Python looks at."""
    assert run.session.state_sha256() == other.session.state_sha256()
    assert (run.progress.epoch, run.progress.step) == (other.progress.epoch, other.progress.step)
    assert run.progress.schedule == other.progress.schedule
    for one, two in zip(run.progress.history, other.progress.history, strict=True):
        for name in ("epoch", "loss", "train_accuracy", "accuracy", "flip_ratio"):
            assert getattr(one, name) == getattr(two, name), name


SCHEDULES = ["constant", "cosine", lc.Step(1, 0.7), lc.Plateau(0.5, 1, 0.3)]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: one if isinstance(one, str) else one.kind)
@pytest.mark.parametrize("begun", [0, 1])
def test_a_packed_run_is_the_run(tmp_path: Path, runner: list[str], schedule: str | lc.Schedule, begun: int) -> None:
    train, test = DIGITS
    twin, trainer = make_trainer(schedule), make_trainer(schedule)
    twin.fit(train, epochs=4, test=test)
    if begun:
        stopped = [lambda event: trainer.stop() if isinstance(event, EpochEnded) else None]
        trainer.fit(train, epochs=4, test=test, callbacks=stopped, out=tmp_path / "run")
    lc.pack(trainer, train, tmp_path / "device", test=test, epochs=4)
    found = trained(tmp_path / "device", runner)
    assert found["state_sha256"] == twin.session.state_sha256()
    home = lc.unpack(tmp_path / "device", tmp_path / "home")
    same(home, twin)
    same(lc.Trainer.resume(tmp_path / "home"), twin)
    if begun:
        same(lc.unpack(tmp_path / "device", tmp_path / "run"), twin)
        assert [epoch["epoch"] for epoch in _epochs(tmp_path / "run")] == [1, 2, 3, 4]
    assert lc.load(tmp_path / "home").evaluate(test).accuracy == twin.progress.history[-1].accuracy


def _epochs(run: Path) -> list[dict[str, object]]:
    lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [line for line in lines if line["event"] == "epoch"]


@pytest.mark.parametrize("policy", ["lean", "lean8", "standard", "wang2021"])
def test_micro_batches_and_policies(tmp_path: Path, runner: list[str], policy: str) -> None:
    train, _ = DIGITS
    optimizer = lc.SGD() if policy == "lean8" else lc.Adam()
    network = lc.models.mlp((8, 8, 1), 10, (70,))
    twin, trainer = (
        lc.Trainer(network, policy, optimizer, 60, 3, 1, "cosine", micro_batch=20 if policy != "lean8" else None)
        for _ in range(2)
    )
    twin.fit(train, epochs=2)
    lc.pack(trainer, train, tmp_path / "device", epochs=2, save_every=7)
    found = trained(tmp_path / "device", runner)
    if policy in ("lean", "lean8"):  # the others' bits depend on the instruction set, which is the same here
        assert found["state_sha256"] == twin.session.state_sha256()
    same(lc.unpack(tmp_path / "device", tmp_path / "home"), twin)


def numbers(count: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(1)
    values = chance.uniform(-1, 1, (count, 6)).astype(np.float32)
    return values, (values @ chance.normal(size=(6, 2))).astype(np.float32)


def test_regression_on_floats(tmp_path: Path, runner: list[str]) -> None:
    network = lc.models.mlp((6,), 2, (20,), dtype="f32", task="regression")
    twin, trainer = (lc.Trainer(network, batch_size=20, seed=2, threads=1, schedule="plateau") for _ in range(2))
    train, test = numbers(110), numbers(30)
    twin.fit(train, epochs=3, test=test)
    lc.pack(trainer, train, tmp_path / "device", epochs=3, test=test)
    found = trained(tmp_path / "device", runner)
    assert "accuracy" not in found
    same(lc.unpack(tmp_path / "device", tmp_path / "home"), twin)
    values = np.fromfile(tmp_path / "device/images.bin", np.float32)
    values[8] = np.inf
    values.tofile(tmp_path / "device/images.bin")
    done = call(tmp_path / "device", runner, ".", "--epochs", 5)
    assert (done.returncode, "images.bin: a value of example 1 is inf, must be -" in done.stderr) == (2, True)


def started(folder: Path, runner: list[str], *words: str) -> subprocess.Popen[str]:
    command = [*runner, ".", "--threads", "1", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def packed(folder: Path, epochs: int, save_every: int | None = None) -> Path:
    return lc.pack(make_trainer("cosine"), DIGITS[0], folder / "device", epochs=epochs, save_every=save_every)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_with_the_step_kept(tmp_path: Path, runner: list[str], number: signal.Signals) -> None:
    device = packed(tmp_path, 300)
    process = started(device, runner)
    while not (device / "log.jsonl").exists():
        time.sleep(0.005)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, "")
    assert "interrupted at " in err.splitlines()[-1] and err.endswith("the same command goes on from there\n")
    home = lc.unpack(device, tmp_path / "home")
    assert f"{home.progress.epoch} of 300 epochs and {home.progress.step} steps" in err
    twin = make_trainer("cosine")
    twin.fit(DIGITS[0], epochs=300, callbacks=[stopping_at(twin, home)])
    same(home, twin)


def stopping_at(trainer: lc.Trainer, other: lc.Trainer) -> Callable[[object], None]:
    def watch(event: object) -> None:
        if isinstance(event, (Stepped, EpochEnded)):
            at, wanted = trainer.progress, other.progress
            if (at.epoch, at.step) == (wanted.epoch, wanted.step):
                trainer.stop()

    return watch


def test_a_killed_runner_goes_on_to_the_same_bits(tmp_path: Path, runner: list[str]) -> None:
    device, whole = packed(tmp_path, 40, save_every=5), tmp_path / "whole"
    shutil.copytree(device, whole)
    expected = trained(whole, runner)
    kills = 0
    for wait in np.linspace(0.005, 0.15, 12):
        process = started(device, runner)
        time.sleep(wait)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.communicate()
    found = trained(device, runner)
    assert kills and found["state_sha256"] == expected["state_sha256"]
    home = lc.unpack(device, tmp_path / "home")
    assert [epoch.epoch for epoch in home.progress.history] == list(range(1, 41))
    same(home, lc.unpack(whole, tmp_path / "other"))


def test_half_a_line_of_the_log_is_cut_off(tmp_path: Path, runner: list[str]) -> None:
    device = packed(tmp_path, 4)
    log, before = device / "log.jsonl", (device / "checkpoint.bin").read_bytes()
    trained(device, runner)
    whole = lc.unpack(device, tmp_path / "whole")
    (device / "checkpoint.bin").write_bytes(before)
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0][:60])  # a power cut, or a disk that is full
    trained(device, runner)
    home = lc.unpack(device, tmp_path / "home")
    assert [epoch.epoch for epoch in home.progress.history] == [1, 2, 3, 4]
    same(home, whole)


def test_one_runner_trains_in_a_folder(tmp_path: Path, runner: list[str]) -> None:
    device = packed(tmp_path, 3000)
    process = started(device, runner)
    while not (device / "log.jsonl").exists():
        time.sleep(0.005)
    done = call(device, runner, ".")
    said = "error: ./ is being trained in by another process; wait for it to end, or end it\n"
    assert (done.returncode, done.stderr) == (2, said)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT


def test_what_the_device_is_told_before_the_first_step(tmp_path: Path, runner: list[str]) -> None:
    device = packed(tmp_path, 3)
    trained(device, runner, "--epochs", 2, "--lr", "2e-3", "--schedule", "step", "--seed", 9)
    home = lc.unpack(device, tmp_path / "home")
    settings = home.settings
    assert (settings.optimizer.learning_rate, settings.schedule, settings.seed) == (2e-3, lc.Step(), 9)
    assert (home.progress.epoch, home.progress.epochs) == (2, 2)
    for words, said in (
        (("--lr", 1e-3), "the training has begun with --lr 0.002, not 0.001; leave --lr out to go on with it"),
        (("--schedule", "cosine"), "has begun with --schedule step, not cosine; leave --schedule out"),
        (("--seed", 1), "has begun with --seed 9, not 1; leave --seed out"),
        (("--epochs", 1), "--epochs is 1, but 2 are done; give 2 or more"),
    ):
        done = call(device, runner, ".", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    trained(device, runner, "--epochs", 4)
    again = lc.unpack(device, tmp_path / "again")
    assert (again.progress.epoch, len(again.progress.history)) == (4, 4)


def test_cosine_is_as_long_as_it_was_laid_out(tmp_path: Path, runner: list[str]) -> None:
    device = packed(tmp_path, 2)
    trained(device, runner)
    done = call(device, runner, ".", "--epochs", 4)
    assert done.returncode == 2 and "has begun with --epochs 2, not 4; leave --epochs out" in done.stderr
    done = call(device, runner, ".")
    assert done.returncode == 0 and "all 2 epochs are done; a cosine ends there" in done.stderr


def test_what_comes_home_is_not_mixed_with_what_came_from_there(tmp_path: Path) -> None:
    device = packed(tmp_path, 2)
    for out in (device, device / "run", device / "home"):
        with pytest.raises(lc.RunError, match="is in the packed folder"):
            lc.unpack(device, out)
    assert sorted(path.name for path in device.iterdir()) == sorted(
        path.name for path in packed(tmp_path / "x", 2).iterdir()
    )


def write_idx(path: Path, values: np.ndarray) -> Path:
    header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())
    return path


def all_of(dataset: lc.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.empty((len(dataset), 8, 8, 1), np.uint8), np.empty(len(dataset), np.int32)
    dataset.read(np.arange(len(dataset)), images, labels)
    return images, labels


def test_idx_files_and_a_device_of_its_own_examples(tmp_path: Path, runner: list[str]) -> None:
    images, labels = all_of(DIGITS[0])
    some = images[:700], labels[:700]
    trainer, twin = make_trainer("cosine"), make_trainer("cosine")
    device = lc.pack(trainer, DIGITS[0], tmp_path / "device", epochs=2, with_data=False)
    assert not list(device.glob("*images*"))
    done = call(device, runner, ".")
    assert done.returncode == 2 and "give --images and --labels" in done.stderr
    write_idx(device / "x.idx", some[0][..., 0])
    write_idx(device / "y.idx", some[1])
    data = ("--images", "x.idx", "--labels", "y.idx")
    found = trained(device, runner, *data)
    twin.fit(some, epochs=2)
    assert found["state_sha256"] == twin.session.state_sha256()
    home = lc.unpack(device, tmp_path / "home")
    same(home, twin)
    assert home.data is not None and (home.data.name, home.data.examples) == ("device", 700)
    scored = report(device, runner, ".", "--section", "predict", *data)
    evaluated = home.evaluate(some)
    assert float(scored["accuracy"]) == pytest.approx(evaluated.accuracy, rel=1e-5)
    assert float(scored["loss"]) == pytest.approx(evaluated.loss, rel=1e-5)
    assert scored["examples"] == "700"
    report(device, runner, ".", "--section", "predict", *data[:2], "--collect", "predict.logits=logits.bin")
    logits = np.fromfile(device / "logits.bin", np.float32).reshape(-1, 10)
    assert (logits.argmax(1) == home.predict(some[0]).classes).all() and len(logits) == 700


def test_a_run_that_has_begun_goes_on_with_other_examples(tmp_path: Path, runner: list[str]) -> None:
    images, labels = all_of(DIGITS[0])
    trainer, twin = make_trainer(), make_trainer()
    for one in (trainer, twin):
        one.fit(DIGITS[0], epochs=1)
    device = lc.pack(trainer, DIGITS[0], tmp_path / "device", epochs=3, with_data=False)
    images[:700].tofile(device / "x.bin")
    labels[:700].tofile(device / "y.bin")
    data = ("--images", "x.bin", "--labels", "y.bin")
    found = trained(device, runner, *data)
    twin.data = None
    twin.fit((images[:700], labels[:700]), epochs=3)
    assert found["state_sha256"] == twin.session.state_sha256()
    home = lc.unpack(device, tmp_path / "home")
    same(home, twin)
    assert home.data is not None and (home.data.name, home.data.examples) == ("device", 700)
    # more of them after an epoch, but not within one
    process = started(device, runner, *data, "--epochs", "3000")
    while len((device / "log.jsonl").read_bytes().splitlines()) < 4:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    at = lc.unpack(device, tmp_path / "within").progress
    for name, values in (("x.bin", images), ("y.bin", labels)):
        values[:760].tofile(device / name)
    done = call(device, runner, ".", *data, "--epochs", at.epoch + 1)
    said = "error: x.bin holds 760 examples, training began with 700; give it the same ones\n"
    assert (done.returncode, done.stderr) == ((2, said) if at.step else (0, done.stderr))


def test_a_program_and_a_state_alone(tmp_path: Path, runner: list[str]) -> None:
    """Without a packed run: what a device needs is a program, a state and examples."""
    trainer, twin = (
        make_trainer(),
        lc.Trainer(
            lc.models.mlp((8, 8, 1), 10, (70,)),
            optimizer=lc.Adam(2e-3),
            batch_size=60,
            seed=5,
            schedule="step",
            threads=1,
        ),
    )
    lc.export_steps(trainer, DIGITS[0], tmp_path, steps=1)
    images, labels = all_of(DIGITS[0])
    images.tofile(tmp_path / "all.bin")
    labels.tofile(tmp_path / "truth.bin")
    data = ("--images", "all.bin", "--labels", "truth.bin", "--schedule", "step", "--seed", 5)
    words = ("program.bin", "--state", "state.bin", *data)
    done = call(tmp_path, runner, *words)
    assert (done.returncode, done.stderr) == (
        2,
        "error: the learning rate is 0, with which nothing is learned; give --lr X\n",
    )
    done = call(
        tmp_path, runner, *words, "--epochs", 2, "--lr", "2e-3", "--checkpoint", "kept.bin", "--save", "end.bin"
    )
    assert done.returncode == 0, done.stderr
    twin.fit(DIGITS[0], epochs=2)
    assert f"state_sha256 {twin.session.state_sha256()}\n" in done.stdout
    done = call(tmp_path, runner, *words, "--epochs", 3, "--checkpoint", "kept.bin")
    twin.fit(DIGITS[0], epochs=3)
    assert f"state_sha256 {twin.session.state_sha256()}\n" in done.stdout


@pytest.mark.parametrize("count", [1, 2, 63, 2048, 2049, 60_000, 140_001])
def test_the_order_of_an_epoch(tmp_path: Path, runner: list[str], count: int) -> None:
    """A program that keeps nothing but the labels of its runs tells in which order it was given them."""
    network = lc.Network(
        "one", (lc.layers.Input((1,)), lc.layers.Flatten(), lc.layers.Dense(2), lc.layers.SoftmaxCrossEntropy())
    )
    trainer = lc.Trainer(network, "standard", lc.SGD(1e-3), batch_size=1, seed=2**40 + 3, threads=1)
    examples = (np.arange(count, dtype=np.uint32) * 37 % 256).astype(np.uint8)[:, None], np.arange(count) % 2
    steps = min(count, 5000)
    twin = lc.Trainer(network, "standard", lc.SGD(1e-3), batch_size=1, seed=2**40 + 3, threads=1)
    order = epoch_order(2**40 + 3, 0, count)
    lc.export_steps(twin, examples, tmp_path / "steps", steps=steps)
    feeds = ("--feed", "input=input.bin", "--feed", "labels=labels.bin", "--rates", "rates.bin")
    expected = report(tmp_path / "steps", runner, "program.bin", "--state", "state.bin", *feeds)
    assert (np.fromfile(tmp_path / "steps/input.bin", np.uint8) == examples[0][order[:steps], 0]).all()
    device = lc.pack(trainer, examples, tmp_path / "device", epochs=1, save_every=steps)
    if steps == count:
        assert trained(device, runner)["state_sha256"] == expected["state_sha256"]
        return
    process = started(device, runner)
    found = ""
    while process.poll() is None and found != expected["state_sha256"]:
        found = kept_at(device, steps) or found
    process.kill()
    process.communicate()
    assert found == expected["state_sha256"]


def kept_at(device: Path, step: int) -> str:
    """The digest of the state of a device's checkpoint, where it is at that step, else nothing."""
    trainer = lc.Trainer.resume(device / "run", threads=1)
    at = device_checkpoint.read(trainer.session, device)
    return trainer.session.state_sha256() if (at.epoch, at.step) == (0, step) else ""


WRONG = {
    "gzipped": ("x.gz", b"\x1f\x8b\x08\0", "x.gz is gzipped, must be plain; unpack it: gunzip x.gz"),
    "no IDX": ("x.raw", b"abcdefgh", "x.raw is no IDX file, which starts with two bytes of 0; raw records are in a"),
    "type": ("x.idx", bytes((0, 0, 13, 1, 0, 0, 0, 1)), "x.idx holds values of type 13, must hold unsigned bytes"),
    "header": ("x.idx", bytes((0, 0, 8, 3, 0, 0)), "x.idx has 6 bytes, its header alone 16; get it again"),
    "shape": ("x.idx", bytes((0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 7, *range(7))), "x.idx has records of 7 values, this"),
    "cut": ("x.idx", bytes((0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 64)) + bytes(64), "x.idx has 76 bytes, its header promis"),
    "raw": ("x.bin", bytes(65), "x.bin has 65 bytes, must be records of 64 bytes each"),
    "few": ("x.bin", bytes(64), "x.bin holds 1 examples, labels.bin 1500; give as many of each"),
}


@pytest.mark.parametrize("what", WRONG)
def test_files_of_examples_that_are_none(tmp_path: Path, runner: list[str], what: str) -> None:
    device = packed(tmp_path, 2)
    name, data, said = WRONG[what]
    (device / name).write_bytes(data)
    done = call(device, runner, ".", "--images", name, "--labels", "labels.bin")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith(f"error: {said}"), done.stderr


def test_a_label_out_of_range_and_one_that_is_not_known(tmp_path: Path, runner: list[str]) -> None:
    device = packed(tmp_path, 1)
    labels = np.fromfile(device / "labels.bin", np.int32)
    labels[7] = -1
    labels.tofile(device / "labels.bin")
    shutil.copytree(device, tmp_path / "other")
    trained(device, runner)
    labels[7] = 10
    labels.tofile(tmp_path / "other/labels.bin")
    done = call(tmp_path / "other", runner, ".")
    said = "./labels.bin: the label of example 7 is 10, must be 0 to 9, or -1 where it is not known"
    assert (done.returncode, said in done.stderr) == (2, True)


@pytest.mark.parametrize("what", ["bit", "cut", "magic", "program", "version"])
def test_checkpoints_that_are_damaged_here_and_there(tmp_path: Path, runner: list[str], what: str) -> None:
    device = packed(tmp_path, 2)
    path = device / "checkpoint.bin"
    data = bytearray(path.read_bytes())
    if what == "cut":
        data = data[:-1]
    elif what == "program":
        other = lc.Trainer(lc.models.mlp((8, 8, 1), 10, (71,)), batch_size=60)
        (device / "program.bin").write_bytes(
            (lc.pack(other, DIGITS[0], tmp_path / "other", epochs=1) / "program.bin").read_bytes()
        )
    else:
        data[{"bit": 5000, "magic": 0, "version": 8}[what]] ^= 1
    path.write_bytes(data)
    done = call(device, runner, ".")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("error: ./checkpoint.bin")
    if what != "program":
        with pytest.raises(lc.RunError, match=r"checkpoint.bin"):
            lc.unpack(device, tmp_path / "home")


def test_a_disk_that_fails_leaves_the_checkpoint(tmp_path: Path, runner: list[str]) -> None:
    device = packed(tmp_path, 2)
    before = (device / "checkpoint.bin").read_bytes()
    (device / "checkpoint.bin.part").mkdir()
    done = call(device, runner, ".")
    assert (done.returncode, done.stderr) == (1, "error: ./checkpoint.bin cannot be written: Is a directory\n")
    assert (device / "checkpoint.bin").read_bytes() == before


def test_what_cannot_be_packed(tmp_path: Path) -> None:
    train, _ = DIGITS
    with pytest.raises(lc.SpecError, match=r"augmentation shift.*linocut-runner does not do"):
        lc.pack(make_trainer(augment="shift"), train, tmp_path / "device", epochs=1)
    with pytest.raises(lc.SpecError, match=r"precise norms.*linocut-runner does not do"):
        lc.pack(make_trainer(precise_norms=2), train, tmp_path / "device", epochs=1)
    trainer = make_trainer()
    trainer.fit(train, epochs=1, validation=0.1)
    with pytest.raises(lc.SpecError, match=r"is validated on 0.1 of the training data.* does not do"):
        lc.pack(trainer, train, tmp_path / "device", epochs=2)
    trainer = make_trainer()
    trainer.fit(train, epochs=1)
    with pytest.raises(lc.RunError, match="the run is at 1 of 1 epochs: nothing is left to do; give more epochs"):
        lc.pack(trainer, train, tmp_path / "device")
    assert not (tmp_path / "device").exists()
    lc.pack(trainer, train, tmp_path / "device", epochs=2)
    with pytest.raises(lc.RunError, match="holds a packed run already; unpack it, or give another folder"):
        lc.pack(trainer, train, tmp_path / "device", epochs=2)


def test_packing_leaves_nothing_half_written_and_nothing_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, trainer = tmp_path / "device", make_trainer()
    device.mkdir()
    (device / "images.bin").write_bytes(b"mine")
    with pytest.raises(lc.RunError, match=r"device holds images\.bin already, which would be written over; give"):
        lc.pack(trainer, DIGITS[0], device, epochs=2)
    assert (device / "images.bin").read_bytes() == b"mine"

    def full(*_: object) -> None:
        raise lc.MachineError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(device_checkpoint, "write", full)
        for folder in (device, tmp_path / "new"):
            with pytest.raises(lc.MachineError):
                lc.pack(trainer, DIGITS[0], folder, epochs=2, with_data=folder != device)
    assert [path.name for path in device.iterdir()] == ["images.bin"] and not (tmp_path / "new").exists()
    lc.pack(trainer, DIGITS[0], tmp_path / "new", epochs=2)


def test_runs_that_have_gone_on_are_not_written_over(tmp_path: Path, runner: list[str]) -> None:
    train, _ = DIGITS
    trainer = make_trainer()
    trainer.fit(train, epochs=1, out=tmp_path / "run")
    device = lc.pack(trainer, train, tmp_path / "device", epochs=2)
    trained(device, runner)
    trainer.fit(train, epochs=2)
    with pytest.raises(lc.RunError, match="holds a run at 2 of 2 epochs, which is not as it was when it was packed"):
        lc.unpack(device, tmp_path / "run")
    (device / "checkpoint.bin").unlink()
    for folder, lacking in ((device, "checkpoint.bin"), (tmp_path / "nowhere", "run")):
        with pytest.raises(lc.RunError, match=f"holds no packed run: it has no {lacking}; give the folder"):
            lc.unpack(folder, tmp_path / "home")
