"""extract: named members of a gzipped tar archive, streamed to those who want them; nothing else is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from linocut.data.cache import AGAIN
from linocut.errors import DataError

CHUNK = 1 << 16  # bytes read at a time


@dataclass(frozen=True)
class Member:
    """What is done with a member: `use(file, size)` is given its bytes, which may be `most` at most."""

    most: int
    use: Callable[[IO[bytes], int], None]


def extract(path: Path, wanted: Mapping[str, Member]) -> None:
    """Read the archive once and hand over the members called as in `wanted`, each of which must be a file in it.

    Names are compared whole and no name from the archive is ever used as a path. DataError for an archive
    that is damaged (its checksum is verified) or lacks a member.
    """
    import gzip
    import tarfile

    left = dict(wanted)
    try:
        with gzip.open(path, "rb") as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            for info in archive:
                name = info.name.removeprefix("./")
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
        raise DataError(f"{path} lacks {', '.join(left)}; {AGAIN}")
