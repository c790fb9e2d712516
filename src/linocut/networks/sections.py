"""Sections of a network in full precision: whole stages, or the last layers (arXiv 1902.00460)."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.errors import SpecError
from linocut.graph.network import Network


def in_full_precision(network: Network, stages: Sequence[Sequence[str]], chosen: Sequence[int], last: int) -> Network:
    """The network with stages, numbered from 1 on, and so many of its last convolutions in full precision.

    `stages` are the names of their binary convolutions. SpecError for a stage or a number that there is not.
    """
    names = [name for stage in stages for name in stage]
    if not isinstance(chosen, Sequence) or isinstance(chosen, str):
        raise SpecError(f"float_stages is {chosen!r}, must be a list of stages, 1 to {len(stages)}")
    for stage in chosen:
        if isinstance(stage, bool) or not isinstance(stage, int) or not 1 <= stage <= len(stages):
            raise SpecError(f"{network.name} has no stage {stage!r} to keep in floats; there are 1 to {len(stages)}")
    if isinstance(last, bool) or not isinstance(last, int) or not 0 <= last <= len(names):
        raise SpecError(f"float_last is {last!r}, must be 0 to the {len(names)} binary convolutions of {network.name}")
    kept = {name for stage in chosen for name in stages[stage - 1]} | set(names[len(names) - last :])
    return network.with_precision({name: "float" for name in names if name in kept}) if kept else network
