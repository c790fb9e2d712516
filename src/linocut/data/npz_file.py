"""read_npz: arrays of a NumPy .npz file; nothing in it is ever run, and no size in it is believed."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.disk import open_readonly
from linocut.errors import DataError, MachineError, one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEMBER = ".npy"
MOST_HEADER = 10_000  # bytes


def npz_names(path: Path) -> tuple[str, ...]:
    """The names of the arrays."""
    with open(open_readonly(path), "rb") as file, _opened(file, path) as archive:
        return tuple(name.removesuffix(MEMBER) for name in archive.namelist())


def read_npz(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays called `names`; DataError for what is missing, damaged, or holds Python objects."""
    with open(open_readonly(path), "rb") as file, _opened(file, path) as archive:
        return {name: _array(archive, name, path) for name in names}


def _opened(file: Any, path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise DataError(f"{path} is no .npz file ({one_line(error)}); write it with numpy.savez") from None


def _array(archive: zipfile.ZipFile, name: str, path: Path) -> NDArray[Any]:
    """One array; its header is held against the size of the member before memory is taken for it."""
    there = archive.namelist()
    if f"{name}{MEMBER}" not in there:
        raise DataError(f"{path} has no array {name!r}; there are {one_line(', '.join(there))}")
    info = archive.getinfo(f"{name}{MEMBER}")
    try:
        with archive.open(info) as member:
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(member, max_header_size=MOST_HEADER)
            if dtype.hasobject or dtype.names is not None or dtype.subdtype is not None:
                raise DataError(f"{path}: {name} holds {dtype}, must hold numbers or texts; convert it")
            wanted = math.prod(shape) * dtype.itemsize
            if wanted != info.file_size - member.tell():
                raise DataError(
                    f"{path}: {name} is {dtype} {shape}, {wanted:,} B, but {info.file_size - member.tell():,} B are "
                    "there; write the file again"
                )
            content = member.read()
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, TypeError, SyntaxError, NotImplementedError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {name} is damaged ({one_line(error)}); write the file again") from None
    except RuntimeError as error:  # encrypted
        raise DataError(f"{path}: {name} cannot be read ({one_line(error)}); write the file again") from None
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror}; check the disk") from None
    flat = np.frombuffer(content, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
