"""Tuning: short trainings that say how to train: learning rate, batch, weight decay, schedule, and what to expect.

The package is the function `tune` too: `linocut.tune(network, train)` is `linocut.tune.tuned.tune(network, train)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from linocut.lazily import names

if TYPE_CHECKING:
    from linocut.tune.advice import Advice
    from linocut.tune.forecast import Forecast
    from linocut.tune.trial import Trial
    from linocut.tune.verified import Verified, verify

__all__ = ["Advice", "Forecast", "Trial", "Verified", "verify"]

_HOMES = {
    "linocut.tune.advice": ("Advice",),
    "linocut.tune.forecast": ("Forecast",),
    "linocut.tune.trial": ("Trial",),
    "linocut.tune.verified": ("Verified", "verify"),
}
__getattr__ = names(__name__, _HOMES)


class _Callable(ModuleType):
    """A package that can be called. Importing any of its modules binds `linocut.tune` to it, so it must be both."""

    def __call__(self, *arguments: Any, **settings: Any) -> Advice:
        from linocut.tune.tuned import tune  # late: what is imported from here need not be the function

        return tune(*arguments, **settings)


sys.modules[__name__].__class__ = _Callable
