"""Limits on what a small file may ask for."""

import sys
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from damaged import png
from peak import peak_of
from PIL import Image, features
from small_training import examples, trainer

import linocut as lc
from linocut.data.images import FORMATS, MOST_PIXELS_OF_MORE, image_shape
from linocut.layers import BatchNorm, BinaryDense, Flatten, Input, Network, Sign, SoftmaxCrossEntropy
from linocut.toml_text import MOST_BYTES, MOST_PARTS, MOST_TABLES, read_toml


def test_an_image_of_too_many_pixels_is_refused_by_its_header(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png(8192, 8193))
    with pytest.raises(lc.DataError, match=r"is 8,193 x 8,192 pixels .*, must have 67,108,864 or fewer"):
        image_shape(path)
    path.write_bytes(png(8192, 8192))
    assert image_shape(path) == (8192, 8192, 3)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow knows no AVIF")
def test_of_a_format_of_video_fewer_pixels_are_decoded(tmp_path, monkeypatch):
    """Its decoder may keep many frames."""
    assert MOST_PIXELS_OF_MORE == 4096**2
    monkeypatch.setattr("linocut.data.images.MOST_PIXELS_OF_MORE", 99)
    for size, refused in ((10, True), (9, False)):
        Image.fromarray(np.zeros((size, size, 3), np.uint8)).save(tmp_path / "a.avif")
        with (
            pytest.raises(lc.DataError, match=r"is 10 x 10 pixels .*, must have 99 or fewer")
            if refused
            else nullcontext()
        ):
            assert image_shape(tmp_path / "a.avif") == (9, 9, 3)


@pytest.mark.parametrize("brand", [b"heic", b"mp42", b"mif1"])
def test_files_of_the_kind_of_heic_that_cannot_be_read(tmp_path, monkeypatch, brand):
    (tmp_path / "a.png").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(99))
    for able in (False, True):
        monkeypatch.setattr("linocut.data.images.decodes", lambda form, able=able: able and form == "AVIF")
        with pytest.raises(
            lc.DataError, match=r"a.png is a file of the kind of AVIF, HEIC or MP4, .*; install pillow-heif"
        ):
            image_shape(tmp_path / "a.png")


@pytest.mark.parametrize("form", ["TGA", "PCX", "ICO", "EPS"])
def test_only_common_formats_are_decoded_whatever_a_file_is_called(tmp_path, form):
    path = tmp_path / "image.png"
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(path, form)
    with pytest.raises(lc.DataError, match=f"is not an image in {', '.join(FORMATS[:-1])} or PPM"):
        image_shape(path)


def test_a_network_has_a_thousand_layers_at_most():
    middle = [layer for _ in range(400) for layer in (BinaryDense(8), BatchNorm(), Sign())][:-1]
    with pytest.raises(lc.SpecError, match="network deep has 1,202 layers, must have 1,000 or fewer"):
        Network("deep", (Input((8,)), Flatten(), *middle, SoftmaxCrossEntropy()))


def test_epochs_have_a_bound():
    with pytest.raises(lc.SpecError, match="must be a whole number, 1 or more, up to 1,000,000,000"):
        trainer().fit(examples(), 10**400)


def filled(make):
    """As many of `make(number)` as a TOML file may have."""
    parts, left = [], MOST_BYTES - 100
    while left > 0:
        parts.append(make(len(parts)))
        left -= len(parts[-1])
    return "".join(parts)


DOTTED = ".a" * (MOST_PARTS - 1)
WORST = {
    "names with dots": filled(lambda number: f"b{number}{DOTTED}=1\n"),
    "tables": filled(lambda number: f"[b{number}{DOTTED}]\n"),
    "plain tables": filled(lambda number: f"[{number}]\n"),
    "as many tables as may be": "".join(f"[b{n}{DOTTED}]\n" for n in range(MOST_TABLES // MOST_PARTS)),
    "digits": "x=1." + "9" * (MOST_BYTES - 100),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from Linux's /proc")
@pytest.mark.parametrize("name", WORST)
def test_toml_takes_memory_within_bounds(tmp_path, name):
    """Where they are not kept to, a parser takes 1 GB for a name of 32 kB, and 400 MB for a file of tables."""
    path = tmp_path / "file.toml"
    path.write_text(WORST[name])

    def read():
        with suppress(lc.SpecError):
            read_toml(path, "a thing")

    assert peak_of(read) < 48 * MOST_BYTES
