"""The laws of an engine, fitted to profiles: what part of the peaks each kind of instruction reaches here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from linocut.compile.program import Program
from linocut.devices.device import InstructionLaw
from linocut.devices.engine import key_of, terms
from linocut.run.profile import Profile

LEAST_SECONDS = 1e-6  # below it a time is that of the clock
Floats = NDArray[np.float64]


def fit_laws(profiles: Iterable[tuple[Program, Profile]], bandwidth: float) -> tuple[InstructionLaw, ...]:
    """A law for each kind of instruction in the profiles of programs, in the order of their names.

    Times are sums of an InstructionLaw's terms.
    """
    samples: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
    for program, profile in profiles:
        span = program.section(profile.section)
        pairs = zip(program.instructions[span.begin : span.end], profile.instructions, strict=True)
        for instruction, timed in pairs:
            computing, moving = terms(program, instruction, profile.peaks, bandwidth)
            row = (computing / profile.threads, moving / profile.threads, 1.0, max(timed.seconds, LEAST_SECONDS))
            samples.setdefault(key_of(program, instruction), []).append(row)
    return tuple(InstructionLaw(*key, *_fitted(np.array(rows))) for key, rows in sorted(samples.items()))


def _fitted(rows: Floats) -> Sequence[float]:
    """The weights of three terms, none below 0, whose sums are nearest to the times: of all sets of terms the best.

    Errors are relative, and those of long instructions count more, by the root of their time.
    """
    counts = np.sqrt(rows[:, 3])
    scaled, wanted = rows[:, :3] / rows[:, 3:] * counts[:, None], counts
    found: list[tuple[float, list[float]]] = []
    for chosen in chain.from_iterable(combinations(range(3), count) for count in (1, 2, 3)):
        part, *_ = np.linalg.lstsq(scaled[:, chosen], wanted, rcond=None)
        weights = [0.0, 0.0, 0.0]
        for at, weight in zip(chosen, part.tolist(), strict=True):
            weights[at] = weight
        if min(weights) >= 0:
            found.append((float(((scaled @ weights - wanted) ** 2).sum()), weights))
    return min(found)[1]
