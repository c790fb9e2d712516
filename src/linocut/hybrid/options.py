"""options_of: the precisions that each layer of a network can be raised to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.graph.precision import PRECISIONS, choosable, precision_of


def options_of(
    network: Network, tried: Sequence[str], tell: Callable[[str], None] = lambda text: None
) -> dict[str, tuple[str, ...]]:
    """By layer of few bits, in order: its own precision, then those of `tried` above it that it can have.

    A layer that can have none of them is left out. `tell` gets the reason for each that it cannot have.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name in choosable(network.graph):
        own = str(precision_of(network.graph.node(name).layer))
        above = []
        for to in PRECISIONS[PRECISIONS.index(own) + 1 :]:
            if to not in tried:
                continue
            try:
                _ = network.with_precision({name: to})
            except SpecError as error:
                tell(str(error))
            else:
                above.append(to)
        if above:
            found[name] = (own, *above)
    return found
