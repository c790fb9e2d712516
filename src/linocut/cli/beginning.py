"""What people are told before training: a line each for data, network, memory and rates. The table is `plan`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut.data.summary import Summary
from linocut.errors import printable
from linocut.graph.summary import few_bits
from linocut.sizes import show_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linocut.data.loaded import Loaded
    from linocut.train import Trainer


def beginning(trainer: Trainer, splits: Loaded, epochs: int) -> Iterator[str]:
    """The lines, in order; `splits` are what is trained on, tested on and, where there is such, validated on."""
    lines = (
        ("data", _data(splits)),
        ("network", _network(trainer)),
        ("memory", _memory(trainer)),
        ("rates", _rates(trainer, len(splits.train), epochs)),
    )
    for name, text in lines:
        yield printable(f"{name:7}  {text}")


def _data(splits: Loaded) -> str:
    parts = [f"{len(splits.train):,} to train on"]
    if splits.validation is not None:
        parts.append(f"{len(splits.validation):,} to validate on")
    parts.append(f"{len(splits.test):,} to test on")
    summary = Summary.of(*splits)
    return f"{summary.name}: " + "; ".join([", ".join(parts), *summary.range_of_classes(), *summary.form_of_examples()])


def _network(trainer: Trainer) -> str:
    network = trainer.settings.network
    costs = [node.cost for node in network.graph.nodes]
    binary, real = (sum(getattr(cost, f"{kind}_parameters") for cost in costs) for kind in ("binary", "real"))
    shape = " x ".join(map(str, network.input.shape))
    share = f"{binary / max(1, binary + real):.1%} of {few_bits(network.graph)}"
    return f"{network.name}: {shape} in, {binary + real:,} parameters, {share}"


def _memory(trainer: Trainer) -> str:
    settings, size = trainer.settings, show_size(trainer.compiled.program.arena_bytes)
    return f"{size} in all for policy {settings.policy.name}, batch {settings.batch_size:,}; linocut plan shows on what"


def _rates(trainer: Trainer, examples: int, epochs: int) -> str:
    settings = trainer.settings
    parts = [
        f"{settings.optimizer.kind} {settings.optimizer.learning_rate:g}",
        f"{settings.schedule.kind} schedule",
        f"{_counted(epochs, 'epoch')} of {_counted(examples // settings.batch_size, 'step')}",
        f"seed {settings.seed}",
    ]
    return ", ".join([*parts, *([f"augmented by {settings.augmentation}"] if settings.augmentation else [])])


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
