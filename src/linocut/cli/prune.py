"""linocut prune: a trained network with fewer weights, trained on."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.analyse import data_of
from linocut.cli.choices import SCHEDULE, ChoiceOption
from linocut.cli.command import Command, at_least
from linocut.cli.options import PATH, data_options, in_data_dir, json_option, quoted, threads_option
from linocut.cli.pruning import KINDS
from linocut.cli.train import SIGNALLED
from linocut.errors import printable
from linocut.json_text import written

if TYPE_CHECKING:
    from linocut.data.loaded import Loaded
    from linocut.train import Trainer

DEFAULT_EPOCHS = 10


@click.command(
    cls=Command,
    examples=(
        "linocut prune runs/nin --rate 20 --by channel --epochs 20 --out runs/nin-pruned",
        "linocut prune runs/nin --rate 10 --by word --balanced",
        "linocut prune runs/nin --rate 20 --by column --epochs 0      # only prune",
    ),
)
@click.argument("run", type=PATH)
@click.option("--rate", type=float, default=20.0, show_default=True, help="How many times fewer weights are kept.")
@click.option(
    "--by",
    type=click.Choice(KINDS),
    default="word",
    show_default=True,
    help="What is kept or left out whole: channels make a smaller network; kernels, columns (inputs of a tap), blocks "
    "(4 outputs x 4 inputs of a tap) and words (4 outputs x 64 inputs of a tap) are masks.",
)
@click.option("--balanced", is_flag=True, help="Each output keeps as many groups: of kernels, blocks and words.")
@click.option(
    "--epochs",
    type=int,
    callback=at_least(0),
    default=DEFAULT_EPOCHS,
    show_default=True,
    help="Epochs to train what is left; 0 for none.",
)
@click.option(
    "--ramp",
    type=int,
    callback=at_least(0),
    default=0,
    show_default=True,
    help="Let the share that is pruned climb over so many of the epochs; of masks.",
)
@click.option("--lr", type=float, help="Learning rate.  [default: the run's]")
@click.option(
    "--schedule", cls=ChoiceOption, type=SCHEDULE, help="How the learning rate changes: {names}.  [default: the run's]"
)
@data_options
@threads_option
@click.option("--out", type=PATH, help="The run folder of the pruned network.  [default: RUN-BY]")
@json_option
@click.pass_context
def prune(
    context: click.Context,
    /,
    run: Path,
    rate: float,
    by: str,
    balanced: bool,
    epochs: int,
    ramp: int,
    lr: float | None,
    schedule: str | None,
    data: str | None,
    data_dir: Path | None,
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Keep the largest weights of the network in the folder RUN, in whole groups, and train on what is left.

    The first and the last layer with weights are left as they are, but by channel, where what the first gives is left
    out too. RUN stays as it is.
    """
    from linocut.errors import SpecError
    from linocut.graph.narrow import kept_channels
    from linocut.report.pruned_table import pruned_table
    from linocut.train import Interrupted, Trainer
    from linocut.train.pruned import kept_words
    from linocut.train.pruned import prune as pruned_by
    from linocut.train.run_folder import RunFolder

    folder = out or run.with_name(f"{run.name}-{by}")
    RunFolder(folder).refuse_other()
    source = Trainer.resume(run, threads)
    if ramp and (by == "channel" or ramp >= epochs):
        raise SpecError(
            f"ramp is {ramp} epochs, must be fewer than the {epochs} of training, and of masks; leave it out"
        )
    optimizer = source.settings.optimizer if lr is None else replace(source.settings.optimizer, learning_rate=lr)
    found = pruned_by(
        source, rate, by, balanced=balanced, ramp=ramp, optimizer=optimizer, schedule=schedule, threads=threads
    )
    found.source = f"{run}, {str(found.source).partition(', ')[2]}"
    loaded = data_of(source, run, data, data_dir) if epochs else None
    before = None if loaded is None else source.evaluate(loaded.test).accuracy
    try:
        accuracy = _trained(found, loaded, epochs, folder)
    except Interrupted as stop:
        name = signal.Signals(stop.number).name
        with suppress(OSError):  # the terminal that closed
            again = f"linocut train --resume --out {quoted(str(stop.folder))}{in_data_dir(data_dir)}"
            click.echo(f"interrupted by {name}; go on with: {printable(again)}", err=True)
        context.exit(SIGNALLED + stop.number)
    kept = kept_words(found) or kept_channels(source.network.graph, found.network.graph)
    if as_json:
        about = {
            "event": "pruned",
            "rate": rate,
            "by": by,
            "balanced": balanced,
            "layers": [asdict(one) for one in kept],
        }
        click.echo(written({**about, "accuracy_before": before, "accuracy": accuracy, "out": str(folder)}))
        return
    click.echo(pruned_table(kept))
    if accuracy is not None:
        click.echo(f"\ntest accuracy {accuracy:.2%}, before {'-' if before is None else f'{before:.2%}'}")
    click.echo(f"kept in {printable(str(folder))}; use it: linocut predict {printable(quoted(folder))} IMAGE...")


def _trained(trainer: Trainer, loaded: Loaded | None, epochs: int, folder: Path) -> float | None:
    """Train what is left, and keep it; the accuracy on the test data, None where nothing is trained."""
    from linocut.train import EpochEnded
    from linocut.train.events import Event

    if loaded is None:
        trainer.save(folder)
        return None

    def told(event: Event) -> None:
        if isinstance(event, EpochEnded):
            right = "" if event.accuracy is None else f", test accuracy {event.accuracy:.2%}"
            click.echo(f"epoch {event.epoch}/{epochs}, loss {event.loss:.4f}{right}", err=True)

    trainer.fit(loaded.train, epochs, out=folder, callbacks=[told], validation=loaded.validation, test=loaded.test)
    return trainer.evaluate(loaded.test).accuracy
