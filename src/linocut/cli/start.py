"""train --from: the network and the policy of a trained run for new data, and what people are told of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.options import PATH, combined, load_like

if TYPE_CHECKING:
    from linocut.cli.given import Options
    from linocut.data.form import Form
    from linocut.data.loaded import Loaded
    from linocut.graph.network import Network
    from linocut.train import Started
    from linocut.train.checkpoint import Checkpoint

OF_SEQUENCES = "mfcc"
FEATURES_OF = {"lstm": OF_SEQUENCES, "small_lstm": OF_SEQUENCES, "google_lstm": "filterbank"}  # of recordings, by model
features_option = click.option(
    "--features",
    help="What is seen of recordings: log_mel, bytes of one length; mfcc or filterbank, sequences of any length.  "
    "[default: those that the model is for, else log_mel]",
)
test_speaker_option = click.option(
    "--test-speaker",
    metavar="NAME",
    help="Test on all recordings of this speaker, and train on those of all others. Speakers are read from names: "
    "CLASS_SPEAKER_NUMBER.wav, or in class folders SPEAKER_NUMBER.wav or SPEAKER/NUMBER.wav.",
)
recording_options = combined(features_option, test_speaker_option)
freeze_option = click.option(
    "--freeze",
    metavar="LAYERS",
    help="Layers that do not move, by names with commas, also by patterns as shells have them, in quotes: their batch "
    "norms use the running statistics, so that with all norms frozen a --batch may be 1.",
)
from_option = click.option(
    "--from",
    "source",
    metavar="RUN",
    type=PATH,
    help="Begin from a trained network, the folder of a run or a model.safetensors: layers that fit by name and shape "
    "keep their weights, in circulant blocks of another --block the nearest. Of a run the model and the policy are the "
    "defaults.",
)


def source_run(options: Options) -> Checkpoint | None:
    """The run that training begins from, None where it is a model alone, whose network --model describes."""
    from linocut.train.run_folder import RunFolder

    if options.source is None:
        return None
    folder = RunFolder(options.source)
    if folder.holds_run:
        return folder.read()[0]
    if "model" not in options.explicit:
        raise click.UsageError(
            f"{options.source} is no run that says how its network is trained; give --model, of the same layers"
        )
    return None


def with_policy_of(run: Checkpoint | None, options: Options) -> Options:
    """The options with the run's policy, unless another is given."""
    if run is None or "policy" in options.explicit:
        return options
    return replace(options, policy=run.settings.policy.name)


def load_as(run: Checkpoint | None, options: Options) -> Loaded:
    """The data: pictures as the run saw them unless a size is given, numbers as it did unless label or task differ.

    Of a model alone numbers are read as it takes them.
    """
    from linocut import data

    assert options.data is not None
    form = _known_form(run, options)
    if form is not None and _asks_for(options, form):
        form = replace(form, classes=())  # ranges that the weights know; the classes may be others
        return data.load_splits(options.data, options.data_dir, form=form, test_speaker=options.test_speaker)
    labels = options.labels or (form.labels if form is not None else ())
    told = labels or options.task is not None
    if run is not None and run.data is not None and options.size is None and options.colour is None and not told:
        return load_like(options.data, options.data_dir, run.data.shape, options.skip_corrupt, run.data.resizing)
    return data.load_splits(
        options.data,
        options.data_dir,
        options.size,
        options.skip_corrupt,
        colour=options.colour,
        labels=labels,
        task=options.task,
        features=options.features or features_for(options.model, options.data),
        test_speaker=options.test_speaker,
    )


def features_for(model: str, name: str) -> str | None:
    """What a model sees of recordings where nothing is said; None of other data."""
    from linocut.data.registry import is_of_recordings
    from linocut.networks.toml_file import SUFFIX, takes_sequences

    if not is_of_recordings(name):
        return None
    if model.endswith(SUFFIX):
        return OF_SEQUENCES if takes_sequences(Path(model)) else None
    return FEATURES_OF.get(model)


def _known_form(run: Checkpoint | None, options: Options) -> Form | None:
    """How files of numbers and recordings became examples for what training begins from."""
    from linocut.export import packed

    if run is not None:
        return None if run.data is None else run.data.form
    if options.source is None:
        return None
    file = options.source / packed.NAME if os.path.isdir(options.source) else options.source
    return packed.read(file).form if os.path.exists(file) else None  # what is not there is told of when it is begun


def _asks_for(options: Options, form: Form) -> bool:
    """Whether label and task, where they are given, are those of a run's numbers."""
    labels = (options.labels, tuple(name for one in options.labels for name in one.split(",")))
    return (not options.labels or form.labels in labels) and options.task in {None, form.task}


def network_of(run: Checkpoint | None, options: Options, classes: int) -> Network | None:
    """The run's network, with the classes of the data, in the blocks that are asked for; None where --model says it."""
    if run is None or options.explicit & {"model", "hidden"}:
        return None
    network = run.settings.network
    if options.block is not None:
        network = network.with_block(options.block)
    return network.with_classes(classes) if classes and network.classes else network


def default_name(run: Checkpoint | None, options: Options) -> str:
    """What the model is called in the name of a run folder."""
    if run is None or options.explicit & {"model", "hidden"}:
        return os.path.splitext(os.path.basename(options.model))[0]
    return run.settings.network.name


def tell_of_start(started: Started) -> Iterator[str]:
    """What was taken, what begins anew and why, and what found no place."""
    same = [name for name in started.taken if name not in started.fitted]
    told = [f"{', '.join(same)} as they were there"] if same else []
    told += [f"{', '.join(started.fitted)} nearest to what they were there"] if started.fitted else []
    yield f"begins from {started.source}: {'; '.join(told)}"
    for name, why in started.new.items():
        yield f"{name} begins anew: {why}"
    if started.unused:
        yield f"not taken from there: {', '.join(started.unused)}"
