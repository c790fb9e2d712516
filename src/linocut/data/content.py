"""content_of: what is in a data set, so that it is known again wherever it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linocut.data.dataset import Dataset
from linocut.data.labels import labels_of
from linocut.digest import Digest, blake2b

DIGITS = 32  # of a digest, in hexadecimal
AT_ONCE = 256  # examples whose prints are taken together


@dataclass(frozen=True)
class Content:
    """Of one class, or of all examples that have targets: how many there are, and a digest of what tells each."""

    examples: int
    digest: str


def content_of(dataset: Dataset) -> tuple[Content, ...]:
    """The content of every class, in their order; of a part that was held out, or of what that left, that of the whole.

    All examples are looked at (`Dataset.fingerprints`): it is done once for a data set.
    """
    whole = dataset.whole
    found: tuple[Content, ...] | None = vars(whole).get("_content")
    if found is None:
        found = vars(whole)["_content"] = tuple(_counted(whole))
    return found


def _counted(dataset: Dataset) -> Iterator[Content]:
    labels = labels_of(dataset)
    of_classes = 0 if dataset.targets else len(dataset.classes)  # examples of several labels are of no class
    digests: list[Digest] = [blake2b() for _ in range(max(1, of_classes))]
    for begin in range(0, len(dataset), AT_ONCE):
        places = np.arange(begin, min(begin + AT_ONCE, len(dataset)), dtype=np.int64)
        for label, one in zip(labels[places].tolist(), dataset.fingerprints(places), strict=True):
            digests[label].update(memoryview(one))
    counts = np.bincount(labels, minlength=len(digests)).tolist()
    return (Content(count, digest.hexdigest()[:DIGITS]) for count, digest in zip(counts, digests, strict=True))
