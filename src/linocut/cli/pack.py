"""linocut pack: a run as a folder that a device trains without Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.command import Command, at_least
from linocut.cli.options import PATH, data_options, json_option, quoted, skip_corrupt_option

if TYPE_CHECKING:
    from linocut.data.loaded import Loaded
    from linocut.train import Trainer


@click.command(
    "pack",
    cls=Command,
    examples=(
        "linocut pack runs/digits --epochs 40 --out device",
        "linocut pack runs/digits --epochs 40 --out device --no-examples",
    ),
)
@click.argument("run", type=PATH)
@click.option("--out", required=True, type=PATH, help="The folder to write, to be copied to the device.")
@click.option(
    "--epochs", type=int, callback=at_least(1), help="Epochs in all, those done counted.  [default: as planned]"
)
@click.option("--save-every", type=int, callback=at_least(1), help="A checkpoint after every so many steps too.")
@data_options
@skip_corrupt_option
@click.option(
    "--examples/--no-examples",
    "with_data",
    default=True,
    help="Write the examples too; without them the device trains on its own.  [default: --examples]",
)
@json_option
def pack(
    run: Path,
    out: Path,
    epochs: int | None,
    save_every: int | None,
    data: str | None,
    data_dir: Path | None,
    skip_corrupt: bool,
    with_data: bool,
    as_json: bool,
) -> None:
    """Write the run of the folder RUN for a device: program, state, settings and examples.

    linocut-runner trains it there, to the bits that linocut train would come to here; linocut unpack brings it home.
    """
    from linocut.sizes import show_size
    from linocut.train import Trainer
    from linocut.train import pack as write

    trainer = Trainer.resume(run)
    if with_data or data is not None or trainer.data is None:
        loaded = _loaded(trainer, run, data, data_dir, skip_corrupt)
        write(trainer, loaded.train, out, test=loaded.test, epochs=epochs, save_every=save_every, with_data=with_data)
    else:
        write(trainer, None, out, epochs=epochs, save_every=save_every, with_data=False)
    nbytes = sum(file.stat().st_size for file in out.iterdir() if file.is_file())
    arena = trainer.compiled.program.arena_bytes
    if as_json:
        said = {"out": str(out), "bytes": nbytes, "arena_bytes": arena, "epochs": trainer.progress.epochs}
        click.echo(json.dumps(said))
        return
    click.echo(f"wrote {out}: {show_size(nbytes)}; training takes an arena of {show_size(arena)} there")
    given = "" if with_data else " --images IMAGES --labels LABELS"
    click.echo(f"on the device:  linocut-runner {quoted(out)}{given}")
    click.echo(f"then at home:   linocut unpack {quoted(out)} --out {quoted(run)}")


def _loaded(trainer: Trainer, run: Path, data: str | None, data_dir: Path | None, skip_corrupt: bool) -> Loaded:
    """The data of the run, as many examples as it has; RunError, with what has changed, for others."""
    from linocut.cli.options import load_like, tell_skipped
    from linocut.cli.resume import name_of_data, refuse_changed
    from linocut.data import take
    from linocut.train.data_facts import DataFacts

    facts = trainer.data
    if facts is None:
        if data is None:
            raise click.UsageError(f"{run} was never trained and has no data; say which: --data")
        return load_like(data, data_dir, trainer.network.input.shape, skip_corrupt)
    name = name_of_data(facts) if data is None else data
    loaded = load_like(name, data_dir, facts.shape, skip_corrupt, facts.resizing, facts.form)
    tell_skipped(*filter(None, loaded))
    if facts.examples < len(loaded.train):  # of a run that was given a limit
        limited = take(loaded.train, facts.examples)
        if not facts.changes(DataFacts.of(limited)):
            return loaded._replace(train=limited, test=take(loaded.test, facts.examples))
    refuse_changed(run, facts, loaded.train)
    return loaded
