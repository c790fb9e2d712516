"""Small networks that between them have every layer: a cell, a sequence, none binary, of one output, and of few bits.

No bias stands before a norm, where its gradient is 0 but for rounding, of which Adam makes whole steps.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from linocut.compile.lower import Compiled
from linocut.graph.place import Entry
from linocut.layers import (
    Add,
    AveragePool1D,
    AveragePool2D,
    BatchNorm,
    BinaryConv1D,
    BinaryConv2D,
    BinaryDense,
    Concat,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool1D,
    MaxPool2D,
    MeanSquaredError,
    Network,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Residual,
    Sigmoid,
    SigmoidCrossEntropy,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.ops.bits import Array
from linocut.optimizers import SGD, Adam, Bop, Optimizer
from linocut.run import Session, initialise, open_session

CLASSES = 4
SCALED = BatchNorm(scale=True)


def binary(name: str, filters: int, after: str, kernel: int = 3) -> tuple[Entry, ...]:
    """A node of a cell: a binary convolution of signs, a norm, and signs called `name`."""
    return BinaryConv2D(filters, kernel).after(after), BatchNorm().named(f"{name}-norm"), Sign().named(name)


CELL = Network(
    "cell",
    (
        # The stem: its norm is read by signs, by a sum and by a projection.
        *(Input((6, 5, 3)).named("in"), BinaryConv2D(6), MaxPool2D(2, 1), BatchNorm().named("stem")),
        Sign().named("node1"),
        # Seven nodes, as NASBench-101 joins them: sums of projections within, channels side by side at the end.
        *binary("node2", 5, "node1"),
        *binary("node3", 66, "node1", 1),
        *(*binary("wide", 5, "node3"), Add().after("node2-norm", "wide-norm").named("sum")),
        *(Sign("quadratic").named("node4"), MaxPool2D(3, 1, "same").after("node1").named("node5")),
        *(BinaryConv2D(6, scaled=True).after("node4"), SCALED.named("body"), Conv2D(6, 1, bias=True).after("stem")),
        *(Add().after("body", "conv2d1", "stem").named("sum3"), Sign().named("node6")),
        Concat().after("node2", "node3", "wide", "node5", "node6").named("node7"),
        # Signs of some channels, and numbers beside them.
        *(Slice(2, 70), BinaryConv2D(7, 2, 2), BatchNorm(), Residual((Sign(), BinaryConv2D(7), BatchNorm()))),
        *(Tanh().named("left"), AveragePool2D(2, 2, "same").after("sum3"), ReLU().named("right")),
        *(Concat().after("left", "right"), Slice(1, 11), Conv2D(8, 2, bias=True), Sigmoid(), GlobalAveragePool()),
        *(Dense(CLASSES), BatchNorm(), SoftmaxCrossEntropy(0.1, (1.0, 0.5, 2.0, 1.0))),
    ),
)
SEQUENCE = Network(
    "sequence",
    (
        *(Input((9, 4), "f32", -1.0, 1.0).named("in"), Slice(1, 3), BinaryConv1D(6, 3), BatchNorm()),
        *(MaxPool1D(2, 1), Sign().named("x"), BinaryConv1D(66, 2, 2), MaxPool1D(2), BatchNorm(), Sign()),
        *(Flatten().named("flat"), BinaryDense(5), BatchNorm().named("low")),
        *(Conv1D(6, 3, 2, bias=True).after("in"), Tanh(), SCALED, AveragePool1D(3, 2), GlobalAveragePool().named("g")),
        *(Concat().after("low", "g"), Dense(7), ReLU(), BatchNorm(), Dense(2, bias=True), SigmoidCrossEntropy()),
    ),
)
REAL = Network(
    "real",
    (
        *(Input((2, 2, 2, 3), "f32"), Flatten().named("x"), Dense(9, bias=True), Tanh().named("y"), Dense(9), SCALED),
        *(Add().after("y", "batch_norm1"), Dense(2, bias=True), MeanSquaredError()),
    ),
)
ONE = Network("one", (Input((9,)), BinaryDense(66), BatchNorm(), ReLU(), Dense(1), SCALED, SigmoidCrossEntropy()))
LEVELS = Network(
    "levels",
    (
        *(Input((6, 5, 3)), Conv2D(6), BatchNorm().named("stem"), Quantise(2), QuantisedConv2D(66, 2, bits=4)),
        *(BatchNorm(), Quantise(4), MaxPool2D(2, 1), QuantisedConv2D(6, bits=2), MaxPool2D(2, 1), BatchNorm()),
        Quantise(2).named("x"),
        *(QuantisedConv2D(5, 3, 2, bits=1, scaled=True, floats=True).after("x"), ReLU().named("left")),
        *(QuantisedConv2D(5, 1, 2, "valid", scaled=True, centred=True).after("x"), BatchNorm().named("right")),
        *(Add().after("left", "right"), Flatten(), Dense(CLASSES).named("side")),
        *(MaxPool2D(3, 1, "same").after("x").named("wide"), Slice(1, 4).after("x").named("some")),
        *(Concat().after("wide", "some", "x"), Flatten()),
        *(QuantisedDense(9, bits=4), BatchNorm(), Quantise(4), QuantisedDense(67, bits=2), BatchNorm(), Quantise(1)),
        *(QuantisedDense(CLASSES, bits=1), BatchNorm().named("low"), Add().after("low", "side"), SoftmaxCrossEntropy()),
    ),
)
NETWORKS = {network.name: network for network in (CELL, SEQUENCE, REAL, ONE, LEVELS)}

# What complex and recurrent networks alone have, which tests/networks tests: layers, and nodes of predictions.
LAYERS_OF_OTHERS = {
    *("binary_complex_conv1d", "binary_complex_conv2d", "binary_complex_dense", "complex_conv1d", "complex_conv2d"),
    *("complex_dense", "complex_norm", "code", "hard_tanh", "spectral_pool1d", "spectral_pool2d", "sum_pool1d"),
    *("sum_pool2d", "block_circulant_dense", "ctc", "gru", "lstm", "sequence_input", "sequence_pool"),
}
NODES_OF_OTHERS = {
    *(
        "complex_affine",
        "complex_threshold",
        "spectral_pool",
        "clip",
        "coding",
        "circulant_product",
        "recurrent",
        "sequence_coding",
    ),
    *("sequence_pool", "q10_add", "q10_coding", "q10_gru", "q10_last", "q10_outputs", "q10_recurrent"),
    "pruned_product",
}
EPSILON = 1e-4  # with less, what is next to no gradient makes whole steps
OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Adam(0.01, epsilon=EPSILON),
    "adam with decay": Adam(0.01, epsilon=EPSILON, weight_decay=0.5),
    "sgd": SGD(0.05),
    "sgd with both": SGD(0.05, nesterov=True, weight_decay=0.05),
    "bop": Bop(0.01, 1e-2, 1e-6),
}


def batches(network: Network, batch: int, count: int) -> Iterator[tuple[Array, Array]]:
    """Examples that tell something of their labels or targets, as the network's session takes them."""
    rng = np.random.default_rng(0)
    outputs, loss = network.graph.outputs, network.loss
    for _ in range(count):
        labels = rng.integers(0, max(2, network.classes), batch)
        bright = (labels / max(2, network.classes)).reshape(-1, *[1] * len(network.input.shape))
        images = 0.6 * rng.uniform(0, 1, (batch, *network.input.shape)) + 0.4 * bright
        if network.input.dtype == "u8":
            images = (255 * images).astype(np.uint8)
        if loss.by_class or outputs == 1:
            yield images, loss.as_truth(labels.astype(np.int32))
        else:
            noise = rng.normal(0, 0.1, (batch, outputs)) if not network.classes else 0.0
            yield images, (np.eye(outputs)[labels % outputs] + noise).astype(np.float32)


def opened(compiled: Compiled, **how: object) -> Session:
    """A session before its first step."""
    session = open_session(compiled.program, **how)  # type: ignore[arg-type]  # keywords of the tests
    initialise(session, compiled.initial, seed=3)
    session.array("control")[0] = compiled.optimizer.learning_rate
    return session


def steps(session: Session, network: Network, count: int, sections: tuple[str, ...] = ("train",)) -> None:
    """So many runs of the sections that make a step."""
    batch = session.program.buffer("input").shape[0]
    for images, truth in batches(network, batch, count):
        session.array("input")[...] = images
        session.array("labels")[...] = truth
        for section in sections:
            session.run(section)


def examples(network: Network, count: int) -> tuple[Array, Array]:
    """Examples with labels or targets as `fit` takes them: a network of one output learns from class numbers."""
    ((images, truth),) = batches(network, count, 1)
    if network.input.dtype == "f32":
        images = images.astype(np.float32)
    return images, truth[:, 0].astype(np.int64) if network.graph.outputs == 1 else truth
