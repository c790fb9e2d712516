"""linocut hybrid: the best precisions of a network's layers within a budget, trained."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from linocut.cli.analyse import analysis_options, data_of, listed
from linocut.cli.choices import AUGMENTATION, SCHEDULE, ChoiceOption
from linocut.cli.command import Command, at_least, checked
from linocut.cli.default_batch import fitting
from linocut.cli.of_folders import choose, fitted_batch
from linocut.cli.options import (
    PATH,
    batch_option,
    data_options,
    find_network,
    image_size_option,
    in_data_dir,
    json_option,
    model_options,
    policy_options,
    quoted,
    threads_option,
)
from linocut.cli.train import DEFAULT_EPOCHS, SIGNALLED
from linocut.errors import one_line, printable
from linocut.json_text import written

if TYPE_CHECKING:
    from linocut.data.loaded import Loaded
    from linocut.graph.network import Network
    from linocut.hybrid import Chosen
    from linocut.hybrid.costs import Budget
    from linocut.report.hybrid_table import Compared
    from linocut.train import Event, Trainer

BINARY = "-binary"  # behind the name of the folder, of the binary run that is trained first
ANALYSED = ("threshold", "rise", "tap")
OWN = ("budget", "by", "choices", "examples", "threshold", "rise", "tap", "epochs", "lr", "limit", "threads")
SETTINGS = ("model", "hidden", "size", "policy", "optimizer", "batch", "schedule", "augment", "seed", "validation")


def _budget(text: str) -> object:
    from linocut.hybrid.costs import Budget

    return Budget.parse(text)


@click.command(
    cls=Command,
    examples=(
        "linocut hybrid --model resnet20 --data cifar10 --budget 64KiB --out runs/hybrid",
        "linocut hybrid --from runs/binary --budget 12uJ --choices 2,float --out runs/hybrid",
        "linocut hybrid --from runs/binary --budget 3ms@coral-usb --by pca --choose-only",
    ),
)
@model_options
@data_options
@image_size_option
@click.option(
    "--from",
    "source",
    metavar="RUN",
    type=PATH,
    help="The binary run to begin from: its network, data and settings, and its weights.  [default: it is trained "
    "first, into the folder --out with -binary behind its name]",
)
@click.option(
    "--budget",
    metavar="SIZE|ENERGY|TIME@DEVICE",
    required=True,
    callback=checked(_budget),
    help="What the network may cost: 64KiB of parameters, 5uJ a prediction, or 3ms@coral-usb.",
)
@click.option(
    "--by",
    type=click.Choice(["pca", "sensitivity", "both"]),
    default="sensitivity",
    show_default=True,
    help="What layers gain by bits: the rise of principal components, the fall of the loss, or the ranks in both.",
)
@analysis_options
@policy_options
@batch_option
@click.option(
    "--epochs",
    type=int,
    callback=at_least(1),
    default=DEFAULT_EPOCHS,
    show_default=True,
    help="Epochs of the chosen network, and of the binary one where that is trained first.",
)
@click.option("--lr", type=float, help="Learning rate.  [default: the optimizer's own, or the run's]")
@click.option(
    "--schedule",
    cls=ChoiceOption,
    type=SCHEDULE,
    default="cosine",
    show_default=True,
    help="How the learning rate changes from step to step: {names}.",
)
@click.option(
    "--augment",
    cls=ChoiceOption,
    type=AUGMENTATION,
    metavar="NAME,...",
    default="none",
    show_default=True,
    help="Change training images at random: {names}.",
)
@click.option(
    "--validation", metavar="PART", type=float, help="Hold out PART of the training data, to find sensitivity by."
)
@click.option("--limit", type=int, callback=at_least(1), help="Use the first N examples only.")
@click.option("--seed", type=int, callback=at_least(0), default=0, show_default=True, help="Seed of both trainings.")
@threads_option
@click.option("--choose-only", is_flag=True, help="Choose and print, and train nothing; of a run that --from names.")
@click.option("--out", type=PATH, help="The run folder of the chosen network.  [default: runs/hybrid]")
@click.option("--plot", type=PATH, help="Draw the choices that nothing beats, and energy by layer, into this file.")
@json_option
@click.pass_context
def hybrid(context: click.Context, /, as_json: bool, plot: Path | None, out: Path | None, **given: Any) -> None:
    """Give the layers of a binary network the precisions that bring most within a budget, and train that.

    Layers are analysed as linocut analyse does, the exact best choice is made, and trained from the binary
    run's weights. In the end both networks stand beside the one in full precision.
    """
    from linocut.report import figures
    from linocut.train import Interrupted
    from linocut.train.run_folder import RunFolder

    if plot is not None:
        figures.check(plot)
    if given["choose_only"] and given["source"] is None:
        raise click.UsageError("--choose-only is for a binary run that is there; give --from RUN, or leave it out")
    explicit = {name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if given["source"] is not None and (twice := [name for name in SETTINGS if name in explicit]):
        raise click.UsageError(f"--from says the {twice[0]}: leave out --{twice[0]}, or --from")
    own = out or Path("runs") / "hybrid"
    try:
        _run(given, explicit, own, plot, _Told(as_json))
    except Interrupted as stop:
        name = signal.Signals(stop.number).name
        with suppress(OSError):  # the terminal that closed
            again = _again(given, explicit, own, Path(str(stop.folder)))
            click.echo(f"interrupted by {name}; go on with: {printable(again)}", err=True)
        context.exit(SIGNALLED + stop.number)
    except KeyboardInterrupt:
        if given["source"] is None and RunFolder(folder := _of_binary(own)).holds_run and not RunFolder(own).holds_run:
            with suppress(OSError):
                follow = printable(_follow(given, explicit, own, folder))
                click.echo(f"the binary run is at its end; choose with: {follow}", err=True)
        raise


def _of_binary(out: Path) -> Path:
    """The folder of the binary run that is trained first."""
    return out.with_name(out.name + BINARY)


def _again(given: dict[str, Any], explicit: set[str], out: Path, stopped: Path) -> str:
    """What goes on with a training that stopped in a folder; behind the binary run's comes the choice."""
    resume = _resume(given, stopped)
    return resume if stopped == out else f"{resume}; then: {_follow(given, explicit, out, stopped)}"


def _resume(given: dict[str, Any], folder: Path) -> str:
    """The command that goes on with the run in a folder."""
    return f"linocut train --resume --out {quoted(folder)}{in_data_dir(given['data_dir'])}"


def _follow(given: dict[str, Any], explicit: set[str], out: Path, binary: Path) -> str:
    """The command that chooses from a binary run what this one would have chosen."""
    same = " ".join(f"--{name} {quoted(given[name])}" for name in OWN if name in explicit)
    return f"linocut hybrid --from {quoted(binary)} {same}{in_data_dir(given['data_dir'])} --out {quoted(out)}"


class _Told:
    """What people, or programs, are told."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, event: str, found: dict[str, Any], shown: Callable[[], str]) -> None:
        """A result: an object of this event, or a text."""
        click.echo(written({"event": event, **found}) if self.as_json else f"{shown()}\n")

    def line(self, text: str) -> None:
        """A line on the way."""
        click.echo(printable(text), err=True)

    def watch(self, name: str) -> Callable[[Event], None]:
        """What a training is followed by."""
        from linocut.train import EpochEnded

        def told(event: Event) -> None:
            if isinstance(event, EpochEnded):
                right = "" if event.accuracy is None else f", test accuracy {event.accuracy:.2%}"
                if event.validation_accuracy is not None:
                    right = f", validation accuracy {event.validation_accuracy:.2%}"
                self.line(f"{name}: epoch {event.epoch}, loss {event.loss:.4f}{right}")

        return told


def _run(given: dict[str, Any], explicit: set[str], out: Path, plot: Path | None, tell: _Told) -> None:
    from linocut.hybrid import analyse, choice
    from linocut.hybrid.choosing import PCA
    from linocut.hybrid.costs import Budget
    from linocut.report import hybrid_table
    from linocut.train.run_folder import RunFolder

    budget, choices = Budget.parse(given["budget"]), listed(given["choices"])
    if not given["choose_only"]:
        if RunFolder(out).holds_run:
            raise click.UsageError(
                f"{one_line(out)} holds a run already: go on with it ({_resume(given, out)}), or give another --out"
            )
        RunFolder(out).refuse_other()
    binary, loaded = _binary(given, explicit, budget, choices, out, tell)
    analysis = analyse(
        binary,
        loaded.train,
        validation=loaded.validation,
        examples=given["examples"],
        **{name: given[name] for name in ANALYSED},
        choices=choices,
        sensitive=given["by"] != PCA,
        device=budget.device,
        tell=tell.line,
    )
    tell.result("analysis", analysis.to_json(), lambda: hybrid_table.analysis_table(analysis))
    chosen = choice(binary.network, analysis, budget, given["by"], choices)
    tell.result("choice", chosen.to_json(), lambda: hybrid_table.choice_table(chosen))
    accuracy = None if given["choose_only"] else _trained(given, binary, chosen, loaded, out, tell)
    compared = _compared(binary, chosen, accuracy, loaded)
    rows = [dataclasses.asdict(one) for one in compared]
    where = None if given["choose_only"] else str(out)
    tell.result("compared", {"networks": rows, "out": where}, lambda: "\n".join(hybrid_table.compared_table(compared)))
    if plot is not None:
        from linocut.devices.hybrid_energy import hybrid_energy, read_bit_energies
        from linocut.report.hybrid_plots import hybrid_plot

        hybrid_plot(chosen, compared, hybrid_energy(chosen.network.graph, read_bit_energies()), plot)
        tell.line(f"wrote {one_line(plot)}")


def _binary(
    given: dict[str, Any], explicit: set[str], budget: Budget, choices: list[str] | None, out: Path, tell: _Told
) -> tuple[Trainer, Loaded]:
    """The binary run, which is there, or is trained now, and its data; a budget that allows no choice is refused."""
    from linocut.data import take
    from linocut.hybrid.analysis import check_analysis
    from linocut.hybrid.choosing import check_budget
    from linocut.optimizers import find_optimizer
    from linocut.train import Trainer
    from linocut.train.run_folder import RunFolder

    if given["source"] is not None:
        trainer = Trainer.resume(given["source"], given["threads"])
        check_budget(trainer.network, budget, choices)
        loaded = data_of(trainer, given["source"], given["data"], given["data_dir"])
        limit = given["limit"]
        return trainer, loaded._replace(train=take(loaded.train, limit), test=take(loaded.test, limit))
    if given["data"] is None:
        raise click.UsageError("--data is not given; take digits, which are inside the package, or --from RUN")
    loaded, given = _fitted(given, explicit, tell)
    network = find_network(given["model"], given["hidden"], loaded.train)
    check_budget(network, budget, choices)
    check_analysis(network, min(given["examples"], len(loaded.train)), **{name: given[name] for name in ANALYSED})
    optimizer = find_optimizer(given["optimizer"])
    if given["lr"] is not None:
        optimizer = dataclasses.replace(optimizer, learning_rate=given["lr"])
    how = network, given["policy"], optimizer, given["batch"], given["seed"], given["threads"], given["schedule"]
    trainer = Trainer(*how, augment=given["augment"])
    folder = _of_binary(out)
    if RunFolder(folder).holds_run:
        raise click.UsageError(
            f"{one_line(folder)} holds a binary run already: begin from it with --from {quoted(folder)}, once it is at "
            f"its end ({_resume(given, folder)}), or give another --out"
        )
    tell.line(f"trains the binary network first, into {one_line(folder)}")
    _fit(trainer, loaded, given["epochs"], folder, tell.watch("binary"))
    return trainer, loaded


def _fitted(given: dict[str, Any], explicit: set[str], tell: _Told) -> tuple[Loaded, dict[str, Any]]:
    """The data for the binary network, and the options with what is chosen for them, as `linocut train` chooses."""
    from linocut.cli.choosing import split
    from linocut.data import load_splits

    said = explicit - {"budget"}  # of the network here, not of what training takes
    choice = choose(given["data"], said)
    if choice is not None:
        found = {"model": choice.model, "size": choice.size, "schedule": choice.schedule}
        given = given | {name: value for name, value in found.items() if value is not None}
    loaded = load_splits(given["data"], given["data_dir"], given["size"])
    loaded = split(loaded, given["limit"], given["validation"], given["seed"])
    batch, note = fitting(given["batch"], said, len(loaded.train))
    if choice is not None:
        batch = fitted_batch(len(loaded.train)) if choice.batch else batch
        note = choice.note(batch)
    if note is not None:
        tell.line(note)
    return loaded, given | {"batch": batch}


def _trained(
    given: dict[str, Any], binary: Trainer, chosen: Chosen, loaded: Loaded, out: Path, tell: _Told
) -> float | None:
    """Train the chosen network from the binary one's weights; its accuracy on the test data."""
    from linocut.train import Trainer

    settings = dataclasses.replace(binary.settings, network=chosen.network, frozen=())
    if given["lr"] is not None:
        settings = dataclasses.replace(
            settings, optimizer=dataclasses.replace(settings.optimizer, learning_rate=given["lr"])
        )
    trainer = Trainer.from_settings(settings, given["threads"])
    trainer.start_from(given["source"] or binary, loaded.train.classes)
    _fit(trainer, loaded, given["epochs"], out, tell.watch("hybrid"))
    return trainer.evaluate(loaded.test).accuracy


def _fit(trainer: Trainer, loaded: Loaded, epochs: int, out: Path, told: Callable[[Event], None]) -> None:
    trainer.fit(loaded.train, epochs, out=out, callbacks=[told], validation=loaded.validation, test=loaded.test)


def _compared(binary: Trainer, chosen: Chosen, accuracy: float | None, loaded: Loaded) -> list[Compared]:
    """The binary network, the chosen one, and the one in full precision, which was not trained."""
    from linocut.graph.precision import FLOAT
    from linocut.hybrid.options import options_of

    full = binary.network.with_precision(dict.fromkeys(options_of(binary.network, [FLOAT]), FLOAT))
    return [
        _costs(_name_of(binary.network), binary.network, binary.evaluate(loaded.test).accuracy),
        _costs("chosen", chosen.network, accuracy),
        _costs("full precision, not trained", full, None),
    ]


def _name_of(network: Network) -> str:
    """What the network is that the choice began from, which may have layers of other bits already."""
    from linocut.graph.precision import ONE, chain, precision_of

    layers = (network.graph.node(name).layer for name in chain(network.graph))
    return "binary" if all(precision_of(layer) == ONE for layer in layers) else "as it was"


def _costs(name: str, network: Network, accuracy: float | None) -> Compared:
    from linocut.graph.precision import weights_only_bits
    from linocut.hybrid.costs import energy_pj, model_bytes
    from linocut.report.hybrid_table import Compared

    bits = weights_only_bits(network.graph)
    return Compared(name, accuracy, model_bytes(network), bits, energy_pj(network) / 1e6)
