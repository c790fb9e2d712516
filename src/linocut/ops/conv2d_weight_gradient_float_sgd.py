"""conv2d_weight_gradient_float_sgd: a gradient of weights in floats and their step by sgd in one instruction, so that
dW is never a buffer.

It takes the operands of its two parts without dW, for whole batches; its reference is their composition.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import conv2d_weight_gradient, sgd
from linocut.ops.base import Op, View
from linocut.ops.limits import CONVOLUTION
from linocut.ops.window import ATTRIBUTES

_GRADIENT = (*ATTRIBUTES.split(), "exact")


def reference(*, dy: View, x: View, w: View, **rest: View | float) -> None:
    """W, m (N, P, Q, C) in place from dy (B, I, J, N) and x (B, H, W, C)."""
    moves = {name: rest.pop(name) for name in _GRADIENT}
    dw = View(np.zeros(w.data.shape, np.float32), "f32", w.cols, w.shape)
    conv2d_weight_gradient.OP.reference(dy=dy, x=x, dw=dw, **moves)
    sgd.OP.reference(w=w, dw=dw, **rest)


OP = Op(
    "conv2d_weight_gradient_float_sgd",
    129,
    "<dy:f32[B,I,J,N] <x:bit|u8|f32[B,H,W,C] =w:f32[N,P,Q,C] =m:f32[N,P,Q,C] <control:f64[4] <random:i64[1] "
    f"=counters:i64[4]; {ATTRIBUTES} exact momentum gradient_scale clip salt decay nesterov",
    reference,
    CONVOLUTION,
    conv2d_weight_gradient.OP.work,
    workspace=conv2d_weight_gradient.OP.workspace,
)
