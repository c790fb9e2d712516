"""The state that training starts from, decided by a seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.compile.builder import Initial
from linocut.compile.program import Buffer
from linocut.formats import find_format
from linocut.ops.bits import Array, pack
from linocut.run.session import Session


def initialise(session: Session, initial: Mapping[str, Initial], seed: int) -> None:
    """Fill every persistent buffer: latent weights from N(0, 1 / fan-in) clipped to [-1, 1], the rest constant."""
    for number, buffer in enumerate(session.program.persistent()):
        rule = initial[buffer.name]
        array = session.array(buffer.name)
        array[...] = 0
        if rule.normal:
            generator = np.random.default_rng(np.random.SeedSequence([seed, number]))
            _draw(generator, buffer, rule.normal, array)
        if rule.second_row:
            array[1] = rule.second_row
    session.array("control")[...] = (0.0, 0.0, 1.0, 1.0)
    session.array("random")[0] = np.random.SeedSequence(seed).generate_state(1, np.uint64).view(np.int64)[0]


def _draw(generator: np.random.Generator, buffer: Buffer, deviation: float, array: Array) -> None:
    """Row by row, so that no second copy of the weights exists at any time."""
    form = find_format(buffer.format)
    columns = buffer.shape[-1]
    for row in array.reshape(-1, array.shape[-1]):
        values = np.clip(generator.standard_normal(columns) * deviation, -1.0, 1.0)
        if form.bits == 1:
            row[...] = pack(values >= 0)
        elif form.one:
            row[...] = np.floor(values * form.one + 0.5)
        else:
            row[...] = values
