"""network_of: the layers of a recurrent network in 16 bits, for what counts shapes: a model file has no network."""

from __future__ import annotations

from linocut.errors import SpecError
from linocut.graph.inference import (
    InferenceGraph,
    Logits,
    Q10Add,
    Q10Coding,
    Q10Gru,
    Q10Last,
    Q10Outputs,
    Q10Recurrent,
    SequenceCoding,
)
from linocut.graph.network import Network
from linocut.layers import (
    CTC,
    GRU,
    LSTM,
    BlockCirculantDense,
    Layer,
    Loss,
    MeanSquaredError,
    SequenceInput,
    SequencePool,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Wired,
)
from linocut.layers.losses.base import IDENTITY, PATHS, SIGMOID, SOFTMAX
from linocut.layers.lstm import SIGMOID as LOGISTIC
from linocut.layers.lstm import TANH
from linocut.layers.sequence_pool import LAST, MEAN
from linocut.ops import q10

LOSSES: dict[str, Loss] = {
    SOFTMAX: SoftmaxCrossEntropy(),
    SIGMOID: SigmoidCrossEntropy(),
    IDENTITY: MeanSquaredError(),
    PATHS: CTC(1),  # how many labels there may be is the data's affair
}
FORWARD, BACKWARD = ".forward", ".backward"


def network_of(graph: InferenceGraph) -> Network:
    """The layers of a graph in Q5.10; its dense layer, which is so in 16 bits, in blocks of 1.

    SpecError for sums of other layers than the two directions of one, whose wiring is not told here.
    """
    layers: list[Layer | Wired] = []
    for node in graph.nodes:
        match node:
            case SequenceCoding():
                layers.append(SequenceInput(node.shape))
            case Q10Recurrent() if node.name.endswith(BACKWARD):
                pass  # as the other direction
            case Q10Recurrent():
                layers.append(_lstm(node).named(node.name.removesuffix(FORWARD)))
            case Q10Gru():
                layers.append(GRU(node.cells, node.block).named(node.name))
            case Q10Last():
                layers.append(SequencePool(LAST).named(node.name))
            case Q10Outputs():
                if node.mean:
                    layers.append(SequencePool(MEAN))
                layers.append(BlockCirculantDense(len(node.weights)).named(node.name))
            case Logits():
                layers.append(LOSSES[node.function])
            case Q10Add() if not all(one.endswith((FORWARD, BACKWARD)) for one in node.inputs):
                raise SpecError(f"{node.name} adds layers of a model file in 16 bits; give the folder of its run")
            case Q10Coding() | Q10Add():
                pass
            case _:
                raise SpecError(f"{node.name}: a {node.kind} is not of 16 bits; give the folder of a run")
    return Network(graph.name, tuple(layers))


def _lstm(node: Q10Recurrent) -> LSTM:
    return LSTM(
        node.cells,
        node.block,
        peepholes=node.peepholes is not None,
        projection=0 if node.projection is None else node.shape[-1],
        bidirectional=node.name.endswith(FORWARD),
        candidate=LOGISTIC if node.sigmoid else TANH,
        clip=node.cut / q10.ONE,
    )
