"""linocut models: the trained networks to start from, and getting the file of one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from linocut.cli.command import Command
from linocut.cli.group import Group
from linocut.cli.options import PATH, json_option, quoted
from linocut.cli.outputs import force_option
from linocut.errors import one_line
from linocut.sizes import show_size

from_option = click.option(
    "--from", "folder", type=PATH, help="The folder of models.  [default: the one that comes with linocut]"
)


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List trained networks to start from, or get the file of one."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@models.command("list", cls=Command, examples=("linocut models list", "linocut models list --json"))
@from_option
@json_option
def list_models(folder: Path | None, as_json: bool) -> None:
    """List the trained networks: what each is, its size and test accuracy, and the command that made it."""
    from linocut.pretrained.index import read_index

    index = read_index(folder)
    if as_json:
        for entry in index.models:
            click.echo(json.dumps(dataclasses.asdict(entry)))
        return
    names = [*(entry.name for entry in index.models), *(lacking.name for lacking in index.absent)]
    width = max(map(len, names), default=0)
    for entry in index.models:
        size = show_size(entry.bytes)
        click.echo(f"{entry.name:{width}}  {entry.about}; {size}, test accuracy {entry.accuracy:.2f}%; {entry.command}")
    for lacking in index.absent:
        click.echo(f"{lacking.name:{width}}  not there yet: {lacking.why}")


@models.command(
    cls=Command,
    examples=(
        "linocut models get mlp-mnist",
        "linocut models get spoken-digits --out start.safetensors",
    ),
)
@click.argument("name")
@click.option("--out", type=PATH, help="The file to write, or a folder for it.  [default: this folder]")
@force_option
@from_option
@json_option
def get(name: str, out: Path | None, force: bool, folder: Path | None, as_json: bool) -> None:
    """Write the model file of the trained network NAME, checked against its SHA-256.

    It predicts, is exported, and trainings begin from it (linocut train --from).
    """
    from linocut.pretrained import get as copy
    from linocut.pretrained.index import read_index

    path = copy(name, out or Path(), folder=folder, force=force)
    entry = read_index(folder).entry(name)
    if as_json:
        click.echo(json.dumps({"name": name, "out": str(path), "bytes": entry.bytes, "sha256": entry.sha256}))
        return
    click.echo(f"{name} is in {one_line(path)}: {entry.about}")
    click.echo(f"use it:    linocut predict {quoted(path)} FILE")
    click.echo(f"train on:  linocut train --from {quoted(path)} --model {entry.model} --data DATA")
