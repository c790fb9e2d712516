"""A folder of pictures as people have them: of every mode, format and size, turned, with names of any script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

# A pattern a class, by the phases of its rows and columns: what a small network tells apart at any size.
CLASSES = ("étoile", "ringe", "строки", "列")
LONELY = "einzelstück"  # a class of one picture
MODES = ("RGB", "L", "P", "RGBA", "LA", "CMYK", "I;16", "1")
FORMATS = {
    "RGB": ".jpg",
    "L": ".jpeg",
    "P": ".png",
    "RGBA": ".png",
    "LA": ".png",
    "CMYK": ".jpg",
    "I;16": ".png",
    "1": ".bmp",
}
ORIENTATION = 0x0112
TURNED = 6  # must be turned clockwise to be upright


def pattern(name: str, height: int, width: int, draw: np.random.Generator) -> np.ndarray:
    """Grey values (height, width) uint8 of a class, with noise, brightness and phase of its own."""
    rows, columns = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    phase = draw.uniform(0, 0.3)
    waves = {
        "étoile": np.sin(2 * np.pi * 3 * (rows + phase)) * np.sin(2 * np.pi * 3 * (columns + phase)),
        "ringe": np.cos(2 * np.pi * 5 * (np.hypot(rows - 0.5, columns - 0.5) + 0.1 * phase)),
        "строки": np.sin(2 * np.pi * 4 * (rows + phase)),
        "列": np.sin(2 * np.pi * 4 * (columns + phase)),
        LONELY: np.ones_like(rows),
    }
    grey = 128 + 80 * waves[name] + draw.normal(0, 12, (height, width)) + draw.uniform(-30, 30)
    return np.clip(grey, 0, 255).astype(np.uint8)


def picture(grey: np.ndarray, mode: str) -> Image.Image:
    """The pattern in a mode of Pillow's."""
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "P":
        return Image.fromarray(np.stack([grey, grey, 255 - grey], -1)).quantize(32)
    return Image.fromarray(grey).convert("RGB").convert(mode)


def write(folder: Path, name: str, number: int, draw: np.random.Generator) -> None:
    """One picture of a class, 40 to 220 pixels wide and high; one in five is stored on its side."""
    height, width = (int(size) for size in draw.integers(40, 221, 2))
    mode = MODES[number % len(MODES)]
    made, given = picture(pattern(name, height, width, draw), mode), {}
    if number % 5 == 0 and FORMATS[mode].startswith(".jp"):
        made = made.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[ORIENTATION] = TURNED
        given["exif"] = exif
    folder.mkdir(parents=True, exist_ok=True)
    made.save(folder / f"{name} {number:03} ñ{FORMATS[mode]}", **given)


def make(folder: Path, count: int, classes: tuple[str, ...] = CLASSES, *, lonely: bool = True, seed: int = 0) -> None:
    """So many pictures of classes in turn, and one of the class of one."""
    draw = np.random.default_rng(seed)
    for number in range(count):
        write(folder / classes[number % len(classes)], classes[number % len(classes)], number // len(classes), draw)
    if lonely:
        write(folder / LONELY, LONELY, 0, draw)
