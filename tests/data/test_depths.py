"""Pictures of every depth and kind of transparency: the right pixels, as plain arithmetic has them, or a refusal."""

import io
import struct

import numpy as np
import pytest
from picture_files import bmp, gif, lzw, packed_rows, png, tiff
from PIL import Image

from linocut.data import load, read_image
from linocut.data.images import image_shape
from linocut.errors import DataError

SIDE = 24
RANDOM = np.random.default_rng(24)


def some(most: int, samples: int) -> np.ndarray:
    """Samples up to `most`, which is among them, as 0 is."""
    found = RANDOM.integers(0, most + 1, (SIDE, SIDE, samples))
    found[0, 1], found[0, 2] = 0, most
    return found


def level(light: np.ndarray) -> np.ndarray:
    """The nearest of 256 levels of light from 0 to 1, in exact enough numbers."""
    return np.floor(light * 255 + 0.5).astype(int)


def over_white(colours: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    return level(colours * opacity + (1 - opacity))


@pytest.fixture
def read(tmp_path):
    """What linocut reads of the bytes of a file, in so many channels."""

    def call(data: bytes, channels: int = 3) -> np.ndarray:
        path = tmp_path / "picture"
        path.write_bytes(data)
        assert image_shape(path, whole=True) == image_shape(path)
        return read_image(path, (SIDE, SIDE, channels)).astype(int)

    return call


def shape_of(tmp_path, data: bytes) -> int:
    (tmp_path / "one").write_bytes(data)
    return image_shape(tmp_path / "one")[2]


# --- PNG


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("keyed", [False, True])
def test_grey_pngs(read, tmp_path, depth, keyed):
    """With and without a transparent grey, which is over white."""
    most = 2**depth - 1
    samples = some(most, 1)
    key = int(samples[5, 5, 0])
    expected = level(samples / most)
    if keyed:
        expected = np.where(samples == key, 255, expected)
    data = png(samples, depth, 0, transparent=struct.pack(">H", key) if keyed else b"")
    assert shape_of(tmp_path, data) == 1
    assert np.array_equal(read(data, 1), expected) and (read(data) == expected).all()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("opaque", ["all", "some", "none given", "first clear", "one half clear"])
def test_pngs_with_a_palette(read, depth, opaque):
    count = 2**depth
    samples, palette = some(count - 1, 1), RANDOM.integers(0, 256, (count, 3))
    opacity = np.full(count, 255)
    given = {"all": count, "some": (count + 1) // 2, "none given": 0, "first clear": 1, "one half clear": 1}[opaque]
    opacity[:given] = {"first clear": 0, "one half clear": 128}.get(opaque, 0) or RANDOM.integers(0, 256, given)
    if opaque == "first clear":
        opacity[0] = 0
    colours = over_white(palette / 255, opacity[:, None] / 255)
    data = png(
        samples, depth, 3, palette=palette.astype("u1").tobytes(), transparent=opacity[:given].astype("u1").tobytes()
    )
    assert np.abs(read(data) - colours[samples[..., 0]]).max() <= (0 if opaque in ("none given", "first clear") else 1)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("keyed", [False, True])
def test_coloured_pngs(read, tmp_path, depth, keyed):
    """Exact in 16 bits: a colour that differs from the transparent one in its lowest bit is none of it."""
    most = 2**depth - 1
    samples = some(most, 3)
    key = samples[5, 5].copy()
    samples[6, 6] = key ^ [0, 0, 1]
    expected = level(samples / most)
    if keyed:
        expected = np.where((samples == key).all(-1, keepdims=True), 255, expected)
    data = png(samples, depth, 2, transparent=struct.pack(">HHH", *key.tolist()) if keyed else b"")
    assert shape_of(tmp_path, data) == 3
    assert np.array_equal(read(data), expected)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("grey", [False, True])
def test_pngs_with_opacity(read, tmp_path, depth, grey):
    """Laid over white; grey ones are grey, whatever Pillow makes of them."""
    most = 2**depth - 1
    samples = some(most, 2 if grey else 4)
    expected = over_white(samples[..., :-1] / most, samples[..., -1:] / most)
    data = png(samples, depth, 4 if grey else 6)
    assert shape_of(tmp_path, data) == (1 if grey else 3)
    assert np.abs(read(data) - expected).max() <= (0 if depth == 16 else 1)
    if grey:
        assert np.abs(read(data, 1) - expected).max() <= (0 if depth == 16 else 1)


def test_deep_colours_that_are_resized(tmp_path):
    """As the 8-bit ones are that they mean, and interlaced ones too."""
    samples = some(65535, 3)
    path, plain = tmp_path / "deep.png", tmp_path / "plain.png"
    path.write_bytes(png(samples, 16, 2))
    Image.fromarray(level(samples / 65535).astype(np.uint8)).save(plain)
    for shape in ((7, 9, 3), (7, 9, 1), (SIDE, SIDE, 1)):
        assert np.array_equal(read_image(path, shape), read_image(plain, shape))


@pytest.mark.parametrize("note", [1, 3, 6])
def test_deep_colours_that_are_turned(tmp_path, note):
    """Pillow decodes a TIFF with an orientation before anybody asks for its pixels."""
    samples = some(65535, 3)
    path = tmp_path / "turned.tif"
    path.write_bytes(tiff(SIDE, SIDE, 16, 2, [samples.astype("<u2").tobytes()], samples=3, more={274: [note]}))
    expected = {1: samples, 3: samples[::-1, ::-1], 6: np.rot90(samples, -1)}[note]
    assert np.array_equal(read_image(path, (SIDE, SIDE, 3)), level(expected / 65535))


def test_samples_of_many_strips(tmp_path, monkeypatch):
    monkeypatch.setattr("linocut.data.deep.STRIP", SIDE * 5)
    monkeypatch.setattr("linocut.data.pixels.STRIP", SIDE * 5)
    path = tmp_path / "picture"
    for samples, colours in ((3, 2), (4, 6), (2, 4), (1, 0)):
        values = some(65535, samples)
        path.write_bytes(png(values, 16, colours))
        light = values / 65535
        expected = level(light) if samples in (1, 3) else over_white(light[..., :-1], light[..., -1:])
        assert (read_image(path, (SIDE, SIDE, 3)) == expected).all()


# --- TIFF


def strip(samples: np.ndarray, depth: int, order: str = "<") -> bytes:
    return b"".join(packed_rows(samples, depth, order))


@pytest.mark.parametrize(
    ("depth", "order", "white_is_zero"),
    [
        *((depth, order, inverted) for depth in (1, 2, 4, 8) for order in "<>" for inverted in (False, True)),
        *((12, "<", False), (16, "<", False), (16, ">", False), (16, "<", True)),
    ],
)
def test_grey_tiffs(read, depth, order, white_is_zero):
    most = 2**depth - 1
    samples = some(most, 1)
    expected = level(1 - samples / most if white_is_zero else samples / most)
    data = tiff(SIDE, SIDE, depth, 0 if white_is_zero else 1, [strip(samples, depth, order)], order=order)
    assert np.array_equal(read(data, 1), expected)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kind", ["colours", "ignored", "multiplied", "opacity", "inks"])
@pytest.mark.parametrize("deflated", [False, True])
def test_coloured_tiffs(read, depth, order, kind, deflated):
    """Exact in 16 bits, packed or not; what a fourth sample means is said by a tag."""
    import zlib

    most = 2**depth - 1
    samples = some(most, 3 if kind == "colours" else 4)
    light, more = samples / most, {}
    expected = level(light[..., :3])
    if kind == "inks":
        expected = level((1 - light[..., :3]) * (1 - light[..., 3:]))
    elif kind != "colours":
        more[338] = [{"ignored": 0, "multiplied": 1, "opacity": 2}[kind]]
        if kind == "opacity":
            expected = over_white(light[..., :3], light[..., 3:])
        elif kind == "multiplied":
            samples[..., :3] = samples[..., :3] * samples[..., 3:] // most
            expected = level(samples[..., :3] / most + 1 - samples[..., 3:] / most)
    data = strip(samples, depth, order)
    if deflated:
        more[259], data = [8], zlib.compress(data)
    found = read(
        tiff(SIDE, SIDE, depth, 5 if kind == "inks" else 2, [data], samples=samples.shape[2], order=order, more=more)
    )
    assert np.abs(found - expected).max() <= (0 if depth == 16 or kind in ("colours", "ignored") else 1)


def test_grey_tiffs_with_opacity(read):
    samples = some(255, 2)
    expected = over_white(samples[..., :1] / 255, samples[..., 1:] / 255)
    for kind in (0, 1, 2):
        given = samples.copy()
        if kind == 1:
            given[..., 0] = given[..., 0] * given[..., 1] // 255
            expected_now = level(given[..., :1] / 255 + 1 - given[..., 1:] / 255)
        else:
            expected_now = expected if kind == 2 else samples[..., :1]
        data = tiff(SIDE, SIDE, 8, 1, [strip(given, 8)], samples=2, more={338: [kind]})
        try:
            found = read(data)
        except DataError as error:  # Pillow knows all three from version 13 on
            assert kind != 2 and "of a kind that Pillow does not read" in str(error)
            continue
        assert np.abs(found - expected_now).max() <= 2  # Pillow divides by the opacity, and multiplies again


def test_tiffs_of_other_colours(read):
    palette, samples = RANDOM.integers(0, 256, (256, 3)), some(255, 1)
    colours = (palette.T.ravel() * 257).tolist()
    assert np.array_equal(
        read(tiff(SIDE, SIDE, 8, 3, [strip(samples, 8)], more={320: colours})), palette[samples[..., 0]]
    )
    planes = some(255, 3)
    strips = [strip(planes[..., number : number + 1], 8) for number in range(3)]
    assert np.array_equal(read(tiff(SIDE, SIDE, 8, 2, strips, samples=3, more={284: [2], 278: [SIDE]})), planes)
    light = np.zeros((SIDE, SIDE, 3), int)
    light[:, ::2] = 255, 0, 0
    expected = np.zeros((SIDE, SIDE, 3), int)
    expected[:, ::2] = 255
    assert np.abs(read(tiff(SIDE, SIDE, 8, 8, [strip(light, 8)], samples=3)) - expected).max() <= 1  # CIE L*a*b*


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (tiff(4, 4, 16, 1, [bytes(32)], more={339: [2]}), "has numbers with a sign, must have whole numbers from 0"),
        (tiff(4, 4, 8, 1, [bytes(16)], more={339: [2]}), "has numbers with a sign, must have whole numbers from 0"),
        (tiff(4, 4, 32, 1, [bytes(64)], more={339: [2]}), "has numbers with a sign, must have whole numbers from 0"),
        (tiff(4, 4, 32, 1, [bytes(64)]), "has samples of 32 bits, must have 8 or 16; convert the file"),
        (tiff(4, 4, 32, 1, [bytes(64)], more={339: [3]}), "has floating-point pixels, must have 8 or 16 bits; convert"),
        (
            tiff(4, 4, 16, 2, [bytes(32)] * 3, samples=3, more={284: [2], 278: [4]}),
            "has 16 bits in planes of their own",
        ),
        (
            tiff(4, 4, 16, 1, [bytes(32)], more={339: [3]}),
            "begins as a TIFF does, but is damaged, or of a kind that Pil",
        ),
        (
            tiff(4, 4, 10, 1, [bytes(32)]),
            "begins as a TIFF does, but is damaged, or of a kind that Pillow does not read",
        ),
        (tiff(4, 4, 64, 1, [bytes(128)]), "begins as a TIFF does, but is damaged, or of a kind that Pillow does not"),
        (b"Pf\n4 4\n-1.0\n" + bytes(64), "has floating-point pixels, must have 8 or 16 bits; convert the file"),
    ],
)
def test_kinds_that_are_refused_by_their_header(tmp_path, data, message):
    """When a folder is opened, not when it comes to them."""
    path = tmp_path / "picture.tif"
    path.write_bytes(data)
    for call in (image_shape, lambda given: read_image(given, (4, 4, 1))):
        with pytest.raises(DataError, match=message) as caught:
            call(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


# --- others


@pytest.mark.parametrize("most", [1, 15, 100, 255, 1023, 4095, 65535])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("plain", [False, True])
def test_ppms_of_any_maximum(read, most, samples, plain):
    values = some(most, samples)
    head = f"P{(2 if samples == 1 else 3) + (0 if plain else 3)}\n{SIDE} {SIDE}\n{most}\n".encode()
    body = values.astype("u1" if most < 256 else ">u2").tobytes()
    if plain:
        body = " ".join(map(str, values.ravel())).encode()
    exact = values * 255 / most
    assert np.abs(read(head + body) - exact).max() < (0.51 if samples == 1 and most > 255 else 0.5001)


def test_bmps_of_four_bytes(read):
    """Those that hold no opacity are not clear throughout."""
    samples = some(255, 4)
    for opacity in (0, 255):
        samples[..., 3] = opacity
        data = bmp(SIDE, -SIDE, 32, 0, samples[..., [2, 1, 0, 3]].astype("u1").tobytes())
        assert np.array_equal(read(data), samples[..., :3])
    head = struct.pack("<IiiHHIIiiII", 124, SIDE, -SIDE, 1, 32, 3, SIDE * SIDE * 4, 0, 0, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs"
    begin = 14 + 124
    samples[..., 3] = 0
    body = samples[..., [2, 1, 0, 3]].astype("u1").tobytes()
    data = b"BM" + struct.pack("<IHHI", begin + len(body), 0, 0, begin) + head + masks.ljust(84, b"\0") + body
    assert np.array_equal(read(data), samples[..., :3])


def test_gifs_with_a_transparent_colour(read):
    """Also one that the palette lacks, and one of a palette of greys."""
    for count, palette in ((16, RANDOM.integers(0, 256, (16, 3))), (256, np.repeat(np.arange(256)[:, None], 3, 1))):
        for clear in (3, 200):
            samples = some(15, 1)
            samples[4, 4] = clear
            expected = np.where(samples == clear, 255, palette[np.minimum(samples, count - 1)[..., 0]])
            control = b"!\xf9\x04\x01\0\0" + bytes([clear]) + b"\0"
            code = lzw([*samples.ravel().tolist(), 257])
            data = gif(SIDE, SIDE, palette.astype("u1").tobytes(), code, control=control)
            assert np.array_equal(read(data), expected)


def test_webps_with_opacity(read):
    samples, data = some(255, 4).astype(np.uint8), io.BytesIO()
    Image.fromarray(samples).save(data, "WEBP", lossless=True, exact=True)
    expected = over_white(samples[..., :3] / 255, samples[..., 3:] / 255)
    assert np.abs(read(data.getvalue()) - expected).max() <= 1


def test_inks_of_a_jpeg(read):
    """Adobe's are the other way round, which Pillow knows; it writes them so too."""
    for inks, colour in (((0, 255, 255, 0), (255, 0, 0)), ((0, 0, 0, 255), (0, 0, 0)), ((0, 0, 0, 0), (255, 255, 255))):
        data = io.BytesIO()
        Image.frombytes("CMYK", (SIDE, SIDE), bytes(inks) * SIDE * SIDE).save(data, "JPEG", quality=100)
        assert np.abs(read(data.getvalue()) - colour).max() <= 2


def test_a_folder_of_grey_pictures_of_16_bits_with_opacity_is_grey(tmp_path):
    """Pillow gives them as colours."""
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(12):
            (tmp_path / name / f"{number}.png").write_bytes(png(some(65535, 2), 16, 4))
    assert [dataset.shape for dataset in load(tmp_path)] == [(SIDE, SIDE, 1)] * 2
