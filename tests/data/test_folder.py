"""Folders of class folders of images, and single image files."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from linocut.data import find_augmentation, load, load_splits, read_image, take
from linocut.data.augment import Augmenter
from linocut.data.folder import _digest, open_folder
from linocut.data.images import decode
from linocut.data.resizing import middle
from linocut.errors import DataError, SpecError

RANDOM = np.random.default_rng(3)


def save(path: Path, array: np.ndarray, mode: str | None = None) -> Path:
    """`array` as an image file of `mode`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


def grey(height: int = 5, width: int = 4) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width), np.uint8)


def fill(root: Path, classes: str = "ab", count: int = 20) -> dict[str, np.ndarray]:
    """`count` grey PNGs for each class; by relative path."""
    images = {f"{name}/{i}.png": grey() for name in classes for i in range(count)}
    for path, image in images.items():
        save(root / path, image)
    return images


def read_all(dataset) -> tuple[np.ndarray, np.ndarray]:
    count = len(dataset)
    images, labels = np.zeros((count, *dataset.shape), np.uint8), np.zeros(count, np.int32)
    dataset.read(np.arange(count), images, labels)
    return images, labels


def contents(dataset) -> set[tuple[str, bytes]]:
    """Class and pixels of each example."""
    return {(dataset.classes[label], image.tobytes()) for image, label in zip(*read_all(dataset), strict=True)}


def skipped(dataset) -> tuple[Path, ...]:
    return tuple(vars(dataset)["skipped"])


def test_splits_by_the_names(tmp_path):
    """All images once, the same split wherever the folder lies, classes mixed, other files ignored."""
    images = fill(tmp_path / "one")
    (tmp_path / "one" / "a" / "notes.txt").write_text("not an image")
    (tmp_path / "one" / "a" / ".hidden.png").write_text("nor this")
    (tmp_path / "one" / ".git").mkdir()
    train, test = load(tmp_path / "one")
    assert (train.shape, train.dtype, train.classes) == ((5, 4, 1), "u8", ("a", "b"))
    assert len(train) + len(test) == 40 and 3 <= len(test) <= 13
    assert contents(train) | contents(test) == {(path[0], image.tobytes()) for path, image in images.items()}
    assert set(read_all(train)[1][:10].tolist()) == {0, 1}
    one, one_test = read_all(train)[0], read_all(test)[0]
    os.rename(tmp_path / "one", tmp_path / "two")
    for before, after in zip((one, one_test), load(str(tmp_path / "two")), strict=True):
        assert np.array_equal(before, read_all(after)[0])


def test_a_new_image_moves_no_other(tmp_path):
    """What was for testing stays so: nothing leaks into training as a folder grows."""
    fill(tmp_path)
    _, test, _ = open_folder(tmp_path)
    before = contents(test)
    for i in range(20):
        save(tmp_path / "a" / f"new{i}.png", grey())
    assert before <= contents(open_folder(tmp_path)[1])


@pytest.mark.parametrize("name", ["test", "val", "valid", "validation"])
def test_uses_the_folders_of_a_split(tmp_path, name):
    """The test folder may lack a class, and its labels are those of training."""
    train_images, test_images = fill(tmp_path / "train", "abc", 2), fill(tmp_path / name, "c", 3)
    train, test, _ = open_folder(tmp_path)
    assert train.classes == test.classes == ("a", "b", "c")
    assert contents(train) == {(path[0], image.tobytes()) for path, image in train_images.items()}
    assert contents(test) == {("c", image.tobytes()) for image in test_images.values()}


def test_classes_may_be_called_train_and_test(tmp_path):
    """Folders of images, not of folders, are classes."""
    for name in ("train", "test"):
        for i in range(10):
            save(tmp_path / name / f"{i}.png", grey())
    assert open_folder(tmp_path)[0].classes == ("test", "train")


@pytest.mark.parametrize("odd", ["train/a/1.png", "train/b/1.png", "test/a/2.png"])
@pytest.mark.parametrize(
    ("one", "others", "channels", "told"),
    [
        *(("L", "RGB", 3, "5 of 6 images have colours and 1 are grey"), ("1", "L", 1, "")),
        *(("RGB", "L", 3, "1 of 6 images have colours and 5 are grey"), ("P", "1", 3, "1 of 6 images have colours")),
    ],
)
def test_all_images_decide_on_the_channels(tmp_path, odd, one, others, channels, told):
    """Whichever one is another, wherever it lies; the others are converted, and it is said."""
    for path in (f"{part}/{name}" for part in ("train", "test") for name in ("a/1.png", "a/2.png", "b/1.png")):
        bright = np.full((5, 4), 255 if "/a/" in path else 0, np.uint8)
        save(tmp_path / path, bright, one if path == odd else others)
    for colour, wanted in ((None, channels), (True, 3), (False, 1)):
        for dataset in load(tmp_path, colour=colour):
            images, labels = read_all(dataset)
            assert images.shape == (3, 5, 4, wanted)
            assert (images == np.array([255, 0])[labels][:, None, None, None]).all()
            assert len(dataset.notes) == bool(told and colour is None)
            assert told in "".join(dataset.notes) or colour is not None


def test_only_folders_of_images_have_a_choice_of_colour_and_resizing(tmp_path):
    for given, message in (
        ({"colour": True}, "colour is True, but digits is no folder"),
        ({"resizing": "crop"}, "crop"),
    ):
        with pytest.raises(DataError, match=message):
            load("digits", **given)
    fill(tmp_path)
    with pytest.raises(DataError, match="resizing is 'whole', but there is no size to resize to; give a size"):
        load(tmp_path, resizing="whole")
    with pytest.raises(SpecError, match="no resizing is called 'half'; there are whole, crop"):
        load(tmp_path, size=(9, 9), resizing="half")
    with pytest.raises(SpecError, match="resizing is int, must be 'whole' or 'crop'"):
        read_image(tmp_path / "a" / "1.png", (5, 4, 1), 1)


@pytest.mark.parametrize(
    ("train", "test", "taken"),
    [
        *(("train", ["TEST"], "TEST"), ("train", ["tests"], "tests"), ("Train", ["Validation", "Val"], "Val")),
        *(("training", ["testing"], "testing"), ("train", ["Test", "old"], "Test"), ("TRAIN", ["Valid"], "Valid")),
    ],
)
def test_folders_of_a_split_in_any_spelling(tmp_path, train, test, taken):
    """What is tested on is said, and what is left out beside it: nothing is trained on that is for testing."""
    images = fill(tmp_path / train, count=3)
    own = {name: fill(tmp_path / name, count=2) for name in test}
    found = open_folder(tmp_path)
    assert contents(found[0]) == {(path[0], image.tobytes()) for path, image in images.items()}
    assert contents(found[1]) == {(path[0], image.tobytes()) for path, image in own[taken].items()}
    assert found[1].notes[0] == f"trains on {tmp_path / train}, tests on {tmp_path / taken}"
    left = [f"left out {tmp_path / name}, beside {tmp_path / train}" for name in test if name != taken]
    assert list(found[0].notes[1:]) == left


@pytest.mark.parametrize("name", ["val", "valid", "Validation"])
def test_a_validation_folder_beside_a_test_folder_chooses(tmp_path, name):
    """Three parts, and `load` has the two that it always had; without a test folder it is for testing."""
    images = {part: fill(tmp_path / part, count=number) for part, number in (("train", 3), ("test", 2), (name, 1))}
    found = load_splits(tmp_path)
    for part, dataset in zip(("train", "test", name), found, strict=True):
        assert contents(dataset) == {(path[0], image.tobytes()) for path, image in images[part].items()}
        assert dataset.classes == ("a", "b")
    told = f"trains on {tmp_path}/train, validates on {tmp_path / name}, tests on {tmp_path}/test"
    assert found.train.notes == (() if name == "val" else (told,))
    for ours, both in zip(load(tmp_path), found[:2], strict=True):
        assert contents(ours) == contents(both)
    shutil.rmtree(tmp_path / "test")
    assert load_splits(tmp_path).validation is None and contents(load(tmp_path)[1]) == contents(found.validation)


def test_validation_images_are_held_to_the_same_rules(tmp_path):
    for part in ("train", "test", "val"):
        fill(tmp_path / part, count=2)
    save(tmp_path / "val" / "c" / "1.png", grey())
    with pytest.raises(DataError, match=f"{tmp_path}/val/c is a class that {tmp_path}/train lacks"):
        open_folder(tmp_path)
    shutil.rmtree(tmp_path / "val" / "c")
    (tmp_path / "val" / "a" / "bad.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"of 13 images 1 cannot be read: .*val/a/bad.png"):
        open_folder(tmp_path)
    assert len(open_folder(tmp_path, skip_corrupt=True).validation) == 4
    save(tmp_path / "val" / "a" / "bad.png", np.zeros((9, 9), np.uint8))
    with pytest.raises(DataError, match=r"val/a/bad.png is 9 x 9 pixels"):
        open_folder(tmp_path)


def test_a_test_folder_without_a_train_folder_is_no_class(tmp_path):
    for name in ("learn", "Test"):
        fill(tmp_path / name)
    with pytest.raises(
        DataError, match=f"{tmp_path}/Test holds folders as test data do, but there is no {tmp_path}/train"
    ):
        open_folder(tmp_path)


def test_images_below_class_folders_are_of_the_class(tmp_path):
    """However deep; links that lead round in a circle end."""
    images = fill(tmp_path, count=10)
    for path in ("a/by me/1.png", "a/by me/far/away/1.png", "b/more/2.png"):
        images[path] = grey()
        save(tmp_path / path, images[path])
    save(tmp_path / "a" / ".trash" / "3.png", grey())
    (tmp_path / "c" / "only" / "below").mkdir(parents=True)
    for number in range(10):
        images[f"c/only/below/{number}.png"] = grey()
        save(tmp_path / f"c/only/below/{number}.png", images[f"c/only/below/{number}.png"])
    (tmp_path / "a" / "by me" / "round").symlink_to(tmp_path / "a" / "by me", target_is_directory=True)
    train, test, _ = open_folder(tmp_path)
    assert contents(train) | contents(test) == {(path[0], image.tobytes()) for path, image in images.items()}
    assert len(train) + len(test) == len(images)
    assert (
        train.notes == test.notes == ("13 images are from folders below class folders, of which they are taken to be",)
    )


def test_what_is_left_out_is_said(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setattr("linocut.data.images.decodes", lambda form: False)
    for name in ("a/1.heic", "a/2.HEIC", "b/1.avif", "a/notes.txt", "b/LICENCE"):
        (tmp_path / name).write_text("")
    save(tmp_path / "7.png", grey())
    stray, others = open_folder(tmp_path)[0].notes
    assert stray == f"left out 1 images in no class folder, such as {tmp_path}/7.png"
    head, _, kinds = others.partition(": ")
    assert head == "left out 5 files of class folders that are not called as images are"
    assert kinds.startswith("2 .heic (install pillow-heif to read them), ")
    assert set(kinds.split(", ")[1:]) == {"1 .txt", "1 .avif (a newer Pillow reads them)", "1 without a suffix"}
    for number in range(20):
        (tmp_path / "b" / f"{number}.png").unlink()
    with pytest.raises(DataError, match=r"b holds no images .*\), but other files: 1 .*; put the class's there"):
        open_folder(tmp_path)


def test_size_resizes(tmp_path):
    """Sizes may then differ; JPEG and others are read as well."""
    ends = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".webp", ".PNG", ".pgm", ".tiff", ".jfif", ".JPE")
    for i, end in enumerate((*ends, *([".avif"] if features.check("avif") else []))):
        for name in "ab":
            save(tmp_path / name / f"{i}{end}", np.full((5 + i, 9), 100 if name == "a" else 200, np.uint8), "L")
    train, test, _ = open_folder(tmp_path, size=(6, 3))
    assert train.shape[:2] == (6, 3) and len(train) + len(test) == 2 * (i + 1)
    images, labels = read_all(train)
    assert (np.abs(images.astype(int) - np.array([100, 200])[labels][:, None, None, None]) <= 2).all()
    with pytest.raises(DataError, match="size is 0 x 3, must be 1 x 1 pixels or more"):
        open_folder(tmp_path, size=(0, 3))


def spoil(root: Path, what: str) -> None:
    match what:
        case "one class":
            for image in (root / "b").iterdir():
                image.unlink()
            (root / "b").rmdir()
        case "empty class":
            (root / "c").mkdir()
        case "size":
            save(root / "b" / "7.png", grey(5, 3))
        case "no image":
            (root / "b" / "7.png").write_text("hello")
        case "few":
            for image in (*(root / "a").iterdir(), *(root / "b").iterdir()):
                if image.name != "1.png":
                    image.unlink()
        case "file":
            for image in (root / "a").iterdir():
                image.unlink()
            (root / "a").rmdir()
            (root / "a").write_text("")
        case "cut":
            (root / "b" / "7.png").write_bytes((root / "b" / "7.png").read_bytes()[:45])
        case "few of a class":
            names = (f"{number}.png" for number in range(99))
            save(root / "c" / next(name for name in names if _digest(f"c/{name}") % 5 == 0), grey())
        case "test class":
            save(root / "train" / "a" / "1.png", grey())
            save(root / "train" / "b" / "1.png", grey())
            save(root / "val" / "B" / "1.png", grey())


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("one class", r"ROOT holds only one class folder \(a\), must hold at least 2"),
        ("file", r"ROOT holds only one class folder \(b\), must hold at least 2"),
        ("empty class", r"ROOT/c holds no images \(.*.png.*\); put the class's there, or remove the folder"),
        (
            "size",
            r"ROOT/b/7.png is 5 x 3 pixels \(height x width\), must be 5 x 4 like ROOT/a/.*png; give a size",
        ),
        ("no image", "ROOT/b/7.png is not an image in PNG, JPEG, GIF, BMP, TIFF, WEBP or PPM; replace or remove"),
        (
            "few",
            "ROOT holds 2 images, too few to test on one in 5; add images, or put them into train and test",
        ),
        ("cut", "ROOT/b/7.png is damaged: it ends in its chunk IDAT; replace or remove the file, or skip such files"),
        ("few of a class", "ROOT/c has no image left to train on, as its few images are all kept for testing; add"),
        ("test class", r"ROOT/val/B is a class that ROOT/train lacks \(it has a, b\); rename or remove it"),
    ],
)
def test_refuses_when_opened(tmp_path, what, message):
    """Not at the first batch that happens to hold it."""
    fill(tmp_path)
    spoil(tmp_path, what)
    with pytest.raises(DataError, match=message.replace("ROOT", str(tmp_path))):
        open_folder(tmp_path)


def test_refuses_folders_without_classes(tmp_path):
    """An empty one, and none at all."""
    with pytest.raises(DataError, match=f"{tmp_path} holds no class folders, must hold at least 2"):
        open_folder(tmp_path)
    with pytest.raises(DataError, match=f"{tmp_path}/x is not a folder; give a folder"):
        open_folder(tmp_path / "x")


def test_what_is_behind_an_image_does_no_harm(tmp_path):
    """Some cameras and editors write there."""
    fill(tmp_path)
    with open(tmp_path / "b" / "7.png", "ab") as file:
        file.write(b"made by hand")
    assert sum(map(len, open_folder(tmp_path)[:2])) == 40


def test_images_damaged_after_their_header_are_named_when_read(tmp_path):
    """Cut, replaced by another size, or removed since."""
    fill(tmp_path)
    train, test, _ = open_folder(tmp_path)
    victim = tmp_path / "b" / "7.png"
    whole = victim.read_bytes()

    def both() -> None:
        read_all(train)
        read_all(test)

    victim.write_bytes(whole[:45])
    with pytest.raises(DataError, match=r"b/7.png is damaged: it ends in its chunk IDAT; replace or remove the file"):
        both()
    save(victim, grey(9, 9))
    with pytest.raises(DataError, match=r"b/7.png is 9 x 9 pixels \(height x width\), must be 5 x 4; it has changed"):
        both()
    victim.unlink()
    with pytest.raises(DataError, match=r"b/7.png does not exist; check the path"):
        both()


def test_read_image_converts(tmp_path):
    """Colours to grey and back, alpha over white, 16 bits to 8, palettes to colours."""
    ramp = np.arange(20, dtype=np.uint8).reshape(5, 4) * 13
    path = save(tmp_path / "grey.png", ramp)
    assert np.array_equal(read_image(path, (5, 4, 1))[..., 0], ramp)
    assert np.array_equal(read_image(str(path), (5, 4, 3)), np.repeat(ramp[..., None], 3, 2))
    assert np.array_equal(read_image(save(tmp_path / "rgb.png", ramp, "RGB"), (5, 4, 1))[..., 0], ramp)
    wide = save(tmp_path / "wide.png", ramp.astype(np.uint16) * 257)
    with Image.open(wide) as image:
        assert image.mode.startswith("I")
    assert np.array_equal(read_image(wide, (5, 4, 1))[..., 0], ramp)
    two = save(tmp_path / "two.png", (ramp > 99).astype(np.uint8) * 255, "1")
    assert np.array_equal(read_image(two, (5, 4, 1))[..., 0], (ramp > 99) * np.uint8(255))
    clear = np.zeros((5, 4, 4), np.uint8)
    clear[0, 0] = 10, 20, 30, 255
    got = read_image(save(tmp_path / "clear.png", clear), (5, 4, 3))
    assert got[0, 0].tolist() == [10, 20, 30] and (got.reshape(-1, 3)[1:] == 255).all()
    palette = save(tmp_path / "palette.gif", np.full((5, 4, 3), (0, 0, 255), np.uint8), "P")
    assert (read_image(palette, (5, 4, 3)) == [0, 0, 255]).all()


def test_read_image_resizes_without_aliasing(tmp_path):
    """A fine checkerboard shrinks to grey, not to black or white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    small = read_image(save(tmp_path / "board.png", board), (8, 8, 1))
    assert small.shape == (8, 8, 1) and small.dtype == np.uint8
    assert (np.abs(small.astype(int) - 128) <= 4).all()


def test_read_image_refuses(tmp_path):
    """Files and shapes that will not do."""
    text = tmp_path / "text.png"
    text.write_text("hello")
    floats = save(tmp_path / "floats.tif", np.ones((5, 4), np.float32))
    for path, shape, message in (
        (text, (5, 4, 1), "text.png is not an image in PNG, JPEG, GIF, BMP, TIFF, WEBP or PPM"),
        (tmp_path / "none.png", (5, 4, 1), "none.png does not exist; check the path"),
        (tmp_path, (5, 4, 1), f"{tmp_path} cannot be read as an image: Is a directory"),
        (floats, (5, 4, 1), "floats.tif has floating-point pixels, must have 8 or 16 bits"),
        (text, (20,), r"text.png: the network takes examples of shape \(20,\), an image has"),
    ):
        with pytest.raises(DataError, match=message):
            read_image(path, shape)


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    """With an error like any other."""
    path = save(tmp_path / "bomb.png", grey())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9)  # Pillow raises above twice the limit
    with pytest.raises(DataError, match=r"bomb.png cannot be read as an image: .*bomb"):
        read_image(path, (5, 4, 1))


def gradient(height: int, width: int) -> np.ndarray:
    """Rows in red, columns in green: the pixels say where they come from."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y * 255 / height, x * 255 / width, np.zeros_like(y)], -1).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), [(100, 200), (200, 100), (64, 64), (20, 30), (33, 32)])
@pytest.mark.parametrize("end", ["png", "jpg"])
def test_other_sizes_are_resized_by_the_shorter_side_and_the_middle_taken(tmp_path, height, width, end):
    """As two steps of Pillow would do it: to 256/224 of the size, then the middle."""
    path = tmp_path / f"image.{end}"
    Image.fromarray(gradient(height, width)).save(path, quality=100, subsampling=0)
    got = read_image(path, (32, 32, 3), "crop").astype(int)
    scale = 37 / min(height, width)  # 32 * 256 / 224 is 36.6
    with Image.open(path) as image:
        large = image.convert("RGB").resize((round(width * scale), round(height * scale)), Image.Resampling.BILINEAR)
    left, top = (large.width - 32) // 2, (large.height - 32) // 2
    expected = np.asarray(large.crop((left, top, left + 32, top + 32))).astype(int)
    assert np.abs(got - expected).max() <= 8 and np.abs(got - expected).mean() < 3


def test_the_middle_covers_sizes_that_are_not_square():
    assert middle(100, 100, (32, 32)) == pytest.approx((6.757, 6.757, 93.243, 93.243), abs=1e-3)
    left, top, right, bottom = middle(100, 300, (16, 32))
    assert (right - left) / (bottom - top) == 2
    assert (left + right, top + bottom) == (300, 100)


def test_an_image_of_the_size_is_left_as_it_is(tmp_path):
    image = grey(8, 9)
    path = save(tmp_path / "a.png", image)
    assert np.array_equal(decode(path, (8, 9, 1), resizing="crop")[..., 0], image)


def test_large_jpegs_take_little_memory(tmp_path):
    """They are decoded at an eighth where that will do."""
    path = tmp_path / "large.jpg"
    Image.fromarray(gradient(800, 1200)).save(path, quality=95)
    seen = []
    original = Image.Image.resize

    def resize(image, *arguments, **named):
        seen.append(image.size)
        return original(image, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image.Image, "resize", resize)
        small = decode(path, (32, 32, 3), resizing="crop")
    assert seen == [(150, 100)]
    whole = np.asarray(Image.fromarray(gradient(800, 1200)).resize((32, 32), box=middle(800, 1200, (32, 32))))
    assert np.abs(small.astype(int) - whole).mean() < 4


def test_random_crops(tmp_path):
    """Parts of the image, each epoch others, the same for the same seed; of evaluation none."""
    for name in "ab":
        for number in range(10):
            save(tmp_path / name / f"{number}.png", gradient(60, 90))
    train, _, _ = open_folder(tmp_path, size=(16, 16))

    def epoch(dataset, number: int) -> np.ndarray:
        count = len(dataset)
        images, labels = np.empty((count, 16, 16, 3), np.uint8), np.empty(count, np.int32)
        Augmenter(find_augmentation("crop"), dataset, 0, number).read(np.arange(count), images, labels)
        assert labels.tolist() == read_all(dataset)[1].tolist()
        return images.astype(int)

    first = epoch(train, 0)
    assert np.array_equal(first, epoch(train, 0)) and not np.array_equal(first, epoch(train, 1))
    assert np.array_equal(first[:5], epoch(take(train, 5), 0))
    spans = first[:, 15, 8, 0] - first[:, 0, 8, 0]  # how much of the height is seen
    assert (spans > 0).all() and spans.max() - spans.min() > 60
    assert len({image.tobytes() for image in read_all(train)[0]}) == 1


def test_corrupt_images_are_counted_and_named(tmp_path):
    """All that show by their headers, in one line."""
    fill(tmp_path)
    for number in (3, 5, 7, 9):
        (tmp_path / "b" / f"{number}.png").write_bytes(b"hello")
    with pytest.raises(DataError) as caught:
        open_folder(tmp_path)
    text = str(caught.value)
    assert text.startswith(
        f"{tmp_path}/b/3.png is not an image in PNG, JPEG, GIF, BMP, TIFF, WEBP or PPM; replace or remove the file, "
        "or skip"
    )
    assert "--skip-corrupt" in text and "\n" not in text
    names = ", ".join(f"{tmp_path}/b/{number}.png" for number in (3, 5, 7))
    assert text.endswith(f"of 40 images 4 cannot be read: {names} and 1 more")


def test_corrupt_images_are_skipped_if_asked(tmp_path):
    """Those cut in their pixels too, which their headers do not show; the others stay where they were."""
    images = fill(tmp_path)
    train, test, _ = open_folder(tmp_path)
    before = contents(train), contents(test)
    assert (skipped(train), skipped(test)) == ((), ())
    bad = {tmp_path / "a" / "4.png": b"hello", tmp_path / "b" / "7.png": b"", tmp_path / "b" / "8.png": None}
    for path, data in bad.items():
        path.write_bytes(path.read_bytes()[:45] if data is None else data)
    train, test = load(tmp_path, skip_corrupt=True)
    assert set(skipped(train)) | set(skipped(test)) == set(bad)
    lost = {("a", images["a/4.png"].tobytes()), ("b", images["b/7.png"].tobytes()), ("b", images["b/8.png"].tobytes())}
    assert (contents(train), contents(test)) == (before[0] - lost, before[1] - lost)
    for path in (tmp_path / "a").iterdir():
        path.write_bytes(b"hello")
    with pytest.raises(DataError, match=f"{tmp_path}/a has no image left to train on, as its images are corrupt; add"):
        open_folder(tmp_path, skip_corrupt=True)


def test_how_pictures_come_to_size_is_the_data_sets_own(tmp_path):
    """Whole, where none to train on has another size; else the middle, or as it is told."""
    fill(tmp_path / "same")
    fill(tmp_path / "other")
    save(tmp_path / "other" / "a" / "wide.png", grey(5, 9))
    save(tmp_path / "other" / "a" / "wide2.png", grey(5, 9))
    assert load("digits")[0].resizing == load(tmp_path / "same")[0].resizing == "whole"
    assert [part.resizing for part in load(tmp_path / "same", size=(5, 4))] == ["whole", "whole"]
    assert [part.resizing for part in load(tmp_path / "other", size=(5, 4))] == ["crop", "crop"]
    assert take(load(tmp_path / "other", size=(5, 4))[0], 3).resizing == "crop"
    for resizing in ("whole", "crop"):
        train, test = load(tmp_path / "other", size=(8, 8), resizing=resizing)
        assert train.resizing == test.resizing == resizing
        expected = {read_image(path, (8, 8, 1), resizing).tobytes() for path in (tmp_path / "other").glob("*/*")}
        assert {image for _, image in contents(train) | contents(test)} == expected


@pytest.mark.parametrize("size", [(29, 29), (280, 280), (14, 31)])
def test_whole_pictures_are_seen_whole(tmp_path, size):
    """Enlarged and resized back they are what they were, rims too."""
    image = np.kron(RANDOM.integers(0, 256, (7, 7), np.uint8), np.ones((4, 4), np.uint8))
    large = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    got = read_image(save(tmp_path / "large.png", large), (28, 28, 1))[..., 0].astype(int)
    expected = np.asarray(Image.fromarray(large).resize((28, 28), Image.Resampling.BILINEAR))
    assert np.array_equal(got, expected)
    assert np.abs(got[[0, -1]] - image[[0, -1]]).mean() < np.abs(got[[0, -1]] - image[[4, -5]]).mean()


def test_heic_where_pillow_heif_is_installed(tmp_path):
    """Upright, as its own note of the orientation says."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    exif, upright = Image.Exif(), gradient(40, 30)
    exif[0x0112] = 6
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(10):
            stored = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
            stored.save(tmp_path / name / f"{number}.HEIC", exif=exif.tobytes(), quality=95)
    train, test, _ = open_folder(tmp_path)
    assert len(train) + len(test) == 20 and train.shape == (40, 30, 3)
    assert np.abs(read_all(train)[0].astype(int) - upright).mean() < 4
