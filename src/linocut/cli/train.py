"""linocut train: train a network from one command, and go on with a run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from linocut.cli.choices import AUGMENTATION, SCHEDULE, ChoiceOption
from linocut.cli.choosing import choosing_options, ended_early, kept_model, longer, split, tell_of_choosing
from linocut.cli.command import Command, at_least, refused
from linocut.cli.default_batch import fitting
from linocut.cli.given import Options
from linocut.cli.loss import loss_options, with_loss
from linocut.cli.of_folders import choose, fitted_batch
from linocut.cli.options import (
    PATH,
    colour_option,
    data_options,
    find_network,
    find_optimizer,
    image_size_option,
    in_data_dir,
    json_option,
    label_options,
    machine_options,
    model_options,
    quoted,
    skip_corrupt_option,
    tell_skipped,
    training_options,
)
from linocut.cli.precision import precision_options, with_precisions
from linocut.cli.pruning import asked_pruning, pruning_options
from linocut.cli.start import (
    default_name,
    freeze_option,
    from_option,
    load_as,
    network_of,
    recording_options,
    source_run,
    tell_of_start,
    with_policy_of,
)
from linocut.errors import printable
from linocut.sizes import show_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linocut.data.loaded import Loaded
    from linocut.graph.network import Network
    from linocut.optimizers import Optimizer
    from linocut.train import Done, EpochEnded, Event, Trainer
    from linocut.train.events import Callback

DEFAULT_EPOCHS = 10
FEW_STEPS = 100  # of an epoch
OF_OPTIMIZER = {
    "learning_rate": "lr",
    "momentum": "momentum",
    "weight_decay": "weight_decay",
    "nesterov": "nesterov",
    "clip_norm": "clip_norm",
}
SIGNALLED = 128  # added to a signal's number, the exit status of shells


def _check(given: Mapping[str, Any]) -> Iterable[str]:
    """What is wrong with the optimizer's settings, each by itself; of a run that goes on its optimizer decides."""
    if given["optimizer"] is None or given["go_on"]:
        return
    for name, option in OF_OPTIMIZER.items():
        if given[option] is not None:
            yield from refused(partial(find_optimizer, given["optimizer"], {name: given[option]}))


@click.command(
    cls=Command,
    check=_check,
    examples=(
        "linocut train --data digits --epochs 20 --out runs/digits",
        "linocut train --data photos/                         # a folder of class folders",
        "linocut train --model cnv --data photos/ --size 32x32 --augment flip --schedule cosine",
        "linocut train --resume --out runs/digits             # after Ctrl-C or a power cut",
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
@click.option(
    "--limit", type=int, callback=at_least(1), help="Use the first N examples only, for training and for testing."
)
@choosing_options
@from_option
@freeze_option
@training_options
@click.option(
    "--augment",
    cls=ChoiceOption,
    type=AUGMENTATION,
    metavar="NAME,...",
    default="none",
    show_default=True,
    help="Change training images at random: {names}; crop is for folders, edge fills what a shift leaves from the "
    "edges. Sizes may be given: shift=0.1 (part of the size), rotate=8 (degrees), noise=0.3 (of floats).",
)
@click.option(
    "--epochs",
    type=int,
    callback=at_least(1),
    default=DEFAULT_EPOCHS,
    show_default=True,
    help="Epochs, passes over the training data, in all.",
)
@click.option("--lr", type=float, help="Learning rate.  [default: the optimizer's own]")
@click.option("--momentum", type=float, help="Momentum of sgd.  [default: 0.9]")
@click.option(
    "--weight-decay",
    type=float,
    help="What part of their magnitude weights lose in a step, times the learning rate.  [default: 0]",
)
@click.option("--nesterov", is_flag=True, default=None, help="Nesterov's momentum, of sgd.")
@click.option(
    "--clip-norm",
    metavar="NORM",
    type=float,
    help="Make the gradients of a step smaller where their norm, of all together, is above NORM; of recurrent networks "
    "1.  [default: 0, no bound]",
)
@click.option(
    "--schedule",
    cls=ChoiceOption,
    type=SCHEDULE,
    default="constant",
    help="How the learning rate changes from step to step: {names}.  [default: constant, of a folder of images cosine]",
)
@loss_options
@click.option(
    "--precise-norms",
    metavar="BATCHES",
    type=int,
    callback=at_least(0),
    default=0,
    help="Batch norms predict by their statistics over so many batches, found anew after each epoch; 16 are enough.  "
    "[default: 0, running averages over the steps]",
)
@pruning_options
@click.option(
    "--seed",
    type=int,
    callback=at_least(0),
    default=0,
    show_default=True,
    help="Seed of the initial weights, the order of examples and augmentation.",
)
@machine_options
@click.option(
    "--save-every",
    metavar="STEPS",
    type=click.IntRange(min=1),
    help="Write the checkpoint also after every STEPS steps, the most that a power cut then costs.  "
    "[default: none, or those of the resumed run]",
)
@click.option(
    "--dynamics",
    is_flag=True,
    help="Keep in the log where each layer stands: J, J0, turnover, gain of gradients, shares passed and clipped, from "
    "every 100th step.",
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
    trainer, splits, options = _resumed(options) if go_on else _begun(options)
    try:
        if as_json:
            _train_for_programs(trainer, splits, options)
        else:
            _train_for_people(trainer, splits, options)
    except Interrupted as stop:
        name = signal.Signals(stop.number).name
        again = quoted(str(stop.folder)) + _of_data(options)
        with suppress(OSError):  # the terminal that closed
            click.echo(f"interrupted by {name}; go on with: linocut train --resume --out {printable(again)}", err=True)
        context.exit(SIGNALLED + stop.number)


def _resumed(options: Options) -> tuple[Trainer, Loaded, Options]:
    from linocut.cli.resume import resumed  # late, as what a new run does not need

    return resumed(options)


def _begun(options: Options) -> tuple[Trainer, Loaded, Options]:
    from linocut.data.number_names import is_called_numbers
    from linocut.run.feed import as_dataset
    from linocut.train import Trainer
    from linocut.train.going_on import check_batch
    from linocut.train.start import check_thawed

    if options.data is None:
        raise click.UsageError(
            "--data is not given; take digits, which are inside the package, or see: linocut data list"
        )
    choice = choose(options.data, options.explicit)
    if choice is not None:
        options = replace(
            options,
            model=choice.model or options.model,
            size=choice.size or options.size,
            schedule=choice.schedule or options.schedule,
        )
    run = source_run(options)
    options = with_policy_of(run, options)
    loaded = load_as(run, options)
    tell_skipped(*filter(None, loaded))
    loaded = split(loaded, options.limit, options.validation, options.seed)
    training = loaded.train
    network = network_of(run, options, len(training.classes)) or find_network(
        options.model, options.hidden, training, block=options.block
    )
    network = with_loss(with_precisions(network, options.keep_float, options.bits), options, training)
    optimizer = find_optimizer(options.optimizer, options.of_optimizer)
    path = Path(str(options.data))
    out = options.out or _free_folder(
        f"{default_name(run, options)}-{path.stem if is_called_numbers(path) else path.name}"
    )
    batch, note = fitting(options.batch, options.explicit, len(training))
    options = replace(options, batch=batch, chosen=note)
    if choice is not None and choice.batch:
        options = replace(options, batch=fitted_batch(len(training)))
    options = replace(_within_budget(options, network, optimizer, len(training)), out=out)
    if choice is not None:
        options = replace(options, chosen=choice.note(options.batch))
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
        freeze=options.frozen,
        precise_norms=options.precise_norms,
        prune=asked_pruning(options),
    )
    check_batch(options.batch, training)
    as_dataset(training, network.graph)  # refuses what does not fit, before anything is shown
    trainer.settings.augmentation.check_dataset(training)
    if options.source is not None:
        asked = trainer.settings.frozen
        trainer.start_from(options.source, training.classes)
        thawed = [name for name in asked if name not in trainer.settings.frozen]
        check_thawed(thawed, trainer.compiled.program.arena_bytes, options.budget if thawed else None)
    return trainer, loaded, options


def _within_budget(options: Options, network: Network, optimizer: Optimizer, examples: int) -> Options:
    """The options with the batch and the micro-batch that --budget asks for; SpecError where it holds none."""
    from linocut.cli.budget import largest_within, sizes_within
    from linocut.graph.frozen import find_frozen
    from linocut.plan.training import Sizes, Training
    from linocut.policies import find_policy

    if options.budget is None:
        return options
    frozen = find_frozen(network.graph, options.frozen)
    pruning = asked_pruning(options)
    pruned = {} if pruning is None else pruning.layers(network.graph)
    training = Training(network, find_policy(options.policy), optimizer, frozen, pruned)
    if options.explicit & {"batch", "micro_batch"}:
        sizes = sizes_within(training, options.budget, options.batch, options.micro_batch)
    else:
        largest = largest_within(training, options.budget, examples)
        sizes = Sizes(largest, largest)
    return replace(options, batch=sizes.batch, micro_batch=sizes.micro_batch)


def _notes(trainer: Trainer, options: Options, splits: Loaded) -> Iterator[str]:
    """What was left out of the data or chosen, and what a budget and micro-batches mean for this run."""
    from linocut.cli.budget import explained, process_total
    from linocut.plan.training import Sizes

    batch, examples = trainer.settings.batch_size, len(splits.train)
    yield from dict.fromkeys(note for part in filter(None, splits) for note in part.notes)
    if options.chosen is not None:
        yield options.chosen
    if trainer.started is not None:
        yield from tell_of_start(trainer.started)
    yield from tell_of_choosing(trainer.settings.schedule, splits)
    if options.budget is not None:
        if not options.explicit & {"batch", "micro_batch"}:
            steps = examples // batch
            few = f"; an epoch is {steps} of them, and a smaller --batch may learn faster" if steps < FEW_STEPS else ""
            yield f"a step takes the largest batch within {show_size(options.budget)}, {batch:,} examples{few}"
        program = trainer.compiled.program
        yield process_total(program.arena_bytes, program.workspace_bytes, options.threads)
    if text := explained(Sizes(batch, trainer.settings.micro_batch)):
        yield text


def _free_folder(name: str) -> Path:
    """runs/NAME, or runs/NAME-2 and so on, the first that does not exist."""
    number, path = 1, Path("runs") / name
    while os.path.lexists(path):
        number += 1
        path = Path("runs") / f"{name}-{number}"
    return path


def _fitted(
    trainer: Trainer, splits: Loaded, options: Options, watcher: Callback
) -> tuple[tuple[EpochEnded, ...], list[Done]]:
    """The epochs, and what the training came to in the end."""
    from linocut.train import Done

    ends: list[Done] = []

    def at_the_end(event: Event) -> None:
        if isinstance(event, Done):
            ends.append(event)

    history = trainer.fit(
        splits.train,
        options.epochs,
        out=options.out,
        callbacks=[watcher, at_the_end],
        save_every=options.save_every,
        validation=splits.validation,
        test=splits.test,
        keep=options.keep,
        patience=options.patience,
        dynamics=options.dynamics,
    )
    return history, ends


def _train_for_programs(trainer: Trainer, splits: Loaded, options: Options) -> None:
    from linocut.cli.watch import print_json

    for note in _notes(trainer, options, splits):
        click.echo(printable(note), err=True)
    _fitted(trainer, splits, options, print_json)


def _train_for_people(trainer: Trainer, splits: Loaded, options: Options) -> None:
    from linocut.cli.beginning import beginning
    from linocut.cli.watch import ProgressBar
    from linocut.data.summary import Summary, left_out_of_epochs

    for line in beginning(trainer, splits, options.epochs):
        click.echo(line)
    left_out = left_out_of_epochs(len(splits.train), trainer.settings.batch_size)
    for note in (*_notes(trainer, options, splits), *Summary.of(*splits).few(), *([left_out] if left_out else [])):
        click.echo(printable(note))
    click.echo()
    with ProgressBar() as bar:
        history, (done,) = _fitted(trainer, splits, options, bar)
    click.echo(_report(trainer, history, done, options))


def _kept(trainer: Trainer) -> Iterator[str]:
    """What a pruned network keeps."""
    if trainer.settings.pruning is None:
        return
    from linocut.train.pruned import kept_words

    kept = kept_words(trainer)
    weights, of_weights = (sum(getattr(one, part) for one in kept) for part in ("weights", "of_weights"))
    words, of_words = (sum(getattr(one, part) for one in kept) for part in ("words", "of_words"))
    yield f"{weights:,} of {of_weights:,} of pruned layers, {words:,} of {of_words:,} words that are multiplied"


def _of_data(options: Options) -> str:
    """What a command that is told must have behind it, to read the data as they were read."""
    return in_data_dir(options.data_dir) + " --skip-corrupt" * options.skip_corrupt


def _of_threads(workspace: int, threads: int) -> str:
    each = f", {show_size(workspace)} for each of {threads} threads" if threads > 1 else ""
    return f"{show_size(workspace * threads)}{each}"


def _tested(done: Done) -> tuple[str, str]:
    """What the test data came to, where there are any."""
    if done.error_rate is not None:
        return "test error rate", f"{done.error_rate:.2%}"
    return "test accuracy", "-" if done.accuracy is None else f"{done.accuracy:.2%}"


def _report(trainer: Trainer, history: tuple[EpochEnded, ...], done: Done, options: Options) -> str:
    from linocut.train.peak_memory import peak_rss_bytes

    program, real = trainer.compiled.program, int(trainer.session.arena.nbytes)
    planned = "as planned" if real == program.arena_bytes else f"planned were {program.arena_bytes:,} B"
    out = quoted(options.out)
    below = _of_data(options)
    rows = [
        *(("ended early", reason) for reason in ended_early(trainer, done)),
        *(("kept model", text) for text in kept_model(trainer, done)),
        *(("kept weights", text) for text in _kept(trainer)),
        _tested(done),
        ("arena", f"{show_size(real)} ({real:,} B, {planned})"),
        ("its lower bound", f"{show_size(program.lower_bound_bytes)} ({program.lower_bound_bytes:,} B)"),
        ("beside it", f"{_of_threads(program.workspace_bytes, trainer.session.threads)} for tiles of products"),
        ("process's peak", show_size(peak_rss_bytes())),
        ("time of training", f"{sum(epoch.seconds for epoch in history):.1f} s"),
        ("kept in", str(options.out)),
        ("evaluate it", f"linocut eval {out}{below}"),
        ("use it", f"linocut predict {out} {'FILE' if trainer.data and trainer.data.form else 'IMAGE'}..."),
        ("train on", f"linocut train --resume --out {out}{below} {longer(trainer, done)}"),
    ]
    if trainer.settings.schedule.fixed_length and done.stopped is None:
        rows.pop()  # its length is part of the run
    return "\n" + "\n".join(f"{name:16}  {printable(value)}" for name, value in rows)
