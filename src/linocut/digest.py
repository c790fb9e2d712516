"""Digests by Python's own code: hashlib would load OpenSSL for the same ones, 3.5 MB more in a process."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol


class Digest(Protocol):
    """What hashlib's objects do, as far as it is needed here."""

    def update(self, data: memoryview, /) -> None:
        """Take in the bytes of a contiguous buffer, without a copy."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far, in hexadecimal digits."""


def _find(name: str, *modules: str) -> Callable[[], Digest]:
    for module in (*modules, "hashlib"):  # where a build has none of them
        try:
            found: Callable[[], Digest] = getattr(import_module(module), name)
            return found
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"this Python has no {name}; install one that was built with its hashlib module")


sha256: Callable[[], Digest] = _find("sha256", "_sha2", "_sha256")  # of Python 3.12, of 3.11
blake2b: Callable[[], Digest] = _find("blake2b", "_blake2")  # twice as fast where a processor knows no SHA-256
