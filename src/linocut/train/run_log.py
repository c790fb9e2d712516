"""log.jsonl: a line for each event of a run that lasts; it grows by whole lines, so that an epoch costs what it adds.

The checkpoint says which part of it is the run's history, by a `Mark`: lines behind that are of a run that had ended or
was killed, and are written over. The log is therefore on the disk before a checkpoint that counts its lines is, but for
the first one of a folder, as files there without a checkpoint would belong to no run.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linocut import fields
from linocut.dynamics.layer import layers_of
from linocut.errors import RunError, SpecError, one_line
from linocut.json_text import parsed
from linocut.train.events import EpochEnded, Event, to_json

NAME = "log.jsonl"
MOST_LINE = 1 << 24  # bytes
MEND = "put it back as it was, or remove it to go on without the figures of past epochs"


@dataclass(frozen=True)
class Mark:
    """So many bytes from the beginning of a log, of this checksum (CRC-32)."""

    nbytes: int = 0
    crc32: int = 0

    def after(self, lines: bytes) -> Mark:
        """Where it ends with more lines."""
        return Mark(self.nbytes + len(lines), zlib.crc32(lines, self.crc32))

    @staticmethod
    def from_dict(given: object) -> Mark:
        """Of a checkpoint; SpecError for what is none."""
        data = fields.described(given, Mark, "log")
        return Mark(fields.whole(data["nbytes"], "log nbytes"), fields.whole(data["crc32"], "log crc32"))


def lines_of(events: Iterable[Event]) -> bytes:
    """A line for each; RunError for one that could not be read again."""
    lines = [json.dumps(to_json(event), allow_nan=False).encode() + b"\n" for event in events]
    longest = max(map(len, lines), default=0)
    if longest > MOST_LINE:
        raise RunError(f"a line of {NAME} would have {longest:,} B, {MOST_LINE:,} can be read; it is left as it is")
    return b"".join(lines)


def history(path: Path, mark: Mark) -> list[EpochEnded] | None:
    """The epochs of a log as far as the mark, one after the other; None where the file is gone, or of no run yet.

    RunError where it is not what was marked.
    """
    try:
        return list(_ended(path, mark))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:  # SpecError is a ValueError
        raise RunError(f"{path} is not as the checkpoint has it: {one_line(error)}; {MEND}") from None


def _ended(path: Path, mark: Mark) -> Iterator[EpochEnded]:
    last = None
    for line in _lines(path, mark):
        data = fields.mapping(parsed(line.decode()), "a line")
        if data.pop("event", None) != "epoch":
            continue
        ended = epoch_of(data, "an epoch" if last is None else f"what follows epoch {last}")
        if last is not None and ended.epoch != last + 1:
            raise SpecError(f"epoch {ended.epoch} follows {last}")
        last = ended.epoch
        yield ended


def _lines(path: Path, mark: Mark) -> Iterator[bytes]:
    """The lines as far as the mark; ValueError, after the last, where they are not those that were marked."""
    read = Mark()
    with open(path, "rb", opener=_plain) as file:
        while read.nbytes < mark.nbytes:
            line = file.readline(min(MOST_LINE, mark.nbytes - read.nbytes))
            if not line.endswith(b"\n"):
                raise ValueError(f"it has no line from byte {read.nbytes:,} to {mark.nbytes:,}")
            read = read.after(line)
            yield line
    if read != mark:
        raise ValueError(f"the checksum of its first {mark.nbytes:,} B is {read.crc32:08x}, must be {mark.crc32:08x}")


def _plain(path: str, flags: int) -> int:
    """Open a plain file; ValueError for another, at which nothing waits."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("it is no plain file")
    return descriptor


def epoch_of(entry: object, what: str) -> EpochEnded:
    """An epoch as a file has it; SpecError for anything else. Older ones lack what they did not count."""
    unsaid = dict.fromkeys(
        ("saturated", "dead_channels", "validation_loss", "validation_accuracy", "error_rate", "validation_error_rate")
    )
    data: dict[str, Any] = {**unsaid, "warnings": [], "dynamics": None, **fields.mapping(entry, what)}
    fields.described(data, EpochEnded, what)
    fields.whole(data["epoch"], f"{what}: epoch", 1)
    for name in ("accuracy", "train_accuracy", "step_ms", *unsaid):
        fields.number_or_none(data[name], f"{what}: {name}")
    for name in ("loss", "flip_ratio", "seconds"):
        fields.number(data[name], f"{what}: {name}")
    warnings = (
        fields.text(text, f"{what}: a warning") for text in fields.entries(data["warnings"], f"{what}: warnings")
    )
    return EpochEnded(**{**data, "warnings": tuple(warnings), "dynamics": layers_of(data["dynamics"], what)})
