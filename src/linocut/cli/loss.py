"""The loss on the command line: weights of classes, and smoothing of labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from linocut.cli.options import combined

if TYPE_CHECKING:
    from linocut.cli.given import Options
    from linocut.data.dataset import Dataset
    from linocut.graph.network import Network

BALANCED = "balanced"
OPTIONS = {"class_weights", "label_smoothing"}

loss_options = combined(
    click.option(
        "--class-weights",
        metavar="balanced|W,W,...",
        help="What an example of each class counts in the loss: balanced, so that all classes count alike, or a number "
        "for each class in order.  [default: 1]",
    ),
    click.option(
        "--label-smoothing",
        metavar="PART",
        type=float,
        help="Label smoothing: PART of each label, such as 0.1, goes to all classes alike.  [default: 0]",
    ),
)


def with_loss(network: Network, options: Options, training: Dataset) -> Network:
    """The network, whose loss has the weights and the smoothing that were given; UsageError where it takes none."""
    from linocut.layers import SoftmaxCrossEntropy

    given: dict[str, Any] = {}
    if options.class_weights is not None:
        given["class_weights"] = _weights(options.class_weights, training)
    if options.label_smoothing is not None:
        given["smoothing"] = options.label_smoothing
    if not given:
        return network
    loss = network.loss
    if not isinstance(loss, SoftmaxCrossEntropy):
        raise click.UsageError(
            f"--class-weights and --label-smoothing are for classes, but network {network.name} ends in {loss.kind}; "
            "leave them out"
        )
    return network.with_loss(replace(loss, **given))


def _weights(text: str, training: Dataset) -> tuple[float, ...]:
    from linocut.data import balanced_weights

    if text == BALANCED:
        return balanced_weights(training)
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not {BALANCED}, and no list of numbers such as 1,2.5", param_hint="--class-weights"
        ) from None
