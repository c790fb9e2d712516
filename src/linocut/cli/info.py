"""linocut info: what this linocut is, and what it found on this machine."""

from __future__ import annotations

import json
import platform
from typing import Any

import click

from linocut import __version__
from linocut.cli.command import Command
from linocut.cli.options import json_option


@click.command(
    cls=Command,
    examples=(
        "linocut info",
        "linocut info --json",
    ),
)
@json_option
def info(as_json: bool) -> None:
    """Show the version, the instruction sets and threads that can be used, and where data is kept."""
    facts = _facts()
    if as_json:
        click.echo(json.dumps(facts))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        click.echo(f"{name.replace('_', ' '):{width}}  {text or 'none'}")


def _facts() -> dict[str, Any]:
    import numpy

    from linocut.data.cache import known_cache
    from linocut.errors import SpecError
    from linocut.run.session import default_threads, find_isa

    try:
        from linocut import _native

        usable = _native.isas()
    except ImportError:  # without a built core the reference still runs
        usable = []
    try:
        in_use = find_isa(None) if usable else ""
    except SpecError as error:  # of LINOCUT_ISA, which is worth showing here
        in_use = f"none: {error}"
    return {
        "version": __version__,
        "instruction_sets": usable,
        "in_use": in_use,
        "threads": default_threads(),
        "cache": str(known_cache() or "none: no home folder is known; set XDG_CACHE_HOME"),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
    }
