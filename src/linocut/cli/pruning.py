"""Options of commands that prune while they train, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from linocut.cli.given import Options
    from linocut.graph.prune import Pruning

KINDS = ("kernel", "channel", "column", "block", "word")  # as graph/prune.py has them, which is imported late
MASKS = tuple(kind for kind in KINDS if kind != "channel")
PRUNING = {"prune", "prune_rate", "prune_ramp", "balanced"}
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def pruning_options(command: Decorated) -> Decorated:
    """--prune and what goes with it."""
    for add in (
        click.option("--balanced", is_flag=True, help="With --prune: each output keeps as many groups."),
        click.option(
            "--prune-ramp",
            metavar="EPOCHS",
            type=click.IntRange(min=0),
            help="With --prune: the share that is pruned climbs over so many epochs.  [default: half of them]",
        ),
        click.option(
            "--prune-rate",
            metavar="RATE",
            type=float,
            default=20.0,
            show_default=True,
            help="With --prune: how many times fewer weights are kept.",
        ),
        click.option(
            "--prune",
            type=click.Choice(MASKS),
            help="Prune binary layers while they train, in groups of this kind, those of the largest weights being "
            "kept; by channel: linocut prune.",
        ),
    ):
        command = add(command)
    return command


def asked_pruning(options: Options) -> Pruning | None:
    """What the options ask for; SpecError for what cannot be."""
    from linocut.errors import SpecError
    from linocut.graph.prune import Pruning

    if options.prune is None:
        if named := sorted(options.explicit & (PRUNING - {"prune"})):
            option = named[0].replace("_", "-")
            raise click.UsageError(f"--{option} is given without --prune; say what to prune by, or leave it out")
        return None
    ramp = options.epochs // 2 if options.prune_ramp is None else options.prune_ramp
    if ramp >= options.epochs:
        raise SpecError(
            f"the ramp of pruning is {ramp} epochs, must be fewer than the {options.epochs} of training; give "
            "--prune-ramp 0, or more epochs"
        )
    return Pruning(options.prune_rate, options.prune, options.balanced, ramp)
