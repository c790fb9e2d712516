"""Images of every kind that Pillow writes: thousands of damaged ones, always the same; the memory of sound ones.

LINOCUT_FUZZ=20000 tries so many of each kind.
"""

import io
import os
import random
import sys
import warnings

import numpy as np
import pytest
from peak import peak_of
from picture_files import png, tiff
from PIL import Image, features
from readers import read_picture
from spoiling import damage

from linocut.data.images import MOST_BYTES, MOST_PIXELS, read_image
from linocut.errors import LinocutError

EACH = int(os.environ.get("LINOCUT_FUZZ", "120"))
SIDE = 2048  # pixels, of the sound images
BESIDE = 2 << 20  # bytes that a process takes for modules, and for rows that a decoder has at hand
KINDS = {
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "I;16", "1", "deep LA", "deep RGB", "deep RGBA", "clear grey"),
    "JPEG": ("RGB", "L", "CMYK", "progressive"),
    "GIF": ("RGB", "RGBA", "L", "frames"),
    "BMP": ("RGB", "RGBA", "L", "P", "1"),
    "TIFF": ("RGB", "RGBA", "L", "I;16", "CMYK", "tiff_lzw", "tiff_deflate", "jpeg", "group4", "deep RGB"),
    "WEBP": ("RGB", "RGBA", "L", "lossless", "frames"),
    "PPM": ("RGB", "L", "I;16", "1"),
    **({"AVIF": ("RGB", "RGBA", "L", "frames")} if features.check("avif") else {}),
}
QUICKLY = {"AVIF": {"speed": 10}, "WEBP": {"method": 0}}  # how they are written: large ones take seconds otherwise
TURNED = 6  # as a camera notes it that was held upright
EVERY = [(form, kind) for form, kinds in KINDS.items() for kind in kinds]
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # Pillow's, of damaged TIFF
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from Linux's /proc"),
]


def most_bytes(form):
    """Those of memory for a pixel."""
    return MOST_BYTES if form in ("WEBP", "AVIF") else MOST_BYTES // 2


def picture(form, kind, side):
    """A file of an image of side x side pixels."""
    across = np.arange(side, dtype=np.uint8)
    down = across[:, None]
    colours = np.stack(np.broadcast_arrays(down * 3 + across, down // 16 * 9, across, down ^ across // 32), -1)
    if kind == "clear grey":
        return png(colours[..., :1] // 16, 4, 0, transparent=b"\0\3")
    if kind.startswith("deep"):
        samples = len(kind) - len("deep ")
        wide = colours[..., :samples] * np.uint16(257)
        if form == "TIFF":
            return tiff(side, side, 16, 2, [wide.tobytes()], samples=samples)
        return png(wide, 16, {2: 4, 3: 2, 4: 6}[samples])
    image, options = Image.fromarray(colours[..., :3]), {}
    if kind in ("RGBA", "LA"):
        image = Image.fromarray(colours).convert(kind)
    elif kind == "I;16":
        image = Image.fromarray(colours[..., 0].astype(np.uint16) * 257)
    elif kind in ("L", "P", "1", "CMYK"):
        image = image.convert(kind)
    elif kind in ("progressive", "lossless"):
        options = {kind: True}
    elif kind == "frames":
        options = {"save_all": True, "append_images": [image.rotate(90)]}
    elif kind != "RGB":
        image, options = image.convert("1" if kind == "group4" else "RGB"), {"compression": kind}
    data = io.BytesIO()
    image.save(data, form, **QUICKLY.get(form, {}), **options)
    return data.getvalue()


def read_damaged(form, kind, path):
    """Whatever was done to a file, reading it gives an image or an error of linocut's."""
    warnings.simplefilter("ignore")
    valid, chance = picture(form, kind, 9), random.Random(f"{form} {kind}")
    refused = 0
    for _ in range(EACH):
        path.write_bytes(damage(valid, chance))
        try:
            read_picture(path)
        except LinocutError:
            refused += 1
    assert refused >= EACH // 10, f"only {refused} of {EACH} were refused: nothing was damaged"


@pytest.mark.parametrize(("form", "kind"), EVERY)
def test_damaged_images_are_read_or_refused_in_bounded_memory(form, kind, tmp_path):
    assert peak_of(lambda: read_damaged(form, kind, tmp_path / "image")) <= MOST_PIXELS * most_bytes(form) + BESIDE


@pytest.mark.parametrize(("form", "kind"), EVERY)
def test_a_pixel_takes_few_bytes(form, kind, tmp_path):
    path = tmp_path / "image"
    path.write_bytes(picture(form, kind, SIDE))
    assert peak_of(lambda: read_image(path, (8, 8, 3))) <= most_bytes(form) * SIDE**2 + BESIDE


@pytest.mark.parametrize(("form", "kind"), EVERY)
def test_turning_a_picture_takes_no_more(form, kind, tmp_path):
    """Where a format notes orientations; but of a TIFF, which Pillow turns, and of the example that a picture is."""
    path, exif = tmp_path / "image", Image.Exif()
    exif[0x0112] = TURNED
    if kind.startswith("deep"):
        pytest.skip("Pillow writes no such pictures, and so none with an orientation")
    with Image.open(io.BytesIO(picture(form, kind, SIDE))) as image:
        image.save(path, form, **QUICKLY.get(form, {}))
        plain = peak_of(lambda: read_image(path, (SIDE, SIDE, 3)))
        image.save(path, form, **QUICKLY.get(form, {}), exif=exif)
    most = MOST_BYTES if form == "TIFF" else most_bytes(form)
    assert peak_of(lambda: read_image(path, (8, 8, 3))) <= most * SIDE**2 + BESIDE
    assert peak_of(lambda: read_image(path, (SIDE, SIDE, 3))) <= plain + 4 * SIDE**2 + BESIDE


@pytest.mark.parametrize(("form", "kind"), EVERY)
def test_strips_are_converted_to_what_the_whole_is(form, kind, tmp_path, monkeypatch):
    path = tmp_path / "image"
    path.write_bytes(picture(form, kind, 40))
    for channels in (1, 3):
        for converts in ("pixels", "deep"):
            monkeypatch.setattr(f"linocut.data.{converts}.STRIP", 1 << 30)
        whole = read_image(path, (40, 40, channels)), read_image(path, (7, 9, channels))
        for converts in ("pixels", "deep"):
            monkeypatch.setattr(f"linocut.data.{converts}.STRIP", 40 * 7)
        strips = read_image(path, (40, 40, channels)), read_image(path, (7, 9, channels))
        for one, other in zip(whole, strips, strict=True):
            assert np.array_equal(one, other)
