"""linocut plan: the memory that training would take, before any is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from linocut.cli.choices import ACCOUNT
from linocut.cli.command import Command
from linocut.cli.default_batch import fitting
from linocut.cli.of_folders import MODEL, choose, fitted_batch
from linocut.cli.options import (
    PATH,
    colour_option,
    data_options,
    dimensions,
    find_network,
    image_size_option,
    json_option,
    label_options,
    model_options,
    training_options,
)
from linocut.cli.precision import precision_options, with_precisions
from linocut.cli.reports import find_report, plot_report, report_options
from linocut.cli.start import features_for
from linocut.errors import one_line, printable
from linocut.sizes import show_size

if TYPE_CHECKING:
    from linocut.compile.lower import Compiled
    from linocut.plan.training import Sizes, Training


@click.command(
    cls=Command,
    examples=(
        "linocut plan --model binarynet --data cifar10 --batch 100",
        "linocut plan --data photos/ --size 64x64 --model cnv --budget 64MiB",
        "linocut plan --model mlp --compare",
    ),
)
@model_options
@precision_options
@training_options
@data_options
@label_options
@image_size_option
@colour_option
@click.option("--input", "shape", metavar="HxWxC", callback=dimensions, help="Examples of this shape, without --data.")
@click.option("--classes", type=int, help="So many classes, without --data.")
@click.option(
    "--account",
    type=ACCOUNT,
    default="arena",
    show_default=True,
    help="arena: ours, to the byte; paper: as the paper counts.",
)
@click.option(
    "--later-edition",
    is_flag=True,
    help="With --account paper: count the max-pools of residual networks, as the paper's later edition does.",
)
@click.option("--layers", is_flag=True, help="Print the layers too: parameters, sizes and MACs.")
@click.option("--listing", is_flag=True, help="Print the program too, instruction by instruction.")
@click.option("--plot", type=PATH, help="Draw the arena over time into this file; with --batches, memory.")
@report_options
@json_option
@click.pass_context
def plan(
    context: click.Context,
    /,
    model: str,
    hidden: tuple[int, ...] | None,
    keep_float: str | None,
    bits: str | None,
    block: int | None,
    policy: str,
    optimizer: str,
    batch: int,
    micro_batch: int | None,
    budget: int | None,
    data: str | None,
    data_dir: Path | None,
    labels: tuple[str, ...],
    task: str | None,
    size: tuple[int, int] | None,
    colour: bool | None,
    shape: tuple[int, ...] | None,
    classes: int | None,
    account: str,
    later_edition: bool,
    layers: bool,
    listing: bool,
    plot: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Show the memory that training would take.

    With --budget the largest batch that fits is found, and shown unless --batch says another: that is shown in the
    largest micro-batches that fit. --compare, --batches and --energy set the policies side
    by side.
    """
    from linocut.cli import budget as budgets
    from linocut.compile.batch import MOST_BATCH, find_micro_batch
    from linocut.data import load
    from linocut.optimizers import find_optimizer
    from linocut.plan.planned import account_of, largest_of_paper
    from linocut.plan.training import Sizes, Training
    from linocut.policies import find_policy

    if account not in ("arena", "paper"):
        raise click.UsageError(f"--account is {account!r}, must be arena or paper", context)
    if later_edition and account != "paper":
        raise click.UsageError("--later-edition is for --account paper; give that too, or leave it out", context)
    for name, given in (("--layers", layers), ("--listing", listing)):
        if as_json and given:
            raise click.UsageError(f"{name} is for people; leave out --json", context)
    if data is None and size is not None:
        raise click.UsageError("--size is for the images of --data; give that, or --input HxWxC", context)
    if data is None and colour is not None:
        raise click.UsageError("--colour and --grey are for the images of --data; give --input HxWxC", context)
    if data is None and (labels or task is not None):
        raise click.UsageError("--label and --task are for the numbers of --data; give --input and --classes", context)
    choice = choose(data, {"schedule", *(name for name in context.params if _given(context, name))})
    if choice is not None:
        model, size = MODEL, choice.size or size
    dataset = None
    if data is not None:
        seen = features_for(model, data)
        dataset = load(data, data_dir, size, colour=colour, labels=labels, task=task, features=seen)[0]
    if dataset is not None and (shape is not None or classes is not None):
        raise click.UsageError("--data says the shape and the classes; leave out --input and --classes", context)
    if choice is not None and dataset is not None:
        batch = fitted_batch(len(dataset)) if choice.batch else batch
        click.echo(printable(choice.note(batch)), err=True)
    elif dataset is not None:
        explicit = [name for name in context.params if _given(context, name)]
        batch, note = fitting(batch, explicit, len(dataset))
        if note is not None:
            click.echo(note, err=True)
    network = find_network(model, hidden, dataset, shape, classes, block=block)
    network = with_precisions(network, keep_float, bits)
    if account == "paper" and micro_batch is not None:
        raise click.UsageError("--account paper knows no micro-batches; leave out one of them", context)
    report = find_report(context, network, find_optimizer(optimizer), batch, **asked)
    if report is not None:
        click.echo(json.dumps(report.to_json()) if as_json else str(report))
        if plot is not None:
            plot_report(report, plot)
            click.echo(f"wrote {one_line(plot)}", err=True)
        return
    training = Training(network, find_policy(policy), find_optimizer(optimizer))
    sizes, largest = Sizes(batch, find_micro_batch(batch, micro_batch)), None
    if budget is not None:
        wanted = batch if _given(context, "batch", "micro_batch") else None
        most = MOST_BATCH if dataset is None else len(dataset)
        if account == "paper":
            largest = largest_of_paper(training, budget, later_edition, most)
            sizes = Sizes(wanted or largest, wanted or largest)
        else:
            sizes, largest = _within(training, budget, wanted, micro_batch, most)
    found = account_of(training, account, sizes, later_edition)
    if as_json:
        extra = {} if largest is None else {"largest_batch": largest}
        if largest is not None or micro_batch is not None:
            extra["micro_batch"] = sizes.micro_batch
        click.echo(json.dumps({**found.to_json(), **extra}))
    else:
        click.echo(str(found))
        if account == "arena" and (text := budgets.explained(sizes)):
            click.echo(text)
        if budget is not None and account == "arena":
            click.echo(budgets.process_total(found.total_bytes, found.workspace_bytes))
        if largest is not None and budget is not None:
            click.echo(f"largest batch within {show_size(budget)}: {largest:,}")
    if layers:
        click.echo(f"\n{network}")
    if listing:
        from linocut.compile.listing import listing as as_text

        click.echo(as_text(training.compiled(sizes).program))
    if plot is not None:
        _plot(training.compiled(sizes), plot)


def _given(context: click.Context, *names: str) -> bool:
    return any(context.get_parameter_source(name) is not ParameterSource.DEFAULT for name in names)


def _within(
    training: Training, budget: int, batch: int | None, micro_batch: int | None, most: int
) -> tuple[Sizes, int]:
    """The sizes to show, and the largest batch that the budget holds."""
    from linocut.cli.budget import largest_within, sizes_within
    from linocut.plan.training import Sizes

    sizes = None if batch is None else sizes_within(training, budget, batch, micro_batch)
    largest = largest_within(training, budget, most)
    return sizes or Sizes(largest, largest), largest


def _plot(compiled: Compiled, path: Path) -> None:
    from linocut.report.plan_plot import plot

    plot(compiled, path)
    click.echo(f"wrote {one_line(path)}", err=True)
