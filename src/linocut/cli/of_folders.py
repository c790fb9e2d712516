"""What is chosen for a folder of pictures where nothing is said of network, size, batch and schedule.

A network that goes on from a trained run has its size from there: batch and schedule are chosen for it too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

MODEL, SCHEDULE = "convnet", "cosine"
LEAST_BATCH, MOST_BATCH = 16, 100
STEPS = 20  # in an epoch: fewer are too few updates, and more of smaller batches are noise to the norms


@dataclass(frozen=True)
class Choice:
    """What is chosen; None and False where an option that was given decides."""

    model: str | None
    size: tuple[int, int] | None
    batch: bool
    schedule: str | None

    @property
    def told(self) -> Iterator[str]:
        """The options in which people could have said so, but for the batch."""
        if self.model is not None:
            yield f"--model {self.model}"
        if self.size is not None:
            yield f"--size {self.size[0]}x{self.size[1]}"
        if self.schedule is not None:
            yield f"--schedule {self.schedule}"

    def note(self, batch: int) -> str:
        """The line that says what was chosen; `batch` is the one that is used."""
        options = " ".join([*self.told, *([f"--batch {batch}"] if self.batch else [])])
        return f"chosen for a folder of pictures: {options}; give any of these to have it otherwise"


def choose(data: str | None, given: Collection[str]) -> Choice | None:
    """The choice for the data set `data` by the names of the options that were given.

    None for all but folders of pictures, where all that could be chosen is given, and where the network is described:
    by its name or its widths. With a trained run to begin from (`source`) that decides on network and size.
    """
    from linocut.data import is_image_folder

    if data is None or ("source" not in given and set(given) & {"model", "hidden"}) or not is_image_folder(data):
        return None
    batch = not set(given) & {"batch", "micro_batch", "budget"}
    schedule = None if "schedule" in given else SCHEDULE
    if "source" in given:
        return Choice(None, None, batch, schedule) if batch or schedule else None
    from linocut.networks.convnet import SIZE

    return Choice(MODEL, None if "size" in given else SIZE, batch, schedule)


def fitted_batch(examples: int) -> int:
    """A batch by which an epoch of so many examples has some 20 steps: from 16 to 100, and no more than there are."""
    return min(examples, max(LEAST_BATCH, min(MOST_BATCH, examples // STEPS)))
