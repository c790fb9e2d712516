"""SHA-256 by Python's own code: hashlib would load OpenSSL for the same digest, 3.5 MB more in a process."""

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


def _find() -> Callable[[], Digest]:
    for module in ("_sha2", "_sha256", "hashlib"):  # of Python 3.12, of 3.11, and where a build has neither
        try:
            found: Callable[[], Digest] = import_module(module).sha256
            return found
        except ImportError:
            continue
    raise ImportError("this Python has no SHA-256; install one that was built with its hashlib module")


sha256: Callable[[], Digest] = _find()
