"""What a network is tuned by, and where that does not apply."""

import pytest

import linocut as lc
from linocut.layers import BatchNorm, Dense, Flatten, Input, ReLU, SoftmaxCrossEntropy, Tanh
from linocut.tune.regime import EDGE, TURNOVER, find_regime


def real(*layers):
    return lc.Network("net", (Input((6, 6, 1), "f32", 0.0, 1.0), Flatten(), *layers, SoftmaxCrossEntropy()))


TANH = real(Dense(8), Tanh(), Dense(8), Tanh(), Dense(4, bias=True))
BINARY = lc.models.mlp((6, 6, 1), 4, (8,))


def test_what_is_binary_is_tuned_by_turnover_and_tanh_and_relu_by_the_edge():
    assert find_regime(BINARY.graph).objective == TURNOVER
    found = find_regime(TANH.graph)
    assert (found.objective, found.layers, found.activation, found.edge) == (EDGE, ("dense1", "dense2"), "tanh", 1.0)
    assert find_regime(real(Dense(8), ReLU(), Dense(4)).graph).edge == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize(
    ("network", "objective", "message"),
    [
        (BINARY, "edge", "objective is edge, but sign has no edge, it does not see the scale .*; use turnover"),
        (TANH, "turnover", "objective is turnover, but network net has no binary weights, .*; use edge"),
        (BINARY, "chaos", "no objective is called 'chaos'; there are auto, edge, turnover"),
        (real(Dense(4)), "auto", "network net has nothing to tune by: neither binary weights nor .*; add such layers"),
        (lc.networks.lstm((9, 13)), "auto", "network lstm has nothing to tune by: .*; linocut blocks finds the best"),
        (real(Dense(4), BatchNorm(), Tanh(), Dense(4)), "edge", "nothing to tune by: .* without a norm between"),
    ],
)
def test_what_does_not_apply_is_refused(network, objective, message):
    with pytest.raises(lc.SpecError, match=message):
        find_regime(network.graph, objective)
