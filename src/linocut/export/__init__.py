"""What a trained network is written as, one file a format.

The package is the function `export` too: `linocut.export(run, out=...)` is `linocut.export.exported.export(...)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linocut.export.exported import Exported


class _Callable(ModuleType):
    """A package that can be called. Importing any of its modules binds `linocut.export` to it, so it must be both."""

    def __call__(self, *arguments: Any, **settings: Any) -> Exported:
        from linocut.export.exported import export  # late: what is imported from here need not be the function

        return export(*arguments, **settings)


sys.modules[__name__].__class__ = _Callable
