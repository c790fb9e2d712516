"""BatchNorm: batch norm without scale, with a shift beta (DESIGN section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.values import Gradient, Normed, Product, Value, expect
from linocut.ops.norm import L1, L2

if TYPE_CHECKING:
    from linocut.compile.builder import Builder


@dataclass(frozen=True)
class BatchNorm(Layer):
    """x = (y - mu) / spread + beta over the batch, l1 or l2 as the policy says; running statistics for prediction."""

    kind: ClassVar[str] = "batch_norm"
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if not 0.0 <= self.momentum < 1.0:
            raise SpecError(f"batch_norm momentum is {self.momentum}, must be at least 0 and below 1")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def cost(self, shape: Shape, real_input: bool) -> Cost:
        """Per channel: the shift, the running mean and the running spread."""
        return Cost(real_parameters=3 * shape[-1])

    def lower(self, builder: Builder, name: str, value: Value) -> Value:
        """Forward: the statistics. The consumer forms x or its signs. Backward: dY, dbeta and beta's update."""
        expect(value, Product, name, "the product of a dense layer")
        assert isinstance(value, Product)
        channels = builder.shape(value.buffer)[-1]
        policy, kind = builder.policy, norm_kind(builder)
        beta = builder.persistent(f"{name}.beta", roles.BETA, (1, channels), policy.beta)
        running = builder.persistent(f"{name}.running", roles.NORM, (2, channels), policy.statistics, second_row=1.0)
        stats = running
        if builder.training:
            stats = builder.transient(f"{name}.statistics", roles.NORM, (2, channels), policy.statistics)
            operands = {"y": value.buffer, "stats": stats, "running": running}
            builder.emit("norm_statistics", operands, {"norm": kind, "momentum": self.momentum})
        out = Normed(name, value.buffer, stats, beta)
        builder.on_backward(lambda: _backward(builder, out, value))
        return out


def norm_kind(builder: Builder) -> float:
    """The policy's norm as the instructions' attribute."""
    return L1 if builder.policy.norm == "l1" else L2


def _backward(builder: Builder, out: Normed, value: Product) -> None:
    kept, dx, name = out.kept, out.taken(), out.name
    assert kept is not None, "the consumer of a norm says what it kept"
    shape = builder.shape(value.buffer)
    channels = shape[-1]
    attributes = {"norm": norm_kind(builder), "ste": float(kept.ste)}
    sums = builder.transient(f"{name}.sums", roles.WORKSPACE, (4, channels), "f64")
    common = {"dx": dx.buffer, "x": kept.x, "mask": kept.mask, "beta": out.beta, "sums": sums}
    builder.emit("norm_gradient_sums", {**common, "omega": kept.omega}, attributes)
    dy: Gradient = builder.gradient(f"{name}.dY", roles.DY, shape)
    dbeta = builder.transient(f"{name}.dbeta", roles.BETA, (1, channels), "f32")
    written = {"dy": dy.buffer, "dy_exponent": dy.exponent, "dbeta": dbeta}
    builder.emit("norm_gradient", {**common, "dx_exponent": dx.exponent, "stats": out.stats, **written}, attributes)
    value.gradient = dy
    builder.optimizer.lower_shift(builder, name, out.beta, dbeta, (1, channels))
