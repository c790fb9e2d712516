"""`python -m linocut` and `linocut` are the command line; the process is made ready before it is imported."""

from __future__ import annotations

import codecs
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
STREAMS = (0, 1, 2)
AGAIN = 0.02  # seconds after which an interrupt that came where it must wait comes again
# In files whose names begin so: imports, where Python may lose an exception (it calls back for weak references to locks
# of modules, and what such a call raises is printed and forgotten), and the lock of a folder, which would stay behind.
MUST_WAIT = ("<frozen importlib", os.path.join(os.path.dirname(__file__), "train", "lock.py"))


def run() -> int:
    """Run the command line; returns the exit status."""
    try:
        asked = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not where it is to be ignored
        if asked:
            signal.signal(signal.SIGINT, _leave)
        _open_streams()
        from linocut.cli import main

        if asked:
            signal.signal(signal.SIGINT, _interrupt)
        status = main()
        if asked:
            signal.signal(signal.SIGINT, _leave)
    except KeyboardInterrupt:  # before `main` could see to it, or after
        _leave(signal.SIGINT, None)
    finally:  # of one that waits: Python would end by the alarm
        signal.setitimer(signal.ITIMER_REAL, 0)
    return status


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Say so in one line, wherever Python is: an exception may be lost in an import, or end in a traceback."""
    try:
        os.write(STREAMS[2], b"error: interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """KeyboardInterrupt, as by default, but where Python must not be interrupted a little later."""
    if not _must_wait(frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, AGAIN)


def _must_wait(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(MUST_WAIT):
            return True
        frame = frame.f_back
    return False


def _open_streams() -> None:
    """Give a process that was started without standard streams (`>&-`, services) ones that lead nowhere.

    The next file that is opened would have their numbers, and get what is written to them. What a stream's encoding
    lacks is escaped; in the C locale it is UTF-8, as click has it there, which would write a question mark instead.
    """
    for number in STREAMS:
        try:
            os.fstat(number)
        except OSError:
            if (got := os.open(os.devnull, os.O_RDWR)) != number:
                os.dup2(got, number)
                os.close(got)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            encoding = "utf-8" if codecs.lookup(stream.encoding).name == "ascii" else None
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(run())
