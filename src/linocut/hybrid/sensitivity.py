"""Sensitivity: by how much the loss falls where one layer alone has more bits, with the weights that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from linocut.data.dataset import Dataset
from linocut.graph.network import Network

if TYPE_CHECKING:
    from linocut.train import Trainer

NORM_BATCHES = 16  # of which norms find their statistics anew: those of a layer in another precision are others


def sensitivity(
    trainer: Trainer,
    data: Dataset,
    validation: Dataset,
    options: Mapping[str, Sequence[str]],
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[float, dict[str, dict[str, float]]]:
    """The loss of a trained network over `validation`, and how far it falls by layer and precision.

    Layers of `options` are raised one at a time, to each of theirs. Of each network, that as it is too, batch norms
    find their statistics over `data` first. Nothing is trained, and the trainer stays as it is.
    """
    first = _loss(trainer, trainer.network, data, validation)
    found: dict[str, dict[str, float]] = {}
    for name, precisions in options.items():
        found[name] = {}
        for to in precisions:
            raised = trainer.network.with_precision({name: to})
            found[name][to] = first - _loss(trainer, raised, data, validation)
            tell(f"{name} in {to}: the loss falls by {found[name][to]:.4f}")
    return first, found


def _loss(trainer: Trainer, network: Network, data: Dataset, validation: Dataset) -> float:
    """The loss of a network that has the weights of a trained one."""
    from linocut.train import Trainer  # late: a trainer is what is asked for, in its own room

    batch = min(trainer.settings.batch_size, len(data))
    settings = replace(
        trainer.settings, network=network, batch_size=batch, micro_batch=batch, precise_norms=0, frozen=()
    )
    other = Trainer.from_settings(settings, trainer.session.threads, trainer.session.backend)
    other.start_from(trainer)
    other.find_norms(data, max(1, min(NORM_BATCHES, len(data) // batch)))
    return other.evaluate(validation).loss
