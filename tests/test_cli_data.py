"""The command line's options about data: --augment, --skip-corrupt, and the data sets that it lists."""

import json

import numpy as np
import pytest
from PIL import Image

import linocut as lc

SMALL = ["--data", "digits", "--limit", "60", "--hidden", "16", "--batch", "20", "--backend", "reference"]
REFERENCE = ["--backend", "reference"]


pytestmark = pytest.mark.usefixtures("elsewhere")


def state(folder):
    return lc.Trainer.resume(folder, backend="reference").session.state_sha256()


@pytest.fixture
def pictures(tmp_path):
    """Two classes, 12 colour images each, of differing sizes."""
    random = np.random.default_rng(2)
    for name in ("cat", "dog"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 256, (20 + number, 30 - number, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path / "pictures"


def test_train_with_augmentation(linocut, tmp_path):
    """It changes the run, is shown, kept, and resumed without being said again."""
    status, out, err = linocut("train", *SMALL, "--epochs", 2, "--out", "whole", "--augment", "shift")
    assert (status, err) == (0, "")
    assert "seed 0, augmented by shift\n" in out
    assert linocut("train", *SMALL, "--epochs", 2, "--out", "plain")[0] == 0
    assert state("whole") != state("plain")
    assert linocut("train", *SMALL, "--epochs", 1, "--out", "parts", "--augment", "shift")[0] == 0
    assert linocut("train", "--resume", "--out", "parts", "--epochs", 2, *REFERENCE)[0] == 0
    assert state("parts") == state("whole")
    assert linocut("train", "--resume", "--out", "parts", "--augment", "shift", "--epochs", 3, *REFERENCE)[0] == 0
    status, _, err = linocut("train", "--resume", "--out", "parts", "--augment", "none", *REFERENCE)
    assert (status, len(err.splitlines())) == (2, 1)
    assert "parts holds a run of augmentation shift, not none; leave out the option" in err
    assert "\n[augmentation]\nshift = 0.15\n" in (tmp_path / "whole" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("flop", "no augmentation is called 'flop'; there are shift, flip, crop; did you mean flip?"),
        ("flip", "mirrored examples of digits are none of their class any more; leave out flip"),
        ("crop", "digits has no images to crop, only folders of images have"),
    ],
)
def test_augmentation_that_makes_no_sense(linocut, tmp_path, augment, message):
    """One line, and no run folder."""
    status, out, err = linocut("train", *SMALL, "--epochs", 1, "--out", "run", "--augment", augment)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert message in err and not (tmp_path / "run").exists()


def test_a_folder_of_differing_sizes(linocut, pictures):
    """Trained with crops, evaluated without; predict sees an image as eval does."""
    options = ["--hidden", 8, "--batch", 5, *REFERENCE]
    status, _, err = linocut("train", "--data", pictures, *options)
    assert status == 2 and "give a size to resize all images to (--size" in err
    status, out, _ = linocut("plan", "--data", pictures, "--size", "16", "--batch", 5, "--json")
    assert status == 0 and json.loads(out)["rows"][0]
    status, _, err = linocut("plan", "--size", "16")
    assert status == 2 and "--size is for the images of --data" in err
    status, _, err = linocut(
        "train",
        "--data",
        pictures,
        "--size",
        "16",
        "--augment",
        "crop,flip,shift",
        "--out",
        "run",
        "--epochs",
        2,
        *options,
    )
    assert (status, err) == (0, "")
    status, out, _ = linocut("eval", "run", "--json", *REFERENCE)
    found, (_, test) = json.loads(out), lc.data.load(pictures, size=(16, 16))
    assert found["examples"] == len(test)
    right = 0
    for name in ("cat", "dog"):
        paths = [pictures / path for path in test._paths if path.startswith(name)]
        lines = linocut("predict", "run", *paths, "--json", *REFERENCE)[1].splitlines() if paths else []
        right += sum(json.loads(line)["class"] == name for line in lines)
    assert right / len(test) == found["accuracy"]


def test_skip_corrupt(linocut, pictures):
    """Refused unless asked for; then a line on standard error tells, and the run goes on with it."""
    for path, keep in (("cat/3.png", 60), ("dog/5.png", 3)):
        (pictures / path).write_bytes((pictures / path).read_bytes()[:keep])
    options = ["--data", pictures, "--size", "16x16", "--hidden", 8, "--batch", 5, "--out", "run", *REFERENCE]
    status, _, err = linocut("train", *options)
    assert (status, len(err.splitlines())) == (2, 1)
    assert "dog/5.png" in err and "skip such files (--skip-corrupt" in err and "of 24 images 2 cannot be read" in err
    told = f"skipped 2 corrupt images: {pictures}/cat/3.png, {pictures}/dog/5.png\n"
    status, out, err = linocut("train", *options, "--skip-corrupt", "--epochs", 1)
    assert (status, err) == (0, told)
    assert "linocut eval run --skip-corrupt" in out and "--resume --out run --skip-corrupt" in out
    status, _, err = linocut("train", "--resume", "--out", "run", "--skip-corrupt", "--epochs", 2, *REFERENCE)
    assert (status, err) == (0, told)
    status, _, err = linocut("train", "--resume", "--out", "run", "--epochs", 3, *REFERENCE)
    assert (status, len(err.splitlines())) == (2, 1)
    assert linocut("eval", "run", "--skip-corrupt", "--json", *REFERENCE)[0] == 0
    status, _, err = linocut("train", "--data", "digits", "--skip-corrupt")
    assert status == 2 and "skip_corrupt is for folders of images, but digits is none" in err


def test_lists_and_finds_the_data_sets(linocut, tmp_path):
    """cifar10 by name from a folder beside which a folder of that name lies, and resumed there."""
    out = linocut("data", "list")[1]
    for name in ("cifar10", "svhn", "svhn-extra"):
        assert f"linocut data get {name}" in out
    for word in ("cifar10", "svhn"):
        assert word in linocut("train", "--help")[1]
    folder = tmp_path / "cifar10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (folder / f"{name}.bin").write_bytes(b"".join(bytes([number]) * 3073 for number in range(4)))
    options = ["--data-dir", ".", *REFERENCE]
    small = ["--data", "cifar10", "--hidden", 4, "--batch", 10, "--augment", "shift,flip", "--out", "run"]
    assert linocut("train", *small, "--epochs", 1, *options)[0] == 0
    assert linocut("train", "--resume", "--out", "run", "--epochs", 2, *options)[0] == 0
    assert linocut("eval", "run", "--json", *options)[0] == 0
    status, _, err = linocut("data", "get", "cifar11")
    assert status == 2 and "must be one of mnist, fashion-mnist, cifar10, svhn, svhn-extra" in err
