"""bench: the test bench of an engine: frames, what prediction makes of them, and the Verilog that compares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from linocut.compile.inference import INPUT, compile_inference
from linocut.compile.lower import PREDICT
from linocut.devices.word_engine import images
from linocut.devices.word_engine.layers import EngineNetwork
from linocut.devices.word_engine.verilog import STREAM_WIDTH, Engine, about, filled
from linocut.formats import find_format
from linocut.graph.inference import InferenceGraph
from linocut.ops.bits import Array, unpack
from linocut.run.constants import put_constants
from linocut.run.session import Session, open_session


def files(engine: Engine, values: Mapping[str, Array]) -> dict[str, str]:
    """The bench of an engine over some frames: files by name.

    `values` are what the nodes called `wanted` give: signs as booleans and sums as integers, each (frames, *shape); of
    a residual network the stream's numbers, as `computed` has them.
    """
    network = engine.timed.network
    signed = [one for one in engine.tiles if one.layer.signs]
    last = engine.tiles[-1].layer
    count = len(values[network.reads])
    frames, signs, sums, streams = "", "", "", ""
    for number in range(count):
        frames += images.frame(engine, _as_image(values[network.reads][number]))
        signs += "".join(images.expected_signs(engine, one, values[one.layer.signs][number]) for one in signed)
        if last.stream is None:
            sums += images.expected_sums(engine, values[last.sums][number].astype(np.int64) // network.parts)
        else:
            sums += images.expected_sums(engine, values[last.stream.value][number])
            streams += images.stream(engine, values[network.stream][number])
    found = {
        "bench.v": _bench(engine, count),
        "main.cpp": filled("main.cpp", about=about(network.name)),
        f"{engine.name}_frames.hex": frames,
        f"{engine.name}_sums.hex": sums,
    }
    more = {f"{engine.name}_signs.hex": signs, f"{engine.name}_stream.hex": streams}
    return found | {name: text for name, text in more.items() if text}


def wanted(network: EngineNetwork) -> list[str]:
    """The nodes whose values a bench compares, and those that it reads."""
    last = network.layers[-1]
    given = last.sums if last.stream is None else last.stream.value
    signs = [layer.signs for layer in network.layers if layer.signs]
    return [network.reads, *([network.stream] if network.stream else []), *signs, given]


def apart(network: EngineNetwork, predicted: Mapping[str, Array], own: Mapping[str, Array]) -> tuple[int, int]:
    """How many signs of a residual network are others than prediction's, (frames, *shape) each, and of how many."""
    names = [layer.signs for layer in network.layers if layer.signs]
    differ = sum(int(np.count_nonzero(own[name].reshape(predicted[name].shape) != predicted[name])) for name in names)
    return differ, sum(predicted[name].size for name in names)


def _bench(engine: Engine, frames: int) -> str:
    shape, parts = engine.timed.shape, engine.parts
    signs = sum(one.groups * one.words_out for one in engine.tiles)
    last = engine.tiles[-1]
    reads = f'$readmemh("{engine.name}_signs.hex", expected_signs);' if signs else ""
    return filled(
        "bench.v",
        about=about(engine.timed.network.name),
        name=engine.name,
        frames=frames,
        words=engine.timed.load_words,
        words_in=engine.tiles[0].words_in,
        pixels=shape.pixels,
        word_bits=parts * shape.lanes,
        signs=signs,
        signs_rows=max(1, frames * signs) - 1,
        signs_bits=shape.pixels * parts * shape.lanes,
        read_signs=reads,
        sums=last.groups * len(last.kept),
        sums_bits=shape.pixels * shape.outputs * parts * engine.out_bits,
        out_bits=engine.out_bits,
        **_stream(engine, frames),
        cycles=engine.timed.cycles,
    )


def _stream(engine: Engine, frames: int) -> dict[str, object]:
    """What a residual network has beside."""
    if not engine.streams:
        return {"rows": 0, "read_stream": "", "stream_memory": "", "stream_ports": ""}
    outputs, width = engine.timed.shape.outputs, engine.timed.shape.pixels * engine.parts * STREAM_WIDTH
    rows = math.prod(engine.stream_shapes[0]) * outputs
    ports = (
        f"\n    .load_stream(load_stream), .stream_at(row / {outputs}), .stream_output(row % {outputs}),"
        "\n    .stream_word(stream[loaded * ROWS + row]),"
    )
    return {
        "rows": rows,
        "read_stream": f'$readmemh("{engine.name}_stream.hex", stream);',
        "stream_memory": f"reg [{width - 1}:0] stream [0:{frames * rows - 1}];",
        "stream_ports": ports,
    }


def _as_image(signs: Array) -> Array:
    """(height, width, channels)."""
    return signs.reshape((1, 1, *signs.shape)[-3:])


def predicted(graph: InferenceGraph, names: Sequence[str], examples: Array) -> dict[str, Array]:
    """What nodes of a graph give for examples (n, *shape), by prediction: signs as booleans, else numbers."""
    prediction = compile_inference(graph, 1, names)
    session = open_session(prediction.program, threads=1)
    put_constants(session, prediction)
    found: dict[str, list[Array]] = {name: [] for name in names}
    given = session.array(INPUT)
    for example in examples:
        given[...] = np.reshape(example, given.shape)
        session.run(PREDICT)
        for name in names:
            found[name].append(_value(session, f"{PREDICT}.captured.{name}"))
    return {name: np.stack(values) for name, values in found.items()}


def _value(session: Session, name: str) -> Array:
    buffer, stored = session.program.buffer(name), session.array(name)
    if find_format(buffer.format).bits > 1:
        return stored.reshape(buffer.shape)[0].copy()
    return unpack(stored.reshape(-1, stored.shape[-1]), buffer.shape[-1]).reshape(buffer.shape)[0]
