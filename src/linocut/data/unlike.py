"""unlike: whether sequences of features are unlike those that a network was trained on, by their means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 1.5  # standard deviations; eight recordings spread over what was trained on stay within 0.5


def unlike(examples: NDArray[np.float32]) -> str | None:
    """A line where a feature of examples (n, steps, features), normalised as in training, is far off on average.

    In training each has the mean 0 and the deviation 1. None where all are near, and where all steps are empty.
    """
    frames = examples[(examples != 0).any(axis=2)].astype(np.float64)
    if not len(frames):
        return None
    means = frames.mean(axis=0)
    furthest = int(np.abs(means).argmax())
    if abs(means[furthest]) <= FAR:
        return None
    return (
        f"these examples are unlike what the network was trained on: feature {furthest} is {means[furthest]:.1f} on "
        "average, where it was 0 with a deviation of 1; what is chosen for them need not suit others"
    )
