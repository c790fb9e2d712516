"""Resizing: how pictures of other sizes become examples; a run keeps it, so that predicting sees what training saw.

"whole": the whole picture is resized to the example, its proportions with it. So are those seen whose training
pictures all had the size of an example.

"crop": the picture is resized until it covers 256/224 of the example, and its middle is taken: shapes keep their
proportions, and the rim, where objects seldom are, is left out, as is the custom for ImageNet.
"""

from __future__ import annotations

from linocut.data.dataset import Box, Resizing
from linocut.errors import SpecError, unknown_name

WHOLE: Resizing = "whole"
CROP: Resizing = "crop"
RESIZINGS: dict[str, Resizing] = {WHOLE: WHOLE, CROP: CROP}
ASSUMED: Resizing = CROP  # where it cannot be known: what predicting did when files did not say it
COVER = 256 / 224  # how much larger than wanted a picture is made before its middle is taken


def find_resizing(what: object) -> Resizing:
    """The resizing of this name; SpecError for one that does not exist."""
    if not isinstance(what, str):
        raise SpecError(f"resizing is {type(what).__name__}, must be {' or '.join(map(repr, RESIZINGS))}")
    if what not in RESIZINGS:
        raise unknown_name("resizing", what, tuple(RESIZINGS))
    return RESIZINGS[what]


def part(resizing: Resizing, height: int, width: int, size: tuple[int, int]) -> Box:
    """The part of a picture of `height` x `width` that becomes `size` (height, width)."""
    return middle(height, width, size) if resizing == CROP else (0, 0, width, height)


def middle(height: int, width: int, size: tuple[int, int]) -> Box:
    """The part that "crop" takes."""
    scale = max(round(size[0] * COVER) / height, round(size[1] * COVER) / width)
    high, wide = min(size[0] / scale, height), min(size[1] / scale, width)
    left, top = (width - wide) / 2, (height - high) / 2
    return left, top, left + wide, top + high
