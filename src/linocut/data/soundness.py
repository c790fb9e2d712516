"""look_at: which images of a folder can be read, and of what shape each is, before any is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.images import image_shape
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_NAMED = 3  # corrupt images, in a message


@dataclass(frozen=True)
class Looked:
    """What was found of n images: `shapes` (n, 3) int32, zeros for the corrupt ones; and why these are corrupt."""

    shapes: NDArray[np.int32]
    errors: dict[Path, DataError]

    @property
    def sound(self) -> NDArray[np.bool_]:
        """Which can be read, (n,)."""
        return self.shapes[:, 0] > 0


def look_at(root: Path, names: Sequence[str], *, whole: bool) -> Looked:
    """Read the headers of all images, paths below `root`, or decode all their pixels if `whole`."""
    shapes, errors = np.zeros((len(names), 3), np.int32), {}
    for number, name in enumerate(names):
        try:
            shapes[number] = image_shape(root / name, whole=whole)
        except DataError as error:
            errors[root / name] = error
    return Looked(shapes, errors)


def named(paths: Sequence[Path]) -> str:
    """The first few paths, and how many more there are."""
    more = f" and {len(paths) - MOST_NAMED:,} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(map(str, paths[:MOST_NAMED])) + more


def refusal(errors: dict[Path, DataError], count: int, skippable: bool = True) -> DataError:
    """The error for corrupt images, of `count` in all."""
    paths = sorted(errors)
    skip = ", or skip such files (--skip-corrupt, skip_corrupt=True)" if skippable else ""
    return DataError(f"{errors[paths[0]]}{skip}; of {count:,} images {len(paths):,} cannot be read: {named(paths)}")
