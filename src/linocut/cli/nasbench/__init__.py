"""linocut nasbench: the networks of NASBench-101, what they cost on devices, and the best within a budget."""

from __future__ import annotations

import click

from linocut.cli.group import Entry, Group

HOME = "linocut.cli.nasbench"
COMMANDS = {
    "enumerate": Entry(f"{HOME}.enumerate_cells", "enumerate_cells", "Count all cells, and write them to a file."),
    "describe": Entry(f"{HOME}.describe", "describe", "Show a cell: its sizes, its costs, its network as a file."),
    "sweep": Entry(f"{HOME}.sweep", "sweep", "Estimate all cells on devices, and say which device is fastest where."),
    "plot": Entry(f"{HOME}.plot", "plot", "Draw what a sweep found: a folder of pictures."),
    "train-cost-model": Entry(
        f"{HOME}.train_cost_model", "train_cost_model", "Train a graph network to answer what cells cost."
    ),
    "search": Entry(f"{HOME}.search", "search", "Find the best cell within a time, and write its network."),
}


@click.group(cls=Group, entries=COMMANDS, invoke_without_command=True)
@click.pass_context
def nasbench(context: click.Context) -> None:
    """Count, describe and estimate the 423,624 networks of NASBench-101, and search among them."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
