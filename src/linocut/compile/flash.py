"""flash: where a program lies whose constants stay in flash, as exported C has them: all else in an arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from linocut.compile.inference import Prediction


@dataclass(frozen=True)
class Apart:
    """Bytes of constants, bytes of the arena, and where each buffer lies in it that is no constant, by number."""

    flash_bytes: int
    arena_bytes: int
    offsets: Mapping[int, int]


def apart(prediction: Prediction) -> Apart:
    """Where buffers lie in an arena without constants, which stay in flash: states first, then what is transient.

    In the program all that is persistent comes first, so that transient buffers move down together.
    """
    constants, buffers = prediction.constants, prediction.program.buffers
    owners = [(n, b) for n, b in enumerate(buffers) if b.base is None and b.name not in constants]
    places, end = {}, 0
    for number, buffer in owners:
        if buffer.persistent:
            places[number] = end
            end = _aligned(end + buffer.nbytes)
    first = min((b.offset for _, b in owners if not b.persistent), default=0)
    places |= {n: b.offset - first + end for n, b in owners if not b.persistent}
    for number, buffer in enumerate(buffers):
        if buffer.base in places:
            places[number] = places[buffer.base] + buffer.offset - buffers[buffer.base].offset
    flash = sum(b.nbytes for b in buffers if b.base is None and b.name in constants)
    return Apart(flash, max(places[n] + buffers[n].nbytes for n in places), places)


def _aligned(offset: int) -> int:
    return -(-offset // 64) * 64
