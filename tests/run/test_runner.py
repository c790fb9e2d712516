"""linocut-runner, which has no Python, ends in the bits of a Trainer; what cannot be is refused in one line."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from stand_alone import call, native_command, report

import linocut as lc
from linocut.compile.binary import VERSION
from linocut.run.standalone import read_state, write_feeds, write_program, write_state

FEEDS = ("--feed", "input=input.bin", "--feed", "labels=labels.bin", "--rates", "rates.bin")


@pytest.fixture
def runner() -> list[str]:
    return native_command()


def make_trainer(micro_batch: int | None = None, schedule: str = "constant") -> lc.Trainer:
    network = lc.models.mlp((8, 8, 1), 10, (70,))
    return lc.Trainer(network, batch_size=60, seed=5, schedule=schedule, augment="shift", micro_batch=micro_batch)


@pytest.mark.parametrize(("micro_batch", "schedule"), [(None, "cosine"), (20, "constant")])
def test_an_epoch_without_python_is_an_epoch(
    tmp_path: Path, runner: list[str], micro_batch: int | None, schedule: str
) -> None:
    digits, held = lc.data.load("digits")
    trainer, twin = make_trainer(micro_batch, schedule), make_trainer(micro_batch, schedule)
    runs = lc.export_steps(twin, digits, tmp_path)
    assert runs == len(digits) // 60 * (3 if micro_batch else 1)
    (epoch,) = trainer.fit(digits, epochs=1)
    found = report(
        tmp_path, runner, "program.bin", "--state", "state.bin", *FEEDS, "--save", "after.bin", "--threads", 2
    )
    assert found["state_sha256"] == trainer.session.state_sha256()
    assert (found["runs"], found["threads"]) == (str(runs), "2")
    assert float(found["loss"]) == pytest.approx(epoch.loss, rel=1e-5)
    assert float(found["accuracy"]) == pytest.approx(epoch.train_accuracy, rel=1e-5)
    read_state(twin.session, tmp_path / "after.bin")
    assert twin.evaluate(held) == trainer.evaluate(held)


def test_a_run_in_pieces_is_a_run(tmp_path: Path, runner: list[str]) -> None:
    digits, _ = lc.data.load("digits")
    lc.export_steps(make_trainer(), digits, tmp_path, steps=4)
    whole = report(tmp_path, runner, "program.bin", "--state", "state.bin", *FEEDS, "--runs", 8)
    pieces = report(tmp_path, runner, "program.bin", "--state", "state.bin", *FEEDS, "--save", "half.bin")
    assert pieces["state_sha256"] != whole["state_sha256"]
    pieces = report(tmp_path, runner, "program.bin", "--state", "half.bin", *FEEDS, "--save", "half.bin")
    assert pieces["state_sha256"] == whole["state_sha256"], "past its end a feed begins again"


def test_predictions_are_collected(tmp_path: Path, runner: list[str]) -> None:
    trainer = make_trainer()
    session, images = trainer.session, np.random.default_rng(0).integers(0, 256, (3, 60, 8, 8, 1))
    write_program(session, tmp_path)
    assert write_feeds(session, tmp_path, ({"input": batch} for batch in images)) == 3
    asked = ("--section", "predict", "--feed", "input=input.bin", "--collect", "predict.logits=logits.bin")
    report(tmp_path, runner, "program.bin", "--state", "state.bin", *asked)
    expected = []
    for batch in images:
        session.array("input")[...] = batch
        session.run("predict")
        expected.append(session.state_bytes("predict.logits").tobytes())
    assert (tmp_path / "logits.bin").read_bytes() == b"".join(expected)


WHOLE = ("program.bin", "--state", "state.bin", *FEEDS)


def exported(folder: Path, network: lc.Network | None = None, rates: list[float] | None = None) -> lc.Trainer:
    """Two steps, written for the runner."""
    trainer = make_trainer() if network is None else lc.Trainer(network, batch_size=60)
    lc.export_steps(trainer, lc.data.load("digits")[0], folder, steps=2)
    if rates is not None:
        (folder / "rates.bin").write_bytes(np.array(rates).tobytes())
    return trainer


@pytest.mark.parametrize("left_out", ["input", "labels", "rates"])
def test_what_must_be_fed_is_asked_for_by_name(tmp_path: Path, runner: list[str], left_out: str) -> None:
    exported(tmp_path)
    pairs = [FEEDS[n : n + 2] for n in range(0, len(FEEDS), 2)]
    words = [word for pair in pairs for word in pair if left_out not in pair[1]]
    done = call(tmp_path, runner, "program.bin", "--state", "state.bin", *words, "--save", "after.bin")
    expected = {
        "rates": "the learning rate is 0, with which nothing is learned; give --rates FILE",
        "input": "section 'train' reads the buffer 'input', which nothing gives; give --feed input=FILE",
        "labels": "section 'train' reads the buffer 'labels', which nothing gives; give --feed labels=FILE",
    }
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {expected[left_out]}\n")
    assert not list(tmp_path.glob("after.bin*"))


@pytest.mark.parametrize("policy", ["lean", "lean8", "standard", "wang2021"])
@pytest.mark.parametrize("micro_batch", [None, 20])
def test_nothing_else_is_asked_for(tmp_path: Path, runner: list[str], policy: str, micro_batch: int | None) -> None:
    digits = lc.data.load("digits")[0]
    network = lc.models.build("resnete18", input_shape=(8, 8, 1), classes=10) if policy == "lean" else None
    network = network or lc.models.mlp((8, 8, 1), 10, (70,))
    lc.export_steps(lc.Trainer(network, policy, batch_size=60, micro_batch=micro_batch), digits, tmp_path, steps=1)
    report(tmp_path, runner, *WHOLE)


def test_predictions_need_no_labels_and_have_no_accuracy_then(tmp_path: Path, runner: list[str]) -> None:
    exported(tmp_path)
    asked = ("program.bin", "--state", "state.bin", "--section", "predict", "--feed")
    assert "accuracy" not in report(tmp_path, runner, *asked, "input=input.bin")
    done = call(tmp_path, runner, *asked, "labels=labels.bin")
    assert (done.returncode, "give --feed input=FILE" in done.stderr) == (2, True)


@pytest.mark.parametrize("rate", [np.nan, np.inf, -np.inf, -1e-3])
def test_rates_that_are_none(tmp_path: Path, runner: list[str], rate: float) -> None:
    exported(tmp_path, rates=[1e-3, rate])
    done = call(tmp_path, runner, *WHOLE, "--save", "after.bin")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: rates.bin: the learning rate of run 2 is ")
    assert done.stderr.endswith(", must be a finite number, 0 or more\n")
    assert not list(tmp_path.glob("after.bin*"))


REAL = lc.Network(
    "real", (lc.layers.Input((8, 8, 1)), lc.layers.Flatten(), lc.layers.Dense(10), lc.layers.SoftmaxCrossEntropy())
)


@pytest.mark.parametrize(("network", "rate"), [(lc.models.mlp((8, 8, 1), 10, (70,)), 1e38), (REAL, 1e30), (REAL, 1e4)])
def test_training_that_diverges_is_status_1_and_saves_nothing(
    tmp_path: Path, runner: list[str], network: lc.Network, rate: float
) -> None:
    exported(tmp_path, network, rates=[rate, rate])
    done = call(tmp_path, runner, *WHOLE, "--runs", 20, "--save", "after.bin")
    assert (done.returncode, done.stdout) == (1, "")
    assert "diverges; take smaller learning rates" in done.stderr or "holds what is no number" in done.stderr
    assert not list(tmp_path.glob("after.bin*"))


@pytest.mark.parametrize("what", ["padding", "number"])
def test_damaged_states_are_refused_here_and_there(tmp_path: Path, runner: list[str], what: str) -> None:
    network = lc.models.mlp((8, 8, 1), 10, (70,))
    trainer = lc.Trainer(network, optimizer="bop" if what == "padding" else "adam", batch_size=60)
    lc.export_steps(trainer, lc.data.load("digits")[0], tmp_path, steps=2)
    session = trainer.session
    before = session.state_sha256()
    kind = ("bit",) if what == "padding" else ("f16", "f32", "f64")
    buffer = next(b for b in session.program.persistent() if b.format in kind and (kind[1:] or b.shape[-1] % 64))
    place = session.array(buffer.name)
    kept = place.copy()
    if what == "padding":
        place[..., -1] |= np.uint64(1 << 63)
    else:
        place.reshape(-1)[-1] = np.nan
    write_state(session, tmp_path / "state.bin")
    place[...] = kept
    said = "has bits behind its last" if what == "padding" else "no number"
    with pytest.raises(
        lc.RunError, match=f"state.bin: .*{buffer.name}.*{said if what == 'padding' else 'nan'}.*damaged"
    ):
        read_state(session, tmp_path / "state.bin")
    assert session.state_sha256() == before, "nothing was read of it"
    done = call(tmp_path, runner, *WHOLE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: state.bin: the buffer '{buffer.name}' ") and said in done.stderr


def test_a_machine_without_memory_is_status_1(tmp_path: Path, runner: list[str]) -> None:
    exported(tmp_path)
    few = f'ulimit -v 40000; exec {runner[0]} "$@"'
    done = call(tmp_path, ["sh", "-c", few, "sh"], *WHOLE, "--threads", 200)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: the machine "), done.stderr


def test_an_output_that_cannot_be_written_is_status_1(tmp_path: Path, runner: list[str]) -> None:
    exported(tmp_path)
    for words in (("--save", "nowhere/after.bin"), ("--collect", "loss=nowhere/loss.bin")):
        done = call(tmp_path, runner, *WHOLE, *words)
        assert (done.returncode, "cannot be written: No such file" in done.stderr) == (1, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("--help",), WHOLE])
def test_a_full_standard_output_is_status_1(tmp_path: Path, runner: list[str], words: tuple[str, ...]) -> None:
    exported(tmp_path)
    done = call(tmp_path, ["sh", "-c", f'{runner[0]} "$@" > /dev/full', "sh"], *words)
    assert (done.returncode, done.stderr) == (1, "error: cannot write to standard output\n")


def test_a_folder_without_a_program(tmp_path: Path, runner: list[str]) -> None:
    done = call(tmp_path, runner, ".")
    said = "error: '.' is a folder without a program.bin; linocut pack writes one\n"
    assert (done.returncode, done.stderr) == (2, said)
    (tmp_path / "state").mkdir()
    exported(tmp_path)
    done = call(tmp_path, runner, "program.bin", "--state", "state")
    assert (done.returncode, done.stderr) == (2, "error: state is not a file; give one\n")


WRONG = {
    "no program": ((), "no program is given; see linocut-runner --help"),
    "two programs": (("program.bin", "other.bin"), "'other.bin' is a second program; give one"),
    "missing file": (("other.bin",), "other.bin cannot be opened: No such file or directory"),
    "no program in it": (("state.bin",), "state.bin: these bytes do not start with the mark of a linocut program"),
    "option": (("program.bin", "--thread", 3), "no option is called '--thread'; see linocut-runner --help"),
    "no value": (("program.bin", "--isa"), "--isa lacks its value"),
    "threads": (("program.bin", "--threads", 257), "--threads is '257', must be a whole number from 1 to 256"),
    "runs": (("program.bin", "--runs", "3x"), "--runs is '3x', must be a whole number from 1 to 1099511627776"),
    "isa": (("program.bin", "--isa", "mmx"), "instruction set 'mmx' cannot be used here, choose one of: "),
    "section": (("program.bin", "--section", "tran"), "no section is called 'tran'"),
    "pairing": (("program.bin", "--feed", "input.bin"), "--feed is 'input.bin', must be NAME=FILE"),
    "buffer": (("program.bin", "--feed", "image=input.bin"), "no buffer is called 'image'"),
    "state": (("program.bin", "--state", "input.bin"), "input.bin has 7680 bytes, the state of this program has "),
    "part of a batch": (
        ("program.bin", "--feed", "labels=rates.bin"),
        "rates.bin has 16 bytes, must be a multiple of the 240 of a run",
    ),
    "other batches": (
        ("program.bin", "--feed", "input=input.bin", "--feed", "labels=three.bin"),
        "three.bin is for 3 runs, input.bin for 2; give as many of each",
    ),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_mistakes_end_in_one_line_and_status_2(tmp_path: Path, runner: list[str], arguments: str) -> None:
    digits, _ = lc.data.load("digits")
    lc.export_steps(make_trainer(), digits, tmp_path, steps=2)
    (tmp_path / "three.bin").write_bytes(bytes(3 * 240))
    words, reason = WRONG[arguments]
    done = call(tmp_path, runner, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {reason}") and done.stderr.count("\n") == 1


def test_a_disk_that_fails_is_status_1_and_leaves_the_old_state(tmp_path: Path, runner: list[str]) -> None:
    exported(tmp_path)
    before = (tmp_path / "state.bin").read_bytes()
    (tmp_path / "state.bin.part").mkdir()
    done = call(tmp_path, runner, *WHOLE, "--save", "state.bin")
    assert (done.returncode, done.stderr) == (1, "error: state.bin cannot be written: Is a directory\n")
    assert (tmp_path / "state.bin").read_bytes() == before


def test_a_learning_rate_needs_its_place(tmp_path: Path, runner: list[str]) -> None:
    """A hostile program's `control` of one byte at the end of the arena is not written past."""
    name = b"control"
    header = struct.pack("<8sIQQIII", b"LINOCUT\0", VERSION, 65, 65, 1, 0, 1)
    buffer = struct.pack("<QBBBBI", 64, 1, 16, 1, 1, 0xFFFFFFFF) + struct.pack("<I", 1)
    section = struct.pack("<H", 5) + b"train" + struct.pack("<II", 0, 0)
    program = header + buffer + struct.pack("<H", len(name)) + name + section
    (tmp_path / "program.bin").write_bytes(program)
    (tmp_path / "rates.bin").write_bytes(bytes(8))
    done = call(tmp_path, runner, "program.bin", "--rates", "rates.bin")
    assert (done.returncode, done.stderr) == (2, "error: the buffer 'control' holds no learning rate\n")


def test_help_names_every_option(tmp_path: Path, runner: list[str]) -> None:
    done = call(tmp_path, runner, "--help")
    assert done.returncode == 0
    for option in ("state", "feed", "rates", "collect", "section", "runs", "threads", "isa", "save"):
        assert f"--{option} " in done.stdout


def test_steps_that_are_not_left_are_refused(tmp_path: Path) -> None:
    digits, _ = lc.data.load("digits")
    left = len(digits) // 60
    with pytest.raises(lc.SpecError, match=f"steps is {left + 1}, must be 1 to {left}, which are left of the epoch"):
        lc.export_steps(make_trainer(), digits, tmp_path, steps=left + 1)


def test_states_of_other_programs_are_refused(tmp_path: Path) -> None:
    write_state(make_trainer().session, tmp_path / "state.bin")
    other = lc.Trainer(lc.models.mlp((8, 8, 1), 10, (71,)), batch_size=60)
    with pytest.raises(lc.RunError, match=r"state.bin has .* B, the state of this program has .* B; it is another's"):
        read_state(other.session, tmp_path / "state.bin")


def test_runs_must_feed_the_same_buffers(tmp_path: Path) -> None:
    session = make_trainer().session
    labels = np.zeros(60, np.int32)
    with pytest.raises(lc.DataError, match="run 1 feeds labels, input, the first one labels"):
        write_feeds(session, tmp_path, [{"labels": labels}, {"labels": labels, "input": np.zeros((60, 8, 8, 1))}])
    assert not list(tmp_path.glob("*.bin"))
