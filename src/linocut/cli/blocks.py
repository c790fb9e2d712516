"""linocut blocks: the best size of a recurrent network's circulant blocks in a budget; each that fits is trained."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from linocut.cli.choices import AUGMENTATION, MODEL, SCHEDULE, ChoiceOption
from linocut.cli.command import Command, at_least, checked
from linocut.cli.default_batch import fitting
from linocut.cli.options import (
    PATH,
    batch_option,
    data_options,
    find_network,
    find_optimizer,
    json_option,
    policy_options,
    quoted,
    tell_notes,
    threads_option,
    widths,
)
from linocut.cli.start import features_for, recording_options
from linocut.cli.train import DEFAULT_EPOCHS, SIGNALLED
from linocut.errors import printable

if TYPE_CHECKING:
    from linocut.graph.network import Network
    from linocut.train import Trainer
    from linocut.tune.blocks import BlockTrial, Sweep

HELD = 0.2  # of the training data, by default
NEW = ("blocks", "budget", "validation", "out", "threads", "as_json")  # which linocut train does not take, or not so


def _budget(text: str) -> object:
    from linocut.tune.block_costs import BlockBudget

    return BlockBudget.parse(text)


@click.command(
    cls=Command,
    examples=(
        "linocut blocks --data fsdd --policy standard --budget 16KiB        # of weights in 16 bits",
        "linocut blocks --data fsdd --budget 20000mul --epochs 12           # multiplications a frame",
        "linocut blocks --model google_lstm --data timit --budget 20us@ku060 --blocks 8,16   # a frame of one stream",
    ),
)
@click.option(
    "--model",
    cls=ChoiceOption,
    type=MODEL,
    default="lstm",
    show_default=True,
    help="A recurrent model, or a FILE.toml that describes one.",
)
@data_options
@recording_options
@click.option(
    "--blocks",
    metavar="K,K,...",
    default="1,2,4,8,16",
    callback=widths,
    show_default=True,
    help="The sizes to try; 1 is dense.",
)
@click.option(
    "--budget",
    metavar="SIZE|Nmul|TIME@FPGA",
    callback=checked(_budget),
    help="What the network may cost: 16KiB of weights in 16 bits, 20000mul, multiplications a frame, or 5us@ku060, the "
    "time of a frame of one stream on an FPGA.  [default: none, all sizes are trained]",
)
@policy_options
@batch_option
@click.option(
    "--epochs", type=int, callback=at_least(1), default=DEFAULT_EPOCHS, show_default=True, help="Epochs of each size."
)
@click.option("--lr", type=float, help="Learning rate.  [default: the optimizer's own]")
@click.option("--clip-norm", metavar="NORM", type=float, help="As that of train.")
@click.option(
    "--schedule",
    cls=ChoiceOption,
    type=SCHEDULE,
    default="cosine",
    show_default=True,
    help="How the learning rate changes from step to step: {names}.",
)
@click.option(
    "--augment", cls=ChoiceOption, type=AUGMENTATION, default="none", show_default=True, help="As that of train."
)
@click.option(
    "--validation",
    metavar="PART",
    type=float,
    default=HELD,
    show_default=True,
    help="Hold out PART of the training data to judge by; the test data choose nothing.",
)
@click.option("--seed", type=int, callback=at_least(0), default=0, show_default=True, help="As that of train.")
@threads_option
@click.option("--out", type=PATH, help="Keep a run folder of each size in this folder.  [default: runs/blocks]")
@json_option
@click.pass_context
def blocks(context: click.Context, /, as_json: bool, out: Path | None, **given: Any) -> None:
    """Find the size of a recurrent network's circulant blocks that does best within a budget.

    Every size that fits is trained, and judged in 16 bits by what was held out of the training data. Prints what each
    costs and comes to, and the command that trains the best on all of them. Given again, it goes on where it was.
    """
    from linocut.train import Interrupted
    from linocut.tune.blocks import NoneFits, best

    if given["data"] is None:
        raise click.UsageError("--data is not given; take a folder of recordings, or see: linocut data list")
    sweep = _sweep(context, given, out or Path("runs") / "blocks")
    trials = []
    try:
        for trial in sweep.trials(lambda text: click.echo(printable(text), err=True)):
            trials.append(trial)
            if as_json:
                _say({"event": "block", **trial.to_json()})
    except NoneFits as error:
        if as_json:
            for trial in error.trials:
                _say({"event": "block", **trial.to_json()})
            _say({"event": "best", **dict.fromkeys(error.trials[0].to_json()), "command": None})
        raise
    except Interrupted as stop:
        with suppress(OSError):  # the terminal that closed
            name = signal.Signals(stop.number).name
            click.echo(f"interrupted by {name}; the same command goes on with what is in {sweep.out}", err=True)
        context.exit(SIGNALLED + stop.number)
    found = best(trials)
    command = _command(context, given, found)
    if as_json:
        _say({"event": "best", **found.to_json(), "command": command})
    else:
        click.echo("\n".join([*_table(trials, sweep), "", *_told(found, sweep), command]))


def _sweep(context: click.Context, given: Mapping[str, Any], out: Path) -> Sweep:
    from linocut import data
    from linocut.cli.choosing import split
    from linocut.train import Trainer
    from linocut.train.going_on import check_batch
    from linocut.tune.block_costs import BlockBudget
    from linocut.tune.blocks import Sweep

    features = given["features"] or features_for(given["model"], given["data"])
    speaker = given["test_speaker"]
    loaded = data.load_splits(given["data"], given["data_dir"], features=features, test_speaker=speaker)
    tell_notes(loaded.train)
    loaded = split(loaded, None, given["validation"] if loaded.validation is None else None, given["seed"])
    assert loaded.validation is not None, "it was there, or was held out"
    asked = {"batch"} if context.get_parameter_source("batch") is ParameterSource.COMMANDLINE else set()
    batch, note = fitting(given["batch"], asked, len(loaded.train))
    if note is not None:
        click.echo(note, err=True)
    check_batch(batch, loaded.train)
    settings = {"learning_rate": given["lr"], "clip_norm": given["clip_norm"]}
    optimizer = find_optimizer(given["optimizer"], settings)

    def made(network: Network) -> Trainer:
        how = given["policy"], optimizer, batch, given["seed"], given["threads"], given["schedule"]
        return Trainer(network, *how, augment=given["augment"])

    budget = None if given["budget"] is None else BlockBudget.parse(given["budget"])
    network = find_network(given["model"], None, loaded.train)
    made(network).settings.augmentation.check_dataset(loaded.train)
    parts = loaded.train, loaded.validation
    return Sweep(network, made, *parts, given["epochs"], given["blocks"], budget, out, given["threads"])


def _say(told: Mapping[str, Any]) -> None:
    click.echo(json.dumps(told))
    sys.stdout.flush()


def _table(trials: list[BlockTrial], sweep: Sweep) -> Iterator[str]:
    """For people: a line for each size."""
    from linocut.sizes import show_size
    from linocut.tables import table

    what = next(one.floats.what for one in trials if one.floats is not None).replace("_", " ")
    timed = sweep.budget is not None and sweep.budget.frame_s is not None
    head = ("block", "numbers", "in 16 bits", "multiplications a frame", *(["us a frame"] if timed else []))
    rows = [(*head, what, f"{what}, 16 bits", "")]
    for one in trials:
        cost = one.cost
        cells = ["-"] * 3 if cost is None else [f"{cost.numbers:,}", show_size(cost.weight_bytes)]
        if cost is not None:
            cells.append(f"{cost.multiplications:,}")
        if timed:
            cells.append("-" if cost is None or cost.frame_s is None else f"{1e6 * cost.frame_s:.4g}")
        came = ["-" if figure is None else str(figure) for figure in (one.floats, one.sixteen)]
        rows.append((str(one.block), *cells, *came, printable(one.reason or "")))
    yield from table(rows, left=0, rules=(1,))


def _told(found: BlockTrial, sweep: Sweep) -> Iterator[str]:
    held = f"{len(sweep.held):,} examples that were held out"
    within = "" if sweep.budget is None else f" within {sweep.budget}"
    yield f"blocks of {found.block} do best{within}, on {held}; to train them on all examples:"


def _command(context: click.Context, given: Mapping[str, Any], found: BlockTrial) -> str:
    """The `linocut train` of the best: what was given, with defaults of this command that train has not."""
    words = ["linocut", "train", "--block", str(found.block)]
    always = {"model", "schedule"}
    for parameter in context.command.params:
        name = str(parameter.name)
        asked = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if name not in NEW and (asked or name in always) and given.get(name) is not None:
            words += [parameter.opts[0], quoted(given[name])]
    return " ".join(printable(word) for word in words)
