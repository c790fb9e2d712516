"""The table of instructions of the virtual machine: a family of them is a file, and a line here."""

from __future__ import annotations

import copyreg
from importlib import import_module

from linocut.ops.base import Op, View
from linocut.ops.work import Work

FAMILIES = (
    "accumulate",
    "activation",
    "adam",
    "add_bias",
    "add_product",
    "average_pool",
    "binarize",
    "binary_matmul",
    "bop",
    "byte_conv2d",
    "byte_matmul",
    "centre_weights",
    "channel_sums",
    "circulant",
    "clip_gradients",
    "complex_block",
    "complex_conv2d",
    "complex_map",
    "complex_threshold",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_input_sums",
    "conv2d_weight_gradient",
    "conv2d_weight_gradient_float_sgd",
    "copy",
    "copy_channels",
    "ctc",
    "decay_weights",
    "flatten_bits",
    "fused_updates",
    "gradient_exponent",
    "gradient_unit",
    "gru",
    "hard_tanh",
    "input_gradient",
    "keep_largest",
    "keep_words",
    "levels_input_gradient",
    "levels_to_bytes",
    "lstm",
    "max_pool",
    "max_pool_gradient",
    "mean_squared_error",
    "norm_apply",
    "norm_gradient",
    "norm_gradient_sums",
    "norm_levels",
    "norm_sign",
    "norm_statistics",
    "numbers",
    "optimizer_tick",
    "packed_conv2d",
    "packed_matmul",
    "pruned_conv2d",
    "pruned_input_gradient",
    "q10_circulant",
    "q10_frames",
    "q10_gru",
    "q10_lstm",
    "quantise",
    "quantise_input",
    "real_matmul",
    "real_sign",
    "scale_gradient",
    "sequences",
    "sgd",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "spectral_pool",
    "sum_pool",
    "threshold",
    "weight_gradient",
    "whitening",
)


def _instructions(family: str) -> tuple[Op, ...]:
    """Those of a file: its `OPS`, or its one `OP`."""
    module = import_module(f"linocut.ops.{family}")
    several: tuple[Op, ...] | None = getattr(module, "OPS", None)
    return several or (module.OP,)


OPS = tuple(sorted((op for family in FAMILIES for op in _instructions(family)), key=lambda op: op.code))
OP_BY_CODE = {op.code: op for op in OPS}
OP_BY_NAME = {op.name: op for op in OPS}


def _named(name: str) -> Op:
    return OP_BY_NAME[name]


copyreg.pickle(Op, lambda op: (_named, (op.name,)))  # by name, as they hold functions that have none

__all__ = ["OPS", "OP_BY_CODE", "OP_BY_NAME", "Op", "View", "Work"]
