"""Pictures that end early, or hold less than they say, anywhere: refused, or exactly what they should be."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from picture_files import bmp, gif, lzw, packed_rows, png, tiff
from PIL import Image, ImageFile, features

from linocut.data import read_image
from linocut.data.fax import fault as fax_fault
from linocut.data.images import image_shape
from linocut.errors import DataError

SIDE = 32
RANDOM = np.random.default_rng(32)
SAMPLES = RANDOM.integers(1, 256, (SIDE, SIDE, 3))
GREY = SAMPLES[..., :1]
RAW = SAMPLES.astype("u1").tobytes()
ROWS = b"".join(b"\0" + row for row in packed_rows(SAMPLES, 8))
PALETTE = RANDOM.integers(0, 256, (256, 3)).astype("u1")


@pytest.fixture
def read(tmp_path):
    def call(data: bytes) -> np.ndarray:
        path = tmp_path / "picture"
        path.write_bytes(data)
        return read_image(path, (SIDE, SIDE, 3)).astype(int)

    return call


def refused(read, data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(data)
    text = str(caught.value)
    assert "picture" in text and "\n" not in text and text.endswith(("replace or remove the file", "convert the file"))


# --- PNG


def test_pngs_whose_pixels_are_not_whole(read):
    """Pillow leaves the rest black where their stream ends as it should, and looks at no checksum of theirs."""
    packed = zlib.compress(ROWS)
    assert np.array_equal(read(png(SAMPLES, 8, 2)), SAMPLES)
    for rows in (0, 1, 16, 31):
        stream = zlib.compress(ROWS[: rows * (1 + 3 * SIDE)])
        lacking = (SIDE - rows) * (1 + 3 * SIDE)
        refused(read, png(SAMPLES, 8, 2, pixels=stream), f"is damaged: its pixels end {lacking:,} of 3,104 B early")
    refused(read, png(SAMPLES, 8, 2, pixels=zlib.compress(ROWS[:-1])), "its pixels end 1 of 3,104 B early")
    refused(read, png(SAMPLES, 8, 2, pixels=packed[:500]), "is damaged: its pixels end .* of 3,104 B early")
    refused(read, png(SAMPLES, 8, 2, pixels=packed[:99] + b"\xff" + packed[100:]), "its pixels (cannot be|end)")
    refused(read, png(SAMPLES, 8, 2, pixels=b"hello"), r"its pixels cannot be unpacked \(.*\)")
    refused(read, png(SAMPLES, 8, 2, flips={b"IDAT": 1}), "is damaged: another checksum belongs to its chunk IDAT")
    adler = packed[:-1] + bytes([packed[-1] ^ 1])
    refused(read, png(SAMPLES, 8, 2, pixels=adler), r"its pixels cannot be unpacked \(.*incorrect data check\)")
    for more in (zlib.compress(ROWS * 3), packed[:-4], zlib.compress(ROWS + bytes(10**7))):  # all pixels are there
        assert np.array_equal(read(png(SAMPLES, 8, 2, pixels=more)), SAMPLES)


@pytest.mark.parametrize("kind", [b"PLTE", b"tRNS"])
def test_pngs_with_damage_beside_the_pixels(read, kind):
    data = png(GREY, 8, 3, palette=PALETTE.tobytes(), transparent=bytes(9), flips={kind: 1})
    refused(read, data, "begins as a PNG does, but is damaged|another checksum belongs to its chunk")


@pytest.mark.parametrize("cut", range(60, 3200, 199))
def test_pngs_in_several_chunks(read, cut):
    """Cut in any of them, and checked over all of them."""
    packed = zlib.compress(ROWS, 0)
    whole = png(SAMPLES, 8, 2, pixels=packed[:1000])
    more = struct.pack(">I", len(packed) - 1000) + b"IDAT" + packed[1000:]
    more += struct.pack(">I", zlib.crc32(b"IDAT" + packed[1000:]))
    data = whole[:-12] + more + whole[-12:]
    assert np.array_equal(read(data), SAMPLES)
    refused(read, data[:cut], r"is damaged: it ends in its chunk IDAT|its pixels end .* early|begins as a PNG does")
    flipped = data[:cut] + bytes([data[cut] ^ 16]) + data[cut + 1 :]
    refused(read, flipped, "is damaged|begins as a PNG does")


def test_a_png_larger_than_what_is_read_together(tmp_path):
    """Damage in any of its pieces is found."""
    samples = RANDOM.integers(0, 256, (300, 300, 3))
    path, data = tmp_path / "large.png", png(samples, 8, 2)
    assert len(data) > 4 * (1 << 16)
    path.write_bytes(data)
    assert np.array_equal(read_image(path, (300, 300, 3)), samples)
    for place in range(100, len(data) - 20, 30_011):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(DataError, match=r"large.png is damaged: (another checksum|its pixels)"):
            read_image(path, (300, 300, 3))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (8, 8), (9, 4), (17, 33)])
def test_interlaced_pngs(tmp_path, size, depth):
    """The bytes of their passes are counted as they are."""
    samples = RANDOM.integers(0, 2**depth, (*size, 1))
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    parts = [samples[top::down, left::across] for top, left, down, across in passes]
    rows = b"".join(b"\0" + row for part in parts if part.size for row in packed_rows(part, depth))
    path = tmp_path / "picture"

    def interlaced(rows: bytes) -> bytes:
        head = struct.pack(">IIBBBBB", size[1], size[0], depth, 0, 0, 0, 1)
        whole = png(samples, depth, 0, pixels=zlib.compress(rows))
        return whole[:16] + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + whole[33:]

    path.write_bytes(interlaced(rows))
    expected = np.floor(samples * 255 / (2**depth - 1) + 0.5)
    assert np.array_equal(read_image(path, (*size, 1)), expected)
    path.write_bytes(interlaced(rows[:-1]))
    with pytest.raises(DataError, match=r"is damaged: its pixels end 1 of [\d,]+ B early"):
        read_image(path, (*size, 1))


# --- palettes


def test_pixels_of_colours_that_a_palette_lacks(read):
    """Pillow makes them black."""
    samples = GREY % 16
    samples[3, 3] = 15
    message = "is damaged: it has pixels of colour {}, its palette has {} colours; replace or remove the file"
    for there in (15, 3):
        refused(read, png(samples, 8, 3, palette=PALETTE[:there].tobytes()), message.format(r"\d+", there))
    refused(read, png(samples, 8, 3), message.format(0, 0))
    rows = b"".join(packed_rows(samples, 8))
    four = b"".join(bytes([*colour, 0]) for colour in PALETTE.tolist())
    refused(read, bmp(SIDE, SIDE, 8, 0, rows, four[: 15 * 4]), message.format(15, 15))
    refused(read, gif(SIDE, SIDE, PALETTE[:8].tobytes(), lzw([*samples.ravel().tolist(), 257])), message.format(8, 8))
    assert np.array_equal(read(png(samples, 8, 3, palette=PALETTE[:16].tobytes())), PALETTE[samples[..., 0]])
    assert np.array_equal(read(bmp(SIDE, -SIDE, 8, 0, rows, four[: 16 * 4])), PALETTE[samples[..., 0]][..., ::-1])


# --- TIFF


def fax(compression: str) -> tuple[np.ndarray, bytes, int, int]:
    """A picture of two colours, its code, number of the compression, and which colour is 0."""
    pixels, data = RANDOM.integers(0, 2, (SIDE, SIDE)).astype(bool), io.BytesIO()
    Image.fromarray(pixels).save(data, "TIFF", compression=compression)
    with Image.open(data) as image:
        (begin,), (count,) = image.tag_v2[273], image.tag_v2[279]
        return pixels, data.getvalue()[begin : begin + count], image.tag_v2[259], image.tag_v2[262]


def test_tiffs_whose_strips_lack_or_are_short(read):
    """Pillow leaves black what lacks, or reads what lies behind."""
    half = len(RAW) // 2
    assert np.array_equal(read(tiff(SIDE, SIDE, 8, 2, [RAW], samples=3)), SAMPLES)
    assert np.array_equal(read(tiff(SIDE, SIDE, 8, 2, [RAW[:half], RAW[half:]], samples=3)), SAMPLES)
    refused(
        read,
        tiff(SIDE, SIDE, 8, 2, [RAW[:half]], samples=3, more={278: [SIDE // 2]}),
        "is damaged: it has 1 of 2 strips or tiles; replace or remove the file",
    )
    short = tiff(SIDE, SIDE, 8, 2, [RAW[:half], RAW[half:]], samples=3, counts=[700, half])
    refused(read, short, "is damaged: in strip or tile 1 are 700 of 1,536 B")
    refused(
        read, tiff(SIDE, SIDE, 8, 2, [RAW[:half], RAW[half:-1]], samples=3), "in strip or tile 2 are 1,535 of 1,536 B"
    )
    refused(read, tiff(SIDE, SIDE, 8, 2, [RAW], samples=3, offsets=[10**6]), "truncated")
    assert np.array_equal(read(tiff(SIDE, SIDE, 8, 2, [RAW], samples=3, counts=[0])), SAMPLES)  # it is not noted


@pytest.mark.parametrize("compression", [8, 5, 32773])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_packed_tiffs_that_hold_less(read, compression):
    """Of the same size, with nothing else wrong."""
    data = io.BytesIO()
    name = {8: "tiff_adobe_deflate", 5: "tiff_lzw", 32773: "packbits"}[compression]
    Image.fromarray(SAMPLES[:16].astype("u1")).save(data, "TIFF", compression=name)
    with Image.open(data) as image:
        (begin,), (count,) = image.tag_v2[273], image.tag_v2[279]
        strip = data.getvalue()[begin : begin + count]
        more = {259: [image.tag_v2[259]], 317: [image.tag_v2.get(317, 1)]}
    refused(read, tiff(SIDE, SIDE, 8, 2, [strip], samples=3, more=more), "cannot be read as an image: ")


@pytest.mark.parametrize("compression", ["group3", "group4"])
@pytest.mark.parametrize("reverse", [False, True])
def test_fax_code_that_ends_early(read, compression, reverse):
    """libtiff leaves the rest white, or black, and says so to the terminal alone."""
    pixels, code, number, white = fax(compression)
    more = {259: [number], 266: [2 if reverse else 1]}

    def file(some: bytes) -> bytes:
        if reverse:
            some = np.packbits(np.unpackbits(np.frombuffer(some, "u1"), bitorder="little")).tobytes()
        return tiff(SIDE, SIDE, 1, white, [some], more=more)

    assert np.array_equal(read(file(code))[..., 0], pixels * 255)
    for part in (0.25, 0.5, 0.75, 0.9):
        message = "the code does not end as Group 4 does" if compression == "group4" else r"are \d+ of 32 rows"
        refused(read, file(code[: int(len(code) * part)]), f"is damaged: in strip or tile 1 {message}")


def test_rows_of_fax_code_over_the_edges_of_what_is_looked_at_together(monkeypatch):
    line = "000000000001" + "0011011101" * 3
    bits = np.array([int(bit) for bit in line * 50], np.uint8)
    data = np.packbits(bits).tobytes()
    for size in (1, 2, 3, 7, 1 << 16):
        monkeypatch.setattr("linocut.data.fax.CHUNK", size)
        assert fax_fault(data, 50, two_dimensional=False, reversed_bits=False) == ""
        assert fax_fault(data, 51, two_dimensional=False, reversed_bits=False) == "are 50 of 51 rows"


@pytest.mark.parametrize("shared", [False, True])
def test_a_jpeg_in_a_tiff_that_ends_early(read, shared):
    """Its tables in the strip, or beside it."""
    data = io.BytesIO()
    Image.fromarray(SAMPLES.astype("u1")).save(data, "JPEG", quality=90, subsampling=0)
    strip, more = data.getvalue(), {259: [7]}
    if not shared:
        whole = tiff(SIDE, SIDE, 8, 6, [strip], samples=3, more=more)
        cut = tiff(SIDE, SIDE, 8, 6, [strip[: len(strip) // 2] + b"\xff\xd9"], samples=3, more=more)
    else:
        saved = io.BytesIO()
        Image.fromarray(SAMPLES.astype("u1")).save(saved, "TIFF", compression="jpeg")
        whole = saved.getvalue()
        with Image.open(saved) as image:
            (begin,), (count,) = image.tag_v2[273], image.tag_v2[279]
        middle = begin + count // 2
        cut = whole[:middle] + b"\xff\xd9" + bytes(begin + count - middle - 2) + whole[begin + count :]
    assert read(whole).shape == (SIDE, SIDE, 3)
    refused(read, cut, "is damaged: in strip or tile 1 its data end early, in part")


# --- PPM, GIF, BMP


@pytest.mark.parametrize("most", [15, 100, 1000])
@pytest.mark.parametrize("plain", [False, True])
def test_samples_above_the_maximum_of_a_ppm(read, most, plain):
    """Pillow clips those of raw ones."""
    values = SAMPLES % (most + 1)
    values[30, 3, 1] = most + 1
    head = f"P{3 if plain else 6}\n{SIDE} {SIDE}\n{most}\n".encode()
    body = (
        " ".join(map(str, values.ravel())).encode() if plain else values.astype("u1" if most < 256 else ">u2").tobytes()
    )
    message = "Channel value too large" if plain else f"is damaged: a sample is {most + 1:,}, must be {most:,} or less"
    refused(read, head + body, message)


def whole_files() -> dict[str, bytes]:
    """A small file of every kind that Pillow writes, or that is made here."""
    image, found = Image.fromarray(SAMPLES.astype("u1")), {}
    for form, options in (
        *(("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("GIF", {}), ("BMP", {}), ("WEBP", {})),
        *(("WEBP", {"lossless": True}), ("PPM", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})),
        *(("TIFF", {"compression": "tiff_adobe_deflate"}), ("TIFF", {"compression": "packbits"})),
        *((("AVIF", {}),) if features.check("avif") else ()),
    ):
        data = io.BytesIO()
        image.save(data, form, **options)
        found[f"{form} {options}"] = data.getvalue()
    four = b"".join(bytes([*colour, 0]) for colour in PALETTE.tolist())
    runs = b"".join(b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in GREY[..., 0].tolist()) + b"\0\1"
    found["BMP of runs"] = bmp(SIDE, SIDE, 8, 1, runs, four)
    found["GIF of plain codes"] = gif(SIDE, SIDE, PALETTE.tobytes(), lzw([*GREY.ravel().tolist(), 257]))
    found["PGM of 16 bits"] = b"P5\n32 32\n65535\n" + (GREY * 257).astype(">u2").tobytes()
    found["PNG of 16 bits"] = png(SAMPLES * 257, 16, 2)
    found["TIFF of 16 bits"] = tiff(SIDE, SIDE, 16, 2, [(SAMPLES * 257).astype("<u2").tobytes()], samples=3)
    return found


FILES = whole_files()


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_file_that_ends_anywhere(tmp_path, kind, lenient, monkeypatch):
    """Refused, or what the whole one is; also where the program has told Pillow to take what is cut."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    path, data, refusals = tmp_path / "picture", FILES[kind], 0
    path.write_bytes(data)
    expected = read_image(path, (SIDE, SIDE, 3))
    for end in (*range(0, len(data), 1 + len(data) // 150), *range(max(0, len(data) - 24), len(data))):
        path.write_bytes(data[:end])
        try:
            found = read_image(path, (SIDE, SIDE, 3))
        except DataError as error:
            assert "\n" not in str(error)
            refusals += 1
            continue
        assert np.array_equal(found, expected), f"cut at {end} of {len(data)}"
    assert refusals > 100 and ImageFile.LOAD_TRUNCATED_IMAGES is lenient


def test_gifs_and_bmps_that_end_with_all_marks(read):
    """Early, by codes of their own."""
    code = GREY.ravel().tolist()
    for some in (0, 1, 500, SIDE * SIDE - 1):
        refused(read, gif(SIDE, SIDE, PALETTE.tobytes(), lzw([*code[:some], 257])), "image file is truncated")
        refused(read, gif(SIDE, SIDE, PALETTE.tobytes(), lzw(code[:some])), "image file is truncated")
    refused(read, gif(SIDE, SIDE, PALETTE.tobytes(), lzw([1, 2, 400, *code, 257])), "broken data stream")
    four = b"".join(bytes([*colour, 0]) for colour in PALETTE.tolist())
    runs = [b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in GREY[..., 0].tolist()]
    for some in (0, 1, SIDE - 1):
        refused(read, bmp(SIDE, SIDE, 8, 1, b"".join(runs[:some]) + b"\0\1", four), "not enough image data")


def test_a_picture_that_ends_early_though_its_format_is_whole(tmp_path):
    """WebP with lengths that agree."""
    for options in ({}, {"lossless": True}):
        data = io.BytesIO()
        Image.fromarray(SAMPLES.astype("u1")).save(data, "WEBP", **options)
        whole = data.getvalue()
        for part in (0.3, 0.6, 0.95):
            size = int(len(whole) * part) & ~1
            cut = whole[:4] + struct.pack("<I", size - 8) + whole[8:16] + struct.pack("<I", size - 20) + whole[20:size]
            (tmp_path / "picture").write_bytes(cut)
            with pytest.raises(DataError, match="picture cannot be read as an image"):
                read_image(tmp_path / "picture", (SIDE, SIDE, 3))


# --- files that are none


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for call in (lambda path: read_image(path, (8, 8, 3)), image_shape):
        with pytest.raises(
            DataError, match=r"pipe.png cannot be read as an image: it is no plain file; replace or remove"
        ):
            call(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="null cannot be read as an image: it is no plain file"):
        read_image("/dev/null", (8, 8, 3))


@pytest.mark.parametrize(
    ("head", "form"),
    [
        *((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff\xe0", "JPEG"), (b"GIF89a", "GIF"), (b"BM", "BMP")),
        *((b"II*\0", "TIFF"), (b"RIFF", "WEBP"), (b"P6", "PPM")),
    ],
)
def test_what_begins_as_a_picture_is_said_to(tmp_path, head, form):
    (tmp_path / "picture").write_bytes(head + b"\x01\x02\x03" * 9)
    with pytest.raises(
        DataError, match=rf"picture (begins as a {form} does, but is damaged|cannot be read as an image)"
    ):
        read_image(tmp_path / "picture", (8, 8, 3))
