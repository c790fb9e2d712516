"""CIFAR-100 in both versions, by classes and by groups, from folders and archives, under all its names."""

import pickle

import numpy as np
import pytest
from cifar_files import make, read, tar

import linocut as lc
from linocut.data import load
from linocut.data.cifar100 import COARSE, FINE, open_splits
from linocut.errors import DataError

pytestmark = pytest.mark.usefixtures("home")
COUNTS = {"train": 300, "test": 7}
RANDOM = np.random.default_rng(100)
PLANES = {name: RANDOM.integers(0, 256, (count, 3, 32, 32), np.uint8) for name, count in COUNTS.items()}
LABELS = {name: (RANDOM.integers(0, 20, count), RANDOM.integers(0, 100, count)) for name, count in COUNTS.items()}
FORMS = ("bin", "py", "cifar-100-binary.tar.gz", "cifar-100-python.tar.gz")


def binary(name: str) -> bytes:
    columns = [label.astype(np.uint8)[:, None] for label in LABELS[name]]
    return np.concatenate([*columns, PLANES[name].reshape(-1, 3072)], axis=1).tobytes()


def pickled(name: str, protocol: int = 2) -> bytes:
    coarse, fine = LABELS[name]
    found = {"filenames": ["a.png"], "batch_label": "training batch 1 of 1", "data": PLANES[name].reshape(-1, 3072)}
    return pickle.dumps({**found, "fine_labels": fine.tolist(), "coarse_labels": coarse.tolist()}, protocol)


def make100(folder, form: str, protocol: int = 2):
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.bin": binary(name) for name in COUNTS}
    if "bin" not in form:
        files = {**{name: pickled(name, protocol) for name in COUNTS}, "meta": b"\x80\x02}."}
    if "tar" in form:
        tar(folder / form, {f"cifar-100-{'binary' if 'bin' in form else 'python'}/{k}": v for k, v in files.items()})
        return folder
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def check(train, test, column: int) -> None:
    for name, dataset in (("train", train), ("test", test)):
        count = COUNTS[name]
        indices = RANDOM.permutation(count)
        images, labels = read(dataset, indices)
        assert (len(dataset), dataset.shape, dataset.dtype) == (count, (32, 32, 3), "u8")
        assert np.array_equal(images, PLANES[name][indices].transpose(0, 2, 3, 1))
        assert labels.tolist() == LABELS[name][column][indices].tolist() == dataset.labels[indices].tolist()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_by_classes_and_by_groups(tmp_path, form):
    folder = make100(tmp_path / "data", form)
    for coarse, classes, column in ((False, FINE, 1), (True, COARSE, 0)):
        train, test = open_splits(folder, coarse=coarse)
        assert train.classes == test.classes == classes
        check(train, test, column)
    if form != "bin":
        assert len(list((tmp_path / "cache" / "linocut" / "unpacked").iterdir())) == 1  # of both


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol(tmp_path, protocol):
    check(*open_splits(make100(tmp_path / "data", "py", protocol)), 1)


def test_the_names_are_as_published():
    """In the order of their numbers: both lists are sorted."""
    assert (len(FINE), len(COARSE), len(set(FINE)), len(set(COARSE))) == (100, 20, 100, 20)
    assert list(FINE) == sorted(FINE) and list(COARSE) == sorted(COARSE)
    assert (FINE[0], FINE[39], FINE[51], FINE[99]) == ("apple", "keyboard", "mushroom", "worm")
    assert (COARSE[0], COARSE[12], COARSE[19]) == ("aquatic_mammals", "medium_mammals", "vehicles_2")


@pytest.mark.parametrize(
    ("below", "form"),
    [
        ("cifar100", FORMS[2]),
        ("cifar100/cifar-100-python", "py"),
        ("cifar-100-binary", "bin"),
        ("cifar-100-python", "py"),
        ("cifar-100-python-target/cifar-100-python", "py"),  # Keras 3's
        ("cifar-100-python-target", "py"),
        ("", FORMS[3]),
        ("", "py"),
    ],
)
def test_is_found_by_name_and_by_path(home, below, form):
    make100(home / "given" / below, form)
    check(*load("cifar100", home / "given"), 1)
    train, test = load("cifar100-coarse", home / "given")
    assert (train.name, test.classes) == ("cifar100-coarse", COARSE)
    check(train, test, 0)
    train, test = load(home / "given" / below)
    assert (train.name, train.classes) == (str(home / "given" / below), FINE)


@pytest.mark.parametrize("end", ["-target.tar.gz", "-target_archive"])
def test_an_archive_as_keras_calls_it(home, end):
    make100(home / "given", FORMS[3])
    (home / "given" / FORMS[3]).rename(home / "given" / f"cifar-100-python{end}")
    check(*load("cifar100", home / "given"), 1)


def test_folders_called_train_and_test_are_no_files_of_it(home):
    """But those of class folders."""
    for part in ("train", "test"):
        for name in ("a", "b"):
            (home / part / name).mkdir(parents=True)
    assert lc.data.is_image_folder(home)


def test_a_folder_with_files_of_two_data_sets_is_not_guessed_at(home):
    make100(home / "given" / "cifar-100-python", "py")
    make(home / "given" / "cifar-10-batches-py", "py")
    with pytest.raises(DataError, match=r"given holds files of CIFAR-10 and CIFAR-100; give the folder of one, or its"):
        load(home / "given")
    assert not lc.data.is_image_folder(home / "given")
    assert len(load("cifar10", home / "given")[0].classes) == 10
    assert len(load("cifar100", home / "given")[0].classes) == 100


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, 20, "test.bin: label of example 1 is 20, must be 0 to 19"),
        (1, 100, "test.bin: label of example 1 is 100, must be 0 to 99"),
    ],
)
def test_labels_out_of_range(tmp_path, place, value, message):
    """Of either kind, whichever is asked for."""
    folder = make100(tmp_path / "data", "bin")
    data = bytearray((folder / "test.bin").read_bytes())
    data[3074 + place] = value
    (folder / "test.bin").write_bytes(data)
    for coarse in (False, True):
        with pytest.raises(DataError, match=message):
            open_splits(folder, coarse=coarse)


def test_a_file_that_is_cut(tmp_path):
    folder = make100(tmp_path / "data", "bin")
    (folder / "train.bin").write_bytes(binary("train")[:-1])
    with pytest.raises(DataError, match=r"train.bin is 922,199 B, must be a multiple of 3,074 .*CIFAR-100's binary"):
        open_splits(folder)
    make100(tmp_path / "other", "py")
    (tmp_path / "other" / "train").write_bytes(pickled("train").replace(b"coarse_labels", b"coarse_lab3ls"))
    with pytest.raises(DataError, match="train has no coarse_labels, must be a file of CIFAR-100's Python version"):
        open_splits(tmp_path / "other")


def test_a_network_learns_as_many_classes(home, linocut, monkeypatch):
    """From the command line, by name; in prediction they have their names."""
    make100(home / "given" / "cifar100", "bin")
    monkeypatch.chdir(home)
    small = ("--hidden", 16, "--batch", 20, "--epochs", 1, "--backend", "reference")
    status, out, err = linocut("train", "--data", "cifar100", "--data-dir", "given", *small, "--out", "run")
    assert status == 0, err
    predictor = lc.load(home / "run")
    assert tuple(map(predictor.class_name, range(100))) == FINE
    status, out, _ = linocut("data", "list", "--data-dir", "given")
    assert status == 0 and "cifar100-coarse  cifar100 by its 20 groups of classes, 50,000 + 10,000; " in out
