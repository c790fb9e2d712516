"""linocut unpack: the run that a device trained, as a run folder."""

from __future__ import annotations

import json
from pathlib import Path

import click

from linocut.cli.command import Command
from linocut.cli.options import PATH, json_option, quoted


@click.command("unpack", cls=Command, examples=("linocut unpack device --out runs/digits",))
@click.argument("folder", type=PATH)
@click.option(
    "--out", required=True, type=PATH, help="The run folder to write: a new one, or that of the run that was packed."
)
@json_option
def unpack(folder: Path, out: Path, as_json: bool) -> None:
    """Write what a device came to, in the FOLDER of linocut pack, into a run folder, as linocut train leaves one."""
    from linocut.data.dataset import DEVICE
    from linocut.train import unpack as read

    trainer = read(folder, out)
    at = trainer.progress
    if as_json:
        said = {"out": str(out), "epochs": at.epoch, "steps": at.step, "weights_sha256": trainer.session.state_sha256()}
        click.echo(json.dumps(said))
        return
    click.echo(f"wrote {out}: {at}")
    click.echo(f"what came of it:  linocut log {quoted(out)}")
    if trainer.data is not None and trainer.data.name == DEVICE:
        click.echo(f"train on, there:  linocut pack {quoted(out)} --no-examples --out FOLDER --epochs {2 * at.epochs}")
    else:
        click.echo(f"train on:         linocut train --resume --out {quoted(out)}")
