"""Plan: what a training needs in memory and energy, before any is taken.

The package is the function `plan` too: `linocut.plan(network)` is `linocut.plan.planned.plan(network)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linocut.plan.account import Account


class _Callable(ModuleType):
    """A package that can be called. Importing any of its modules binds `linocut.plan` to it, so it must be both."""

    def __call__(self, *arguments: Any, **settings: Any) -> Account:
        from linocut.plan.planned import plan  # late: what is imported from here need not be the function

        return plan(*arguments, **settings)


sys.modules[__name__].__class__ = _Callable
