"""JPEGs whose data end early or are damaged inside a file that decodes: libjpeg makes grey of them without a word."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from linocut.data import load, read_image
from linocut.data.images import image_shape
from linocut.data.jpeg import fault
from linocut.errors import DataError

END = b"\xff\xd9"
DOWN, ACROSS = np.mgrid[:96, :128]
COLOURS = np.stack([np.sin(DOWN / 9) * 99 + 128, np.cos(ACROSS / 7) * 99 + 128, DOWN * ACROSS % 256], -1).astype(
    np.uint8
)
KINDS = {
    "plain": {},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restart marks": {"restart_marker_blocks": 5},
    "rows of restart marks": {"restart_marker_rows": 1, "subsampling": 0},
    "half the colours": {"subsampling": 1},
}


def jpeg(pixels=COLOURS, mode="RGB", **options) -> bytes:
    data = io.BytesIO()
    image = Image.fromarray(pixels).convert(mode)
    image.save(data, "JPEG", **{"quality": 85, **options})
    return data.getvalue()


def begins(data: bytes) -> list[int]:
    """Where the data of each scan begin."""
    found, place = [], 0
    while (place := data.find(b"\xff\xda", place)) >= 0:
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        found.append(place)
    return found


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 7), (16, 17), (33, 40), (96, 128)])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("kind", KINDS)
def test_sound_ones_are_sound(size, mode, kind):
    random = np.random.default_rng(3)
    for quality in (1, 30, 75, 95, 100):
        for pixels in (
            COLOURS[: size[0], : size[1]],
            random.integers(0, 256, (*size, 3), np.uint8),
            np.full((*size, 3), 77, np.uint8),
            np.kron(
                random.integers(0, 2, (size[0] // 4 + 1, size[1] // 4 + 1, 1), np.uint8) * 255, np.ones((4, 4, 3))
            ).astype(np.uint8)[: size[0], : size[1]],
        ):
            try:
                data = jpeg(np.ascontiguousarray(pixels), mode, **{**KINDS[kind], "quality": quality})
            except OSError:  # what Pillow's encoder has no room for
                continue
            assert fault(data) == ""
            assert fault(data + b"what some cameras write behind") == ""
            assert fault(data[:-2] + b"\0" * 9 + END) == fault(data[:-2] + b"\xff\0" * 9 + END) == ""  # fills


@pytest.mark.parametrize("kind", KINDS)
def test_data_that_end_anywhere_before_the_end_mark(kind):
    data = jpeg(**KINDS[kind])
    for place in range(begins(data)[0], len(data) - 2, 7):
        assert fault(data[:place] + END), f"cut at {place} of {len(data)}"
        assert fault(data[:place]), f"cut at {place} of {len(data)}"


@pytest.mark.parametrize("kind", KINDS)
def test_data_that_were_lost(kind):
    """Sectors of zeros, of other files, or none at all; libjpeg takes nearly all of them."""
    data, random = jpeg(quality=95, **KINDS[kind]), np.random.default_rng(5)
    first = begins(data)[0]
    for _ in range(60):
        place = int(random.integers(first, len(data) - 1100))
        other = bytes(random.integers(0, 255, 1024, np.uint8))
        for lost in (data[:place] + other + data[place + 1024 :], data[:place] + data[place + 1024 :]):
            assert fault(lost), f"1,024 B at {place}"
        if kind != "optimised":  # whose shortest codes may be 0 throughout
            assert fault(data[:place] + bytes(1024) + data[place + 1024 :]), f"1,024 zeros at {place}"


def test_of_smaller_damage_most_is_found():
    """Not all: the codes meet again, and as many blocks may be there."""
    data, random, found = jpeg(quality=95), np.random.default_rng(6), [0, 0]
    first = begins(data)[0]
    for _ in range(300):
        place = int(random.integers(first, len(data) - 100))
        found[0] += bool(fault(data[:place] + bytes(random.integers(0, 255, 64, np.uint8)) + data[place + 64 :]))
        found[1] += bool(fault(data[:place] + bytes([data[place] ^ 1 << int(random.integers(8))]) + data[place + 1 :]))
    assert found[0] > 250 and 30 < found[1] < 300


@pytest.mark.parametrize("kind", ["restart marks", "rows of restart marks"])
def test_restart_marks_that_lack_or_are_exchanged(kind):
    data = jpeg(**KINDS[kind])
    marks = [place for place in range(len(data) - 1) if data[place] == 0xFF and 0xD0 <= data[place + 1] <= 0xD7]
    assert len(marks) > 5
    for place in marks:
        other = bytes([0xD0 + (data[place + 1] + 1) % 8])
        assert fault(data[: place + 1] + other + data[place + 2 :])
        assert fault(data[:place] + data[place + 2 :])
    assert fault(data[: marks[1]] + data[marks[2] :])  # one piece lacks


def test_scans_that_lack_or_come_twice():
    """A progressive picture that is cut between scans is blurred, without an error."""
    data = jpeg(progressive=True)
    places = begins(data)
    starts = [data.rindex(b"\xff\xda", 0, place) for place in places]
    for number in range(1, len(starts)):
        cut = data[: starts[number]]
        with Image.open(io.BytesIO(cut + END)) as image:
            image.load()  # libjpeg has nothing to say
        assert fault(cut + END) == "scans are missing: it has only a part of each pixel"
    assert fault(data[: starts[0]] + END) == "scans are missing: it has only a part of each pixel"
    again = data[:-2] + data[starts[-1] :]
    assert fault(again) == "it holds the same scan twice, or scans in another order"


def test_data_that_go_on():
    data = jpeg()
    assert fault(data[:-2] + bytes(range(1, 60)) + END) == "its data go on for 59 B behind the last of 48 parts"
    assert fault(data[:-2] + data[-40:-2] + END).startswith("its data go on for ")


def test_the_reason_names_the_place():
    data = jpeg()
    first = begins(data)[0]
    assert fault(data[:first] + END) == "its data end early, in part 1 of 48"
    assert fault(data[: (first + len(data)) // 2] + END).startswith("its data end early, in part 2")
    assert (
        fault(data[:first] + b"\xfe\xfe\xfe" * 9 + data[first + 27 :])
        == "its data hold what is no code, in part 1 of 48"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x05\x08", "a part of its header is cut"),
        (b"\xff\xc4\x00\x1f\x00", b"\xff\xc4\x00\x1f\x09", "a table of its codes is damaged"),
        (
            b"\xff\xc4\x00\x1f\x00\x00\x01",
            b"\xff\xc4\x00\x1f\x00\x03\x01",
            "a table of its codes is damaged|header is cut",
        ),
        (b"\xff\xda\x00\x0c\x03\x01", b"\xff\xda\x00\x0c\x03\x09", "a scan names component 9, which its header lacks"),
        (b"\xff\xda\x00\x0c\x03", b"\xff\xda\x00\x0c\x05", "a scan has 5 components"),
        (b"\xff\xda\x00\x0c\x03\x01\x00", b"\xff\xda\x00\x0c\x03\x01\x55", "a scan names a table that there cannot be"),
    ],
)
def test_headers_that_are_damaged(old, new, message):
    import re

    data = jpeg()
    assert data.count(old) == 1
    assert re.search(message, fault(data.replace(old, new)))


def test_what_is_not_looked_at_is_not_refused():
    """Arithmetic codes, no JPEG at all, tables that are not in the file, as of the frames of a camera."""
    data = jpeg()
    assert fault(b"") == fault(b"hello") == fault(b"\xff\xd8") == ""
    assert fault(data.replace(b"\xff\xc0", b"\xff\xc9")) == ""
    without, place = bytearray(data), 0
    while (place := without.find(b"\xff\xc4")) >= 0:
        del without[place : place + 2 + int.from_bytes(without[place + 2 : place + 4], "big")]
    assert fault(bytes(without)) == ""


def test_a_picture_that_claims_to_be_huge_takes_no_room():
    """The header of a strip in a TIFF may claim anything."""
    data = jpeg(progressive=True)
    place = data.index(b"\xff\xc2") + 5
    assert fault(data[:place] + b"\xff\xff\xff\xff" + data[place + 4 :]) == "its header claims 65535 x 65535 pixels"


def test_a_damaged_picture_is_found_where_it_is_read(tmp_path):
    """In a folder, when it is first read or all are looked at; in predicting; the others are left."""
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(12):
            (tmp_path / name / f"{number}.jpg").write_bytes(jpeg(quality=60 + number))
    data = (tmp_path / "b" / "7.jpg").read_bytes()
    (tmp_path / "b" / "7.jpg").write_bytes(data[: len(data) // 2] + END)
    train, test = load(tmp_path)
    with pytest.raises(
        DataError, match=r"b/7.jpg is damaged: its data end early, in part \d+ of 48; replace or remove"
    ):
        for dataset in (train, test):
            images, labels = np.empty((len(dataset), *dataset.shape), np.uint8), np.empty(len(dataset), np.int32)
            dataset.read(np.arange(len(dataset)), images, labels)
    for call in (lambda path: read_image(path, (8, 8, 3)), lambda path: image_shape(path, whole=True)):
        with pytest.raises(DataError, match=r"b/7.jpg is damaged: its data end early"):
            call(tmp_path / "b" / "7.jpg")
    skipped: Any = load(tmp_path, skip_corrupt=True)
    assert sum(map(len, skipped)) == 23 and tmp_path / "b" / "7.jpg" in skipped[0].skipped + skipped[1].skipped


def test_a_file_is_looked_at_once(tmp_path, monkeypatch):
    """The first time that it is read; each epoch after that is as fast as it was."""
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(12):
            (tmp_path / name / f"{number}.jpg").write_bytes(jpeg())
    looked = []
    monkeypatch.setattr("linocut.data.jpeg.fault", lambda data: looked.append(len(data)) or "")
    for skip_corrupt in (False, True):
        looked.clear()
        train, _ = load(tmp_path, skip_corrupt=skip_corrupt)
        images, labels = np.empty((len(train), *train.shape), np.uint8), np.empty(len(train), np.int32)
        for _ in range(3):
            train.read(np.arange(len(train)), images, labels)
        assert len(looked) == (24 if skip_corrupt else len(train))


def test_without_the_native_core_pictures_are_read(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "linocut._native", None)
    data = jpeg()
    (tmp_path / "a.jpg").write_bytes(data)
    assert fault(data[:500] + END) == ""
    assert read_image(tmp_path / "a.jpg", (8, 8, 3)).shape == (8, 8, 3)
