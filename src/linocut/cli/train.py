"""linocut train: train a network from one command, and go on with a run."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from linocut.cli import resume
from linocut.cli.given import Options
from linocut.cli.loss import loss_options, with_loss
from linocut.cli.options import (
    PATH,
    colour_option,
    data_options,
    find_network,
    find_optimizer,
    image_size_option,
    json_option,
    label_options,
    machine_options,
    model_options,
    quoted,
    skip_corrupt_option,
    tell_skipped,
    training_options,
)
from linocut.errors import printable
from linocut.sizes import show_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linocut.data.dataset import Dataset
    from linocut.graph.network import Network
    from linocut.optimizers import Optimizer
    from linocut.train import EpochEnded, Trainer

DEFAULT_EPOCHS = 10
FEW_STEPS = 100  # of an epoch
SIGNALLED = 128  # added to a signal's number, the exit status of shells


@click.command()
@model_options
@data_options
@label_options
@image_size_option
@colour_option
@skip_corrupt_option
@click.option("--limit", type=int, help="Use the first N examples only, for training and for testing.")
@training_options
@click.option(
    "--augment",
    metavar="NAME,...",
    default="none",
    show_default=True,
    help="Change training images at random: shift, flip, and crop for folders.",
)
@click.option("--epochs", type=int, default=DEFAULT_EPOCHS, show_default=True, help="Epochs in all.")
@click.option("--lr", type=float, help="Learning rate.  [default: the optimizer's own]")
@click.option("--momentum", type=float, help="Momentum of sgd.  [default: 0.9]")
@click.option(
    "--weight-decay", type=float, help="What weights lose of their size in a step, by the rate.  [default: 0]"
)
@click.option("--nesterov", is_flag=True, default=None, help="Nesterov's momentum, of sgd.")
@click.option("--schedule", default="constant", show_default=True, help="constant, step, cosine or plateau.")
@loss_options
@click.option("--seed", type=int, default=0, show_default=True, help="Decides weights and order of the data.")
@machine_options
@click.option(
    "--save-every",
    metavar="STEPS",
    type=click.IntRange(min=1),
    help="Write the checkpoint also after every STEPS steps, the most that a power cut then costs.  "
    "[default: none, or those of the resumed run]",
)
@click.option("--out", type=PATH, help="The run folder.  [default: runs/MODEL-DATA]")
@click.option("--resume", "go_on", is_flag=True, help="Go on with the run in --out, with the settings it has.")
@json_option
@click.pass_context
def train(context: click.Context, /, go_on: bool, as_json: bool, **given: Any) -> None:
    """Train a network on a data set, and keep it in a run folder.

    Ctrl-C ends training after the step at hand, with a checkpoint; --resume goes on from there and ends in
    the same bits as if it had not stopped.
    """
    from linocut.train import Interrupted

    explicit = {name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    options = Options(**given, explicit=frozenset(explicit))
    trainer, splits, options = resume.resumed(options) if go_on else _begun(options)
    try:
        if as_json:
            _train_for_programs(trainer, splits, options)
        else:
            _train_for_people(trainer, splits, options)
    except Interrupted as stop:
        name = signal.Signals(stop.number).name
        again = quoted(str(stop.folder)) + (" --skip-corrupt" if options.skip_corrupt else "")
        with suppress(OSError):  # the terminal that closed
            click.echo(f"interrupted by {name}; go on with: linocut train --resume --out {printable(again)}", err=True)
        context.exit(SIGNALLED + stop.number)


def _begun(options: Options) -> tuple[Trainer, tuple[Dataset, Dataset], Options]:
    from linocut import data
    from linocut.data.number_names import is_called_numbers
    from linocut.train import Trainer

    if options.data is None:
        raise click.UsageError(
            "--data is not given; take digits, which are inside the package, or see: linocut data list"
        )
    training, test = data.load(
        options.data,
        options.data_dir,
        options.size,
        options.skip_corrupt,
        colour=options.colour,
        labels=options.labels,
        task=options.task,
    )
    tell_skipped(training, test)
    training, test = data.take(training, options.limit), data.take(test, options.limit)
    network = with_loss(find_network(options.model, options.hidden, training), options, training)
    optimizer = find_optimizer(options.optimizer, options.of_optimizer)
    named = Path(options.data).stem if is_called_numbers(options.data) else Path(options.data).name
    out = options.out or _free_folder(f"{Path(options.model).stem}-{named}")
    options = replace(_within_budget(options, network, optimizer, len(training)), out=out)
    trainer = Trainer(
        network,
        options.policy,
        optimizer,
        options.batch,
        options.seed,
        options.threads,
        options.schedule,
        options.backend,
        options.augment,
        options.micro_batch,
    )
    trainer.settings.augmentation.check_dataset(training)
    return trainer, (training, test), options


def _within_budget(options: Options, network: Network, optimizer: Optimizer, examples: int) -> Options:
    """The options with the batch and the micro-batch that --budget asks for; SpecError where it holds none."""
    from linocut.cli.budget import largest_within, sizes_within
    from linocut.plan.training import Sizes, Training
    from linocut.policies import find_policy

    if options.budget is None:
        return options
    training = Training(network, find_policy(options.policy), optimizer)
    if options.explicit & {"batch", "micro_batch"}:
        sizes = sizes_within(training, options.budget, options.batch, options.micro_batch)
    else:
        largest = largest_within(training, options.budget, examples)
        sizes = Sizes(largest, largest)
    return replace(options, batch=sizes.batch, micro_batch=sizes.micro_batch)


def _notes(trainer: Trainer, options: Options, splits: tuple[Dataset, Dataset]) -> Iterator[str]:
    """What was left out of the data or chosen, and what a budget and micro-batches mean for this run."""
    from linocut.cli.budget import explained, process_total
    from linocut.plan.training import Sizes

    batch, examples = trainer.settings.batch_size, len(splits[0])
    yield from dict.fromkeys((*splits[0].notes, *splits[1].notes))
    if options.budget is not None:
        if not options.explicit & {"batch", "micro_batch"}:
            steps = examples // batch
            few = f"; an epoch is {steps} of them, and a smaller --batch may learn faster" if steps < FEW_STEPS else ""
            yield f"a step takes the largest batch within {show_size(options.budget)}, {batch:,} examples{few}"
        yield process_total(trainer.compiled.program.arena_bytes)
    if text := explained(Sizes(batch, trainer.settings.micro_batch)):
        yield text


def _free_folder(name: str) -> Path:
    """runs/NAME, or runs/NAME-2 and so on, the first that does not exist."""
    number, path = 1, Path("runs") / name
    while os.path.lexists(path):
        number += 1
        path = Path("runs") / f"{name}-{number}"
    return path


def _train_for_programs(trainer: Trainer, splits: tuple[Dataset, Dataset], options: Options) -> None:
    from linocut.cli.watch import print_json

    for note in _notes(trainer, options, splits):
        click.echo(printable(note), err=True)
    trainer.fit(splits[0], options.epochs, splits[1], options.out, [print_json], options.save_every)


def _train_for_people(trainer: Trainer, splits: tuple[Dataset, Dataset], options: Options) -> None:
    from linocut.cli.watch import ProgressBar
    from linocut.data.summary import Summary, left_out_of_epochs

    settings = trainer.settings
    click.echo(
        f"{settings.network.name} on {printable(splits[0].name)} ({len(splits[0]):,} + {len(splits[1]):,} examples), "
        f"policy {settings.policy.name}, {settings.optimizer.kind} {settings.optimizer.learning_rate:g}, "
        f"{settings.schedule.kind} schedule, batch {settings.batch_size}, seed {settings.seed}"
        + (f", augmented by {settings.augmentation}" if settings.augmentation else "")
    )
    summary = Summary.of(*splits)
    click.echo(printable(str(summary)))
    left_out = left_out_of_epochs(len(splits[0]), settings.batch_size)
    for note in (*_notes(trainer, options, splits), *summary.few(), *([left_out] if left_out else [])):
        click.echo(printable(note))
    click.echo(f"{trainer.plan}\n")
    with ProgressBar() as bar:
        history = trainer.fit(splits[0], options.epochs, splits[1], options.out, [bar], options.save_every)
    click.echo(_report(trainer, history, options))


def _report(trainer: Trainer, history: tuple[EpochEnded, ...], options: Options) -> str:
    from linocut.train.peak_memory import peak_rss_bytes

    program, real = trainer.compiled.program, int(trainer.session.arena.nbytes)
    planned = "as planned" if real == program.arena_bytes else f"planned were {program.arena_bytes:,} B"
    out = quoted(options.out)
    below = (f" --data-dir {quoted(options.data_dir)}" if options.data_dir else "") + (
        " --skip-corrupt" if options.skip_corrupt else ""
    )
    accuracy = history[-1].accuracy if history else None
    rows = [
        ("test accuracy", "-" if accuracy is None else f"{accuracy:.2%}"),
        ("arena", f"{show_size(real)} ({real:,} B, {planned})"),
        ("its lower bound", f"{show_size(program.lower_bound_bytes)} ({program.lower_bound_bytes:,} B)"),
        ("process's peak", show_size(peak_rss_bytes())),
        ("time of training", f"{sum(epoch.seconds for epoch in history):.1f} s"),
        ("kept in", str(options.out)),
        ("evaluate it", f"linocut eval {out}{below}"),
        ("use it", f"linocut predict {out} {'FILE' if trainer.data and trainer.data.form else 'IMAGE'}..."),
        ("train on", f"linocut train --resume --out {out}{below} --epochs {2 * trainer.progress.epoch}"),
    ]
    if trainer.settings.schedule.fixed_length:
        rows.pop()  # its length is part of the run
    return "\n" + "\n".join(f"{name:16}  {printable(value)}" for name, value in rows)
