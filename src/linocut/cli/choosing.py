"""Validation on the command line: its options, the split of the data, and what people are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from linocut.cli.options import combined
from linocut.errors import printable
from linocut.sizes import show_loss

if TYPE_CHECKING:
    from linocut.data.loaded import Loaded
    from linocut.schedules import Schedule
    from linocut.train import Done, Trainer

choosing_options = combined(
    click.option(
        "--validation",
        metavar="PART",
        type=float,
        help="Hold out PART of the training data, such as 0.1, of every class, to choose by: the test data choose "
        "nothing.  [default: what a folder has in val, if anything]",
    ),
    click.option(
        "--keep",
        type=click.Choice(["best", "last"]),
        help="Of which epoch the run folder keeps the model, the best by validation accuracy or the last.  "
        "[default: best where there are validation data]",
    ),
    click.option(
        "--patience",
        metavar="EPOCHS",
        type=click.IntRange(min=1),
        help="End training after EPOCHS without a better validation accuracy.",
    ),
)


def split(loaded: Loaded, limit: int | None, fraction: float | None, seed: int) -> Loaded:
    """The first `limit` examples of each part, of which a `fraction` of the training data is held out to validate on.

    UsageError where there are validation data already.
    """
    from linocut.data import hold_out, take
    from linocut.data.loaded import Loaded

    training, test = take(loaded.train, limit), take(loaded.test, limit)
    if fraction is None:
        return Loaded(training, test, None if loaded.validation is None else take(loaded.validation, limit))
    if loaded.validation is not None:
        raise click.UsageError(
            f"--validation is {fraction:g}, but {loaded.train.name} has {len(loaded.validation):,} validation examples "
            "in a folder of their own; leave out --validation, or move that folder away"
        )
    left, held = hold_out(training, fraction, seed)
    return Loaded(left, test, held)


def tell_of_choosing(schedule: Schedule, splits: Loaded) -> Iterator[str]:
    """What a schedule that looks at losses follows."""
    if not schedule.observes:
        return
    if splits.validation is not None:
        yield f"the {schedule.kind} schedule follows the validation loss"
    else:
        yield (
            f"the {schedule.kind} schedule follows the loss on the test data, which so choose the learning rate; with "
            "--validation 0.1 they choose nothing"
        )


def ended_early(trainer: Trainer, done: Done) -> Iterator[str]:
    """Why training ended before its last epoch, if it did."""
    if done.stopped is not None:
        why = f"{trainer.choosing.patience} epochs without a better one" if done.stopped == "patience" else done.stopped
        yield f"after {done.epochs} of {trainer.progress.epochs} epochs: {why}"


def longer(trainer: Trainer, done: Done) -> str:
    """The option that lets a run that is at its end go on."""
    if done.stopped == "patience" and trainer.choosing.patience is not None:
        return f"--patience {2 * trainer.choosing.patience}"
    return f"--epochs {trainer.progress.epochs if done.stopped else 2 * trainer.progress.epoch}"


def kept_model(trainer: Trainer, done: Done) -> Iterator[str]:
    """Of which epoch the model is, and what that came to, where there are validation data."""
    best, keep = trainer.progress.best, trainer.choosing.keep
    if best is None:
        return
    right = "" if best.accuracy is None else f", accuracy {best.accuracy:.2%}"
    came_to = f"validation loss {show_loss(best.loss)}{right}"
    if keep == "best":
        yield printable(f"the best, of epoch {done.kept_epoch}: {came_to}")
    else:
        yield printable(f"the last, of epoch {done.kept_epoch}; the best was {best.epoch}: {came_to}")
