"""The command line's options about data: --augment, --skip-corrupt, and the data sets that it lists."""

import json

import numpy as np
import pytest
from checksums import content
from PIL import Image
from small_command import REFERENCE

import linocut as lc
from linocut import tensor_file
from linocut.export import packed
from linocut.train import checkpoint

SMALL = ["--data", "digits", "--limit", "60", "--hidden", "16", "--batch", "20", "--backend", "reference"]


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
        (
            "flop",
            "no augmentation is called 'flop'; there are shift, flip, crop, rotate, edge, noise; did you mean flip?",
        ),
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
        paths = [pictures / path for path in vars(test)["_paths"] if path.startswith(name)]
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
    assert (
        status == 2
        and "must be one of mnist, fashion-mnist, cifar10, cifar100, cifar100-coarse, svhn, svhn-extra" in err
    )


@pytest.mark.parametrize("side", [9, 40])
def test_predict_sees_what_training_saw(linocut, tmp_path, side):
    """Pictures of digits in another size whole, as digits are; and so does eval of a folder of them, and Python."""
    assert linocut("train", *SMALL, "--epochs", 1, "--out", "run")[0] == 0
    _, test = lc.data.load("digits")
    images, labels = np.empty((40, 8, 8, 1), np.uint8), np.empty(40, np.int32)
    test.read(np.arange(40), images, labels)
    for part in ("train", "test"):
        for number, (image, label) in enumerate(zip(images[..., 0], labels, strict=True)):
            path = tmp_path / "pictures" / part / str(label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR).save(path)
    paths = sorted((tmp_path / "pictures" / "test").glob("*/*.png"))
    status, out, err = linocut("predict", "run", *paths, "--json", *REFERENCE)
    assert (status, err) == (0, "")
    said = [json.loads(line) for line in out.splitlines()]
    whole = [Image.open(path).resize((8, 8), Image.Resampling.BILINEAR) for path in paths]
    predictor = lc.load("run", backend="reference")
    expected = predictor.predict(np.stack([np.asarray(image)[..., None] for image in whole]))
    assert [int(each["class"]) for each in said] == expected.classes.tolist()
    assert [each["confidence"] for each in said] == pytest.approx(expected.confidences.tolist())
    assert np.array_equal(predictor.read_image(paths[0])[..., 0], np.asarray(whole[0]))
    status, out, _ = linocut("eval", "run", "--data", "pictures", "--json", *REFERENCE)
    right = np.mean([each["class"] == path.parent.name for each, path in zip(said, paths, strict=True)])
    assert json.loads(out)["accuracy"] == pytest.approx(right)


def kept(run):
    """What checkpoint and model say of how pictures came to size."""
    return lc.Trainer.resume(run, backend="reference").data.resizing, lc.load(run).resizing


def test_a_run_keeps_how_its_pictures_came_to_size(linocut, pictures, tmp_path):
    """Cropped ones are cropped again, in predicting, resuming and evaluating; those of one size are not."""
    options = ["--data", pictures, "--hidden", 8, "--batch", 5, *REFERENCE]
    assert linocut("train", *options, "--size", 16, "--out", "cropped", "--epochs", 1)[0] == 0
    assert kept("cropped") == ("crop", "crop")
    predictor, path = lc.load("cropped"), pictures / "cat" / "0.png"
    assert np.array_equal(predictor.read_image(path), lc.data.read_image(path, (16, 16, 3), "crop"))
    assert linocut("train", "--resume", "--out", "cropped", "--epochs", 2, *REFERENCE)[0] == 0
    with pytest.raises(lc.RunError, match=r"run was on .*, of larger images, .* not on .* u8, 2 classes"):
        other = lc.data.load(pictures, size=(16, 16), resizing="whole")[0]
        lc.Trainer.resume("cropped", backend="reference").fit(other, 3)
    for number, path in enumerate(sorted(pictures.glob("*/*.png"))):
        Image.fromarray(np.full((20, 20), number, np.uint8)).save(path)
    for name, size in (("sized", ["--size", 20]), ("plain", [])):
        assert linocut("train", *options, *size, "--out", name, "--epochs", 1)[0] == 0
        assert kept(name) == ("whole", "whole")
        assert linocut("train", "--resume", "--out", name, "--epochs", 2, *REFERENCE)[0] == 0
    assert state("sized") == state("plain")


def forget(path, kind):
    """Make a file as linocut 0.1 wrote it, which did not note how pictures came to size."""
    file = tensor_file.TensorFile(path, kind.KIND, kind.VERSION)
    about, tensors = file.description, content(path)
    del (about if kind is packed else about["data"])["resizing"]
    tensor_file.save(path, tensors, kind.KIND, kind.VERSION, about)


@pytest.mark.parametrize("data", ["digits", "pictures"])
def test_runs_that_do_not_say_how_pictures_came_to_size(linocut, pictures, tmp_path, data):
    """They go on to the same bits, and note it; until then it is said what is assumed where it cannot be known."""
    size = ["--size", 16] if data == "pictures" else ["--limit", 60]
    options = ["--data", data, *size, "--hidden", 8, "--batch", 5, *REFERENCE]
    picture = pictures / "cat" / "0.png"
    assert linocut("train", *options, "--out", "whole", "--epochs", 2)[0] == 0
    assert linocut("train", *options, "--out", "parts", "--epochs", 1)[0] == 0
    forget(tmp_path / "parts" / "checkpoint.safetensors", checkpoint)
    forget(tmp_path / "parts" / packed.NAME, packed)
    status, out, err = linocut("predict", "parts", picture, "--json", *REFERENCE)
    assumed = "parts is of an older linocut, which did not note how pictures were brought to size: it is assumed that "
    assert status == 0 and len(out.splitlines()) == 1
    assert err.startswith(assumed) if data == "pictures" else not err
    assert lc.load("parts").resizing_known == (data == "digits")
    assert lc.load("parts").resizing == lc.load("whole").resizing
    assert linocut("eval", "parts", "--json", *REFERENCE)[0] == 0
    assert linocut("train", "--resume", "--out", "parts", "--epochs", 2, *REFERENCE)[0] == 0
    assert state("parts") == state("whole") and kept("parts") == kept("whole")
    assert linocut("predict", "parts", picture, "--json", *REFERENCE)[2] == ""


def test_colour_or_grey(linocut, pictures):
    """By all pictures, or as it is told; resuming, evaluating and predicting follow the run."""
    Image.open(pictures / "cat" / "0.png").convert("L").save(pictures / "cat" / "0.png")
    options = ["--data", pictures, "--size", "16", "--hidden", 8, "--batch", 5, *REFERENCE]
    note = "read in colour, as 23 of 24 images have colours and 1 are grey; --grey (colour=False) reads all in grey"
    status, out, err = linocut("train", *options, "--out", "run", "--epochs", 1)
    assert (status, err) == (0, "") and f"{note}\n" in out and "images 16 x 16 in colour, the middle of larger" in out
    status, out, err = linocut("train", *options, "--out", "programs", "--epochs", 1, "--json")
    assert (status, err) == (0, f"{note}\n") and all(json.loads(line) for line in out.splitlines())
    status, out, err = linocut("train", *options, "--out", "grey", "--epochs", 1, "--grey")
    assert (status, err) == (0, "") and "images 16 x 16 in grey" in out and "read in colour" not in out
    for run, channels, wrong in (("run", 3, "--grey"), ("grey", 1, "--colour")):
        assert lc.Trainer.resume(run, backend="reference").data.shape == (16, 16, channels)
        assert linocut("eval", run, *REFERENCE)[0::2] == (0, "")
        assert linocut("predict", run, pictures / "dog" / "3.png", *REFERENCE)[0::2] == (0, "")
        status, _, err = linocut("train", "--resume", "--out", run, wrong, *REFERENCE)
        assert status == 2 and f"{run} holds a run of images in" in err
        assert linocut("train", "--resume", "--out", run, "--epochs", 2, *REFERENCE)[0] == 0
    plans = [linocut("plan", "--data", pictures, "--size", 16, kind, "--json")[1] for kind in ("--colour", "--grey")]
    assert json.loads(plans[0])["total_bytes"] > json.loads(plans[1])["total_bytes"]
    status, _, err = linocut("train", "--data", "digits", "--grey")
    assert status == 2 and "colour is False, but digits is no folder of images; leave it out" in err
    status, _, err = linocut("plan", "--grey")
    assert status == 2 and "--colour and --grey are for the images of --data" in err


def test_what_there_is_and_what_is_left_out_is_said(linocut, pictures):
    """Counts in a line, classes of few, and once what the epochs leave out; nothing of it in JSON."""
    (pictures / "dog" / "notes.txt").write_text("")
    options = ["--data", pictures, "--size", "16", "--hidden", 8, "--batch", 7, *REFERENCE]
    status, out, err = linocut("train", *options, "--out", "run", "--epochs", 2)
    train, test = lc.data.load(pictures, size=(16, 16))
    counts = [np.bincount(part.labels, minlength=2).tolist() for part in (train, test)]
    assert (status, err, sum(map(sum, counts))) == (0, "", 24)
    (cats, dogs), _ = counts
    assert (
        f"data     {pictures}: {len(train)} to train on, {len(test)} to test on; 2 classes of {min(cats, dogs)} " in out
    )
    left = len(train) % 7
    assert out.count(f"an epoch leaves out {left} of {len(train)} examples, others each time") == 1
    assert ("few examples to train on, fewer than 10: cat" in out) == (cats < 10)
    assert "left out 1 files of class folders that are not called as images are: 1 .txt\n" in out
    status, out, err = linocut("train", *options, "--out", "again", "--epochs", 1, "--json")
    assert err == "left out 1 files of class folders that are not called as images are: 1 .txt\n"
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["plan", "epoch", "done"]
    assert linocut("eval", "again", "--json", *REFERENCE)[2] == err


def test_in_python_no_network_of_whole_pictures_is_tested_on_cropped_ones(pictures, tmp_path):
    """Neither by a trainer nor by what was loaded; the other way round is what was asked for."""
    network = lc.models.mlp((16, 16, 3), 2, (8,))
    whole, cropped = (lc.data.load(pictures, size=(16, 16), resizing=how) for how in ("whole", "crop"))
    trainer = lc.Trainer(network, batch_size=5, backend="reference")
    message = (
        "pictures crops images to their middle, network mlp was trained on whole ones; load it with resizing='whole'"
    )
    with pytest.raises(lc.DataError, match=message):
        trainer.fit(whole[0], 1, validate=cropped[1])
    trainer.fit(whole[0], 1, validate=whole[1], out="run")
    loaded = lc.load("run", backend="reference")
    for one in (trainer, loaded):
        with pytest.raises(lc.DataError, match=message):
            one.evaluate(cropped[1])
        assert one.evaluate(whole[1]).examples == len(whole[1])
    alone = lc.Predictor(trainer.inference_graph(), backend="reference")
    assert alone.evaluate(cropped[1]).examples == len(cropped[1])
