"""A network that knows five speakers adapts to the sixth from a few recordings, on the device that hears him.

    python examples/adapt.py RECORDINGS [--speaker theo] [--each 3] [--out runs]

RECORDINGS is the folder `recordings` of the Free Spoken Digit Dataset, of files DIGIT_SPEAKER_NUMBER.wav
(https://github.com/Jakobovski/free-spoken-digit-dataset). Numbers 0 to 4 of a digit and speaker are for testing, as its
authors part it; of the sixth speaker so many of `each` digit are learned from, and all but these are for testing.
Prints one JSON object: the accuracy on both before and after, the arena, and the seconds that it took to adapt.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import linocut as lc
from linocut.networks.toml_file import read_network

NETWORK = Path(__file__).with_name("spoken-digits.toml")
TESTED = 5  # recordings of each digit and speaker that are for testing
EPOCHS, RATE, BATCH = 12, 3e-3, 50
LEARNED_EPOCHS, LEARNED_RATE, LEARNED_BATCH = 30, 3e-4, 10


def parted(recordings: Path, folder: Path, part: Callable[[str, int], str | None]) -> Path:
    """A folder with `train` and `test` of links to the recordings; `part` says where one of a speaker's belongs."""
    for path in sorted(recordings.glob("*_*_*.wav")):
        digit, speaker, number = path.stem.split("_")
        where = part(speaker, int(number))
        if where is not None:
            link = folder / where / digit / path.name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                os.link(path, link)
    return folder


def folders(recordings: Path, out: Path, speaker: str, each: int) -> tuple[Path, Path]:
    """The recordings of five speakers, and those of the sixth."""

    def of_five(name: str, number: int) -> str | None:
        return None if name == speaker else "test" if number < TESTED else "train"

    def of_sixth(name: str, number: int) -> str | None:
        return None if name != speaker else "train" if TESTED <= number < TESTED + each else "test"

    return parted(recordings, out / "five", of_five), parted(recordings, out / f"{speaker}-{each}", of_sixth)


def trained(five: Path, run: Path) -> lc.Predictor:
    """What is made before the device is delivered: a network that knows five speakers."""
    train, _ = lc.data.load(five)
    network = read_network(NETWORK, shape=train.shape, classes=10)
    first = lc.Trainer(network, "lean", lc.Adam(RATE), BATCH, schedule="cosine")
    first.fit(train, EPOCHS, out=run)
    return lc.load(run)


def heard_like(predictor: lc.Predictor, folder: Path) -> tuple[lc.data.Dataset, lc.data.Dataset]:
    """The recordings of a folder to train and to test on, in the ranges that the network knows."""
    assert predictor.form is not None
    return lc.data.load(folder, form=replace(predictor.form, classes=()))


def adapted(before: lc.Predictor, sixth: Path, run: Path, out: Path) -> dict[str, float]:
    """What the device does: some epochs over a few recordings, from what it knows."""
    train, _ = heard_like(before, sixth)
    begin = time.monotonic()
    network = lc.Trainer.resume(run).network
    second = lc.Trainer(network, "lean", lc.Adam(LEARNED_RATE), LEARNED_BATCH, schedule="cosine")
    second.start_from(run)
    second.fit(train, LEARNED_EPOCHS, out=out)
    seconds = time.monotonic() - begin
    return {"recordings": len(train), "seconds": seconds, "arena_bytes": second.plan.total_bytes}


def accuracy(predictor: lc.Predictor, folder: Path) -> float:
    """On the recordings of a folder that are for testing."""
    return predictor.evaluate(heard_like(predictor, folder)[1]).accuracy or 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--speaker", default="theo")
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    given = parser.parse_args()
    five, sixth = folders(given.recordings, given.out, given.speaker, given.each)
    run, out = given.out / f"without-{given.speaker}", given.out / f"with-{given.speaker}"
    before = trained(five, run)
    cost = adapted(before, sixth, run, out)
    after = lc.load(out)
    found = {
        "speaker": given.speaker,
        "before": accuracy(before, sixth),
        "after": accuracy(after, sixth),
        "others_before": accuracy(before, five),
        "others_after": accuracy(after, five),
        **cost,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
