"""data_for: the name of the data that a trained network is asked about: what is given, else its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.errors import one_line

if TYPE_CHECKING:
    from linocut.run.predict import Predictor


def data_for(predictor: Predictor, run: Path, given: str | None) -> str:
    """What --data says, else what the network of `run` was trained on; UsageError where that cannot be found here."""
    from linocut.data.dataset import DEVICE
    from linocut.data.registry import check_name
    from linocut.errors import DataError

    if given is not None:
        return given
    name, shown = predictor.data, one_line(run)
    if name is None:
        raise click.UsageError(f"{shown} does not say what it was trained on; give --data")
    if name == DEVICE:
        raise click.UsageError(f"{shown} was trained on a device's own data, which are not here; give --data")
    if os.path.isabs(name):
        if not os.path.exists(name):
            raise click.UsageError(
                f"{shown} was trained on {one_line(name)}, which is not there any more; give --data, where they are"
            )
        return name
    try:
        check_name(name)
    except DataError:
        raise click.UsageError(
            f"{shown} was trained on {one_line(name)}, data that were given in Python and are not here; give --data"
        ) from None
    return name
