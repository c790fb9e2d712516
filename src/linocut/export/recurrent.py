"""refuse: what exports say of recurrent nodes, and of products with circulant blocks, that they have no form for."""

from __future__ import annotations

from typing import NoReturn, TypeAlias

from linocut.errors import SpecError
from linocut.graph.inference import CirculantProduct, Recurrent, SequencePool

OfSequences: TypeAlias = "CirculantProduct | Recurrent | SequencePool"


def refuse(node: OfSequences, form: str) -> NoReturn:
    """SpecError for a node that a format has no form for."""
    raise SpecError(
        f"{node.name}: {form} has no form for a {node.kind} in floats; predict with linocut, or replace the layer"
    )
