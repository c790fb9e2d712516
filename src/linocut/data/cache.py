"""The cache folder, where downloads and unpacked files live; all in it is written whole or not at all."""

from __future__ import annotations

import glob
import os
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from linocut.data.disk import AGAIN, open_readonly
from linocut.digest import Digest, blake2b
from linocut.errors import DataError, MachineError
from linocut.files import expanded, unwritable

CHUNK = 1 << 16  # bytes unpacked at a time
READ = 1 << 16  # bytes of a source that are digested at a time
DIGITS = 32  # of a digest, in the name of a copy: 128 bits


def known_cache() -> Path | None:
    """`$XDG_CACHE_HOME/linocut`, or `~/.cache/linocut`; None where neither is known, as for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    place = Path(base) if os.path.isabs(base) else expanded("~/.cache")
    return place / "linocut" if place.is_absolute() else None


def default_cache() -> Path:
    """The known cache, MachineError where there is none."""
    place = known_cache()
    if place is None:
        raise MachineError(
            "no home folder is known, and so no cache; set XDG_CACHE_HOME to a folder that can be written"
        )
    return place


def unpacked(source: Path, check: Callable[[Path], None], cache: Path | None = None) -> Path:
    """The content of the gzipped file `source`, unpacked into the cache unless it lies there already."""
    advice = f", or unpack it beside itself: gunzip -k {source}"
    return converted(
        [source], source.name.removesuffix(".gz"), lambda part: _gunzip(source, part), check, cache, advice
    )


def converted(
    sources: Sequence[Path],
    name: str,
    write: Callable[[Path], None],
    check: Callable[[Path], None],
    cache: Path | None = None,
    advice: str = "",
) -> Path:
    """What `write(path)` makes of the files `sources`, a file or a folder, in the cache; made once.

    `check(path)` raises DataError for content that will not do. The copy is named after `name`, the sources' paths
    and a digest of all their bytes, so that a changed source is converted anew, whatever its size and times are, and
    its older copies are removed. Raises DataError for a damaged source, one that changes meanwhile, and a cache whose
    path cannot be one, MachineError where it cannot be written (`advice`: what else the user may do); neither leaves
    anything behind.
    """
    folder = (cache or default_cache()) / "unpacked"
    prefix, stamp = _key(sources, name)
    target = folder / f"{prefix}.{stamp}"
    if _holds(target, check):
        return target
    part = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident():x}.part")
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write(part)
            check(part)
            if _key(sources, name) != (prefix, stamp):
                raise DataError(f"{sources[0]} changed while it was read; run it again once the files are whole")
            _move(part, target, check)
            for old in folder.glob(f"{glob.escape(prefix)}.*"):
                if old != target and old.suffix != ".part":
                    _remove(old)
        finally:
            if os.path.isdir(folder):
                _remove(part)
    except MachineError:
        raise
    except OSError as error:
        raise unwritable(
            error,
            f"{sources[0]} cannot be unpacked into {folder}: {error.strerror or error}",
            f"set XDG_CACHE_HOME to a folder that can be written{advice}",
            DataError,
        ) from None
    return target


def _key(sources: Sequence[Path], name: str) -> tuple[str, str]:
    """What the copy is called: a part that stays as the sources change, and one that tells their bytes.

    Every byte is read: sizes and times stay the same where files are restored, copied with their times, or lie on file
    systems that keep these to two seconds.
    """
    paths = bytes(1).join(os.fsencode(source.resolve()) for source in sources)
    digest, buffer = blake2b(), bytearray(READ)
    for source in sources:
        digest.update(
            memoryview(_add(digest, source, buffer).to_bytes(8, "little"))
        )  # where one ends and another begins
    return f"{name}.{zlib.crc32(paths):08x}", digest.hexdigest()[:DIGITS]


def _add(digest: Digest, source: Path, buffer: bytearray) -> int:
    """Take in the bytes of a file; how many there were."""
    file, count, view = open_readonly(source), 0, memoryview(buffer)
    try:
        while got := os.readv(file, [buffer]):
            digest.update(view[:got])
            count += got
    except OSError as error:
        raise MachineError(f"{source} cannot be read: {error.strerror}; check the disk") from None
    finally:
        os.close(file)
    return count


def _holds(target: Path, check: Callable[[Path], None]) -> bool:
    """Whether the copy is there, and not damaged by something else."""
    if not os.path.exists(target):
        return False
    try:
        check(target)
        return True
    except DataError:
        return False


def _move(part: Path, target: Path, check: Callable[[Path], None]) -> None:
    """Give the copy its name; a folder cannot take another's, which is damaged or another process's, nor a file's."""
    if os.path.isdir(target) or (os.path.isdir(part) and os.path.lexists(target)):
        if _holds(target, check):
            return
        _remove(target)
    os.replace(part, target)


def _remove(path: Path) -> None:
    import shutil

    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _gunzip(source: Path, part: Path) -> None:
    """Stream the content of `source` into the new file `part`; OSErrors are those of `part`."""
    import gzip

    with open(open_readonly(source), "rb") as file, gzip.open(file) as packed, open(part, "xb") as out:
        while True:
            try:
                chunk = packed.read(CHUNK)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise DataError(
                    f"{source} is damaged, not a whole gzip file ({str(error).rstrip('.')}); {AGAIN}"
                ) from None
            except OSError as error:
                raise MachineError(f"{source} cannot be read: {error.strerror}; check the disk") from None
            if not chunk:
                return
            out.write(chunk)
