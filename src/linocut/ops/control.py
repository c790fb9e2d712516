"""The state that every program keeps beside its network, by place: native/kernels/control.hpp is its twin.

`control` (4,) float64 is the optimizer's clock: the learning rate, which whoever trains sets, the steps taken, and
beta1 and beta2 to the power of these. `counters` (4,) int64 are counted up by the instructions of an epoch: right
answers, examples, weights that changed sign, mantissas that saturated.
"""

from __future__ import annotations

LEARNING_RATE, STEPS, BETA1_POWER, BETA2_POWER = range(4)
START = (0.0, 0.0, 1.0, 1.0)  # of `control`
CORRECT, EXAMPLES, FLIPS, SATURATIONS = range(4)
