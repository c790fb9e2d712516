"""Products of pruned weights: formats whose weights are signs have no form for those that are 0."""

from __future__ import annotations

from typing import NoReturn

from linocut.errors import SpecError
from linocut.graph.inference import PrunedProduct


def refuse_pruned(node: PrunedProduct, format: str) -> NoReturn:
    """SpecError for a format that has none."""
    raise SpecError(
        f"{node.name}: {format} has no form for binary weights of which some are 0; export as c, predict with linocut, "
        "or prune by channel, which makes a smaller network"
    )
