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
NAMES = ("shift", "flip", "crop")
SETTINGS_MEND = 'give a text such as "shift,flip", or an Augmentation'


@dataclass(frozen=True)
class Augmentation:
    """What is done to each example each time that it is trained on; nothing by default.

    `shift`: it is moved by up to this part of its height and of its width, in whole pixels, every such
    distance as probable as any other; what it leaves is filled with middle grey (u8: 127, which with 128 is
    nearest to 0; f32: 0). `flip`: one in two is mirrored left to right. `crop`: a random part of 8 % to all
    of the image, 3:4 to 4:3, is resized to the example (folders of images only; as in Szegedy et al., Going
    Deeper with Convolutions, 2014). SpecError for a shift out of range, and flags that are none.
    """

    shift: float = 0.0
    flip: bool = False
    crop: bool = False

    def __post_init__(self) -> None:
        """SpecError for a shift out of range, and flags that are none."""
        shift = self.shift
        if isinstance(shift, bool) or not isinstance(shift, (int, float)) or not (0 <= shift <= 0.5):
            raise SpecError(f"shift is {shift!r}, must be 0 to 0.5, a part of height and width; the paper's is {SHIFT}")
        for name in ("flip", "crop"):
            fields.flag(getattr(self, name), name)

    def __bool__(self) -> bool:
        """Whether anything is done at all."""
        return bool(self.shift) or self.flip or self.crop

    def __str__(self) -> str:
        """Such as "shift,flip", with its size where that is not the usual one."""
        shift = "shift" if self.shift == SHIFT else f"shift of {self.shift:g}"
        names = [shift] * bool(self.shift) + ["flip"] * self.flip + ["crop"] * self.crop
        return ",".join(names) or "none"

    def distance(self, size: int) -> int:
        """The most pixels by which `size` pixels are shifted."""
        return math.floor(self.shift * size + 1e-9)  # 0.15 * 20 may come out below 3

    def to_dict(self) -> dict[str, Any]:
        """Its settings, for a file."""
        return dataclasses.asdict(self)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """SpecError if examples of `shape` are no images."""
        if self and len(shape) != 3:
            raise SpecError(
                f"augmentation is {self}, but the network takes examples of shape {shape}, must be (height, width, "
                "channels); leave it out, or give the network the shape of images"
            )

    def check_dataset(self, dataset: Dataset) -> None:
        """DataError if it would spoil the examples of `dataset`, or cannot be done to them."""
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
    names = [name.strip() for name in what.split(",")] if what.strip() not in ("", "none") else []
    for name in names:
        if name not in NAMES:
            raise unknown_name("augmentation", name, NAMES)
    return Augmentation(SHIFT if "shift" in names else 0.0, "flip" in names, "crop" in names)


def from_dict(data: dict[str, Any]) -> Augmentation:
    """What `to_dict` wrote; SpecError or TypeError for anything else."""
    if not isinstance(data, dict):
        raise SpecError(f"augmentation is {data!r}, must be an object")
    return Augmentation(**data)
