"""Standalone: the files that `linocut-runner` takes, which runs programs without Python.

program.bin is the binary form of a program, state.bin the bytes of its persistent buffers one after another. A feed
has, for every run, the bytes of one buffer: its name and `.bin`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from linocut.compile.binary import encode
from linocut.compile.program import Buffer, Program
from linocut.errors import DataError, MachineError, RunError
from linocut.files import make_folder, open_plain, replacing
from linocut.ops.bits import Array, padding_is_zero
from linocut.run.session import Session
from linocut.run.views import stored

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PROGRAM, STATE = "program.bin", "state.bin"


def write_program(session: Session, folder: str | os.PathLike[str]) -> None:
    """Write the program and the state of a session into a folder; MachineError where the disk will not."""
    path = Path(folder)
    make_folder(path)
    write_program_alone(session.program, path)
    write_state(session, path / STATE)


def write_program_alone(program: Program, folder: Path) -> None:
    """Write a program, without a state, into a folder that there is."""
    with replacing(folder / PROGRAM) as file:
        file.write(encode(program))


def write_state(session: Session, path: str | os.PathLike[str]) -> None:
    """Write the state of a session, for `--state`."""
    with replacing(Path(path)) as file:
        for buffer in session.program.persistent():
            file.write(session.state_bytes(buffer.name).data)


def read_state(session: Session, path: str | os.PathLike[str]) -> None:
    """Fill the state of a session from what `--save` or `write_state` wrote.

    RunError where it is another program's, or holds what no checkpoint may: a float that is no number, or bits behind
    the last of a row. The session stays as it was then. MachineError where it cannot be read.
    """
    buffers = session.program.persistent()
    wanted = sum(buffer.nbytes for buffer in buffers)
    try:
        with open(open_plain(path), "rb") as file:
            found = os.fstat(file.fileno()).st_size
            if found != wanted:
                raise RunError(f"{path} has {found:,} B, the state of this program has {wanted:,} B; it is another's")
            for buffer in buffers:  # all is looked at before any of it is taken
                data = np.empty(buffer.nbytes, np.uint8)
                _fill(file, data, path)
                _check(stored(data, dataclasses.replace(buffer, offset=0)), buffer, path)
            file.seek(0)
            for buffer in buffers:
                _fill(file, session.state_bytes(buffer.name), path)
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror or error}") from None


def check_state_bytes(session: Session, state: Array, path: str | os.PathLike[str]) -> None:
    """RunError where the bytes (n,) of a state hold what no checkpoint may, as `read_state` looks at them."""
    place = 0
    for buffer in session.program.persistent():
        some = state[place : place + buffer.nbytes].copy()
        _check(stored(some, dataclasses.replace(buffer, offset=0)), buffer, path)
        place += buffer.nbytes


def _fill(file: BinaryIO, into: Array, path: str | os.PathLike[str]) -> None:
    if file.readinto(into.data) != into.nbytes:  # type: ignore[attr-defined]  # which every file on a disk has
        raise RunError(f"{path} was cut while it was read; it is damaged")


def _check(values: Array, buffer: Buffer, path: str | os.PathLike[str]) -> None:
    if buffer.form.is_bits and not padding_is_zero(values, buffer.shape[-1]):
        raise RunError(f"{path}: {buffer.name} has bits behind its last; it is damaged")
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            raise RunError(f"{path}: {buffer.name} holds {values[~finite][0]}, must be finite numbers; it is damaged")


def write_feeds(session: Session, folder: str | os.PathLike[str], runs: Iterable[Mapping[str, ArrayLike]]) -> int:
    """Write a feed for each buffer that the first run names; returns how many runs there were.

    Each of `runs` gives the stored elements of the same buffers, as `session.array` has them: they are put there.
    """
    path, count = Path(folder), 0
    make_folder(path)
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        for run in runs:
            if not count:
                files = {name: stack.enter_context(replacing(path / f"{name}.bin")) for name in run}
            if run.keys() != files.keys():
                raise DataError(f"run {count} feeds {', '.join(run)}, the first one {', '.join(files)}")
            for name, values in run.items():
                session.array(name)[...] = values
                files[name].write(session.state_bytes(name).data)
            count += 1
    return count
