"""Pickles of dictionaries, lists and NumPy's arrays, read without running anything that is in them.

A pickle may name any function of Python to be called. Here only the names are known by which Pythons 2 and 3 and NumPys
1 and 2 write arrays, in protocols 0 to 5, and they stand for the harmless classes and functions below, so that NumPy
itself reads nothing but bytes that were counted. Source: Python's pickletools.py; NumPy's ndarray.__reduce_ex__.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODES = {"f4", *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8))}
ORDERS = {"<", ">", "|", "="}
LATIN = ("latin1", "latin-1", "iso-8859-1")
MOST_RANK, MOST_SIZE = 4, 1 << 40


class Refused(pickle.UnpicklingError):
    """What a pickle holds that is not read."""


class Dtype:
    """Stands for a NumPy dtype: its code, such as "u1", and its byte order."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = _text(code)
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        order = _text(state[1])
        if order not in ORDERS:
            raise Refused("a byte order that there is not")
        self.order = order

    def of_numpy(self) -> np.dtype[Any]:
        """The real one; Refused for other than whole numbers and 32-bit floats."""
        if self.code not in CODES:
            raise Refused("an array of other than whole numbers and 32-bit floats")
        return np.dtype(self.order + self.code)


class Array:
    """Stands for a NumPy array: its shape, dtype and bytes, `order` "C" by row or "F" by column."""

    def __init__(self, *_: object) -> None:
        self.shape: object = None
        self.dtype: object = None
        self.raw: object = None
        self.order = "C"

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, by_column, self.raw = state
        self.order = "F" if by_column else "C"

    def of_numpy(self) -> NDArray[Any]:
        """The real one, of the same bytes; Refused where these do not fit it."""
        shape, raw = self.shape, self.raw
        if not isinstance(self.dtype, Dtype) or not isinstance(raw, bytes) or not isinstance(shape, tuple):
            raise Refused("an array that is not whole")
        dtype = self.dtype.of_numpy()
        if len(shape) > MOST_RANK or not all(type(size) is int and 0 <= size <= MOST_SIZE for size in shape):
            raise Refused("an array of a shape that it cannot have")
        if math.prod(shape) * dtype.itemsize != len(raw):
            raise Refused(f"an array of {' x '.join(map(str, shape))} in {len(raw):,} B")
        return np.frombuffer(raw, dtype).reshape(shape, order="F" if self.order == "F" else "C")


def _text(value: object) -> str:
    """A short text, which Python 2 wrote as bytes."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not isinstance(text, str) or len(text) > 8:
        raise Refused("a type that is no text")
    return text


def _reconstruct(*_: object) -> Array:
    """An array that is to be filled."""
    return Array()


def _frombuffer(raw: object, dtype: object, shape: object, order: object, axes: object = None) -> Array:
    """An array, as protocol 5 writes it."""
    if order not in ("C", "F") or axes is not None:
        raise Refused("an array in another order than by row or by column")
    array = Array()
    array.raw, array.dtype, array.shape, array.order = raw, dtype, shape, order
    return array


def _scalar(dtype: object, raw: object) -> int:
    """A number of NumPy's."""
    kind = dtype.of_numpy() if isinstance(dtype, Dtype) else None
    if kind is None or not isinstance(raw, bytes) or len(raw) != kind.itemsize:
        raise Refused("a number that is not whole")
    return int(np.frombuffer(raw, kind)[0])


def _encode(text: object, encoding: object) -> bytes:
    """Bytes, as Python 3 writes them in protocols 0 to 2."""
    if not isinstance(text, str) or encoding not in LATIN:
        raise Refused("a text in another encoding than Latin-1")
    return text.encode("latin-1")


KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Dtype,
    ("_codecs", "encode"): _encode,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")  # of NumPy 1, of NumPy 2
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
}

_OUTSIDE = (pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.PERSID, pickle.BINPERSID)
_OBJECTS = (pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX)
_SETS = (pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET)  # would hash what they hold


def _is_plain(key: object) -> bool:
    """A text, or a pair of texts and numbers, as RadioML's keys are."""
    parts = key if isinstance(key, tuple) and len(key) == 2 else (key,)
    return all(isinstance(part, (bytes, str)) or (type(part) is int and parts is key) for part in parts)


def _with_named_keys(opcode: bytes, keys: slice) -> Callable[[Any], None]:
    """What makes entries of a dictionary, of texts and pairs alone: the hash of a tuple of tuples can take for ever."""
    load = pickle._Unpickler.dispatch[opcode[0]]

    def checked(unpickler: Any) -> None:
        if not all(map(_is_plain, unpickler.stack[keys])):
            raise Refused("a key that is no text")
        load(unpickler)

    return checked


def _build(unpickler: Any) -> None:
    """The state of an array or a dtype, and of nothing else that is named."""
    if type(unpickler.stack[-2]) not in (Array, Dtype):
        raise Refused("a state of what has none")
    pickle._Unpickler.dispatch[pickle.BUILD[0]](unpickler)


def _bytearray(unpickler: Any) -> None:
    """Bytes as protocol 5 writes those of an array; Python's own would make room before it reads."""
    unpickler.append(unpickler.read(int.from_bytes(unpickler.read(8), "little")))


def _refused(what: str) -> Callable[[Any], None]:
    def refuse(unpickler: Any) -> None:
        raise Refused(what)

    return refuse


class _Unpickler(pickle._Unpickler):  # in Python: the C one would make room for as many objects as a file claims
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **pickle._Unpickler.dispatch,
        **dict.fromkeys((code[0] for code in _OUTSIDE), _refused("it refers to what is outside of the file")),
        **dict.fromkeys((code[0] for code in _OBJECTS), _refused("it holds other objects than arrays")),
        **dict.fromkeys((code[0] for code in _SETS), _refused("it holds sets")),
        pickle.BUILD[0]: _build,
        pickle.BYTEARRAY8[0]: _bytearray,
        pickle.DICT[0]: _with_named_keys(pickle.DICT, slice(0, None, 2)),
        pickle.SETITEM[0]: _with_named_keys(pickle.SETITEM, slice(-2, -1)),
        pickle.SETITEMS[0]: _with_named_keys(pickle.SETITEMS, slice(0, None, 2)),
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return KNOWN[module, name]
        except KeyError:
            raise Refused(f"it names {module}.{name}") from None


class _Bounded:
    """The `left` bytes of a file, of which no more can be asked for, so that no claim of a file costs memory."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self._file, self._left = file, left

    def read(self, count: int) -> bytes:
        data = self._file.read(count) if count <= self._left else b""
        if len(data) < count:
            raise Refused("it ends too early")
        self._left -= count
        return data

    def readline(self) -> bytes:
        line = self._file.readline(self._left)
        self._left -= len(line)
        return line


def load(file: IO[bytes], size: int) -> object:
    """What a pickle of `size` bytes holds: texts of Python 2 as bytes, NumPy's numbers as int, its arrays as Array.

    Of a damaged or another pickle it may raise anything.
    """
    return _Unpickler(_Bounded(file, size), encoding="bytes").load()
