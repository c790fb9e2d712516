"""extract: named members of a tar archive, gzipped or not, streamed to who wants them; nothing else is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from linocut.data.disk import AGAIN, GZIP, begins_with, open_readonly
from linocut.errors import DataError

CHUNK = 1 << 16  # bytes read at a time


@dataclass(frozen=True)
class Member:
    """What is done with a member: `use(file, size)` is given its bytes, which may be `most` at most."""

    most: int
    use: Callable[[IO[bytes], int], None]


@contextmanager
def _plain(path: Path) -> Iterator[IO[bytes]]:
    """The tar archive in a file; browsers unpack some of what they download, and keep the name."""
    import gzip

    with open(open_readonly(path), "rb") as file:
        if not begins_with(path, GZIP):
            yield file
            return
        with gzip.open(file) as plain:
            yield cast(IO[bytes], plain)


def extract(path: Path, wanted: Mapping[str, Member], inside: str = "") -> None:
    """Read the archive once and hand over the members called as in `wanted`, each of which must be a file in it.

    They may lie in its folder `inside`, or outside of any.

    Names are compared whole and no name from the archive is ever used as a path. DataError for an archive
    that is damaged (its checksum is verified) or lacks a member.
    """
    import gzip
    import tarfile

    left = dict(wanted)
    try:
        with _plain(path) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            for info in archive:
                name = info.name.removeprefix("./")
                name = name.removeprefix(f"{inside}/") if inside else name
                member = left.get(name)
                if member is None:
                    continue
                if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                    raise DataError(f"{path}: {name} is no plain file in it; {AGAIN}")
                if info.size > member.most:
                    raise DataError(f"{path}: {name} is {info.size:,} B, must be {member.most:,} or less; {AGAIN}")
                file = archive.extractfile(info)
                assert file is not None  # of a plain file it never is
                member.use(file, info.size)
                del left[name]
            while plain.read(CHUNK):  # to the end, where its checksum is
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        reason = str(error).rstrip(".")
        raise DataError(f"{path} is damaged, not a whole tar.gz archive ({reason}); {AGAIN}") from None
    if left:
        raise DataError(f"{path} lacks {', '.join(left)}{f' in {inside}' if inside else ''}; {AGAIN}")
