"""weight_gradient_adam, _sgd, _bop and conv2d_weight_gradient_adam, _sgd, _bop: a gradient of weights and their update
in one instruction, so that dW is never a buffer.

Each takes the operands of its two parts without dW; its reference is their composition. `signs` says whether dW is
bits, else it is q7; bop takes bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linocut.formats import find_format, words
from linocut.ops import adam, bop, conv2d_weight_gradient, sgd, weight_gradient
from linocut.ops.base import Op, View
from linocut.ops.window import ATTRIBUTES

_WINDOW = tuple(ATTRIBUTES.split())


def _composed(gradient: Op, update: Op) -> Callable[..., None]:
    windowed = gradient is conv2d_weight_gradient.OP

    def reference(*, dy: View, x: View, **rest: View | float | None) -> None:
        weights = rest["w" if "w" in rest else "weights"]
        assert isinstance(weights, View)
        form = "q7" if rest.pop("signs", 1.0) == 0.0 else "bit"
        columns = weights.cols if form == "q7" else words(weights.cols)
        stored = np.zeros((weights.data.shape[0], columns), find_format(form).dtype)
        dw = View(stored, form, weights.cols, weights.shape)
        moves = {name: rest.pop(name) for name in _WINDOW} | {"exact": 0.0} if windowed else {}
        gradient.reference(dy=dy, x=x, dw=dw, **moves)
        if update is adam.OP:
            rest["v"] = None
        update.reference(dw=dw, **rest)

    return reference


_LATENT = "=w:q15|q7[{0}] =m:q7[{0}] <control:f64[4] <random:i64[1] =counters:i64[4] <micro?:i64[2]; "
_PACKED = "=weights:bit[{0}] =m:q7|q15[{0}] <random:i64[1] =counters:i64[4] <micro?:i64[2]; "
_UPDATES = (
    (adam.OP, _LATENT, "beta1 beta2 epsilon gradient_scale clip salt signs"),
    (sgd.OP, _LATENT, "momentum gradient_scale clip salt decay nesterov signs"),
    (bop.OP, _PACKED, "gamma tau gradient_scale salt"),
)


def _fused(gradient: Op, first_code: int, operands: str, weights: str, attributes: str) -> tuple[Op, ...]:
    return tuple(
        Op(
            f"{gradient.name}_{update.name}",
            first_code + number,
            operands + rest.format(weights) + attributes + own,
            _composed(gradient, update),
            (*gradient.limits, *update.limits),
            gradient.work,
            ("dw", "v"),
            gradient.workspace,
        )
        for number, (update, rest, own) in enumerate(_UPDATES)
    )


OPS = (
    *_fused(weight_gradient.OP, 17, "<dy:i4|i8[R,N] <x:bit|u8[R,K] ", "N,K", ""),
    *_fused(conv2d_weight_gradient.OP, 23, "<dy:i4|i8[B,I,J,N] <x:bit|u8[B,H,W,C] ", "N,P,Q,C", f"{ATTRIBUTES} "),
)
