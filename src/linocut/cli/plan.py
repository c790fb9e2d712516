"""linocut plan: the memory that training would take, before any is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from linocut.cli.options import (
    data_options,
    dimensions,
    find_network,
    image_size_option,
    json_option,
    model_options,
    training_options,
)
from linocut.cli.sizes import show_size, size_option

if TYPE_CHECKING:
    from linocut.compile.lower import Compiled
    from linocut.layers import Network
    from linocut.optimizers import Optimizer
    from linocut.policies import Policy
    from linocut.report.account import Account


@click.command()
@model_options
@training_options
@data_options
@image_size_option
@click.option("--input", "shape", metavar="HxWxC", callback=dimensions, help="Examples of this shape, without --data.")
@click.option("--classes", type=int, help="So many classes, without --data.")
@click.option(
    "--budget", metavar="SIZE", callback=size_option, help="Find the largest batch within SIZE, such as 64MiB."
)
@click.option(
    "--account",
    default="arena",
    show_default=True,
    help="arena: ours, to the byte; paper: as the paper counts.",
)
@click.option("--layers", is_flag=True, help="Print the layers too: parameters, sizes and MACs.")
@click.option("--listing", is_flag=True, help="Print the program too, instruction by instruction.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the arena over time into this file.")
@json_option
@click.pass_context
def plan(
    context: click.Context,
    model: str,
    hidden: tuple[int, ...] | None,
    policy: str,
    optimizer: str,
    batch: int,
    data: str | None,
    data_dir: Path | None,
    size: tuple[int, int] | None,
    shape: tuple[int, ...] | None,
    classes: int | None,
    budget: int | None,
    account: str,
    layers: bool,
    listing: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show the memory that training would take.

    With --budget the largest batch that fits is found, and shown unless --batch says another.
    """
    from linocut.data import load
    from linocut.optimizers import find_optimizer
    from linocut.policies import find_policy

    if account not in ("arena", "paper"):
        raise click.UsageError(f"--account is {account!r}, must be arena or paper", context)
    for name, given in (("--layers", layers), ("--listing", listing)):
        if as_json and given:
            raise click.UsageError(f"{name} is for people; leave out --json", context)
    if data is None and size is not None:
        raise click.UsageError("--size is for the images of --data; give that, or --input HxWxC", context)
    dataset = load(data, data_dir, size)[0] if data else None
    if dataset is not None and (shape is not None or classes is not None):
        raise click.UsageError("--data says the shape and the classes; leave out --input and --classes", context)
    network = find_network(model, hidden, dataset, shape, classes)
    planner = _Planner(network, find_policy(policy), find_optimizer(optimizer), account)
    largest = None
    if budget is not None:
        from linocut.cli.budget import largest_batch

        largest = largest_batch(lambda size: planner.account(size).total_bytes, budget)
        if context.get_parameter_source("batch") is ParameterSource.DEFAULT:
            batch = largest
    found = planner.account(batch)
    if as_json:
        extra = {} if largest is None else {"largest_batch": largest}
        click.echo(json.dumps({**found.to_json(), **extra}))
    else:
        click.echo(str(found))
        if largest is not None and budget is not None:
            click.echo(f"largest batch within {show_size(budget)}: {largest:,}")
    if layers:
        click.echo(f"\n{network}")
    if listing:
        from linocut.compile.listing import listing as text

        click.echo(text(planner.compiled(batch).program))
    if plot is not None:
        _plot(planner.compiled(batch), plot)


class _Planner:
    """The account of memory that was asked for, by the size of the batch."""

    def __init__(self, network: Network, policy: Policy, optimizer: Optimizer, account: str) -> None:
        self._what = network, policy, optimizer
        self._account = account

    def account(self, batch: int) -> Account:
        from linocut.report.memory import arena_account
        from linocut.report.paper import paper_account

        if self._account == "paper":
            return paper_account(*self._what, batch)
        return arena_account(self.compiled(batch))

    def compiled(self, batch: int) -> Compiled:
        from linocut.compile.lower import compile_network

        return compile_network(*self._what, batch)


def _plot(compiled: Compiled, path: Path) -> None:
    from linocut.report.plan_plot import plot

    plot(compiled, path)
    click.echo(f"wrote {path}", err=True)
