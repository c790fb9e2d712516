"""BatchNorm: batch norm with a shift beta and, if asked for, a scale gamma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.biases import add_bias, update_by_sums
from linocut.layers.gradient_scale import gradient_scale
from linocut.layers.kinds import INPUT, NORMED, PRODUCT, REAL
from linocut.layers.norm_output import norm_work
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.parameters import BETA, SCALE, STATISTIC, Initial, Parameter, bias
from linocut.layers.values import Gradient, Normed, Product, Real, Value
from linocut.ops import norm_gradient_sums, norm_statistics
from linocut.ops.nibbles import MOST
from linocut.ops.norm import NORMS

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.policies import Policy

GAMMA, RUNNING = "gamma", "running"


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation by channel: x = (y - mean) / deviation + beta; (..., channels) to the same shape.

    Mean and deviation are those of the batch in training, running averages of them in prediction. The policy's norm
    says which deviation: l2 the standard deviation (1e-5 under its root), l1 the mean absolute deviation, scaled l1
    sqrt(pi / 2) times that, which is the standard deviation of a normal distribution. beta is the shift; with `scale`
    there is gamma too, x = gamma (y - mean) / deviation + beta (Ioffe & Szegedy, arXiv 1502.03167), and x is floats.
    The batch is the micro-batch where a step is several. Running statistics are averaged over as many steps all the
    same: `momentum` is the fraction of them that a step keeps, at least 0 and below 1. SpecError for other settings.
    """

    kind: ClassVar[str] = "batch_norm"
    takes: ClassVar[tuple[str, ...]] = (PRODUCT, REAL, INPUT)
    momentum: float = 0.9
    scale: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_momentum(self.kind, self.momentum)
        fields.flag(self.scale, "batch_norm scale")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """A norm's output, to be formed by the next layer; floats where it has a scale."""
        return REAL if self.scale else NORMED

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Shift and scale (1, channels); running mean and deviation, of l2 the variance, (2, channels)."""
        channels = shape[-1]
        running = Parameter(node, RUNNING, (2, channels), STATISTIC, initial=Initial(rows=(0.0, 1.0)))
        gamma = Parameter(node, GAMMA, (1, channels), SCALE, initial=Initial(rows=(1.0,)))
        return (bias(node, channels, BETA), running, *((gamma,) if self.scale else ()))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Per channel: the shift, the running mean and deviation, and the scale."""
        return Cost(real_parameters=(4 if self.scale else 3) * shape[-1])

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the statistics. The consumer forms x or its signs. Backward: dY, dbeta and beta's update."""
        y = value if isinstance(value, Product) else as_numbers(builder, name, value)
        beta = None if self.scale else builder.parameter(name, BETA)
        out = normed(builder, name, y, beta, self.momentum)
        return _scaled(builder, name, out) if self.scale else out


def check_momentum(kind: str, momentum: float) -> None:
    """SpecError for what is no fraction that running statistics keep."""
    number = isinstance(momentum, (int, float)) and not isinstance(momentum, bool)
    if not number or not 0.0 <= momentum < 1.0:
        raise SpecError(f"{kind} momentum is {momentum!r}, must be at least 0 and below 1")


def kept_by_a_batch(builder: Lowering, momentum: float) -> float:
    """What running statistics keep of themselves at each micro-batch, where a step is to keep `momentum`."""
    return momentum if builder.micro_batches == 1 else momentum ** (1 / builder.micro_batches)


def normed(builder: Lowering, name: str, y: Product | Real, beta: int | None, momentum: float) -> Normed:
    """Products or floats by the mean and deviation of each channel, plus the shift `beta`, yet to be formed."""
    channels = builder.shape(y.buffer)[-1]
    policy = builder.policy
    norm = NORMS[norm_name(policy, builder.feeds_loss(name))]
    running = builder.parameter(name, RUNNING)
    stats = running
    if builder.training and builder.learns(name):
        stats = builder.transient(f"{name}.statistics", roles.NORM, (2, channels), policy.statistics)
        work = norm_work(builder, name, norm_statistics.QUANTITIES, builder.shape(y.buffer))
        operands = {"y": y.buffer, "stats": stats, "running": running, "work": work}
        attributes = {"norm": norm, "momentum": kept_by_a_batch(builder, momentum), "first": 0.0}
        builder.emit("norm_statistics", operands, attributes)
    out = Normed(name, y.buffer, stats, beta, norm)
    out.y_again = y.again if isinstance(y, Real) else None
    out.learns_shift_alone = beta is not None and not y.wanted and builder.learns(name)
    builder.on_backward(lambda: _backward(builder, out, y))
    return out


def norm_name(policy: Policy, of_logits: bool) -> str:
    """The norm of a batch norm, "l1", "scaled_l1" or "l2": that of the loss's inputs is another."""
    return policy.logits_norm if of_logits else policy.norm


def _scaled(builder: Lowering, name: str, norm: Normed) -> Real:
    """x = gamma z + beta. Backward: dz = gamma dx, dgamma = sum dx z, dbeta = sum dx."""
    z = as_numbers(builder, name, norm)
    shape, gamma = builder.shape(z.buffer), builder.parameter(name, GAMMA)
    out = Real(builder.transient(f"{name}.scaled", roles.X, shape, builder.real_X))
    builder.emit("scale_channels", {"x": z.buffer, "scale": gamma, "y": out.buffer})
    add_bias(builder, name, out.buffer, BETA)

    def backward() -> None:
        dx = out.taken().buffer
        dz = real_gradient(builder, f"{name}.dZ", roles.DX, shape)
        builder.emit("scale_channels", {"x": dx, "scale": gamma, "y": dz.buffer})
        z.give(builder, dz)
        update_by_sums(builder, name, GAMMA, dx, z.buffer)
        update_by_sums(builder, name, BETA, dx)

    builder.on_backward(backward)
    return out


def _backward(builder: Lowering, out: Normed, y: Product | Real) -> None:
    """The gradient of y, where that is wanted, and of beta, where it learns."""
    if out.learns_shift_alone and out.gradient is None:
        return  # its reader gave the gradient of beta
    kept, dx, name = out.kept, out.taken(), out.name
    assert kept is not None, "the consumer of a norm says what it kept"
    shape = builder.shape(y.buffer)
    channels = shape[-1]
    attributes = {"norm": out.norm, "ste": kept.ste}
    common = {"dx": dx.buffer, "x": kept.x, "mask": kept.mask, "half": kept.half, "beta": out.beta}
    if builder.learns(name):
        sums = builder.transient(f"{name}.sums", roles.WORKSPACE, (norm_gradient_sums.QUANTITIES, channels), "f64")
        work = norm_work(builder, name, norm_gradient_sums.QUANTITIES, shape)
        operands = {**common, "sums": sums, "omega": kept.omega, "work": work}
        builder.emit("norm_gradient_sums", operands, attributes)
    else:
        sums = _sums_of_frozen(builder, name, y, dx)
    common["sums"] = sums
    more = y.sum_so_far(builder) if isinstance(y, Real) and y.wanted else None
    dy = _dy(builder, f"{name}.dY", shape, dx, isinstance(y, Product))
    dbeta = builder.transient(f"{name}.dbeta", roles.BETA, (1, channels), "f32")
    of_floats = isinstance(y, Real) or dx.exponent is None
    common |= {"more": more, "unit": builder.unit if of_floats else None}
    written = {"dy": dy.buffer, "dy_exponent": dy.exponent, "dbeta": dbeta}
    written["scale"] = None if dy.exponent is None else gradient_scale(builder, name, "dY")
    builder.emit("norm_gradient", {**common, "dx_exponent": dx.exponent, "stats": out.stats, **written}, attributes)
    if y.wanted:
        y.give(builder, dy)
    if out.beta is not None and builder.learns(name):
        builder.update(name, BETA, dbeta)


def _sums_of_frozen(builder: Lowering, name: str, y: Product | Real, dx: Gradient) -> int:
    """What makes norm_gradient a division by the deviation: no sums, as the statistics do not depend on the batch.

    Mantissas are as large as their format has them: the exponent of dY comes down to those that there are. SpecError
    for a gradient in floats that is to become integers: how large it is, is not known.
    """
    largest = {"i4": float(MOST), "i8": 127.0, "i16": 32767.0}.get(builder.form(dx.buffer), 0.0)
    if not largest and isinstance(y, Product) and builder.policy.integer:
        raise SpecError(
            f"{name} is frozen, but gradients in floats go through it to a layer with binary weights, which "
            f"{builder.policy.name} cannot; freeze all layers that learn before it too, or take the policy standard"
        )
    shape = norm_gradient_sums.QUANTITIES, builder.shape(y.buffer)[-1]
    return builder.memory(name, "sums", roles.WORKSPACE, shape, "f64", Initial(rows=(0.0, 0.0, largest, 0.0, 0.0)))


def _dy(builder: Lowering, name: str, shape: Shape, dx: Gradient, binary: bool) -> Gradient:
    """The gradient of a norm's input; integers are formed over those of dX, element by element."""
    if not binary:
        return real_gradient(builder, name, roles.DY, shape)
    return builder.gradient(name, roles.DY, shape, over=dx.buffer if builder.policy.integer else None)
