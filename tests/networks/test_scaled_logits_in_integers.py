"""Under integer policies the norm of the logits is l2, and its gradient exact, with a scale as without."""

from __future__ import annotations

import numpy as np
import pytest
from compared import examples, unsettle
from traces import feed, l2_gradient, numbers, rounding, started, traced

from linocut.compile.lower import compile_network
from linocut.layers import BatchNorm, BinaryDense, Dense, Input, Layer, Network, Sign, SoftmaxCrossEntropy
from linocut.ops.norm import L2
from linocut.optimizers import Adam
from linocut.policies import POLICIES

EPSILON = 1e-5
BATCH = 24


@pytest.mark.parametrize("last", [BinaryDense(5), Dense(5)], ids=lambda layer: layer.kind)
@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("policy", ["lean", "lean8"])
def test_the_gradient_of_the_last_norm_is_exact(policy: str, scale: bool, last: Layer) -> None:
    hidden = (Input((9,)), BinaryDense(20), BatchNorm(), *([Sign()] if isinstance(last, BinaryDense) else []))
    network = Network("own", (*hidden, last, BatchNorm(scale=scale), SoftmaxCrossEntropy()))
    session = started(compile_network(network, POLICIES[policy].replace(real_X="f32"), Adam(), BATCH), seed=1)
    rng = np.random.default_rng(1)
    unsettle(session, rng)
    images, labels = examples(network, BATCH, rng)
    feed(session, images, labels)
    steps = traced(session, "train")
    (norm,) = (step for step in steps if step.op == "norm_gradient" and step.attributes["norm"] == L2)
    (statistics,) = (step for step in steps if step.op == "norm_statistics" and step.attributes["norm"] == L2)
    y = numbers(statistics.before["y"])
    deviation = np.sqrt(y.var(axis=0) + EPSILON)
    g = numbers(norm.before["dx"])
    if "dx_exponent" in norm.before:
        g = np.ldexp(g, int(norm.before["dx_exponent"].data[0]))
    wanted = l2_gradient(g, (y - y.mean(axis=0)) / deviation) / deviation
    found = numbers(norm.after["dy"])
    if "dy_exponent" not in norm.after:
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-5 * np.abs(wanted).max())
        return
    unit = 2.0 ** int(norm.after["dy_exponent"].data[0])
    assert np.abs(found).max() > 20, "the mantissas are used"
    assert (np.abs(found - wanted / unit) <= rounding(g) + 1e-3).all()
