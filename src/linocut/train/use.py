"""Use: a trainer has one use at a time; a second one is refused, not made to wait.

Its arena holds one batch, one set of metrics and one state, which every use writes to: two at once would end in
neither's result, and no error would tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, current_thread, get_ident

from linocut.errors import RunError
from linocut.forks import tell_of_forks

IN_FIT = "fit"


class Use:
    """Who uses a trainer, and what for."""

    def __init__(self) -> None:
        """Nobody does."""
        self._lock = Lock()
        self.opening = Lock()  # held while the session is opened, by whoever first asks for it
        self._begun: list[str] = []  # the uses that have begun, each inside the one before
        self._thread, self._thread_name = 0, ""
        self._lent = False
        self._cut = ""
        self._forks = 0
        tell_of_forks(self)

    def after_fork(self) -> None:
        """In the child: what another thread of the parent was at will not come to its end here."""
        self._lock, self.opening = Lock(), Lock()
        self._forks += 1
        if self._begun and self._thread != get_ident():
            self._cut = self._begun[0]

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """A block that uses the trainer for `what`; RunError while another use has not ended.

        Callbacks of `fit` may use the trainer for anything but another `fit`.
        """
        lent = self._begin(what)
        try:
            yield
        finally:
            self._begun.pop()
            self._lent = lent

    @contextmanager
    def lent(self) -> Iterator[None]:
        """A block of a use in which the same thread may use the trainer: it calls callbacks, between two steps.

        RunError where these went on in the child of a fork: the run is its parent's.
        """
        forks = self._forks
        self._lent = True
        try:
            yield
        finally:
            self._lent = False
        if forks != self._forks:
            raise RunError(
                f"this process was forked in a callback of {self._begun[0]}, which its parent goes on with; "
                "leave the process at the end of the callback (os._exit)"
            )

    def _begin(self, what: str) -> bool:
        with self._lock:
            if self._cut:
                raise RunError(
                    f"this process was forked while another thread was in {self._cut} of this trainer, which is "
                    "half-way through a step here; resume the run from its folder, or fork when the trainer is at rest"
                )
            if not self._begun:
                self._thread, self._thread_name = get_ident(), current_thread().name
            elif self._thread != get_ident():
                raise RunError(
                    f"{what} is called while thread {self._thread_name} is in {self._begun[0]} of the same trainer; "
                    "wait for it to end, call it in a callback of fit, or use another trainer "
                    "(Trainer.resume of its folder)"
                )
            elif not self._lent:
                raise RunError(
                    f"{what} is called inside {self._begun[-1]} of the same trainer; call it when that has ended"
                )
            elif what == IN_FIT:
                raise RunError(
                    "fit is called in a callback of fit of the same trainer; call it when that has ended, or use "
                    "another trainer (Trainer.resume of its folder)"
                )
            self._begun.append(what)
            lent, self._lent = self._lent, False
            return lent
