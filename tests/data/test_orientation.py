"""Pictures are upright, whatever a camera noted, in every format, in training and in predicting."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, features

from linocut.data import load, read_image
from linocut.data.images import decode, image_shape
from linocut.data.orientation import NOTES, TAG

HEIGHT, WIDTH = 40, 30
DOWN, ACROSS = np.mgrid[:HEIGHT, :WIDTH].astype(np.uint8)
UPRIGHT = np.stack([DOWN * 6, ACROSS * 8, DOWN // 2], -1)
FORMS = {
    "PNG": {},
    "JPEG": {"quality": 98, "subsampling": 0},
    "WEBP": {"lossless": True},
    "TIFF": {},
    **({"AVIF": {"quality": 100, "subsampling": "4:4:4"}} if features.check("avif") else {}),
}
T = Image.Transpose
STORED = {  # how an upright picture is turned so that its note turns it back
    2: T.FLIP_LEFT_RIGHT,
    3: T.ROTATE_180,
    4: T.FLIP_TOP_BOTTOM,
    5: T.TRANSPOSE,
    6: T.ROTATE_90,
    7: T.TRANSVERSE,
    8: T.ROTATE_270,
}


def file(form, note):
    """A file of UPRIGHT as a camera of this orientation stores it."""
    image, exif, data = Image.fromarray(UPRIGHT), Image.Exif(), io.BytesIO()
    exif[TAG] = note
    (image.transpose(STORED[note]) if note in STORED else image).save(data, form, exif=exif, **FORMS[form])
    return data.getvalue()


def behind(data):
    """A PNG with its EXIF moved behind its pixels."""
    begin = data.index(b"eXIf") - 4
    end = begin + 12 + int.from_bytes(data[begin : begin + 4], "big")
    chunk, rest = data[begin:end], data[:begin] + data[end:]
    return rest[:-12] + chunk + rest[-12:]


@pytest.mark.parametrize("note", range(1, 9))
@pytest.mark.parametrize("form", FORMS)
def test_every_orientation_in_every_format(tmp_path, form, note):
    """Whole, cropped, resized; of random parts the part that was asked for."""
    path, plain = tmp_path / "noted", tmp_path / "plain.png"
    near = 16 if form == "JPEG" else 4  # a JPEG is decoded at a part of its size
    path.write_bytes(file(form, note))
    Image.fromarray(UPRIGHT).save(plain)
    assert image_shape(path) == image_shape(path, whole=True) == (HEIGHT, WIDTH, 3)
    shapes = [((HEIGHT, WIDTH, 3), "whole"), ((10, 6, 3), "whole"), ((10, 6, 3), "crop"), ((9, 9, 1), "crop")]
    for shape, resizing in shapes:
        one, other = (read_image(each, shape, resizing).astype(int) for each in (path, plain))
        assert one.shape == shape and np.abs(one - other).max() <= near
    parts = [
        decode(each, (8, 8, 3), resizing="crop", crop=lambda height, width: (2, 3, width - 9, height - 20)).astype(int)
        for each in (path, plain)
    ]
    assert np.abs(parts[0] - parts[1]).max() <= near


@pytest.mark.parametrize("note", [3, 6])
def test_a_png_that_notes_it_behind_its_pixels(tmp_path, note):
    path = tmp_path / "noted.png"
    path.write_bytes(behind(file("PNG", note)))
    assert image_shape(path) == (HEIGHT, WIDTH, 3)
    assert np.array_equal(read_image(path, UPRIGHT.shape), UPRIGHT)


@pytest.mark.parametrize("note", [0, 9, 255])
def test_notes_that_mean_nothing(tmp_path, note):
    path = tmp_path / "noted.png"
    path.write_bytes(file("PNG", note))
    assert note not in NOTES and np.array_equal(read_image(path, UPRIGHT.shape), UPRIGHT)


def test_exif_that_is_damaged_is_passed_over(tmp_path):
    """The picture itself is sound."""
    data = bytearray(file("PNG", 6))
    begin = data.index(b"eXIf")
    size = int.from_bytes(data[begin - 4 : begin], "big")
    data[begin + 4 : begin + 4 + size] = b"\xff" * size
    data[begin + 4 + size : begin + 8 + size] = zlib.crc32(data[begin : begin + 4 + size]).to_bytes(4, "big")
    path = tmp_path / "noted.png"
    path.write_bytes(data)
    assert image_shape(path) == (WIDTH, HEIGHT, 3)


def test_a_folder_is_trained_on_upright(tmp_path):
    """Cameras held both ways give one size, and the same pixels as predicting sees."""
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"{number}.png").write_bytes(file("PNG", number % 8 + 1))
    for dataset in load(tmp_path):
        assert dataset.shape == UPRIGHT.shape
        images, labels = np.empty((len(dataset), *dataset.shape), np.uint8), np.empty(len(dataset), np.int32)
        dataset.read(np.arange(len(dataset)), images, labels)
        assert (images == UPRIGHT).all()
