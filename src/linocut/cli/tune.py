"""linocut tune: how to train a network on a data set, found by short trainings, with the command that does it."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from linocut.cli.choices import AUGMENTATION, OPTIMIZER, ChoiceOption
from linocut.cli.command import Command, at_least
from linocut.cli.of_folders import choose, fitted_batch
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
    policy_option,
    quoted,
    skip_corrupt_option,
    tell_notes,
    tell_skipped,
)
from linocut.cli.precision import precision_options, with_precisions
from linocut.cli.start import features_for, recording_options
from linocut.cli.train import SIGNALLED
from linocut.errors import one_line, printable

if TYPE_CHECKING:
    from linocut.data.loaded import Loaded
    from linocut.graph.network import Network
    from linocut.optimizers import Optimizer
    from linocut.tune.advice import Advice
    from linocut.tune.trial import Trial
    from linocut.tune.verified import Verified

    CarryOut = Callable[[Callable[[Verified], None]], object]

OPTIONS = {"learning_rate": "lr", "momentum": "momentum", "weight_decay": "weight-decay"}
OWN = {"adam": ("learning_rate", "weight_decay"), "sgd": tuple(OPTIONS)}
ALSO = (
    *("model", "hidden", "block", "keep_float", "bits"),
    *("data", "data_dir", "labels", "task", "features", "test_speaker", "size", "colour", "skip_corrupt"),
    *("policy", "limit", "augment", "seed"),
)


@click.command(
    cls=Command,
    examples=(
        "linocut tune --model mlp --data mnist                # five minutes, then a command to train with",
        "linocut tune --model cnv --data cifar10 --minutes 10 --epochs 20 --plot cnv.png",
        "linocut tune --data digits --minutes 0.5 --verify    # then trains so, and sets it beside what was foretold",
    ),
)
@model_options
@precision_options
@data_options
@label_options
@recording_options
@image_size_option
@colour_option
@skip_corrupt_option
@policy_option
@click.option(
    "--optimizer",
    cls=ChoiceOption,
    type=OPTIMIZER,
    help="The update rule to begin with: adam, sgd.  [default: adam, of an edge sgd]",
)
@click.option("--lr", type=float, help="Learning rate to begin around; it may be far off.  [default: the optimizer's]")
@click.option(
    "--batch", type=int, callback=at_least(1), help="Examples in a batch.  [default: 100, of an edge 32, or half of it]"
)
@click.option(
    "--epochs", type=int, callback=at_least(1), default=10, show_default=True, help="Epochs of the run to be tuned for."
)
@click.option("--minutes", type=float, default=5.0, show_default=True, help="How long tuning may take.")
@click.option(
    "--objective",
    default="auto",
    show_default=True,
    help="What the run is foretold by: edge, J^2 of tanh and ReLU layers; turnover of binary weights; auto.",
)
@click.option(
    "--limit", type=int, callback=at_least(1), help="Use the first N examples only, for training and for testing."
)
@click.option(
    "--augment", cls=ChoiceOption, type=AUGMENTATION, default="none", show_default=True, help="As that of train."
)
@click.option("--seed", type=int, callback=at_least(0), default=0, show_default=True, help="As that of train.")
@machine_options
@click.option("--verify", is_flag=True, help="Then train as advised, and set what was foretold beside what comes.")
@click.option("--plot", type=PATH, help="Draw learning rates and the forecast into this file.")
@json_option
@click.pass_context
def tune(context: click.Context, /, plot: Path | None, as_json: bool, verify: bool, **given: Any) -> None:
    """Find how to train a network on a data set, by short trainings.

    A fifth of the training data is held out to judge by; test data are not looked at. Prints learning rate, batch,
    weight decay and schedule with the reasons, what to expect of the run, warnings, and the command that trains so.
    """
    from linocut.train import Interrupted

    if given["data"] is None:
        raise click.UsageError(
            "--data is not given; take digits, which are inside the package, or see: linocut data list"
        )
    if plot is not None:
        from linocut.report import figures

        figures.check(plot)
    beside: list[Verified] = []
    stopped = None
    try:
        advice, carry_out = _tuned(context, given, as_json)
    except Interrupted as stop:
        _tell(f"interrupted by {signal.Signals(stop.number).name}; of tuning nothing is kept")
        context.exit(SIGNALLED + stop.number)
    if verify:
        try:
            _verify(advice, carry_out, beside, as_json)
        except Interrupted as stop:
            stopped = SIGNALLED + stop.number
            epochs = f"{len(beside)} of {advice.epochs:,} epochs of it are verified"
            _tell(f"interrupted by {signal.Signals(stop.number).name}; the advice stands, {epochs}")
    if plot is not None:
        from linocut.report import tune_plot

        tune_plot.plot(advice, beside, plot)
        _tell(f"wrote {one_line(plot)}")
    if stopped is not None:
        context.exit(stopped)


def _tell(text: str) -> None:
    with suppress(OSError):  # the terminal that closed
        click.echo(text, err=True)


def _tuned(context: click.Context, given: dict[str, Any], as_json: bool) -> tuple[Advice, CarryOut]:
    """The advice, which is printed, and what carries it out."""
    from linocut.tune.tuned import tune as tuned
    from linocut.tune.verified import verify as carried_out

    explicit = {name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    choice = choose(given["data"], explicit | {"schedule"})
    if choice is not None:
        chosen = {"model": choice.model, "size": choice.size}
        given |= {name: value for name, value in chosen.items() if value is not None}
    loaded = _loaded(given)
    if choice is not None:
        if choice.batch:
            given |= {"batch": fitted_batch(len(loaded.train))}
        click.echo(choice.note(given["batch"]), err=True)
    network = find_network(given["model"], given["hidden"], loaded.train, block=given["block"])
    network = with_precisions(network, given["keep_float"], given["bits"])
    own = {name: given[name] for name in ("seed", "threads", "backend", "augment")}
    optimizer = _optimizer(given, network)

    def told(trial: Trial) -> None:
        if as_json:
            _say({"event": "trial", **trial.to_json()})
        else:
            click.echo(_line(trial), err=True)

    advice = tuned(
        network,
        loaded.train,
        given["policy"],
        optimizer,
        given["batch"],
        **{name: given[name] for name in ("minutes", "epochs", "objective")},
        **own,
        tell=told,
    )
    shown = explicit | {"model", "policy"} | ({"size"} if choice is not None and choice.size else set())
    command = command_of(advice, context, {name: given[name] for name in ALSO if name in shown})
    if as_json:
        _say({"event": "advice", **advice.to_json(), "command": command})
    else:
        lines = [printable(line) for line in str(advice).splitlines()]
        click.echo("\n".join([*lines, "", command]))
    run = advice, network, loaded.train, loaded.test, given["policy"]
    return advice, lambda tell: carried_out(*run, **own, tell=tell)


def _loaded(given: dict[str, Any]) -> Loaded:
    from linocut import data
    from linocut.cli.choosing import split

    options = {name: given[name] for name in ("skip_corrupt", "colour", "labels", "task", "test_speaker")}
    features = given["features"] or features_for(given["model"], given["data"])
    loaded = data.load_splits(given["data"], given["data_dir"], given["size"], features=features, **options)
    tell_skipped(*filter(None, loaded))
    tell_notes(*filter(None, loaded))
    return split(loaded, given["limit"], None, given["seed"])


def _optimizer(given: dict[str, Any], network: Network) -> Optimizer:
    """The one to begin with: that which is given, else the usual one of the network's regime."""
    from linocut.tune.regime import find_regime
    from linocut.tune.tuned import usual_optimizer

    usual = usual_optimizer(find_regime(network.graph, given["objective"]))
    return find_optimizer(given["optimizer"] or usual, {"learning_rate": given["lr"]})


def _line(trial: Trial) -> str:
    came = "diverged" if trial.loss is None else f"loss {trial.loss:.4f}"
    right = "" if trial.accuracy is None else f", accuracy {trial.accuracy:.2%}"
    setting = f"learning rate {trial.setting.rate:.3g}, {trial.setting.schedule.kind}"
    return f"{setting}, {trial.steps:,} steps of {trial.setting.batch_size}: {came}{right}"


def _say(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told))
    sys.stdout.flush()


def _verify(advice: Advice, carry_out: CarryOut, beside: list[Verified], as_json: bool) -> None:
    """Carry the advice out; what was foretold beside what came is printed epoch by epoch, and kept in `beside`."""
    from linocut.tune.regime import EDGE

    measure = "J^2" if advice.regime.objective == EDGE else "turnover"
    titles = ("epoch", f"{measure} foretold", "measured", "within", "test accuracy")

    def told(one: Verified) -> None:
        beside.append(one)
        if as_json:
            _say({"event": "verified", **one.to_json()})
        else:
            click.echo("  ".join(cell.rjust(len(title)) for cell, title in zip(_row(one), titles, strict=True)))

    if not as_json:
        heading = "  ".join(titles)
        click.echo(f"\n{heading}\n{'-' * len(heading)}")
    carry_out(told)


def _row(one: Verified) -> tuple[str, ...]:
    from linocut.tables import percent

    foretold = "-" if one.expected is None else f"{one.expected:.3g}"
    within = "-" if one.within is None else "yes" if one.within else "no"
    return f"{one.epoch}", foretold, f"{one.measured:.3g}", within, percent(one.accuracy)


def command_of(advice: Advice, context: click.Context, given: dict[str, Any]) -> str:
    """The `linocut train` that trains as advised, with the options of `given`."""
    words = ["linocut", "train"]
    known = {parameter.name: parameter for parameter in context.command.params}
    for name, value in given.items():
        words += _as_words(known[name], value)
    settings = advice.optimizer.to_dict()
    kind = settings["kind"]
    words += ["--optimizer", kind]
    for name in OWN[kind]:
        if settings[name] or name == "learning_rate" or name == "momentum":
            words += [f"--{OPTIONS[name]}", f"{settings[name]:g}"]
    words += ["--batch", f"{advice.batch_size}", "--epochs", f"{advice.epochs}", "--schedule", advice.schedule.kind]
    return " ".join(printable(word) for word in words)


def _as_words(option: click.Parameter, value: Any) -> list[str]:
    """An option as it was given."""
    name = option.opts[0]
    if option.name == "colour":
        return [name if value else option.secondary_opts[0]]
    if option.name == "skip_corrupt":
        return [name] if value else []
    if option.name == "size":
        return [name, "x".join(map(str, value))]
    if option.name == "hidden":
        return [name, ",".join(map(str, value))]
    if option.name == "labels":
        return [word for one in value for word in (name, quoted(one))]
    return [name, quoted(value)]
