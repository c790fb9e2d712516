"""Nodes of complex networks that only linocut itself computes: other formats say so."""

from __future__ import annotations

from typing import NoReturn, TypeAlias

from linocut.errors import SpecError
from linocut.graph.inference import Clip, Coding, ComplexAffine, ComplexThreshold, Pool, SpectralPool

ComplexNode: TypeAlias = "ComplexAffine | ComplexThreshold | SpectralPool | Clip | Coding | Pool"


def refuse_complex(node: ComplexNode, format: str) -> NoReturn:
    """SpecError for a node that a format has no form for."""
    what = f"{node.kind} of {node.function}s" if isinstance(node, Pool) else node.kind
    raise SpecError(
        f"{node.name}: {format} has no form for a {what}, which complex networks are made of; predict with linocut, or "
        "export a network of real layers"
    )
