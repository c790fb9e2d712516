"""The op table: every instruction of the virtual machine, one file per family."""

from linocut.ops import (
    adam,
    binarize,
    binary_matmul,
    bop,
    fused_updates,
    input_gradient,
    norm_apply,
    norm_gradient,
    norm_gradient_sums,
    norm_sign,
    norm_statistics,
    optimizer_tick,
    quantise_input,
    real_matmul,
    sgd,
    softmax_cross_entropy,
    weight_gradient,
)
from linocut.ops.base import Op, View, Work

OPS = (
    binarize.OP,
    binary_matmul.OP,
    real_matmul.OP,
    quantise_input.OP,
    norm_statistics.OP,
    norm_sign.OP,
    norm_apply.OP,
    softmax_cross_entropy.OP,
    norm_gradient_sums.OP,
    norm_gradient.OP,
    input_gradient.OP,
    weight_gradient.OP,
    optimizer_tick.OP,
    adam.OP,
    sgd.OP,
    bop.OP,
    fused_updates.ADAM,
    fused_updates.SGD,
    fused_updates.BOP,
)
OP_BY_CODE = {op.code: op for op in OPS}
OP_BY_NAME = {op.name: op for op in OPS}

__all__ = ["OPS", "OP_BY_CODE", "OP_BY_NAME", "Op", "View", "Work"]
