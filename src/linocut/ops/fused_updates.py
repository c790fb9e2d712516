"""weight_gradient_adam, _sgd, _bop: weight_gradient and the update in one instruction, so that dW is never a buffer.

Each takes the operands of its two parts without dW; its reference is their composition.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linocut.formats import words
from linocut.ops import adam, bop, sgd, weight_gradient
from linocut.ops.base import Op, View

_GRADIENT = "<dy:i8[R,N] <x:bit|u8[R,K] "


def _composed(update: Op) -> Callable[..., None]:
    def reference(*, dy: View, x: View, **rest: View | float | None) -> None:
        weights = rest["w" if "w" in rest else "weights"]
        assert isinstance(weights, View)
        stored = np.zeros((dy.cols, words(weights.cols)), np.uint64)
        dw = View(stored, "bit", weights.cols)
        weight_gradient.OP.reference(dy=dy, x=x, dw=dw)
        if update is adam.OP:
            rest["v"] = None
        update.reference(dw=dw, **rest)

    return reference


ADAM = Op(
    "weight_gradient_adam",
    17,
    _GRADIENT + "=w:q15[N,K] =m:q7[N,K] <control:f64[4] <random:i64[1] =counters:i64[4]; "
    "beta1 beta2 epsilon gradient_scale clip salt",
    _composed(adam.OP),
    weight_gradient.limits,
    weight_gradient.work,
)
SGD = Op(
    "weight_gradient_sgd",
    18,
    _GRADIENT + "=w:q15[N,K] =m:q7[N,K] <control:f64[4] <random:i64[1] =counters:i64[4]; "
    "momentum gradient_scale clip salt",
    _composed(sgd.OP),
    weight_gradient.limits,
    weight_gradient.work,
)
BOP = Op(
    "weight_gradient_bop",
    19,
    _GRADIENT + "=weights:bit[N,K] =m:q7|q15[N,K] <random:i64[1] =counters:i64[4]; gamma tau gradient_scale salt",
    _composed(bop.OP),
    weight_gradient.limits,
    weight_gradient.work,
)
