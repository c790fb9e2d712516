"""Programs in which everything is tiled that can be, whatever it saves: for tests of the transformations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from unittest import mock

from linocut.compile import lower
from linocut.compile.draft import Draft
from linocut.compile.lower import Compiled, compile_network
from linocut.compile.passes.tiling import TRANSFORMATIONS, Transformation
from linocut.graph.network import Network
from linocut.optimizers import Optimizer
from linocut.policies import lean


def divided(draft: Draft, tile_bytes: int, transformations: Sequence[Transformation] = TRANSFORMATIONS) -> Draft:
    """Every buffer by every transformation that fits it; handing over leaves what the others divide."""
    for transformation in transformations:
        number = 0
        while number < len(draft.buffers):
            draft = transformation(draft, number, tile_bytes) or draft
            number += 1
    return draft


def compile_divided(
    network: Network,
    optimizer: Optimizer,
    batch: int,
    tile_bytes: int,
    transformations: Sequence[Transformation] = TRANSFORMATIONS,
) -> Compiled:
    """A network under lean, in tiles of so many bytes, or as small as there are."""
    with mock.patch.object(lower, "tile", partial(divided, transformations=transformations)):
        return compile_network(network, lean, optimizer, batch, tile_bytes=tile_bytes)
