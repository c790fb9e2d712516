"""A batch of CIFAR-10's Python version: a pickle, read without running anything that is in it.

The published files are pickles of Python 2: a dictionary of `data`, a NumPy array of u8 (n, 3072), `labels`, a
list, and names. A pickle may name any function of Python to be called; here only the four names that such a
file holds are known, and they stand for the harmless classes below, so that not even NumPy sees its bytes.
Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import pickle
import tarfile
import zlib
from collections.abc import Callable
from typing import IO, Any, ClassVar

from linocut.data.disk import AGAIN
from linocut.errors import DataError

PIXELS = 3 * 32 * 32


class _Array:
    """Stands for a NumPy array: its shape and its bytes."""

    def __init__(self, *_: object) -> None:
        self.shape: object = None
        self.raw: object = None

    def __setstate__(self, state: Any) -> None:
        _, self.shape, kind, by_column, self.raw = state
        if not isinstance(kind, _Dtype) or kind.code not in (b"u1", "u1") or by_column:
            raise pickle.UnpicklingError("an array that is not of u8, row by row")


class _Dtype:
    """Stands for a NumPy dtype; u1, the only one, has no byte order to note."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        pass


def _reconstruct(*_: object) -> _Array:
    return _Array()


KNOWN: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 2 calls it so
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
}


_REFUSED = (
    pickle.BYTEARRAY8,  # makes room before it reads
    *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.PERSID, pickle.BINPERSID),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX),
    *(pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET),  # would hash what they hold
)


def _with_named_keys(opcode: bytes, keys: slice) -> Callable[[Any], None]:
    """What makes entries of a dictionary, of texts alone: the hash of a tuple of tuples can take for ever."""
    load = pickle._Unpickler.dispatch[opcode[0]]

    def checked(unpickler: Any) -> None:
        if not all(isinstance(key, (bytes, str)) for key in unpickler.stack[keys]):
            raise pickle.UnpicklingError("a key that is no text")
        load(unpickler)

    return checked


def _build(unpickler: Any) -> None:
    """The state of an array or a dtype, and of nothing else that is named."""
    if type(unpickler.stack[-2]) not in (_Array, _Dtype):
        raise pickle.UnpicklingError("a state of what has none")
    pickle._Unpickler.dispatch[pickle.BUILD[0]](unpickler)


class _Unpickler(pickle._Unpickler):  # in Python: the C one would make room for as many objects as a file claims
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **{code: load for code, load in pickle._Unpickler.dispatch.items() if bytes([code]) not in _REFUSED},
        pickle.BUILD[0]: _build,
        pickle.DICT[0]: _with_named_keys(pickle.DICT, slice(0, None, 2)),
        pickle.SETITEM[0]: _with_named_keys(pickle.SETITEM, slice(-2, -1)),
        pickle.SETITEMS[0]: _with_named_keys(pickle.SETITEMS, slice(0, None, 2)),
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None


class _Bounded:
    """The `left` bytes of a file, of which no more can be asked for, so that no claim of a file costs memory."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self._file, self._left = file, left

    def read(self, count: int) -> bytes:
        data = self._file.read(count) if count <= self._left else b""
        if len(data) < count:
            raise pickle.UnpicklingError("it ends too early")
        self._left -= count
        return data

    def readline(self) -> bytes:
        line = self._file.readline(self._left)
        self._left -= len(line)
        return line


def read_batch(file: IO[bytes], size: int, shown: str) -> tuple[list[int], bytes]:
    """The labels (n), 0 to 9, and the pixels (n * 3072 bytes: image, channel, row, column) of a file of `size` bytes.

    `shown` names the file in messages. DataError for anything but a batch of CIFAR-10; errors of reading an
    archive or a disk are left to the caller.
    """
    try:
        batch = _Unpickler(_Bounded(file, size), encoding="bytes").load()
    except (MemoryError, OSError, EOFError, zlib.error, tarfile.TarError):
        raise
    except Exception as error:  # a damaged pickle may raise anything
        reason = str(error).strip() or type(error).__name__
        raise DataError(
            f"{shown} is not a batch of CIFAR-10's Python version, and nothing in it was run ({reason[:80]}); {AGAIN}"
        ) from None
    data, labels = _field(batch, "data", shown), _field(batch, "labels", shown)
    if not isinstance(data, _Array) or not isinstance(data.raw, bytes) or not isinstance(labels, list):
        raise DataError(f"{shown}: data and labels must be an array of u8 and a list; {AGAIN}")
    count = len(labels)
    if not count or data.shape != (count, PIXELS) or len(data.raw) != count * PIXELS:
        raise DataError(
            f"{shown} holds {count:,} labels and data of shape {_shown(data.shape)} in {len(data.raw):,} B, must "
            f"hold an image of {PIXELS:,} B for each label; {AGAIN}"
        )
    for number, label in enumerate(labels):
        if type(label) is not int or not 0 <= label <= 9:
            raise DataError(f"{shown}: label of example {number:,} is {_shown(label)}, must be 0 to 9; {AGAIN}")
    return labels, data.raw


def _shown(value: object) -> str:
    """A value for a message; a text of tuples in tuples could be of any length."""
    parts = value if isinstance(value, tuple) else (value,)
    plain = all(isinstance(part, (int, float, bytes, str)) for part in parts)
    return str(value)[:40] if plain and len(parts) < 8 else f"a {type(value).__name__}"


def _field(batch: object, name: str, shown: str) -> object:
    found = batch.get(name.encode(), batch.get(name)) if isinstance(batch, dict) else None
    if found is None:
        raise DataError(f"{shown} has no {name}, must be a batch of CIFAR-10's Python version; {AGAIN}")
    return found
