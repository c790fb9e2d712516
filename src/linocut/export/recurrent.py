"""refuse: what exports say of recurrent nodes, and of products with circulant blocks, that they have no form for."""

from __future__ import annotations

from typing import NoReturn, TypeAlias

from linocut.errors import SpecError
from linocut.graph.inference import CirculantProduct, Q10Node, Recurrent, SequencePool

OfSequences: TypeAlias = "CirculantProduct | Recurrent | SequencePool | Q10Node"


def refuse(node: OfSequences, form: str) -> NoReturn:
    """SpecError for a node that a format has no form for."""
    what = "of 16 bits" if isinstance(node, Q10Node) else "in floats"
    raise SpecError(
        f"{node.name}: {form} has no form for a {node.kind} {what}; give --to c or --to hls, which take recurrent "
        "networks in 16 bits"
    )
