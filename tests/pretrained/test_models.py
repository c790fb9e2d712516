"""The trained networks that come with linocut: whole as the index says, and what it says is so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import linocut as lc
from linocut.errors import DataError, LinocutError, RunError, SpecError
from linocut.layers import Input
from linocut.networks.toml_file import read_network
from linocut.pretrained.get import get
from linocut.pretrained.index import IN_CLONE, INDEX, MOST_BYTES, available, read_index

HOME = Path(__file__).parents[2]
ENTRIES = {entry.name: entry for entry in available()}
SOUND = "spoken-digits"


def test_the_folder_holds_what_the_index_says_and_no_more() -> None:
    files = {path.name: path.stat().st_size for path in IN_CLONE.iterdir() if path.name != INDEX}
    assert files == {entry.file: entry.bytes for entry in ENTRIES.values()}
    assert sum(files.values()) <= MOST_BYTES
    assert len(ENTRIES) >= 2 and not set(ENTRIES) & {one.name for one in read_index().absent}


def network(name: str) -> lc.Network:
    entry = ENTRIES[name]
    if not entry.model.endswith(".toml"):
        return lc.models.build(entry.model)
    graph = lc.load(get(name)).graph
    return read_network(HOME / entry.model, shape=graph.nodes[0].shape, classes=graph.classes)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_model_predicts_and_is_what_a_training_begins_from(name: str) -> None:
    """Every layer is taken, and before its first step the training predicts as the model does."""
    path = get(name)
    predictor = lc.load(path, batch_size=8, threads=1)
    assert not any(os.sep in str(part) for part in (predictor.data,))  # no path of the machine that trained it
    own = network(name)
    assert isinstance(own.layers[0], Input)
    trainer = lc.Trainer(own, ENTRIES[name].policy, batch_size=8, threads=1)
    started = trainer.start_from(path)
    assert not started.new and not started.unused
    images = np.random.default_rng(7).integers(0, 256, (24, *own.layers[0].shape), np.uint8)
    assert predictor.predict(images).classes.tolist() == trainer.predict(images).classes.tolist()


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.data in ("mnist", "cifar10")])
def test_the_accuracy_is_the_indexs(name: str) -> None:
    """To the last example, where the data are on this machine."""
    entry = ENTRIES[name]
    try:
        _, test = lc.data.load(entry.data)
    except DataError:
        pytest.skip(f"{entry.data} is not on this machine")
    found = lc.load(get(name)).evaluate(test).accuracy
    assert found is not None and round(100 * found, 2) == entry.accuracy


def test_the_perceptron_knows_digits_that_it_was_not_trained_on() -> None:
    """Those of the package: other writers, of 8 x 8 pixels and 16 greys, brought to MNIST's 20 x 20 in 28 x 28."""
    _, test = lc.data.load("digits")
    small = np.empty((len(test), *test.shape), np.uint8)
    labels = np.empty(len(test), np.int32)
    test.read(np.arange(len(test)), small, labels)
    images = np.zeros((len(test), 28, 28, 1), np.uint8)
    for image, digit in zip(images, small, strict=True):
        image[4:24, 4:24, 0] = np.asarray(Image.fromarray(digit[..., 0]).resize((20, 20), Image.Resampling.BILINEAR))
    found = lc.load(get("mlp-mnist")).predict(images).classes
    assert (found == labels).mean() > 0.6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the models, to be damaged."""
    return Path(shutil.copytree(IN_CLONE, tmp_path / "models"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data[:-1], "is damaged: it has 36,899 B of SHA-256 [0-9a-f]{12}"),
        (lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:], "is damaged: it has 36,900 B .*the index says"),
        (lambda data: data + b"\0", "is larger than 36,900 B; the index says 36,900 B; get spoken-digits"),
    ],
)
def test_a_damaged_file_is_told_of(folder: Path, spoil, message: str) -> None:
    path = folder / ENTRIES[SOUND].file
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(RunError, match=message):
        get(SOUND, folder=folder)
    with pytest.raises(RunError, match=message):
        get(SOUND, folder / "out.safetensors", folder=folder)
    assert not (folder / "out.safetensors").exists()
    path.unlink()
    with pytest.raises(RunError, match="cannot be read: No such file or directory; get spoken-digits"):
        get(SOUND, folder=folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bytes = 36900", "bytes = -1", "bytes is -1, must be a whole number"),
        ("bytes = 36900", "bytes = 99999999", "bytes is 99,999,999, must be 8,388,608 or fewer"),
        ('file = "spoken-digits.safetensors"', 'file = "../x"', "file is '../x', must be the name of a file beside"),
        ('sha256 = "9', 'sha256 = "g', "must be 64 hexadecimal digits"),
        ('name = "spoken-digits"', 'name = "photos"', "it names a model twice"),
        ("seed = 0", "sead = 0", "a model lacks seed"),
        ("[[models]]", "[[modells]]", "it has|it lacks"),
        ("[[models]]", "[models", "is not TOML"),
    ],
)
def test_an_index_that_is_none_is_told_of(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / INDEX
    head, sound, rest = path.read_text().partition('[[models]]\nname = "spoken-digits"')
    path.write_text(head + (sound + rest).replace(old, new, 1))
    with pytest.raises(SpecError, match=message):
        available(folder)


def test_a_folder_without_an_index_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no index.toml of models; give the folder models of linocut's"):
        available(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("spoken-digit", "no trained model is called 'spoken-digit'; there are .*did you mean spoken-digits"),
        ("binarynet-cifar10", "model binarynet-cifar10 is not there yet: no trained run"),
    ],
)
def test_a_name_that_is_none(name: str, message: str) -> None:
    with pytest.raises(LinocutError, match=message):
        get(name)
