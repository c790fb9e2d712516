"""Optimizers: what may be declared, and how one is found by name."""

from __future__ import annotations

import json
import math

import pytest

import linocut
from linocut.errors import SpecError
from linocut.optimizers import OPTIMIZERS, SGD, Adam, Bop, Optimizer, find_optimizer
from linocut.optimizers.base import MOST

NEAR_1 = math.nextafter(1.0, 0.0)


def test_defaults_are_pytorchs() -> None:
    betas = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    assert Adam().to_dict() == {"kind": "adam", "learning_rate": 1e-3, **betas, "weight_decay": 0.0}
    momentum = {"momentum": 0.9, "weight_decay": 0.0, "nesterov": False}
    assert SGD().to_dict() == {"kind": "sgd", "learning_rate": 0.1, **momentum}
    assert Bop().to_dict() == {"kind": "bop", "learning_rate": 1e-3, "gamma": 1e-4, "tau": 1e-8}
    assert (linocut.Adam, linocut.SGD, linocut.Bop) == (Adam, SGD, Bop)


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
@pytest.mark.parametrize("rate", [0, -1e-3, math.nan, math.inf, True, "fast", None])
def test_a_learning_rate_must_be_a_number_above_0(kind: type[Optimizer], rate: float) -> None:
    with pytest.raises(SpecError, match=f"{kind.kind} learning_rate is .*, must be a finite number above 0"):
        kind(rate)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Adam(beta1=1.0), "adam beta1 is 1.0, must be at least 0 and below 1"),
        (lambda: Adam(beta2=1.5), "adam beta2 is 1.5"),
        (lambda: Adam(epsilon=-1e-8), "adam epsilon is -1e-08, must be a finite number, 0 or more"),
        (lambda: Adam(beta1=math.nan), "adam beta1 is nan, must be at least 0 and below 1"),
        (lambda: SGD(weight_decay=1e101), r"sgd weight_decay is 1e\+101, .*, 0 or more, up to 1e\+100"),
        (lambda: SGD(momentum=1.0), "sgd momentum is 1.0, must be at least 0 and below 1"),
        (lambda: SGD(momentum=-0.1), "sgd momentum is -0.1, must be at least 0 and below 1"),
        (lambda: Adam(clip_norm=-1.0), "adam clip_norm is -1.0, must be a finite number, 0 or more"),
        (lambda: Bop(gamma=1.0), "bop gamma is 1.0"),
        (lambda: Bop(tau=-1.0), "bop tau is -1.0"),
        (lambda: Bop(tau=1.01), "bop tau is 1.01, must be a finite number, 0 or more, up to 1"),
    ],
)
def test_settings_have_bounds(make, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        make()


EXTREME = (
    Adam(MOST, epsilon=MOST, weight_decay=MOST),
    Adam(5e-324, NEAR_1, NEAR_1, 0.0, 5e-324),
    SGD(MOST, NEAR_1, MOST),
    Bop(MOST, NEAR_1, 1.0),
)


@pytest.mark.parametrize("policy", ["standard", "wang2021", "lean", "lean8"])
@pytest.mark.parametrize("optimizer", EXTREME, ids=str)
def test_what_is_within_bounds_makes_programs(policy: str, optimizer: Optimizer) -> None:
    """What is computed of settings, such as a decay by momentum, is a number too."""
    session = linocut.Trainer(linocut.models.mlp((4, 4, 1), 3, (8,)), policy, optimizer, batch_size=4).session
    session.run("train")


@pytest.mark.parametrize(
    "optimizer", [Adam(0.5, 0.8, clip_norm=1.0), SGD(0.2, 0.0), Bop(gamma=1e-3)], ids=lambda o: o.kind
)
def test_an_optimizer_reads_back_from_its_dictionary(optimizer: Optimizer) -> None:
    assert find_optimizer(json.loads(json.dumps(optimizer.to_dict()))) == optimizer
    assert find_optimizer(optimizer) is optimizer


def test_find_optimizer() -> None:
    assert find_optimizer("bop") == Bop()
    assert find_optimizer({"kind": "sgd", "momentum": 0.5}) == SGD(momentum=0.5)
    with pytest.raises(SpecError, match="no optimizer is called 'adma'; there are adam, sgd, bop; did you mean adam"):
        find_optimizer("adma")


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(
        SpecError, match="optimizer adam has no setting 'beta3'; there are learning_rate, clip_norm, beta1"
    ):
        find_optimizer({"kind": "adam", "beta3": 0.1})
    with pytest.raises(SpecError, match="no optimizer is called None"):
        find_optimizer({"learning_rate": 0.1})


def test_the_clock_counts_with_adams_decays_where_adam_is_used() -> None:
    assert Adam(beta1=0.5, beta2=0.75).decays == (0.5, 0.75)
    assert Bop().decays == (0.9, 0.999)
    assert SGD().decays == (0.0, 0.0)


def test_a_norm_is_of_gradients_in_floats() -> None:
    reason = r"adam clip_norm is 1, but gradients of binary_dense2.weights are in q7, which have no norm; take policy"
    with pytest.raises(SpecError, match=reason):
        linocut.Trainer(linocut.models.mlp((4, 4, 1), 3, (8,)), "lean", Adam(clip_norm=1.0), batch_size=4)
