import errno
import json
import os

import pytest
from checksums import content as tensors_of
from checksums import joined, split
from safetensors.numpy import save_file
from small_training import examples, interrupt_at, trainer

import linocut as lc
from linocut import tensor_file

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

FILES = ["checkpoint.safetensors", "config.toml", "log.jsonl", "model.safetensors"]


@pytest.fixture
def run(tmp_path):
    trainer().fit(examples(), 2, examples(1), tmp_path / "run")
    return tmp_path / "run"


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_folder_holds_what_it_should(run):
    assert sorted(content(run)) == FILES
    config = tomllib.loads((run / "config.toml").read_text())
    assert config["run"] == {"epochs": 2, "batch_size": 10, "micro_batch": 10, "seed": 3}
    assert config["data"] == {"name": "arrays", "examples": 53, "shape": [6, 6, 1]}
    assert config["optimizer"]["learning_rate"] == 0.02
    assert config["network"]["layers"][2] == {"layer": "binary_dense", "units": 24}
    events = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["plan", "epoch", "epoch", "done"]


def test_the_checkpoint_is_a_file_that_safetensors_reads(run):
    session = lc.Trainer.resume(run, backend="reference").session
    tensors = tensors_of(run / "checkpoint.safetensors")
    assert set(tensors) == {buffer.name for buffer in session.program.persistent()}
    for name, tensor in tensors.items():
        assert tensor.tobytes() == session.state_bytes(name).tobytes()


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize("nth", range(4))
def test_a_write_that_fails_leaves_the_old_files_whole(run, monkeypatch, call, nth):
    second = lc.Trainer.resume(run, backend="reference")
    before, left = content(run), [nth]
    real = getattr(os, call)

    def failing(*arguments):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return real(*arguments)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(lc.MachineError, match="cannot be written: No space left on device; make room"):
        second.fit(examples(), 3, examples(1))
    monkeypatch.undo()
    assert sorted(content(run)) == FILES
    lc.load(run, backend="reference")
    again = lc.Trainer.resume(run, backend="reference")
    assert len(again.fit(examples(), 3, examples(1))) == 3
    assert content(run)["checkpoint.safetensors"] != before["checkpoint.safetensors"]


def test_a_full_disk_is_found_before_the_first_step(tmp_path, monkeypatch):
    def failing(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    steps = []
    with pytest.raises(lc.MachineError, match="No space left"):
        trainer().fit(examples(), 1, out=tmp_path, callbacks=[steps.append])
    assert not steps
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(lc.RunError, match="cannot be made: Not a directory; move away what is there, or give another"):
        trainer().fit(examples(), 1, out=tmp_path / "file" / "run")
    with pytest.raises(lc.RunError, match="there is a file of that name"):
        trainer().fit(examples(), 1, out=tmp_path / "file")
    with pytest.raises(lc.RunError, match="File name too long"):
        trainer().fit(examples(), 1, out=tmp_path / "new" / ("x" * 256))
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(lc.RunError, match="holds no run"):
        lc.Trainer.resume(tmp_path)


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_a_truncated_checkpoint(run, size):
    path = run / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(lc.RunError, match=r"cannot be read: .*it is damaged, or not a file"):
        lc.Trainer.resume(run)


def test_foreign_and_newer_files(run):
    path = run / "checkpoint.safetensors"
    save_file({}, path)
    with pytest.raises(lc.RunError, match="is of the format None, must be 'linocut-checkpoint'"):
        lc.Trainer.resume(run)
    path.write_bytes((run / "model.safetensors").read_bytes())
    with pytest.raises(lc.RunError, match="is of the format 'linocut-model'"):
        lc.Trainer.resume(run)
    tensor_file.save(path, {}, "linocut-checkpoint", 5, {})
    with pytest.raises(lc.RunError, match="has version '5' of its format, this linocut reads 1 to 4"):
        lc.Trainer.resume(run)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda about: about.pop("settings"),
        lambda about: about["settings"].pop("seed"),
        lambda about: about["settings"].update(network=[]),
        lambda about: about["settings"]["network"]["layers"].pop(0),
        lambda about: about["settings"]["optimizer"].update(kind="magic"),
        lambda about: about["settings"]["optimizer"].update(learning_rate=-1),
        lambda about: about["progress"].update(more=1),
        lambda about: about.update(data=3),
    ],
)
def test_descriptions_that_do_not_describe_a_run(run, spoil):
    path = run / "checkpoint.safetensors"
    about = tensor_file.TensorFile(path, "linocut-checkpoint", 4).description
    spoil(about)
    tensor_file.save(path, tensors_of(path), "linocut-checkpoint", 4, about)
    with pytest.raises(lc.RunError, match=r"does not describe a run: .*it is damaged"):
        lc.Trainer.resume(run)


def test_tensors_that_do_not_fit(run):
    path = run / "checkpoint.safetensors"
    about = tensor_file.TensorFile(path, "linocut-checkpoint", 4).description
    tensors = tensors_of(path)
    some = next(iter(tensors))
    tensor_file.save(path, {**tensors, some: tensors[some][:-1]}, "linocut-checkpoint", 4, about)
    with pytest.raises(lc.RunError, match=f"tensor '{some}' is uint8"):
        lc.Trainer.resume(run, backend="reference")
    del tensors[some]
    tensor_file.save(path, tensors, "linocut-checkpoint", 4, about)
    with pytest.raises(lc.RunError, match=f"lacks the tensor '{some}'"):
        lc.Trainer.resume(run, backend="reference")


def steps_kept(folder, found):
    """A callback that notes how many steps the checkpoint of the folder has when a step is done."""

    def callback(event):
        if type(event).__name__ == "Stepped":
            found.append(lc.Trainer.resume(folder, backend="reference").progress.step)

    return callback


def test_a_checkpoint_is_written_every_few_steps(tmp_path):
    found = []
    trainer().fit(examples(), 2, out=tmp_path, callbacks=[steps_kept(tmp_path, found)], save_every=2)
    assert found == [0, 0, 2, 2, 4] * 2
    with pytest.raises(lc.SpecError, match="save_every is 0, must be a number of steps, 1 or more"):
        trainer().fit(examples(), 2, save_every=0)


@pytest.mark.parametrize(("given", "every", "kept"), [(None, 2, [2, 2, 4]), (3, 3, [2, 3, 3])])
def test_a_resumed_run_keeps_how_often_it_is_written_unless_told_otherwise(tmp_path, given, every, kept):
    with pytest.raises(lc.Interrupted):
        trainer().fit(examples(), 2, out=tmp_path, callbacks=[interrupt_at(2)], save_every=2)
    found = []
    again = lc.Trainer.resume(tmp_path, backend="reference")
    again.fit(examples(), 2, callbacks=[steps_kept(tmp_path, found)], save_every=given)
    assert found[:3] == kept
    assert tomllib.loads((tmp_path / "config.toml").read_text())["run"]["save_every"] == every
    assert lc.Trainer.resume(tmp_path, backend="reference").save_every == every


def test_the_command_line_keeps_it_too(tmp_path, linocut):
    small = ["--data", "digits", "--limit", 60, "--hidden", 8, "--batch", 20, "--backend", "reference"]
    for given in (["--save-every", 2, "--epochs", 1, *small], ["--resume", "--epochs", 2, "--backend", "reference"]):
        assert linocut("train", *given, "--out", tmp_path / "run", "--json")[0] == 0
        assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["run"]["save_every"] == 2


def test_a_run_of_version_1_goes_on(tmp_path):
    """A checkpoint as linocut wrote it before there were checksums."""
    whole = trainer()
    whole.fit(examples(), 3)
    trainer().fit(examples(), 2, out=tmp_path)
    header, tensors = split((tmp_path / "checkpoint.safetensors").read_bytes())
    del header["crc32"]
    header["__metadata__"]["version"] = "1"
    about = json.loads(header["__metadata__"]["description"])
    del about["save_every"], about["log"], about["progress"]["findings"]
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    later = ("event", "saturated", "dead_channels", "warnings")
    about["progress"]["history"] = [{k: v for k, v in line.items() if k not in later} for line in log[1:3]]
    header["__metadata__"]["description"] = json.dumps(about)
    (tmp_path / "checkpoint.safetensors").write_bytes(joined(header, tensors[:-4]))
    again = lc.Trainer.resume(tmp_path, backend="reference")
    again.fit(examples(), 3)
    assert again.session.state_sha256() == whole.session.state_sha256()
    assert split((tmp_path / "checkpoint.safetensors").read_bytes())[0]["__metadata__"]["version"] == "4"


def test_damage_in_the_state_is_found_before_it_is_used(run):
    for name, use in (("checkpoint.safetensors", lc.Trainer.resume), ("model.safetensors", lc.load)):
        data = bytearray((run / name).read_bytes())
        for place in (8, len(data) // 3, len(data) // 2, len(data) - 5):
            data[place] ^= 0x10
            (run / name).write_bytes(data)
            with pytest.raises(lc.RunError, match=f"{name} .*damaged"):
                use(run, backend="reference")
            data[place] ^= 0x10
        (run / name).write_bytes(data)
        use(run, backend="reference")


def test_a_damaged_image_after_a_checkpoint_leaves_the_checkpoint(tmp_path):
    images, labels = examples()

    def spoiled(event):
        if type(event).__name__ == "Stepped" and event.step == 3:
            raise lc.DataError("an image is damaged")

    with pytest.raises(lc.DataError):
        trainer().fit((images, labels), 1, out=tmp_path / "kept", callbacks=[spoiled], save_every=2)
    assert lc.Trainer.resume(tmp_path / "kept", backend="reference").progress.step == 2
    with pytest.raises(lc.DataError):
        trainer().fit((images, labels), 1, out=tmp_path / "lost", callbacks=[spoiled])
    assert not (tmp_path / "lost").exists()


class Killed(BaseException):
    """As if the process were gone."""


@pytest.mark.parametrize("nth", range(5))
def test_a_run_that_ends_while_it_begins_stops_nobody(tmp_path, monkeypatch, nth):
    left, real = [nth], os.replace

    def dying(*arguments):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return real(*arguments)

    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(Killed):
        trainer().fit(examples(), 2, out=tmp_path)
    monkeypatch.undo()
    one = lc.Trainer.resume(tmp_path, backend="reference") if nth else trainer()
    one.fit(examples(), 2, out=tmp_path)
    assert sorted(content(tmp_path)) == FILES


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
def test_a_new_folder_and_all_in_it_are_on_the_disk(tmp_path, monkeypatch):
    synced, real = [], os.fsync

    def noted(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    trainer().save(tmp_path / "deep" / "run")
    assert synced[:2] == [str(tmp_path / "deep"), str(tmp_path)]
    for name in FILES:
        part = next(n for n, path in enumerate(synced) if f"/.{name}." in path)
        assert synced[part + 1] == str(tmp_path / "deep" / "run")
