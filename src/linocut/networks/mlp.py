"""mlp: the paper's perceptron."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.layers import Dense, Flatten, Input
from linocut.networks.classifier import CLASSIFICATION, classifier, loss_of, with_real_end

BINARY, REAL = "binary", "real"


def mlp(
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
    hidden: Sequence[int] = (256, 256, 256, 256),
    dtype: str = "u8",
    task: str = CLASSIFICATION,
    ends: str = BINARY,
) -> Network:
    """The paper's perceptron, 784-256-256-256-256-10 on MNIST; `hidden` are the widths between input and classes.

    `task` is "classification", or "regression" or "multilabel" of so many outputs as `classes` says: for these the
    last layer has full-precision weights. With `ends` = "real" it has also for classes, and so has the first where
    there are several hidden ones: more is learned of few features. Examples of any `input_shape` are flattened, of
    `dtype` "u8" or "f32". SpecError for settings that make no network.
    """
    if ends not in (BINARY, REAL):
        raise SpecError(f"ends is {ends!r}, must be {BINARY} or {REAL}")
    loss = loss_of(task)
    binary = ends == BINARY and task == CLASSIFICATION
    layers = classifier(hidden, classes) if binary else with_real_end(hidden, classes, loss)
    if ends == REAL and len(hidden) > 1:
        layers[0] = Dense(hidden[0])
    return Network("mlp", (Input(tuple(input_shape), dtype), Flatten(), *layers))
