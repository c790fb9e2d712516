"""Tensor files in the safetensors format: written straight from arrays that already exist, read one tensor at a time.

The format: the length of a JSON header in 8 bytes, the header (type, shape and place of every tensor, and a
map of texts, the metadata), the tensors' bytes. Nothing in it is ever executed. Source:
https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from linocut.errors import RunError
from linocut.files import replacing
from linocut.ops.bits import Array

_CODES = {"uint8": "U8", "int32": "I32", "uint64": "U64", "float32": "F32"}
_DTYPES = {code: name for name, code in _CODES.items()}
ALIGNMENT = 8


def save(path: Path, tensors: Mapping[str, Array], kind: str, version: int, description: Mapping[str, Any]) -> None:
    """Write `tensors`, whole or not at all, with a `description` in JSON; MachineError where the disk will not.

    `kind` and `version` say what the file is, for `TensorFile` to check. No copy of a contiguous array is
    made.
    """
    metadata = {
        "format": kind,
        "version": str(version),
        "description": json.dumps(description, allow_nan=False),
    }
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, array in tensors.items():
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": _CODES[array.dtype.name], "shape": array.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).data)


class TensorFile:
    """A tensor file to read: `description` is what it was saved with, `read` gives its tensors.

    RunError with the reason for a file that is missing, damaged, of another kind or of a newer version.
    """

    def __init__(self, path: Path, kind: str, version: int) -> None:
        """Open the file and check what it is."""
        from safetensors import SafetensorError, safe_open  # late: only reading pays for it

        self.path = path
        self._file: Any  # safetensors has no types
        try:
            self._file = safe_open(path, framework="numpy")
        except FileNotFoundError:
            raise RunError(f"{path} does not exist; give the folder of a run") from None
        except (SafetensorError, OSError) as error:
            raise RunError(f"{path} cannot be read: {error}; it is damaged, or not a file of linocut's") from None
        metadata = self._file.metadata() or {}
        if metadata.get("format") != kind:
            raise RunError(f"{path} is of the format {metadata.get('format')!r}, must be {kind!r}")
        if metadata.get("version") != str(version):
            raise RunError(
                f"{path} has version {metadata.get('version')!r} of its format, this linocut reads {version}; "
                "use the linocut that wrote it"
            )
        self.description = self._description(metadata.get("description", ""))
        self._names = frozenset(self._file.keys())

    def check(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        """RunError unless the tensor called `name` is there with this shape and type; it is not loaded."""
        if name not in self._names:
            raise RunError(f"{self.path} lacks the tensor {name!r}; it is damaged, or of another network")
        kept = self._file.get_slice(name)
        found, wanted = np.dtype(_DTYPES.get(kept.get_dtype(), np.void)), np.dtype(dtype)
        if found != wanted or tuple(kept.get_shape()) != shape:
            raise RunError(
                f"{self.path}: tensor {name!r} is {found} {tuple(kept.get_shape())}, "
                f"must be {wanted} {shape}; it is damaged, or of another network"
            )

    def read(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> Array:
        """The tensor called `name`; RunError unless it is there with this shape and type."""
        self.check(name, shape, dtype)
        array: Array = self._file.get_tensor(name)
        return array

    def _description(self, text: str) -> dict[str, Any]:
        try:
            description = json.loads(text)
        except (ValueError, RecursionError):
            description = None
        if not isinstance(description, dict):
            raise RunError(f"{self.path} has no description that can be read; it is damaged")
        return description
