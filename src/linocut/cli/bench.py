"""linocut bench: where the time of a step goes, and how close to this machine's peak it is spent."""

from __future__ import annotations

import json
from typing import Any

import click

from linocut.cli.command import Command
from linocut.cli.options import (
    batch_option,
    dimensions,
    find_network,
    json_option,
    model_options,
    policy_options,
    threads_option,
)


@click.command(
    cls=Command,
    examples=(
        "linocut bench --model cnv --batch 50",
        "linocut bench --model mlp --predict --batch 1 --each",
    ),
)
@model_options
@policy_options
@batch_option
@click.option("--input", "shape", metavar="HxWxC", callback=dimensions, help="Examples of this shape.")
@click.option("--classes", type=int, help="So many classes.")
@click.option("--predict", is_flag=True, help="Profile prediction instead of a training step.")
@click.option("--steps", type=int, default=10, show_default=True, help="Measure so many steps, after one unmeasured.")
@threads_option
@click.option("--each", is_flag=True, help="One line for each instruction, in the order of the program.")
@json_option
def bench(
    model: str,
    hidden: tuple[int, ...] | None,
    block: int | None,
    policy: str,
    optimizer: str,
    batch: int,
    shape: tuple[int, ...] | None,
    classes: int | None,
    predict: bool,
    steps: int,
    threads: int | None,
    each: bool,
    as_json: bool,
) -> None:
    """Time each instruction of a step on random examples.

    Rates are set beside the peak that the bare micro-kernels reach on this machine in the same run.
    $LINOCUT_ISA picks the instruction set.
    """
    from linocut.compile.lower import compile_network
    from linocut.optimizers import Bop, find_optimizer
    from linocut.policies import find_policy
    from linocut.report.profile import ProfileReport
    from linocut.run import profile

    if each and as_json:
        raise click.UsageError("--each is for people; --json has every instruction")
    network, rule, form = (
        find_network(model, hidden, None, shape, classes, block=block),
        Bop() if predict else find_optimizer(optimizer),  # whose weights are bits, as those of a model
        find_policy(policy),
    )
    if predict:
        found = profile.profile_prediction(profile.untrained_graph(network, form), batch, steps, threads)
    else:
        found = profile.profile_training(compile_network(network, form, rule, batch), steps, threads)
    report = ProfileReport(network.name, form.name, rule.kind, batch, found)
    shown: dict[str, Any] | str = report.to_json() if as_json else report.one_by_one() if each else report.by_op()
    click.echo(json.dumps(shown) if as_json else shown)
