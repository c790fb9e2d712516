"""linocut analyse: which layers of a trained network deserve bits, and what these cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.command import Command, at_least
from linocut.cli.options import PATH, combined, data_options, device_option, json_option, load_like, threads_option
from linocut.errors import one_line
from linocut.json_text import written

if TYPE_CHECKING:
    from linocut.data.loaded import Loaded
    from linocut.train import Trainer

analysis_options = combined(
    click.option(
        "--examples",
        type=int,
        callback=at_least(1),
        default=2000,
        show_default=True,
        help="Look at so many examples, at random, at least as many as a layer has channels.",
    ),
    click.option(
        "--threshold", type=float, default=0.99, show_default=True, help="Components are counted up to this variance."
    ),
    click.option(
        "--rise",
        type=int,
        callback=at_least(1),
        default=2,
        show_default=True,
        help="A layer is significant that has so many components more than the one before it.",
    ),
    click.option(
        "--tap",
        type=click.Choice(["conv", "block"]),
        default="conv",
        show_default=True,
        help="Look at a convolution's own products, or at what its block gives.",
    ),
    click.option("--choices", metavar="BITS,...", help="Raise layers to these, such as 2,float.  [default: 2,4,float]"),
)


def listed(choices: str | None) -> list[str] | None:
    """The precisions of a list such as 1,2,float."""
    return None if choices is None else [one.strip() for one in choices.split(",")]


@click.command(
    cls=Command,
    examples=(
        "linocut analyse runs/resnet20-cifar10",
        "linocut analyse runs/resnet20-cifar10 --data cifar10 --on cortex-m7 --plot components.png",
        "linocut analyse runs/resnet20-cifar10 --components-only --json",
    ),
)
@click.argument("run", type=PATH)
@data_options
@analysis_options
@click.option(
    "--components-only", is_flag=True, help="Leave out sensitivity, which takes a pass a layer and precision."
)
@device_option
@threads_option
@click.option("--plot", type=PATH, help="Draw components by layer into this file.")
@json_option
def analyse(
    run: Path,
    data: str | None,
    data_dir: Path | None,
    examples: int,
    threshold: float,
    rise: int,
    tap: str,
    choices: str | None,
    components_only: bool,
    device: str,
    threads: int | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Find which layers of the network in the folder RUN deserve more bits.

    By the principal components of what they give (arXiv 1906.01493), and by how far the loss falls where a layer alone
    has more bits, with the weights that it has, untrained: over the run's validation data, or else the training data
    that are looked at. Beside it, what more bits cost in bytes, energy and time on a device.
    """
    from linocut.hybrid import analyse as analysed
    from linocut.report import figures
    from linocut.report.hybrid_table import analysis_table
    from linocut.train import Trainer

    if plot is not None:
        figures.check(plot)
    trainer = Trainer.resume(run, threads)
    loaded = data_of(trainer, run, data, data_dir)
    found = analysed(
        trainer,
        loaded.train,
        validation=loaded.validation,
        examples=examples,
        threshold=threshold,
        rise=rise,
        tap=tap,
        choices=listed(choices),
        sensitive=not components_only,
        device=device,
        tell=lambda text: click.echo(text, err=True),
    )
    click.echo(written(found.to_json()) if as_json else analysis_table(found))
    if plot is not None:
        from linocut.report.hybrid_plots import analysis_plot

        analysis_plot(found, plot)
        click.echo(f"wrote {one_line(plot)}", err=True)


def data_of(trainer: Trainer, run: Path, data: str | None, data_dir: Path | None) -> Loaded:
    """The data of a run, or others like them, validation data apart as the run had them; UsageError where none are."""
    from linocut.cli.choosing import split
    from linocut.cli.resume import name_of_data
    from linocut.data import take
    from linocut.train.data_facts import DataFacts

    facts, on = trainer.data, trainer.choosing.validation
    name = data or (name_of_data(facts) if facts is not None else None)
    if name is None:
        raise click.UsageError(f"{run} does not say what it was trained on; give --data")
    shape = trainer.network.input.shape
    resizing, form = (None, None) if facts is None else (facts.resizing, facts.form)
    loaded = load_like(name, data_dir, shape, False, resizing, form)
    fraction = None if on is None else on.fraction
    if facts is not None:  # as many as the run split: others of the same data may be what it was trained on
        examples = facts.examples if on is None or on.of is None else on.of
        own = split(loaded._replace(train=take(loaded.train, examples)), None, fraction, trainer.settings.seed)
        if data is None or (fraction is not None and not facts.changes(DataFacts.of(own.train))):
            return own
    return split(loaded, None, fraction, trainer.settings.seed)
