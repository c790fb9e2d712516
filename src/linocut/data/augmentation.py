"""Augmentation: which random changes training examples go through; a declaration, carried out by augment.py."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from linocut import fields
from linocut.data.dataset import Dataset
from linocut.errors import DataError, SpecError, unknown_name

SHIFT = 0.15  # of height and width, as in the paper
ROTATE = 10.0  # degrees
MOST_ROTATE = 45.0
NOISE, MOST_NOISE = 0.3, 10.0  # standard deviations, of normalised features
GREY, EDGE = "grey", "edge"
NAMES = ("shift", "flip", "crop", "rotate", EDGE, "noise")
SIZED = ("shift", "rotate", "noise")
NEWER: dict[str, Any] = {"rotate": 0.0, "fill": GREY, "noise": 0.0}
SETTINGS_MEND = 'give a text such as "shift,flip" or "shift=0.1,rotate=8,edge", or an Augmentation'


@dataclass(frozen=True)
class Augmentation:
    """What is done to each example each time that it is trained on; nothing by default.

    `shift`: it is moved by up to this part of its height and of its width, in whole pixels, every such
    distance as probable as any other; what it leaves is filled, by `fill`, with middle grey (u8: 127, which with 128 is
    nearest to 0; f32: 0), or each pixel as the nearest of its "edge", which suits drawings on a plain ground. `flip`:
    one in two is mirrored left to right. `crop`: a random part of 8 % to all of the image, 3:4 to 4:3, is resized to
    the example (folders of images only; as in Szegedy et al., Going Deeper with Convolutions, 2014). `rotate`: it is
    turned about its middle by up to so many degrees to either side, and filled from its edge. `noise`: numbers of this
    standard deviation are added to all of an example's, but not to steps that are all zeros (examples of floats only).
    SpecError for a size out of range, an edge without a shift, and flags that are none.
    """

    shift: float = 0.0
    flip: bool = False
    crop: bool = False
    rotate: float = 0.0
    fill: str = GREY
    noise: float = 0.0

    def __post_init__(self) -> None:
        """SpecError for a size out of range, an edge without a shift, and flags that are none."""
        shift = self.shift
        if isinstance(shift, bool) or not isinstance(shift, (int, float)) or not (0 <= shift <= 0.5):
            raise SpecError(f"shift is {shift!r}, must be 0 to 0.5, a part of height and width; the paper's is {SHIFT}")
        for name in ("flip", "crop"):
            fields.flag(getattr(self, name), name)
        turn = self.rotate
        if isinstance(turn, bool) or not isinstance(turn, (int, float)) or not (0 <= turn <= MOST_ROTATE):
            raise SpecError(f"rotate is {turn!r}, must be 0 to {MOST_ROTATE:g} degrees, such as {ROTATE:g}")
        if not 0.0 <= fields.number(self.noise, "noise") <= MOST_NOISE:
            raise SpecError(f"noise is {self.noise!r}, must be 0 to {MOST_NOISE:g}, a deviation such as {NOISE}")
        fields.one_of(self.fill, "fill", (GREY, EDGE))
        if self.fill == EDGE and not shift:
            raise SpecError("edge says how what a shift leaves is filled, but there is none; add shift or leave it out")

    def __bool__(self) -> bool:
        """Whether anything is done at all."""
        return self.moves or bool(self.noise)

    @property
    def moves(self) -> bool:
        """Whether pixels of images are moved."""
        return bool(self.shift) or self.flip or self.crop or bool(self.rotate)

    def __str__(self) -> str:
        """Such as "shift,flip", or "shift=0.1" where a size is not the usual one: `find_augmentation` takes it."""
        shift = "shift" if self.shift == SHIFT else f"shift={self.shift:g}"
        turn = "rotate" if self.rotate == ROTATE else f"rotate={self.rotate:g}"
        names = [shift] * bool(self.shift) + ["flip"] * self.flip + ["crop"] * self.crop
        noise = "noise" if self.noise == NOISE else f"noise={self.noise:g}"
        names += [turn] * bool(self.rotate) + [EDGE] * (self.fill == EDGE) + [noise] * bool(self.noise)
        return ",".join(names) or "none"

    def distance(self, size: int) -> int:
        """The most pixels by which `size` pixels are shifted."""
        return math.floor(self.shift * size + 1e-9)  # 0.15 * 20 may come out below 3

    def to_dict(self) -> dict[str, Any]:
        """Its settings, for a file: as older linocuts wrote and read them, where none is newer."""
        found = dataclasses.asdict(self)
        return {name: value for name, value in found.items() if name not in NEWER or value != NEWER[name]}

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """SpecError if examples of `shape` are no images."""
        if self.moves and len(shape) != 3:
            raise SpecError(
                f"augmentation is {self}, but the network takes examples of shape {shape}, must be (height, width, "
                "channels); leave it out, or give the network the shape of images"
            )

    def check_dataset(self, dataset: Dataset) -> None:
        """DataError if it would spoil the examples of `dataset`, or cannot be done to them."""
        if self.noise and dataset.dtype != "f32":
            raise DataError(
                f"augmentation is {self}, but {dataset.name} has examples of bytes; leave out noise, or take features "
                "in floats (--features mfcc)"
            )
        if self.flip and dataset.handed:
            raise DataError(
                f"augmentation is {self}, but mirrored examples of {dataset.name} are none of their class any more; "
                "leave out flip"
            )
        if self.crop and not dataset.crops:
            raise DataError(
                f"augmentation is {self}, but {dataset.name} has no images to crop, only folders of images have; "
                "leave out crop, or take shift"
            )


def find_augmentation(what: str | Augmentation | None) -> Augmentation:
    """The augmentation itself, or that of names such as "shift,flip"; none for None, "" and "none".

    SpecError for anything else.
    """
    if what is None:
        return Augmentation()
    if isinstance(what, Augmentation):
        return what
    if not isinstance(what, str):
        raise SpecError(f"augment is {type(what).__name__}; {SETTINGS_MEND}")
    given = [part.partition("=") for part in what.split(",")] if what.strip() not in ("", "none") else []
    names = [name.strip() for name, _, _ in given]
    for name in names:
        if name not in NAMES:
            raise unknown_name("augmentation", name, NAMES)
    sizes = {"shift": SHIFT, "rotate": ROTATE, "noise": NOISE}
    sizes |= {name: _size(name, text) for name, (_, sign, text) in zip(names, given, strict=True) if sign}
    return Augmentation(
        sizes["shift"] if "shift" in names else 0.0,
        "flip" in names,
        "crop" in names,
        sizes["rotate"] if "rotate" in names else 0.0,
        EDGE if EDGE in names else GREY,
        sizes["noise"] if "noise" in names else 0.0,
    )


def _size(name: str, text: str) -> float:
    """The size in a text such as "shift=0.1"; SpecError where there is none."""
    if name not in SIZED:
        known = f"{', '.join(SIZED[:-1])} and {SIZED[-1]}"
        raise SpecError(f"augmentation {name} has the size {text!r}, but takes none; only {known} do")
    try:
        return float(text)
    except ValueError:
        raise SpecError(f"the size of {name} is {text!r}, must be a number, such as {name}=0.1") from None


def from_dict(data: dict[str, Any]) -> Augmentation:
    """What `to_dict` wrote; SpecError or TypeError for anything else."""
    if not isinstance(data, dict):
        raise SpecError(f"augmentation is {data!r}, must be an object")
    return Augmentation(**data)
