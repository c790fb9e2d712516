"""What an optimizer is: a declaration that lowers itself to update instructions."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.formats import find_format
from linocut.layers.lowering import Lowering
from linocut.layers.parameters import WEIGHT, Parameter, fan_in
from linocut.settings_of import keep_plain

if TYPE_CHECKING:
    from linocut.layers.base import Shape

# Of shifts and of full-precision weights, whose gradients have a size: (1 - beta2) times the square of one of 1e-3 is 0
# in f16, and Adam would divide by epsilon.
REAL_MOMENTS = "f32"
MOST = 1e100  # of a setting: what is computed of several is a finite number too
_MOST_OF = {"tau": 1.0}  # a moment of signs never passes it
_DECAYS = ("beta1", "beta2", "momentum", "gamma")
# A moment takes up (1 - decay) / k of each of k micro-batches. The least that floats tell from its neighbours:
# 4 units in the last place of the largest moment in f16, 16 in f32.
_FINEST_SHARE = {"f16": 2.0**-9, "f32": 2.0**-20}


class Updating(Lowering, Protocol):
    """What updates are lowered to: it also keeps moments."""

    def moment(self, parameter: Parameter, name: str, role: str, form: str) -> int:
        """What is kept of a parameter under a name, of its shape."""


@dataclass(frozen=True)
class Target:
    """What an update changes: a parameter in `buffer`, its gradient, and how its moments are kept."""

    parameter: Parameter
    buffer: int
    gradient: int
    role: str
    moments: str
    gradient_scale: float
    clip: float = 0.0  # of latent binary weights: their range

    @property
    def binary(self) -> bool:
        """Whether these are binary weights."""
        return self.parameter.binary

    @property
    def decays(self) -> bool:
        """Whether weight decay is for it: weights, not shifts and scales."""
        return self.parameter.use == WEIGHT

    @property
    def shape(self) -> Shape:
        """The parameter's."""
        return self.parameter.shape

    def moment(self, b: Updating, name: str) -> int:
        """The moment called `name`, persistent."""
        return b.moment(self.parameter, name, self.role, self.moments)


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule of a `learning_rate` above 0. `latent`: binary weights have a latent copy, which it updates.

    With a `clip_norm` above 0 the gradients of a step, all of them together, are made smaller where their Euclidean
    norm is above it, to that norm. SpecError for settings out of range.
    """

    kind: ClassVar[str]
    latent: ClassVar[bool] = True
    finest_share: ClassVar[float] = 2.0**-18  # that fixed-point moments take up: 16 units of their dither
    learning_rate: float
    clip_norm: float = dataclasses.field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        """Settings may be NumPy's scalars; SpecError for those out of range."""
        keep_plain(self)
        for field in dataclasses.fields(self):
            value, most = getattr(self, field.name), _MOST_OF.get(field.name, MOST)
            bound = f"a finite number, 0 or more, up to {most:g}"
            if field.type == "bool":
                fields.flag(value, f"{self.kind} {field.name}")
                continue
            fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most
            if field.name == "learning_rate":
                bound, fits = f"a finite number above 0, up to {most:g}, for example 1e-3", fits and value > 0
            elif field.name in _DECAYS:
                bound, fits = "at least 0 and below 1", fits and value < 1
            if not fits:
                raise SpecError(f"{self.kind} {field.name} is {value!r}, must be {bound}")

    @property
    @abstractmethod
    def decays(self) -> tuple[float, float]:
        """(beta1, beta2), decay rates of the moments of the Adam that it uses, whose powers the clock keeps."""

    def target(self, b: Updating, parameter: Parameter, buffer: int, gradient: int) -> Target:
        """What an update of a parameter in `buffer` changes, by the gradient of the whole step.

        Where a step is several micro-batches, a float gradient is summed over them: this emits the sum.
        """
        target = _target(b, parameter, buffer, gradient)
        if b.micro_batches == 1:
            return target
        if not find_format(b.form(gradient)).is_float:
            self._check_shares(b, target.moments)
            return target
        role = roles.BETA if target.role == roles.BETA else roles.DW
        total = b.moment(parameter, "gradient", role, "f32")
        b.emit("accumulate", {"value": gradient, "sum": total, "micro": b.micro})
        return dataclasses.replace(target, gradient=total)

    def clip(self, b: Updating, targets: Sequence[Target]) -> None:
        """Emit what bounds the norm of all gradients; SpecError for those that are no floats."""
        for target in targets:
            if not find_format(b.form(target.gradient)).is_float:
                raise SpecError(
                    f"{self.kind} clip_norm is {self.clip_norm:g}, but gradients of {target.parameter.name} are in "
                    f"{b.form(target.gradient)}, which have no norm; take policy standard, or leave clip_norm out"
                )
        total = b.transient("gradient_norm", roles.DW, (1,), "f64")
        for number, target in enumerate(targets):
            operands = {"dw": target.gradient, "sum": total, "micro": b.micro}
            b.emit("square_sum", operands, {"fresh": float(number == 0)})
        for target in targets:
            operands = {"dw": target.gradient, "sum": total, "micro": b.micro}
            b.emit("clip_gradient", operands, {"most": self.clip_norm})

    @property
    @abstractmethod
    def _fresh(self) -> float:
        """What part of a gradient the moments of binary weights take up in a step, relative to their largest."""

    def _check_shares(self, b: Updating, moments: str) -> None:
        """SpecError where so many micro-batches would each add less than the moments' format can tell."""
        most = max(1, int(self._fresh / _FINEST_SHARE.get(moments, self.finest_share)))
        if b.micro_batches > most:
            least = -(-b.batch * b.micro_batches // most)
            some = f"take micro-batches of at least {least:,}"
            mend = some if most > 1 else "take whole batches, or another policy"
            raise SpecError(
                f"a step is {b.micro_batches:,} micro-batches, but moments of {self.kind} in {moments} take up "
                f"gradients of at most {most:,}: each adds {self._fresh:.2g} / {b.micro_batches:,} of its sign; {mend}"
            )

    @abstractmethod
    def update(self, b: Updating, target: Target) -> None:
        """Emit one update."""

    def to_dict(self) -> dict[str, Any]:
        """Kind and settings, for a file; a norm that is not clipped is left out."""
        settings = dataclasses.asdict(self)
        if not settings["clip_norm"]:
            del settings["clip_norm"]
        return {"kind": self.kind, **settings}


def _target(b: Updating, parameter: Parameter, buffer: int, gradient: int) -> Target:
    if parameter.use != WEIGHT:
        return Target(parameter, buffer, gradient, roles.BETA, REAL_MOMENTS, 1.0)
    if not parameter.binary:
        return Target(parameter, buffer, gradient, roles.MOMENTA, REAL_MOMENTS, 1.0)
    inputs = fan_in(parameter.shape)
    scale = inputs**-0.5  # of a gradient that is only known by its sign
    clip = b.policy.weight_range(inputs)
    return Target(parameter, buffer, gradient, roles.MOMENTA, b.policy.momenta, scale, clip)


def clock(b: Updating) -> dict[str, int | None]:
    """The operands by which an update knows its step, and counts."""
    return {"random": b.random, "counters": b.counters, "micro": b.micro}


def draw(b: Updating, target: Target) -> dict[str, float]:
    """The attributes of a gradient known by its sign, and of the dither, which is each update's own."""
    return {"gradient_scale": target.gradient_scale, "salt": b.salt()}


def emit_decay(b: Updating, target: Target, rate: float) -> None:
    """Emit decoupled weight decay, w <- w (1 - learning_rate rate), where the target is weights and there is any."""
    if rate and target.decays:
        operands = {"w": target.buffer, "control": b.control, "random": b.random, "micro": b.micro}
        b.emit("decay_weights", operands, {"rate": rate, "salt": b.salt()})
