"""What keeps a network from training is told of, with the mend; what trains is not."""

from types import SimpleNamespace

import pytest
from tune_trials import ADAM, trial

import linocut as lc
from linocut.dynamics.layer import LayerDynamics
from linocut.tune.ailments import ailments
from linocut.tune.regime import Regime
from linocut.tune.search import Search

TURNOVER, EDGE = Regime("turnover", ("a",)), Regime("edge", tuple("abcdefgh"), "tanh")


def told(layers, regime=TURNOVER, policy=lc.lean, accuracy=0.8):
    subject = SimpleNamespace(held=range(1000), chance=0.1, regime=regime, policy=policy)
    return list(ailments(Search(subject, 1.0, lambda one: None), [trial(ADAM, 100, accuracy=accuracy)], layers))


def signs(*passed):
    return [LayerDynamics(f"layer{n}", 1.0, 0.0, passed=share) for n, share in enumerate(passed)]


def test_a_share_that_dies_with_depth():
    assert not told(signs(0.68, 0.5, 0.4, 0.35))
    (text,) = told(signs(0.68, 0.4, 0.16, 0.12))
    assert "behind layer2 lets 16.0% of the gradients by, 68% behind layer0: the share dies with depth; a batch" in text
    (text,) = told(signs(0.05, 0.06))
    assert "behind layer0 lets 5.0% of the gradients by; a batch norm" in text


def test_gradients_that_vanish_in_16_bit_floats_only():
    layers = [LayerDynamics(f"layer{n}", 1.0, 0.0, chi=0.05) for n in range(8)]
    (text,) = told(layers, policy=lc.wang2021)
    assert "the policies lean and standard do not lose them" in text
    assert not told(layers) and not told(layers, policy=lc.standard) and not told(layers[:1], policy=lc.wang2021)


@pytest.mark.parametrize(("j", "warned"), [(0.3, True), (0.99, False), (1.2, False)])
def test_deep_tanh_layers_in_the_ordered_phase(j, warned):
    found = told([LayerDynamics(name, j, 0.0) for name in EDGE.layers], EDGE, lc.standard)
    assert bool(found) == warned and all("start at the edge, J = 1" in text for text in found)


def test_a_network_that_learns_nothing():
    (text,) = told([], accuracy=0.11)
    assert "the best accuracy is 11.0%, chance is 10.0%; give more minutes, or shortcuts" in text
