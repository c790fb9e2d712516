"""lstm, and the networks of C-LSTM: recurrent ones in circulant blocks (Wang et al., arXiv 1803.06305)."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import (
    CTC,
    LSTM,
    BlockCirculantDense,
    Layer,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)
from linocut.layers.sequence_pool import MEAN

FRAMES, FEATURES = 100, 39  # 99.4% of the spoken digits have no more frames; cepstra and their differences
UTTERANCE, PHONES, LABELS = 300, 62, 75  # frames planned for, phones of TIMIT with the blank, phones of an utterance


def lstm(
    input_shape: Sequence[int] = (FRAMES, FEATURES),
    classes: int = 10,
    cells: int = 128,
    projection: int = 64,
    block: int = 8,
    peepholes: bool = True,
    bidirectional: bool = False,
    layers: int = 1,
    labels: int = 0,
    dtype: str = "f32",
) -> Network:
    """LSTM layers of `cells` cells, the mean of their outputs over a sequence, and the classes.

    Sequences (frames, features) to (classes,). `block` is the size of circulant blocks, 1 dense; the last layer is
    dense. With `labels` above 0 it reads so many labels of a sequence at most, by CTC: to (frames, classes), the last
    class the blank. SpecError for settings that make no network.
    """
    recurrent = [LSTM(cells, block, peepholes, projection, bidirectional) for _ in range(layers)]
    if labels:
        return _of_phones("lstm", SequenceInput(tuple(input_shape), dtype), recurrent, classes, labels)
    ends: tuple[Layer, ...] = (SequencePool(MEAN), BlockCirculantDense(classes), SoftmaxCrossEntropy())
    return Network("lstm", (SequenceInput(tuple(input_shape), dtype), *recurrent, *ends))


def google_lstm(
    input_shape: Sequence[int] = (UTTERANCE, 153),
    classes: int = PHONES,
    block: int = 8,
    labels: int = LABELS,
    dtype: str = "f32",
) -> Network:
    """The larger network of C-LSTM: two layers of 1,024 cells with peepholes, projected to 512, and the phones, by CTC.

    Sequences (frames, features) to (frames, classes), the last class the blank; at most `labels` phones a sequence.
    `block` is the size of circulant blocks, 1 dense. SpecError for settings that make no network.
    """
    recurrent = [LSTM(1024, block, peepholes=True, projection=512) for _ in range(2)]
    return _of_phones("google_lstm", SequenceInput(tuple(input_shape), dtype), recurrent, classes, labels)


def small_lstm(
    input_shape: Sequence[int] = (UTTERANCE, 39),
    classes: int = PHONES,
    block: int = 8,
    labels: int = LABELS,
    dtype: str = "f32",
) -> Network:
    """The smaller network of C-LSTM: two layers of 512 cells in both directions, which are added; and phones, by CTC.

    Sequences (frames, features) to (frames, classes), the last class the blank; at most `labels` phones a sequence.
    `block` is the size of circulant blocks, 1 dense. SpecError for settings that make no network.
    """
    recurrent = [LSTM(512, block, bidirectional=True) for _ in range(2)]
    return _of_phones("small_lstm", SequenceInput(tuple(input_shape), dtype), recurrent, classes, labels)


def _of_phones(name: str, begin: Layer, recurrent: Sequence[LSTM], classes: int, labels: int) -> Network:
    return Network(name, (begin, *recurrent, BlockCirculantDense(classes), CTC(labels)))
