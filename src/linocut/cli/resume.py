"""train --resume: the run in a folder, and the options that must agree with it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.choosing import split
from linocut.cli.loss import OPTIONS, with_loss
from linocut.cli.options import find_network, find_optimizer, load_like, tell_skipped
from linocut.cli.precision import OPTIONS as PRECISIONS
from linocut.cli.precision import with_precisions
from linocut.cli.pruning import PRUNING

if TYPE_CHECKING:
    from linocut.cli.given import Options
    from linocut.data.dataset import Dataset
    from linocut.data.loaded import Loaded
    from linocut.graph.network import Network
    from linocut.train import Trainer
    from linocut.train.choosing import Choosing
    from linocut.train.data_facts import DataFacts
    from linocut.train.settings import Settings


def resumed(options: Options) -> tuple[Trainer, Loaded, Options]:
    """The trainer as the folder --out has it, its data, and the options completed from the run.

    RunError, with both values, where an option that was given is not what the run has.
    """
    from linocut.errors import RunError
    from linocut.train import Trainer

    if options.out is None:
        raise click.UsageError("--resume needs --out, the folder of the run to go on with")
    if options.budget is not None:
        raise click.UsageError("--budget is for a new run; a resumed one has the sizes that it began with")
    if options.source is not None:
        raise click.UsageError("--from is for a new run; a resumed one goes on from its own checkpoint")
    trainer = Trainer.resume(options.out, options.threads, options.backend)
    if trainer.progress.forgotten:
        click.echo(f"{options.out} has lost its log, and the figures of {trainer.progress.forgotten} epochs", err=True)
    facts = trainer.data
    if facts is None:
        raise RunError(f"{options.out} was never trained; train it anew into another folder")
    name = name_of_data(facts) if options.data is None else options.data
    loaded = load_like(name, options.data_dir, facts.shape, options.skip_corrupt, facts.resizing, facts.form)
    tell_skipped(*filter(None, loaded))
    _agree_on_choosing(options, trainer.choosing, options.out)
    loaded = _split(options, trainer, loaded, facts)
    refuse_changed(options.out, facts, loaded.train)
    _agree(options, trainer.settings, loaded.train, facts, options.out)
    epochs = options.epochs if "epochs" in options.explicit else trainer.progress.epochs
    return trainer, loaded, replace(options, epochs=epochs)


def name_of_data(facts: DataFacts) -> str:
    """What the run's data are called; RunError where they were in a folder that is none any more, or a device's."""
    from linocut.data.dataset import DEVICE
    from linocut.errors import RunError, one_line

    if facts.name == DEVICE:
        raise RunError(
            "the run's data are a device's own, which are not here; train it there (linocut pack --no-examples), or "
            "begin another run from it on data that are here (linocut train --from)"
        )
    if os.path.isabs(facts.name) and not os.path.exists(facts.name):
        raise RunError(
            f"the run's data were in {one_line(facts.name)}, where nothing is now; if they have moved, say where they "
            "are: --data FOLDER; they are known by their content"
        )
    return facts.name


def refuse_changed(folder: Path, facts: DataFacts, training: Dataset) -> None:
    """RunError, with what has changed, for other data than the run's, wherever they lie."""
    from linocut.errors import RunError
    from linocut.train.data_facts import DataFacts

    given = DataFacts.of(training)
    if changes := facts.changes(given):
        raise RunError(
            f"{folder} holds a run of data {facts}, not {given}; give it the same data, or begin another run: "
            + "; ".join(changes)
        )


def _split(options: Options, trainer: Trainer, loaded: Loaded, facts: DataFacts) -> Loaded:
    """The data as the run split them: what it did not validate on at its beginning, it does not later."""
    from linocut.data import take
    from linocut.train.data_facts import DataFacts

    on, begun = trainer.choosing.validation, trainer.progress.begun
    if on is None and begun:
        loaded = loaded._replace(validation=None)
    fraction = None if on is None else on.fraction
    examples = facts.examples if on is None or on.of is None else on.of
    limit, seed = options.limit, trainer.settings.seed
    if "limit" not in options.explicit:
        # Fewer: of a limit that the run was given, or of a folder that has grown, which then is what has changed. Of a
        # hybrid network the limit is of what its binary run trained on.
        limited = split(loaded, examples if examples < len(loaded.train) else None, fraction, seed)
        for part in (limited, limited._replace(train=take(limited.train, facts.examples))):
            if not facts.changes(DataFacts.of(part.train)):
                return part
    return split(loaded, limit, fraction, seed)


def _agree(options: Options, run: Settings, training: Dataset, facts: DataFacts, folder: Path) -> None:
    from linocut.data import find_augmentation
    from linocut.graph.frozen import find_frozen
    from linocut.policies import find_policy
    from linocut.schedules import find_schedule

    explicit = options.explicit
    pairs: list[tuple[str, object, object]] = []
    if explicit & {"model", "hidden", "block"}:
        if options.block is not None and not explicit & {"model", "hidden"}:
            wanted = run.network.with_block(options.block)
        else:
            wanted = find_network(options.model, options.hidden, training, block=options.block)
        wanted = with_precisions(wanted, options.keep_float, options.bits)
        if type(wanted.loss) is type(run.network.loss):
            wanted = wanted.with_loss(run.network.loss)  # which other options are about
        if wanted != run.network:
            pairs.append(("network", *_described(wanted, run.network)))
    elif explicit & PRECISIONS:
        wanted = with_precisions(run.network, options.keep_float, options.bits)
        if wanted != run.network:
            pairs.append(("network", *_described(wanted, run.network)))
    if explicit & OPTIONS:
        wanted = with_loss(run.network, options, training)
        pairs.append(("loss", wanted.loss, run.network.loss))
    if explicit & {"optimizer", "lr", "momentum", "weight_decay", "nesterov", "clip_norm"}:
        base = options.optimizer if "optimizer" in explicit else run.optimizer
        pairs.append(("optimizer", find_optimizer(base, options.of_optimizer), run.optimizer))
    if "policy" in explicit:
        pairs.append(("policy", find_policy(options.policy).name, run.policy.name))
    if "schedule" in explicit:
        pairs.append(("schedule", find_schedule(options.schedule), run.schedule))
    if "augment" in explicit:
        pairs.append(("augmentation", find_augmentation(options.augment), run.augmentation))
    if "labels" in explicit:
        pairs.append(("label", ",".join(options.labels), ",".join(facts.form.labels) if facts.form else "none"))
    if "test_speaker" in explicit:
        pairs.append(("test speaker", options.test_speaker, facts.form.test_speaker if facts.form else None))
    if "task" in explicit:
        pairs.append(("task", options.task, facts.form.task if facts.form else "classification"))
    if "batch" in explicit:
        pairs.append(("batch", options.batch, run.batch_size))
    if "micro_batch" in explicit:
        pairs.append(("micro-batch", options.micro_batch, run.micro_batch))
    if "colour" in explicit:
        own_colour = "grey" if facts.shape[2:] == (1,) else "colours"
        pairs.append(("images in", "colours" if options.colour else "grey", own_colour))
    if "freeze" in explicit:
        pairs.append(("frozen layers", find_frozen(run.network.graph, options.frozen), run.frozen))
    if "precise_norms" in explicit:
        pairs.append(("precise norms", options.precise_norms, run.precise_norms))
    if explicit & PRUNING:
        pairs.append(("pruning", *_pruning(options, run)))
    if "seed" in explicit:
        pairs.append(("seed", options.seed, run.seed))
    for what, value, own in pairs:
        _refuse_other(folder, what, value, own)


def _pruning(options: Options, run: Settings) -> tuple[str, str]:
    """What the options ask for, where they say nothing as the run has it, and what the run has."""
    own = run.pruning
    if own is None:
        return f"by {options.prune}" if options.prune else "as asked for", "none"
    explicit = options.explicit
    wanted = replace(
        own,
        by=options.prune if "prune" in explicit and options.prune else own.by,
        rate=options.prune_rate if "prune_rate" in explicit else own.rate,
        ramp=options.prune_ramp if "prune_ramp" in explicit and options.prune_ramp is not None else own.ramp,
        balanced=options.balanced if "balanced" in explicit else own.balanced,
    )
    return str(wanted), str(own)


def _agree_on_choosing(options: Options, run: Choosing, folder: Path) -> None:
    """RunError for another validation than the run has; its patience may be another."""
    if options.validation is not None:
        _refuse_other(folder, "validation", options.validation, run.validation and run.validation.fraction)
    if options.keep is not None:
        _refuse_other(folder, "keep", options.keep, run.keep)


def _refuse_other(folder: Path, what: str, value: object, own: object) -> None:
    from linocut.errors import RunError

    if value != own:
        had = f"no {what}" if own is None else f"{what} {own}"
        raise RunError(
            f"{folder} holds a run of {had}, not {value}; leave out the option to go on with it, or give another folder"
        )


def _described(given: Network, own: Network) -> tuple[str, str]:
    """Both in a few words, and where these are the same the first layers that differ."""
    words = describe(given), describe(own)
    if words[0] != words[1]:
        return words
    pairs = zip(given.layers, own.layers, strict=False)
    layers = next(((one, other) for one, other in pairs if one != other), None)
    if layers is None:
        return f"{words[0]} of {len(given.layers)} layers", f"{words[1]} of {len(own.layers)} layers"
    return f"{words[0]} with {layers[0]}", f"{words[1]} with {layers[1]}"


def describe(network: Network) -> str:
    """A network in a few words: its name, the shape of its input and the outputs of the layers that have weights."""
    from linocut.layers.parameters import WEIGHT

    shape = "x".join(map(str, network.input.shape))
    weighted = (node for node in network.graph.nodes if any(p.use == WEIGHT for p in node.parameters))
    units = [str(node.output.shape[-1]) for node in weighted]
    return f"{network.name} {'-'.join([shape, *units])}"
