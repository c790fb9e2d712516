"""Several steps of each optimizer under `standard` beside torch.optim: weight decay, Nesterov, a bound, micro-batches.

Only weights decay: shifts, biases and scales are a parameter group of their own. The network has every kind of what is
learned, and no bias before a norm: its gradient would be rounding alone, of which Adam makes steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compared import examples, unsettle
from pytorch_networks import Oracle, torch
from traces import feed, started

from linocut.compile.lower import compile_network
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryDense,
    Concat,
    Conv1D,
    Dense,
    Flatten,
    Input,
    MaxPool1D,
    Network,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.optimizers import SGD, Adam, Optimizer
from linocut.policies import standard

STEPS, BATCH = 5, 12
CLEAR = 1e-5
NETWORK = Network(
    "learning",
    (
        *(Input((8, 3), "f32"), Conv1D(6, bias=True), Tanh(), MaxPool1D().named("pooled"), BatchNorm(scale=True)),
        *(Sign(), Flatten(), BinaryDense(9), BatchNorm().named("binary")),
        *(Flatten().after("pooled"), Dense(9, bias=True), Tanh().named("real"), Add().after("binary", "real")),
        *(Concat().after("add1", "real"), Dense(4, bias=True), SoftmaxCrossEntropy()),
    ),
)
EPSILON = 1e-4  # of Adam: with less, what is next to no gradient makes whole steps

_Stepper = Callable[[list[Any]], Any]
OPTIMIZERS: dict[str, tuple[Optimizer, _Stepper]] = {
    "adam": (Adam(0.02, epsilon=EPSILON), lambda groups: torch.optim.AdamW(groups, lr=0.02, eps=EPSILON)),
    "adam with decay": (
        Adam(0.02, 0.8, 0.95, EPSILON, weight_decay=0.7),
        lambda groups: torch.optim.AdamW(groups, lr=0.02, betas=(0.8, 0.95), eps=EPSILON),
    ),
    "adam with a bound on the norm": (
        Adam(0.02, epsilon=EPSILON, clip_norm=0.4),
        lambda groups: torch.optim.AdamW(groups, lr=0.02, eps=EPSILON),
    ),
    "sgd": (SGD(0.05), lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9)),
    "sgd without momentum": (SGD(0.05, 0.0), lambda groups: torch.optim.SGD(groups, lr=0.05)),
    "sgd with nesterov": (
        SGD(0.05, 0.8, nesterov=True),
        lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.8, nesterov=True),
    ),
    "sgd with decay": (
        SGD(0.05, 0.8, weight_decay=0.3),
        lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.8),
    ),
    "sgd with both": (
        SGD(0.05, 0.8, weight_decay=0.3, nesterov=True),
        lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.8, nesterov=True),
    ),
}


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_after_each_of_several_steps(name: str, parts: int) -> None:
    optimizer, make = OPTIMIZERS[name]
    session = started(compile_network(NETWORK, standard, optimizer, BATCH, BATCH // parts), seed=2)
    rng = np.random.default_rng(8)
    unsettle(session, rng)
    oracle = Oracle(NETWORK, session)
    decay = getattr(optimizer, "weight_decay", 0.0)
    others = [w for part in ("beta", "bias", "gamma") for w in oracle.learned[part].values()]
    stepper = make(
        [
            {"params": list(oracle.weights.values()), "weight_decay": decay},
            {"params": others, "weight_decay": 0.0},
        ]
    )
    for _ in range(STEPS):
        stepper.zero_grad()
        for _ in range(parts):
            images, labels = examples(NETWORK, BATCH // parts, rng)
            (oracle.loss(images, labels) / parts).backward()
            feed(session, images, labels)
            session.run("train")
        if optimizer.clip_norm:
            learned = [w for group in oracle.learned.values() for w in group.values()]
            assert torch.nn.utils.clip_grad_norm_(learned, optimizer.clip_norm) > optimizer.clip_norm
        stepper.step()
        with torch.no_grad():
            for w in oracle.binary().values():
                w.clamp_(-1, 1)
        assert oracle.kinks > CLEAR, "signs are clear of their decisions"
        for part, group in oracle.learned.items():
            for layer, w in group.items():
                found, wanted = session.array(f"{layer}.{part}"), w.detach().numpy()
                error, size = np.abs(found - wanted).max(), np.abs(wanted).max()
                assert error <= 2e-5 * size, f"{layer}.{part} is off by {error:.3g} of {size:.3g}"
