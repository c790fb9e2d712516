"""Interrupts: SIGINT, SIGTERM and SIGHUP are noted; training ends between two steps, in a state that can be kept."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill or a shutdown, a terminal that closes


class Interrupted(KeyboardInterrupt):
    """Training was interrupted by the signal `number`; `folder` holds the checkpoint, None where none is kept."""

    def __init__(self, number: int, folder: str | None) -> None:
        """Say where to go on."""
        kept = f"resume it from {folder}" if folder else "give an out folder to have it kept"
        super().__init__(f"training was interrupted by {signal.Signals(number).name}; {kept}")
        self.number = number
        self.folder = folder

    def __reduce__(self) -> tuple[type[Interrupted], tuple[int, str | None]]:
        """For pickle and copy: what it was made of, as the exception of a pool's process is handed to its parent."""
        return Interrupted, (self.number, self.folder)


class Noted(Exception):
    """Raised by `Interrupts.check`, for the training loop to end."""


class Interrupts:
    """In its block the signals are only noted; `number` is the first. Outside the main thread it does nothing.

    Signals that were ignored when the block began (nohup, a shell's background) stay ignored, and so do those whose
    handlers are not Python's. In the child of a fork each does what it did before the block.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.number: int | None = None
        self._former: dict[signal.Signals, Any] = {}
        self._process = os.getpid()

    def check(self) -> None:
        """Raise Noted if a signal has come."""
        if self.number is not None:
            raise Noted

    def __enter__(self) -> Interrupts:
        """Catch the signals."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self._process:
            self.number = self.number or number
            return
        signal.signal(number, self._former[signal.Signals(number)])
        os.kill(os.getpid(), number)
