"""What of a training's state is no number."""

from __future__ import annotations

import numpy as np

from linocut import roles
from linocut.compile.program import Buffer
from linocut.errors import DivergenceError
from linocut.graph.state import Layout
from linocut.run import Session

FLOATS = ("f16", "f32", "f64")
CHUNK = 1 << 16  # numbers looked at together


def find_no_number(session: Session, layout: Layout) -> str:
    """The first layer, with the role of its buffer, whose state holds what is no number, or "".

    All that persists is looked at, a little at a time, in the order of the network, and the loss last.
    """
    for buffer in sorted(session.program.persistent(), key=lambda buffer: buffer.role == roles.CONTROL):
        if buffer.format not in FLOATS:
            continue
        values = session.array(buffer.name).reshape(-1)
        for begin in range(0, len(values), CHUNK):
            some = values[begin : begin + CHUNK]
            finite = np.isfinite(some)
            if not finite.all():
                return (
                    f"{_described(buffer, layout)} {'is' if len(values) == 1 else 'holds'} {some[int(finite.argmin())]}"
                )
    return ""


def check_state(session: Session, layout: Layout, when: str) -> None:
    """DivergenceError for a state that must not be kept, as it holds what is no number."""
    if found := find_no_number(session, layout):
        raise DivergenceError(f"{when}: {found}; take a smaller learning rate, or a policy with a wider range")


def _described(buffer: Buffer, layout: Layout) -> str:
    if buffer.name not in layout.owners:
        return f"the {buffer.name}"
    layer, part = layout.owners[buffer.name]
    return f"{buffer.role} of {layer} ({part})"
