"""strictly: while pictures are read, Pillow refuses those that are cut, whatever the program has told it.

A program that sets PIL.ImageFile.LOAD_TRUNCATED_IMAGES gets its own setting back once nobody reads any more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from linocut.forks import tell_of_forks


class _Readers:
    """How many are reading, and what Pillow had been told before the first of them."""

    def __init__(self) -> None:
        self.before = False
        self.after_fork()
        tell_of_forks(self)

    def after_fork(self) -> None:
        """Nobody else reads here, and a lock that another thread held is not given back."""
        self.lock, self.count = threading.Lock(), 0

    def enter(self) -> None:
        """One more."""
        from PIL import ImageFile

        with self.lock:
            if not self.count:
                self.before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
            self.count += 1

    def leave(self) -> None:
        """One less."""
        from PIL import ImageFile

        with self.lock:
            self.count = max(self.count - 1, 0)
            if not self.count:
                ImageFile.LOAD_TRUNCATED_IMAGES = self.before


_readers = _Readers()


@contextmanager
def strictly() -> Iterator[None]:
    """For as long as the block lasts."""
    _readers.enter()
    try:
        yield
    finally:
        _readers.leave()
