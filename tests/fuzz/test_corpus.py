"""What the fuzzer starts from and found worth keeping: refused with a reason, or run over any bytes, on every set.

`make sanitize` does it too, under the address sanitizer. `make fuzz` goes on from here.
"""

from __future__ import annotations

import numpy as np
import pytest
from corpus import kept, seeds

from linocut import _native
from linocut.compile.binary import decode
from linocut.errors import SpecError

MOST_ARENA = 1 << 14  # bytes of a program that is run


def sections(data: bytes) -> list[str]:
    """Those of a program that Python, which checks more, admits too."""
    try:
        return [section.name for section in decode(data).sections]
    except SpecError:
        return []


@pytest.mark.parametrize("isa", _native.isas())
def test_inputs_are_refused_or_run(isa: str) -> None:
    ran = 0
    for data in (*kept().values(), *seeds()):
        try:
            program = _native.Program(data)
        except ValueError as refusal:
            assert str(refusal)
            continue
        if program.arena_bytes > MOST_ARENA:
            continue
        session = _native.Session(program, 1, isa)
        session.arena[...] = np.resize(np.frombuffer(data, np.uint8), session.arena.size)
        for name in sections(data):
            session.run(name)
            ran += 1
    assert ran > 400, "there are programs among them, not only refusals"
