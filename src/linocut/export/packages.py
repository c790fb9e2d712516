"""packages: what a format needs beside linocut, loaded when a model is exported."""

from __future__ import annotations

import importlib
from typing import Any

from linocut.errors import SpecError


def package(module: str, whose: str, extra: str) -> Any:
    """The `module` that `whose` file needs; SpecError, with the extra of linocut's, where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        missing = module.partition(".")[0]
        raise SpecError(f"{whose} needs {missing}, which is not installed: pip install 'linocut[{extra}]'") from None
