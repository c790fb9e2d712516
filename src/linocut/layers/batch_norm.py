"""BatchNorm: batch norm without scale, with a shift beta (DESIGN section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.gradient_scale import gradient_scale
from linocut.layers.kinds import INPUT, NORMED, PRODUCT, REAL
from linocut.layers.norm_output import norm_work
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.softmax_cross_entropy import SoftmaxCrossEntropy
from linocut.layers.values import Given, Normed, Product, Real, Value
from linocut.ops import norm_gradient_sums, norm_statistics
from linocut.ops.norm import NORMS

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed
    from linocut.policies import Policy


@dataclass(frozen=True)
class BatchNorm(Layer):
    """x = (y - mu) / spread + beta over the batch, by the policy's norm; running statistics for prediction.

    The batch is the micro-batch where a step is several. Running statistics are averaged over as many steps all the
    same: `momentum` is of a step.
    """

    kind: ClassVar[str] = "batch_norm"
    takes: ClassVar[tuple[str, ...]] = (PRODUCT, REAL, INPUT)
    momentum: float = 0.9

    def __post_init__(self) -> None:
        number = isinstance(self.momentum, (int, float)) and not isinstance(self.momentum, bool)
        if not number or not 0.0 <= self.momentum < 1.0:
            raise SpecError(f"batch_norm momentum is {self.momentum!r}, must be at least 0 and below 1")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """A norm's output, to be formed by the next layer."""
        return NORMED

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Per channel: the shift, the running mean and the running spread."""
        return Cost(real_parameters=3 * shape[-1])

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: the statistics. The consumer forms x or its signs. Backward: dY, dbeta and beta's update."""
        name = place.name
        y = value if isinstance(value, Product) else as_numbers(builder, name, value)
        channels = builder.shape(y.buffer)[-1]
        policy = builder.policy
        norm = NORMS[norm_name(policy, place)]
        beta = builder.persistent(f"{name}.beta", roles.BETA, (1, channels), policy.beta)
        # An average over many micro-batches takes up less of each than f16 can add.
        form = policy.statistics if builder.micro_batches == 1 else "f32"
        running = builder.persistent(f"{name}.running", roles.NORM, (2, channels), form, second_row=1.0)
        stats = running
        if builder.training:
            stats = builder.transient(f"{name}.statistics", roles.NORM, (2, channels), policy.statistics)
            work = norm_work(builder, name, norm_statistics.QUANTITIES, builder.shape(y.buffer))
            operands = {"y": y.buffer, "stats": stats, "running": running, "work": work}
            momentum = self.momentum if builder.micro_batches == 1 else self.momentum ** (1 / builder.micro_batches)
            attributes = {"norm": norm, "momentum": momentum, "first": 0.0}
            builder.emit("norm_statistics", operands, attributes)
        out = Normed(name, y.buffer, stats, beta, norm)
        wanted = not isinstance(value, Given)
        builder.on_backward(lambda: _backward(builder, out, y, wanted))
        return out


def norm_name(policy: Policy, place: Placed) -> str:
    """The norm of a batch norm in its place, "l1", "scaled_l1" or "l2"."""
    return policy.logits_norm if place.follower == SoftmaxCrossEntropy.kind else policy.norm


def _backward(builder: Builder, out: Normed, y: Product | Real, wanted: bool) -> None:
    """`wanted` says whether the gradient of y is; that of beta always is."""
    kept, dx, name = out.kept, out.taken(), out.name
    assert kept is not None, "the consumer of a norm says what it kept"
    shape = builder.shape(y.buffer)
    channels = shape[-1]
    attributes = {"norm": out.norm, "ste": float(kept.ste)}
    sums = builder.transient(f"{name}.sums", roles.WORKSPACE, (norm_gradient_sums.QUANTITIES, channels), "f64")
    known = {"x": kept.x, "mask": kept.mask, "half": kept.half}
    common = {"dx": dx.buffer, **known, "beta": out.beta, "sums": sums}
    work = norm_work(builder, name, norm_gradient_sums.QUANTITIES, shape)
    builder.emit("norm_gradient_sums", {**common, "omega": kept.omega, "work": work}, attributes)
    binary = isinstance(y, Product) and y.binary
    dy_name = f"{name}.dY"
    if binary:  # integers are formed over those of dX, element by element
        over = dx.buffer if builder.policy.integer else None
        dy = builder.gradient(dy_name, roles.DY, shape, over=over)
    else:
        dy = real_gradient(builder, dy_name, roles.DY, shape)
    dbeta = builder.transient(f"{name}.dbeta", roles.BETA, (1, channels), "f32")
    written = {"dy": dy.buffer, "dy_exponent": dy.exponent, "dbeta": dbeta}
    written["scale"] = None if dy.exponent is None else gradient_scale(builder, dy_name)
    builder.emit("norm_gradient", {**common, "dx_exponent": dx.exponent, "stats": out.stats, **written}, attributes)
    if wanted:
        y.give(builder, dy)
    builder.optimizer.lower_shift(builder, name, out.beta, dbeta, (1, channels))
