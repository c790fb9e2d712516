"""linocut data: the data sets known by name, and getting their files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linocut.cli.choices import SOURCE
from linocut.cli.command import Command
from linocut.cli.group import Group
from linocut.cli.options import PATH, json_option

if TYPE_CHECKING:
    from linocut.data import Available


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def data(context: click.Context) -> None:
    """List data sets, or get the files of one."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@data.command(
    "list",
    cls=Command,
    examples=(
        "linocut data list",
        "linocut data list --data-dir /media/sets",
    ),
)
@click.option("--data-dir", type=PATH, help="A further folder to look in.")
@json_option
def list_datasets(data_dir: Path | None, as_json: bool) -> None:
    """List the data sets known by name, and where their files are."""
    from linocut.data import available

    entries = available(data_dir)
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(entry)))
        else:
            where = entry.found or f"not here; get it with: {_getting(entry)}"
            click.echo(f"{entry.name:{width}}  {entry.description}; {entry.licence}; {where}")


def _getting(entry: Available) -> str:
    """The command that gets a data set: of one without published archives its home's."""
    return f"linocut data get {entry.name}" if entry.files else f"git clone {entry.home}"


@data.command(cls=Command, examples=("linocut data get mnist", "linocut data get cifar10 --data-dir /media/sets"))
@click.argument("name", type=SOURCE)
@click.option("--data-dir", type=PATH, help="Where to put them.  [default: the cache]")
def get(name: str, data_dir: Path | None) -> None:
    """Download the files of the data set NAME, checked against their published checksums."""
    from linocut.data import get as download

    with _Bars() as bars:
        folder = download(name, data_dir, bars.update)
    click.echo(f"{name} is in {folder}")


class _Bars:
    """A progress bar for each file, on standard error where that is a terminal."""

    def __init__(self) -> None:
        self._file = ""
        self._bar: Any = None

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, file: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if file != self._file:
            self.__exit__()
            self._file = file
            self._bar = tqdm(desc=file, total=total or None, unit="B", unit_scale=True, disable=None)
        self._bar.update(done - self._bar.n)
