"""Forks: what the child of a fork must put right, where the threads of its parent are not, and their locks stay locked.

Objects that hold such things are told in the child, before any other code runs there.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """What is told of a fork."""

    def after_fork(self) -> None:
        """This process is the child, and has one thread."""


_held: WeakSet[Forked] = WeakSet()


def tell_of_forks(one: Forked) -> None:
    """Have `one` told in the child of every fork, as long as it lives."""
    _held.add(one)


def _tell() -> None:
    for one in list(_held):
        one.after_fork()


os.register_at_fork(after_in_child=_tell)
