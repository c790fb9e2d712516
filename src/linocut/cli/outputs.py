"""Files that commands write: looked at before the work that they are of."""

from __future__ import annotations

from pathlib import Path

import click

from linocut.errors import SpecError

force_option = click.option("--force", is_flag=True, help="Replace what is there.")


def check_out(out: Path | None, force: bool, suffix: str, what: str) -> None:
    """SpecError unless `out` is a name of the suffix, in a folder, where there is no file yet or `force` is given.

    None is nothing to be written. `what` is what the file is to hold.
    """
    from linocut.files import check_new, check_parent

    if out is None:
        return
    if out.suffix != suffix:
        raise SpecError(f"{out} is to hold {what}, its name must end in {suffix}")
    check_new(out, force)
    check_parent(out)
