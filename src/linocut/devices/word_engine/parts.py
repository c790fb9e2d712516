"""parts: what an engine takes: products and tests by the committed table, memories and the rest by their sizes.

Memories are in blocks of 36 Kbit, or of half of one; those that hold little are in LUTs. What moves between them is
counted as it is written in engine.v: for a bit that is chosen of so many one LUT for each four, for a bit that is kept
one flip-flop.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from linocut.devices.pipeline.resources import Resources
from linocut.devices.word_engine.synthesis import COMPLEX, REAL, STRAIGHT, SUM_BITS, TURNED
from linocut.devices.word_engine.verilog import STREAM_WIDTH, Engine
from linocut.errors import SpecError
from linocut.toml_text import read_toml

TABLE = Path(__file__).with_name("parts.toml")
LANES = (4, 8, 20, 31, 46, 62, 124)  # of products in the table
SHAPES_OF_HALF = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))  # of 18 Kbit: width, depth
SHALLOW = 64  # words that a memory in LUTs has at most
CONTROL = 700  # LUTs of the counters and of the table of layers, about


@cache
def table() -> dict[tuple[str, str, int], Resources]:
    """By family, part and lanes."""
    rows = read_toml(TABLE, "parts of the word engine")["part"]
    return {
        (one["family"], one["name"], one["lanes"]): Resources(one["dsp"], one["lut"], one["flip_flops"]) for one in rows
    }


def of(name: str, lanes: int, family: str) -> Resources:
    """One part; between lanes of the table a line is drawn. SpecError for a family that it has not."""
    known = {key[2]: value for key, value in table().items() if key[:2] == (family, name)}
    if not known:
        families = sorted({key[0] for key in table()})
        raise SpecError(
            f"parts of the word engine are counted for {', '.join(families)}, not for family {family!r}; name one of "
            "them"
        )
    if lanes in known:
        return known[lanes]
    below = max((count for count in known if count < lanes), default=min(known))
    above = min((count for count in known if count >= lanes), default=max(known))
    if below == above:
        return _scaled(known[above], lanes, above)
    low, high, part = known[below], known[above], (lanes - below) / (above - below)
    return Resources(
        round(low.dsp + part * (high.dsp - low.dsp)),
        round(low.lut + part * (high.lut - low.lut)),
        round(low.flip_flops + part * (high.flip_flops - low.flip_flops)),
    )


def _scaled(one: Resources, lanes: int, of_lanes: int) -> Resources:
    return Resources(one.dsp, -(-one.lut * lanes // of_lanes), -(-one.flip_flops * lanes // of_lanes))


def taken(engine: Engine, family: str) -> Resources:
    """What a whole engine takes."""
    shape, parts = engine.timed.shape, engine.parts
    product = of(COMPLEX if parts == 2 else REAL, shape.lanes, family)
    wider = max(0, engine.sum_bits - SUM_BITS) * parts  # a LUT and a flip-flop a bit of a sum
    product = product + Resources(0, wider, wider + (2 * engine.count_bits if engine.masked else 0))
    test = of(TURNED if engine.turned else STRAIGHT, 0, family)
    if engine.streams:  # a sum, its bounds, what is kept: of complex_resnet18's yosys counts 113 a test
        test = test + Resources(0, engine.shift_bits + 71, STREAM_WIDTH)
    units = shape.pixels * shape.outputs
    return product * units + test * (units * parts) + _ways(engine) + _memories(engine)


def _ways(engine: Engine) -> Resources:
    """Multiplexers, masks, addresses, what puts signs together, and control."""
    shape, parts = engine.timed.shape, engine.parts
    word = parts * shape.lanes
    chosen = shape.pixels + -(-(shape.pixels - 1) // 3)  # LUTs of a bit: of three buffers, then of all banks
    gathered = engine.slots * shape.outputs
    of_pixel = word * chosen + shape.lanes + 16 * engine.place_bits + parts * (gathered + engine.room)
    kept = word + 10 * engine.place_bits + parts * (gathered + engine.room)
    rows = engine.config_width
    control = Resources(0, CONTROL + rows * -(-len(engine.tiles) // 6), 12 * 24 + rows)
    return Resources(2, of_pixel, kept) * shape.pixels + control


def _memories(engine: Engine) -> Resources:
    shape, word = engine.timed.shape, engine.parts * engine.timed.shape.lanes
    copies = shape.pixels**2
    streams = Resources()
    if engine.streams:
        for groups, tiles in engine.stream_shapes:  # the host's, and the layers'
            streams = streams + memory(groups * tiles, shape.pixels * engine.parts * STREAM_WIDTH) * shape.outputs
    return (
        streams
        + memory(engine.steps, shape.outputs * engine.weight_width)
        + memory(engine.steps, engine.step_width)
        + memory(engine.tile_count, shape.outputs * engine.parts * engine.test_width)
        + memory(engine.first_depth, word) * copies
        + memory(engine.signs_depth, word) * (2 * copies)
    )


def memory(depth: int, width: int) -> Resources:
    """A memory of so many words of so many bits: in the blocks of the shape that takes fewest, or in LUTs."""
    if depth <= SHALLOW:
        return Resources(0, -(-width // 7) * 8 if depth > 1 else 0, width)
    halves = min(-(-width // wide) * -(-depth // deep) for wide, deep in SHAPES_OF_HALF)
    return Resources(bram36=-(-halves // 2))
