"""What keeps a network from training is told of, with the mend; what trains is not."""

from types import SimpleNamespace

import pytest
from tune_trials import ADAM, BATCH, EXAMPLES, trial

import linocut as lc
from linocut.dynamics.layer import LayerDynamics
from linocut.tune.ailments import ailments
from linocut.tune.regime import Regime
from linocut.tune.search import Search

TURNOVER, EDGE = Regime("turnover", ("a",)), Regime("edge", tuple("abcdefgh"), "tanh")


def told(layers, regime=TURNOVER, policy=lc.lean, accuracy=0.8, network=None, epochs=2):
    known = {"held": range(1000), "chance": 0.1, "regime": regime, "policy": policy}
    known |= {"left": range(EXAMPLES), "examples": epochs * EXAMPLES, "epochs": epochs}
    subject = SimpleNamespace(**known, network=network or lc.models.mlp((6, 6, 1), 4, (8,)))
    return list(
        ailments(Search(subject, 1.0, lambda one: None), [trial(ADAM, EXAMPLES // BATCH, accuracy=accuracy)], layers)
    )


def signs(*passed):
    return [LayerDynamics(f"layer{n}", 1.0, 0.0, passed=share) for n, share in enumerate(passed)]


def test_a_sign_that_lets_little_by_and_a_share_that_dies_with_depth():
    assert not told(signs(0.68, 0.5, 0.4, 0.35)) and not told(signs(*[0.68] * 15))
    (text,) = told(signs(0.68, 0.05, 0.3))
    assert "the sign behind layer1 lets 5.0% of the gradients by; a batch norm right before that sign" in text
    (text,) = told(signs(*[0.68] * 20))
    assert "20 signs let 68% of the gradients by, one behind another: 0.0004 of them come through all" in text
    assert "shortcuts around them (residual)" in text


def test_shortcuts_carry_what_signs_stop():
    network = lc.models.resnet20()
    assert not told(signs(0.68, *[0.15] * 20), network=network)
    assert "layer1 lets 1.0%" in told(signs(0.68, 0.01), network=network)[0]


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
    (text,) = told([], accuracy=0.11, epochs=1)  # the trial was as long as the run
    assert "learned anything in 200 steps" in text and "give more epochs, or shortcuts" in text
