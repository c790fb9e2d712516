"""The cache folder, where downloads and unpacked files live; all in it is written whole or not at all."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

from linocut.errors import DataError, MachineError

CHUNK = 1 << 16  # bytes unpacked at a time
AGAIN = "get the file again"


def default_cache() -> Path:
    """`$XDG_CACHE_HOME/linocut`, or `~/.cache/linocut`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path("~/.cache").expanduser()) / "linocut"


def unpacked(source: Path, check: Callable[[Path], None], cache: Path | None = None) -> Path:
    """The content of the gzipped file `source`, unpacked into the cache unless it lies there already.

    `check(path)` raises DataError for unpacked content that will not do. The copy is named after the source's
    path, size and time, so a changed source is unpacked anew, and its older copies are removed. Raises
    DataError for a damaged source, MachineError where the cache cannot be written; neither leaves a file
    behind.
    """
    folder = (cache or default_cache()) / "unpacked"
    try:
        stat = source.stat()
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}; check the path and its permissions") from None
    prefix = f"{source.name.removesuffix('.gz')}.{zlib.crc32(os.fsencode(source.resolve())):08x}"
    target = folder / f"{prefix}.{stat.st_size:x}.{stat.st_mtime_ns:x}"
    if os.path.isfile(target):
        try:
            check(target)
            return target
        except DataError:  # a copy that something else has damaged
            pass
    part = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident():x}.part")
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _gunzip(source, part)
            check(part)
            os.replace(part, target)
            for old in folder.glob(f"{prefix}.*"):
                if old != target and old.suffix != ".part":
                    old.unlink(missing_ok=True)
        finally:
            if part.parent.is_dir():
                part.unlink(missing_ok=True)
    except MachineError:
        raise
    except OSError as error:
        raise MachineError(
            f"{source} cannot be unpacked into {folder}: {error.strerror or error}; make room there, set "
            f"XDG_CACHE_HOME to a folder that can be written, or unpack it beside itself: gunzip -k {source}"
        ) from None
    return target


def _gunzip(source: Path, part: Path) -> None:
    """Stream the content of `source` into the new file `part`; OSErrors are those of `part`."""
    import gzip

    try:
        packed = gzip.open(source, "rb")  # noqa: SIM115, to tell its errors from those of writing
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}; check the path and its permissions") from None
    with packed, open(part, "xb") as out:
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
