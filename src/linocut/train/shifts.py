"""Shifts of batch norms that silence their channels: signs that are the same for all examples, and let no gradient by.

A normed value is (y - mean) / deviation + beta, and its sign passes a gradient from -1 to 1 only. Where |beta| is 4,
one example in some hundreds is as far from the mean as to be seen; where it is 8, none in 10**10, if the sums y are
distributed as sums of many terms are. Such a channel is a constant from then on, since nothing that could move its
shift back reaches it. Gradients alone take no shift that far: those that it passes end before. It is the learning rate
that throws it there, as Adam's learning rate is about what a shift moves in a step.

More than half of a layer's channels beyond 8 end training: what it learned so far is lost for good. More than half
beyond 4 are no more than a warning: at a learning rate of 1 the perceptron still learns MNIST to 70 to 80% so, far
below what it could, but no loss that rises, nor any other number, tells such training from one that ends well.

Norms whose values are added to others before their sign is taken, as in residual networks, are not looked at: how far a
shift of one of them moves the sum is not known from it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.graph.queries import signed_norms
from linocut.graph.state import buffer_of
from linocut.layers.parameters import BETA

if TYPE_CHECKING:
    from linocut.graph.graph import Graph
    from linocut.ops.bits import Array
    from linocut.run import Session

FAR, LOST = 4.0, 8.0  # deviations, as the norm divides by them


@dataclass(frozen=True)
class Shifts:
    """The shifts of a batch norm whose signs are taken, (1, channels): `name` is that of the norm."""

    name: str
    beta: Array

    def beyond(self, deviations: float) -> str:
        """What is so if more than half of the channels are shifted that far, or ""."""
        channels = self.beta.size
        count = int(np.count_nonzero(np.abs(self.beta) > deviations))
        if 2 * count <= channels:
            return ""
        return (
            f"beta of {self.name}: {count} of {channels} channels are shifted by more than {deviations:g} deviations, "
            "so that their signs hardly depend on the examples"
        )


def find_shifts(session: Session, graph: Graph) -> list[Shifts]:
    """Those of every norm that a sign alone reads."""
    norms = (node for node in signed_norms(graph) if any(parameter.part == BETA for parameter in node.parameters))
    return [Shifts(node.name, session.array(buffer_of(node.parameter(BETA)))) for node in norms]
