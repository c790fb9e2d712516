"""A checkpoint that was changed behind our back ends in one RunError that names it, before any memory is taken."""

import json

import numpy as np
import pytest
from checksums import joined, mended, split
from small_training import examples, trainer

import linocut as lc
from linocut.cli import main

REMOVED = object()
DAMAGE = [
    *[("progress." + name, value) for name in ("step", "epoch", "epochs") for value in (-1, 1.5, "2", None, True, [])],
    ("progress", None),
    ("progress", [1]),
    ("progress.step", 6),  # an epoch has 5, and the run is at its end
    ("progress.epochs", 1),
    ("progress.seconds", "1"),
    ("progress.seconds", float("inf")),
    ("progress.schedule", {}),
    ("progress.schedule.best", "low"),
    ("progress.schedule.waited", 0.5),
    ("progress.schedule.factor", float("nan")),
    ("progress.schedule.factor", None),
    ("progress.history", []),  # which is in the log
    ("progress.findings", None),
    ("progress.findings.saturated", -1),
    ("progress.findings.saturating", []),
    ("progress.findings.saturating", {"binary_dense1.dX": "often"}),
    ("progress.findings.still", {"batch_norm1": [-1]}),
    ("progress.findings.still", {"batch_norm1": 3}),
    ("progress.findings.warnings", {}),
    ("progress.findings.more", 1),
    ("progress.more", 1),
    ("progress.step", REMOVED),
    ("log", None),
    ("log", {}),
    ("log", REMOVED),
    ("log.nbytes", -1),
    ("log.crc32", "5"),
    ("log.more", 1),
    ("data", None),
    ("data", "digits"),
    ("data.name", 5),
    ("data.name", REMOVED),
    ("data.examples", 0),
    ("data.examples", "53"),
    ("data.examples", 53.0),
    ("data.shape", 6),
    ("data.shape", [6, "6", 1]),
    ("data.shape", [6, 0, 1]),
    ("data.dtype", 8),
    ("data.dtype", "i64"),
    ("data.classes", "0123"),
    ("data.classes", [0, 1, 2, 3]),
    ("settings", None),
    ("settings.seed", -1),
    ("settings.seed", "3"),
    ("settings.seed", REMOVED),
    ("settings.batch_size", 0),
    ("settings.batch_size", "10"),
    ("settings.batch_size", 2**40),
    ("settings.network", "mlp"),
    ("settings.network", {}),
    ("settings.network.name", 1),
    ("settings.network.layers", {}),
    ("settings.network.layers.0", []),
    ("settings.network.layers.0.layer", []),
    ("settings.network.layers.0.shape", [6, 6, "1"]),
    ("settings.network.layers.0.low", "dark"),
    ("settings.network.layers.2.units", 2**19),  # other tensors, of gigabytes
    ("settings.network.layers.2.units", 24.0),
    ("settings.policy", "lean"),
    ("settings.policy", {}),
    ("settings.policy.W", 1),
    ("settings.policy.name", None),
    ("settings.optimizer", []),
    ("settings.optimizer.kind", {}),
    ("settings.optimizer.learning_rate", 0),
    ("settings.optimizer.learning_rate", 10**400),
    ("settings.optimizer.beta1", "0.9"),
    ("settings.schedule", None),
    ("settings.schedule.kind", "cosin"),
    ("settings.schedule.more", 1),
    ("settings.augmentation", None),
    ("settings.augmentation", "shift"),
    ("settings.augmentation.shift", 2),
    ("settings.augmentation.flip", "yes"),
    ("settings.augmentation.more", 1),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    trainer().fit(examples(), 2, out=folder)
    return (folder / "checkpoint.safetensors").read_bytes()


def rewritten(data, change):
    """The file with `change(header, description)` made to it."""
    header, tensors = split(data)
    description = json.loads(header["__metadata__"]["description"])
    header["__metadata__"]["description"] = description
    change(header, description)
    found = header["__metadata__"]["description"]
    header["__metadata__"]["description"] = found if isinstance(found, str) else json.dumps(found)
    return mended(joined(header, tensors))


def put(path, value):
    """A change that sets, or removes, one field of the description."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]

    def change(header, description):
        for part in parents:
            description = description[part]
        if value is REMOVED:
            del description[last]
        else:
            description[last] = value

    return change


@pytest.fixture
def refusal(tmp_path, sound, monkeypatch):
    """Why a checkpoint with a change is refused."""

    def never(*arguments, **named):
        raise AssertionError("memory was taken for a damaged checkpoint")

    def call(change):
        path = tmp_path / "checkpoint.safetensors"
        path.write_bytes(rewritten(sound, change))
        monkeypatch.setattr("linocut.train.ready.open_session", never)
        with pytest.raises(lc.RunError) as caught:
            lc.Trainer.resume(tmp_path, backend="reference")
        assert str(path) in str(caught.value)
        return str(caught.value)

    return call


@pytest.mark.parametrize(("path", "value"), DAMAGE, ids=lambda x: "removed" if x is REMOVED else str(x)[:20])
def test_a_field_that_is_not_as_written(refusal, path, value):
    assert "damaged" in refusal(put(path, value))


def test_a_file_only_written_again_is_sound(tmp_path, sound):
    (tmp_path / "checkpoint.safetensors").write_bytes(rewritten(sound, lambda header, description: None))
    assert lc.Trainer.resume(tmp_path, backend="reference").progress.epoch == 2


def test_tensors_of_another_length_name_or_type(refusal):
    name = "binary_dense1.weights"

    def renamed(header, description):
        header["other"] = header.pop(name)

    def retyped(header, description):
        header[name] |= {"dtype": "F16", "shape": [header[name]["shape"][0] // 2]}

    def reshaped(header, description):
        header[name]["shape"] = [2, header[name]["shape"][0] // 2]

    assert f"lacks the tensor '{name}'" in refusal(renamed)
    for change in (retyped, reshaped):
        assert f"tensor '{name}' is" in refusal(change)


def test_what_is_wrong_is_said(refusal):
    assert "progress step is -1, must be a whole number, 0 or more" in refusal(put("progress.step", -1))
    assert "settings lacks seed" in refusal(put("settings.seed", REMOVED))
    assert "progress step is 6, but an epoch has 5 steps" in refusal(
        lambda header, about: about["progress"].update(step=6, epochs=3)
    )


def test_channels_that_no_norm_has_are_passed_over(tmp_path, sound):
    some = {"batch_norm1": [3, 24, 10**30], "batch_norm9": [1], "batch_norm2": []}
    change = put("progress.findings.still", some)
    (tmp_path / "checkpoint.safetensors").write_bytes(rewritten(sound, change))
    again = lc.Trainer.resume(tmp_path, backend="reference")
    assert again.fit(examples(), 3)[-1].dead_channels == 0


def test_bits_behind_the_last_of_packed_weights(tmp_path):
    one = trainer(optimizer=lc.Bop())
    one.fit(examples(), 1)
    one.session.array("binary_dense1.weights")[0, 0] |= np.uint64(1 << 63)
    one.save(tmp_path)
    with pytest.raises(lc.RunError, match=r"tensor 'binary_dense1\.weights' has bits behind its last; it is damaged"):
        lc.Trainer.resume(tmp_path, backend="reference")


def test_the_command_line_says_it_in_one_line(tmp_path, sound, capsys):
    (tmp_path / "checkpoint.safetensors").write_bytes(rewritten(sound, put("progress.epoch", "x")))
    assert main(["train", "--resume", "--out", str(tmp_path), "--backend", "reference"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {tmp_path}/checkpoint.safetensors does not describe a run: progress epoch is 'x'")
    assert len(err.splitlines()) == 1


def test_a_description_too_deep_to_read(refusal):
    def deep(header, description):
        header["__metadata__"]["description"] = "[" * 100_000

    refusal(deep)
