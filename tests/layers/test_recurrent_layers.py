"""Recurrent layers and circulant blocks as they are described: shapes, counts, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from linocut import networks as models
from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.layers import (
    CTC,
    GRU,
    LSTM,
    BlockCirculantDense,
    Conv1D,
    Flatten,
    Input,
    Layer,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)
from linocut.networks import google_lstm, lstm, small_lstm

LOSS = SoftmaxCrossEntropy()
COUNTS = {  # of C-LSTM's networks: numbers of both, and multiplications of the first layer of the larger one a frame
    1: (8_012_862, 6_491_198, 3_248_128),
    2: (4_031_550, 3_267_646, 1_626_112),
    4: (2_040_894, 1_653_822, 1_222_656),
    8: (1_045_566, 846_910, 718_376),
    16: (545_854, 445_502, 387_940),
}


def numbers(network: Network) -> int:
    """All that a network learns."""
    return sum(node.cost.real_parameters for node in network.graph.nodes)


@pytest.mark.parametrize("block", COUNTS)
def test_the_networks_of_c_lstm_have_their_counts(block: int) -> None:
    larger, smaller = google_lstm((7, 153), block=block), small_lstm(block=block)
    steps = larger.graph.nodes[1].cost.real_macs
    assert (numbers(larger), numbers(smaller), steps // 7) == COUNTS[block] and steps % 7 == 0
    assert [node.output.shape for node in larger.graph.nodes] == [(7, 153), (7, 512), (7, 512), (7, 62), (7, 62)]
    assert Network.from_dict(larger.to_dict()) == larger


@pytest.mark.parametrize("name", ["lstm", "small_lstm", "google_lstm"])
def test_networks_by_name_take_what_data_say_of_them(name: str) -> None:
    network = models.build(name, input_shape=(7, 5), classes=4, labels=3, dtype="f32")
    assert network.graph.nodes[0].output.shape == (7, 5) and network.graph.nodes[-1].output.shape == (7, 4)


@pytest.mark.parametrize(("block", "count"), [(1, 62_474), (4, 16_906), (8, 9_226), (16, 5_642)])
def test_the_network_of_spoken_digits_has_its_counts(block: int, count: int) -> None:
    assert numbers(lstm(block=block)) == count
    assert lstm(block=block, classes=7).classes == 7 == lstm(block=block).with_classes(7).classes


def test_parts_have_the_shapes_that_are_documented() -> None:
    layer = LSTM(16, 4, peepholes=True, projection=8, bidirectional=True)
    found = {one.part: one.shape for one in layer.parameters("lstm1", (9, 6))}
    one = {
        "input_weights": (2, 16, 4),
        "recurrent_weights": (2, 16, 4),
        "bias": (1, 64),
        "peepholes": (3, 16),
        "projection": (4, 2, 4),
    }
    assert found == one | {f"backward_{part}": shape for part, shape in one.items()}
    gru = {one.part: one.shape for one in GRU(8, 2).parameters("gru1", (9, 3))}
    assert gru == {
        "input_weights": (2, 12, 2),
        "recurrent_weights": (4, 8, 2),
        "candidate_weights": (4, 4, 2),
        "bias": (1, 24),
    }


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no power of two": (lambda: LSTM(12, 3), "lstm block is 3, must be one of 1, 2, 4, 8, 16"),
    "no whole number": (lambda: LSTM(8, 4.0), "lstm block is 4.0, must be one of 1, 2, 4, 8, 16"),
    "too large": (
        lambda: BlockCirculantDense(64, 32),
        "block_circulant_dense block is 32, must be one of 1, 2, 4, 8, 16",
    ),
    "cells": (lambda: LSTM(20, 8), "lstm units is 20, must be a multiple of the block 8, .*; the next is 24"),
    "projection": (lambda: LSTM(16, 8, projection=12), "lstm projection is 12, must be a multiple .* the next is 16"),
    "units of a gru": (lambda: GRU(5, 2), "gru units is 5, must be a multiple of the block 2, .*; the next is 6"),
    "candidate": (lambda: LSTM(8, candidate="relu"), "lstm candidate is 'relu', must be tanh or sigmoid"),
    "clip": (lambda: LSTM(8, clip=-1.0), "lstm clip is -1.0, must be 0"),
    "labels": (lambda: CTC(0), "ctc labels is 0, must be a whole number, 1 or more"),
    "pool": (lambda: SequencePool("max"), "sequence_pool function is 'max', must be mean or last"),
    "bytes": (lambda: SequenceInput((9, 3), "u8"), "sequence_input dtype is 'u8', must be 'f32'"),
    "no sequence": (lambda: SequenceInput((9, 3, 1)), "sequence_input shape is .*, must be .steps, features."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_layer_can_be_is_refused(what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(SpecError, match=reason):
        make()


MISFITS: dict[str, tuple[tuple[Layer, ...], str]] = {
    "vectors": ((Input((9,), "f32"), LSTM(8), LOSS), r"takes a sequence \(steps, features\), not \(9,\)"),
    "images": ((Input((9, 3, 2), "f32"), BlockCirculantDense(8), LOSS), r"takes \(features,\) or \(steps, features\)"),
    "pooled": ((Input((9, 3), "f32"), Flatten(), SequencePool(), LOSS), "takes"),
    "ctc of vectors": ((Input((9,), "f32"), BlockCirculantDense(8), CTC(2)), r"takes a sequence \(steps, classes\)"),
}


@pytest.mark.parametrize("what", MISFITS)
def test_layers_that_misfit_are_refused(what: str) -> None:
    layers, reason = MISFITS[what]
    with pytest.raises(SpecError, match=reason):
        Network("own", layers)


def test_layers_that_change_the_steps_of_sequences_that_end_early_are_refused() -> None:
    from linocut.compile.lower import compile_network
    from linocut.optimizers import Adam
    from linocut.policies import standard

    network = Network("own", (SequenceInput((9, 3)), Conv1D(8, 3, 2), LSTM(8), SequencePool(), LOSS))
    with pytest.raises(SpecError, match="lstm1 is given 5 steps of sequences that have up to 9 where they come in"):
        compile_network(network, standard, Adam(), 2)
