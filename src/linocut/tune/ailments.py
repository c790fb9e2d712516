"""ailments: what keeps a network from training, seen before and in the range test, and the mend of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from linocut.dynamics import fixed_point
from linocut.dynamics.edges import TANH
from linocut.dynamics.layer import LayerDynamics
from linocut.dynamics.mean_field import MOST_J, MOST_R
from linocut.formats import FORMATS
from linocut.graph.queries import sums
from linocut.policies import Policy
from linocut.tune.regime import Regime
from linocut.tune.search import Search
from linocut.tune.trial import Trial

# Chosen below what was seen to train, 37% in 4 layers and 16% beside shortcuts (docs/trainability.md).
LEAST_PASSED, LEAST_BESIDE_SHORTCUTS = 0.1, 0.02
LEAST_THROUGH = 1e-3  # of 16 signs 2e-3 come through at a window of 1, 1e-4 at 0.8, which learned 9 points less
SMALLEST_F16 = 2.0**-24
DEEP = 6.0  # depth scales that a signal crosses and is still there (arXiv 1611.01232)
FEW = 3  # layers, for which depth is no question


def ailments(search: Search, trials: Sequence[Trial], layers: Sequence[LayerDynamics]) -> Iterator[str]:
    """Warnings, each with its mend; `layers` are what a look at the first step saw."""
    regime, policy = search.subject.regime, search.subject.policy
    yield from _passed(layers, bool(sums(search.subject.network.graph)))
    yield from _vanishing(layers, policy)
    yield from _ordered(layers, regime)
    if not search.learned(trials) and search.subject.chance is not None:
        top = max((one.accuracy or 0.0 for one in trials), default=0.0)
        mend = (
            "shortcuts around its layers (residual), or fewer of them"
            if regime.activation is None
            else "initial weights at the edge of chaos, or fewer layers"
        )
        longest = max(trials, key=lambda one: one.examples)
        whole = longest.examples >= search.whole(search.subject.examples)
        yield (
            f"no learning rate learned anything in {longest.steps:,} steps: the best accuracy is {top:.1%}, chance "
            f"is {search.subject.chance:.1%}; give more {'epochs' if whole else 'minutes'}, or {mend}"
        )


def _passed(layers: Sequence[LayerDynamics], shortcuts: bool) -> Iterator[str]:
    """A sign that lets few gradients by, and many signs one behind the other, of which few come through.

    Gradients that go around signs are not missed: then only a sign that lets next to nothing by is told of.
    """
    known = [(one.layer, one.passed) for one in layers if one.passed is not None]
    least = LEAST_BESIDE_SHORTCUTS if shortcuts else LEAST_PASSED
    for layer, passed in known:
        if passed < least:
            yield (
                f"the sign behind {layer} lets {passed:.1%} of the gradients by; a batch norm right before that sign, "
                "whose outputs are within its window, mends it"
            )
            return
    shares = [passed for _, passed in known]
    through = math.prod(shares)
    if through < LEAST_THROUGH and not shortcuts:
        yield (
            f"{len(known)} signs let {_range(shares)} of the gradients by, one behind another: "
            f"{through:.1g} of them come through all, and the first layers learn slowly; shortcuts around them "
            "(residual), or fewer layers, mend it"
        )


def _range(shares: Sequence[float]) -> str:
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    return low if low == high else f"{low} to {high}"


def _vanishing(layers: Sequence[LayerDynamics], policy: Policy) -> Iterator[str]:
    """Gradients that become 0 in 16-bit floats on their way to the first layer."""
    gains = [one.chi for one in layers if one.chi]
    whole = math.prod(gains) ** 0.5
    floats = FORMATS[policy.dX].is_float and FORMATS[policy.dX].bits == 16
    if floats and gains and whole < SMALLEST_F16 * 1e3:
        yield (
            f"gradients of the first layers are {whole:.1g} times those of the loss, near the least that 16-bit floats "
            f"hold ({SMALLEST_F16:.1g}); the policies lean and standard do not lose them"
        )


def _ordered(layers: Sequence[LayerDynamics], regime: Regime) -> Iterator[str]:
    """Deep tanh layers far from the edge: inputs come to the same in a few layers."""
    followed = [one for one in layers if one.layer in regime.layers]
    if regime.activation != TANH or len(followed) <= FEW:
        return
    worst = min(followed, key=lambda one: one.j)
    if not 0.0 < worst.j <= MOST_J or abs(worst.j0) > MOST_R * worst.j:
        return
    chi = fixed_point(worst.j, worst.j0).chi
    if chi < 1.0 and len(followed) > DEEP * -1.0 / math.log(chi):
        yield (
            f"{worst.layer} starts at J = {worst.j:.2f}, in the ordered phase: what tells inputs apart falls by "
            f"{chi:.2f} a layer, over {len(followed)} layers; start at the edge, J = 1 (initial = fan-in ** -0.5)"
        )
