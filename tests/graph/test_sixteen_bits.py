"""Recurrent networks in 16 bits: near floats, the same integers in every session, frame by frame and from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import recurrent_graphs

from linocut import _native
from linocut.errors import DataError, SpecError
from linocut.export import packed
from linocut.graph.inference import Q10Recurrent
from linocut.graph.q10 import sixteen_bits
from linocut.layers import LSTM, BlockCirculantDense
from linocut.run.predict import Predictor
from linocut.run.stream import Stream

KINDS = (*recurrent_graphs.kinds(), recurrent_graphs.GATED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by_step", [False, True])
def test_sixteen_bits_are_near_floats_and_the_same_everywhere(kind: str, by_step: bool) -> None:
    floats, x = recurrent_graphs.graph(kind, by_step=by_step), recurrent_graphs.examples()
    made = sixteen_bits(floats, x)
    assert made.saturated == {} and made.clipped == {}
    exact = Predictor(floats, batch_size=3, threads=1)
    ours = Predictor(made.graph, batch_size=3, threads=1, backend="reference")
    found = np.stack([ours(one).copy() for one in x])
    assert np.abs(found - np.stack([exact(one).copy() for one in x])).max() < 0.02
    assert (found * 1024 == np.rint(found * 1024)).all()
    native = Predictor(made.graph, batch_size=3, threads=1)
    assert (np.stack([native(one).copy() for one in x]) == found).all()


def test_halvings_are_the_inverses_where_integers_stay_small_else_split() -> None:
    floats = recurrent_graphs.graph("projected")
    sizes = (1, 4, 12)  # the second comes near the limit
    found = [sixteen_bits(floats, size * recurrent_graphs.examples()) for size in sizes]
    chosen = [[n.inverse for n in one.graph.nodes if isinstance(n, Q10Recurrent)] for one in found]
    largest = [one.largest["lstm1.gates"] for one in found]
    assert largest[0] < 21845 < largest[1] < 31128 < largest[2]
    assert chosen == [[True, True], [True, True], [False, True]]


def test_there_are_no_choices_without_examples() -> None:
    floats = recurrent_graphs.graph("projected")
    assert not any(n.inverse for n in sixteen_bits(floats).graph.nodes if isinstance(n, Q10Recurrent))


def test_examples_may_all_be_shorter_than_the_longest_sequence() -> None:
    floats, x = recurrent_graphs.graph("projected"), recurrent_graphs.examples()
    x[:, recurrent_graphs.STEPS - 1 :] = 0
    assert sixteen_bits(floats, x).largest.keys() == sixteen_bits(floats, recurrent_graphs.examples()).largest.keys()


def test_what_saturates_is_counted_and_named() -> None:
    floats = recurrent_graphs.graph("plain")
    floats.by_name["lstm1"].bias[3] = 50.0  # type: ignore[union-attr]
    made = sixteen_bits(floats, 100 * recurrent_graphs.examples())
    assert made.saturated["lstm1.bias"] == 1
    assert made.saturated["sequence_input1_q10.examples"] > 10


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "both ways"])
@pytest.mark.parametrize("by_step", [False, True])
def test_a_stream_gives_what_the_whole_sequence_gives(kind: str, by_step: bool) -> None:
    graph = sixteen_bits(recurrent_graphs.graph(kind, by_step=by_step)).graph
    stream, whole = Stream(graph), Predictor(graph, threads=1)
    for x in recurrent_graphs.examples()[::2]:
        heard = [stream.push(frame) for frame in x]
        assert (np.stack(heard) == whole(x)).all() if by_step else (heard[-1] == whole(x)).all()
        assert stream.frames == len(x)
        stream.reset()


def test_streams_refuse_what_they_cannot_hear() -> None:
    with pytest.raises(SpecError, match="is in floats, a stream is in 16 bits"):
        Stream(recurrent_graphs.graph("plain"))
    with pytest.raises(SpecError, match=r"lstm1.backward goes backwards, from a sequence's last frame on"):
        Stream(sixteen_bits(recurrent_graphs.graph("both ways")).graph)
    stream = Stream(sixteen_bits(recurrent_graphs.graph("plain")).graph)
    with pytest.raises(DataError, match=r"a frame has shape \(4,\)"):
        stream.push(np.zeros(4))
    with pytest.raises(DataError, match="holds NaN or infinite"):
        stream.push(np.full(5, np.nan))
    assert stream.frames == 0


def test_graphs_without_a_16_bit_form_are_refused() -> None:
    two = recurrent_graphs.graph_of(LSTM(8), BlockCirculantDense(8), LSTM(8))
    with pytest.raises(SpecError, match=r"a circulant_product has no 16-bit form; 16 bits take LSTM and GRU layers"):
        sixteen_bits(two)
    floats = recurrent_graphs.graph("plain")
    floats.by_name["lstm1"].input_weights[0, 0, 0] = 1e6  # type: ignore[union-attr]
    with pytest.raises(SpecError, match=r"lstm1: the largest component of a spectrum is .* train with smaller weights"):
        sixteen_bits(floats)
    with pytest.raises(SpecError, match=r"calibration examples have shape \(2, 6\), must be \(n, 6, 5\)"):
        sixteen_bits(recurrent_graphs.graph("plain"), np.zeros((2, 6)))
    with pytest.raises(SpecError, match="functions is 'theirs', must be own or paper"):
        sixteen_bits(recurrent_graphs.graph("plain"), functions="theirs")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_file_keeps_the_integers(tmp_path: Path, kind: str) -> None:
    graph = sixteen_bits(recurrent_graphs.graph(kind), recurrent_graphs.examples(), "paper").graph
    packed.save(tmp_path / "model.safetensors", packed.PackedModel(graph))
    kept = packed.read(tmp_path / "model.safetensors").graph
    x = recurrent_graphs.examples()[0]
    assert (Predictor(kept, threads=1)(x) == Predictor(graph, threads=1)(x)).all()


@pytest.mark.skipif("c99" not in _native.isas(), reason="the kernels in C99 are not in this build")
@pytest.mark.parametrize("isa", [isa for isa in _native.isas()])
def test_every_set_gives_the_integers_of_whole_sequences(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = sixteen_bits(recurrent_graphs.graph_of(LSTM(16, 8, peepholes=True, projection=8), LSTM(16, 8))).graph
    x = recurrent_graphs.examples()[1]
    expected = Predictor(graph, threads=1, backend="reference")(x).copy()
    monkeypatch.setenv("LINOCUT_ISA", isa)
    assert (Predictor(graph, threads=1)(x) == expected).all()
