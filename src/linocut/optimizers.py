"""Optimizers: declarations that lower themselves to update instructions. Defaults are PyTorch's."""

from __future__ import annotations

import dataclasses
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from linocut import roles
from linocut.errors import SpecError, unknown_name

if TYPE_CHECKING:
    from linocut.compile.builder import Builder

# Of beta and of full-precision weights, whose gradients have a size: (1 - beta2) times the square of one of 1e-3 is 0
# in f16, and Adam would divide by epsilon.
SHIFT_MOMENTS = REAL_MOMENTS = "f32"
MOST = sys.float_info.max
_DECAYS = ("beta1", "beta2", "momentum", "gamma")
# A moment takes up (1 - decay) / k of each of k micro-batches. The least that floats tell from its neighbours:
# 4 units in the last place of the largest moment in f16, 16 in f32.
_FINEST_SHARE = {"f16": 2.0**-9, "f32": 2.0**-20}


@dataclass(frozen=True)
class _Target:
    """What an update changes: weights or shifts, their gradient, and how their moments are kept."""

    name: str
    buffer: int
    gradient: int
    shape: tuple[int, ...]
    role: str
    moments: str
    gradient_scale: float
    binary: bool
    clip: float = 0.0  # of latent binary weights: their range

    def moment(self, b: Builder, name: str) -> int:
        """The moment called `name`, persistent."""
        return b.persistent(f"{self.name}.{name}", self.role, self.shape, self.moments)


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule. `latent` says whether binary weights have a latent copy in numbers."""

    kind: ClassVar[str]
    latent: ClassVar[bool] = True
    finest_share: ClassVar[float] = 2.0**-18  # that fixed-point moments take up: 16 units of their dither
    learning_rate: float

    def __post_init__(self) -> None:
        """SpecError for settings out of range."""
        for field in dataclasses.fields(self):
            value, bound = getattr(self, field.name), "a finite number, 0 or more"
            fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST
            if field.name == "learning_rate":
                bound, fits = "a finite number above 0, for example 1e-3", fits and value > 0
            elif field.name in _DECAYS:
                bound, fits = "at least 0 and below 1", fits and value < 1
            if not fits:
                raise SpecError(f"{self.kind} {field.name} is {value!r}, must be {bound}")

    @property
    @abstractmethod
    def decays(self) -> tuple[float, float]:
        """(beta1, beta2) of the Adam that this optimizer uses somewhere, for the clock."""

    def lower_weights(self, b: Builder, name: str, weights: int, dw: int, shape: tuple[int, ...], fan_in: int) -> None:
        """Emit the update of binary weights (outputs, ..., inputs) from their gradient.

        Moments are in the policy's format.
        """
        scale = fan_in**-0.5  # of a gradient that is only known by its sign
        clip = b.policy.weight_range(fan_in)
        self._lower(b, _Target(name, weights, dw, shape, roles.MOMENTA, b.policy.momenta, scale, True, clip))

    def lower_real_weights(self, b: Builder, name: str, weights: int, dw: int, shape: tuple[int, ...]) -> None:
        """Emit the update of full-precision weights (outputs, ..., inputs) from their gradient."""
        self._lower(b, _Target(name, weights, dw, shape, roles.MOMENTA, REAL_MOMENTS, 1.0, False))

    def lower_shift(self, b: Builder, name: str, beta: int, dbeta: int, shape: tuple[int, ...]) -> None:
        """Emit the update of a batch norm's shift."""
        self._lower(b, _Target(f"{name}.beta", beta, dbeta, shape, roles.BETA, SHIFT_MOMENTS, 1.0, False))

    @property
    @abstractmethod
    def _fresh(self) -> float:
        """What part of a gradient the moments of binary weights take up in a step, relative to their largest."""

    def _lower(self, b: Builder, target: _Target) -> None:
        """The update; where a step is several micro-batches, a gradient in numbers is summed over them first."""
        if b.micro_batches == 1:
            self._update(b, target)
        elif b.buffers[target.gradient].format in ("bit", "q7"):
            self._check_shares(b, target.moments)
            self._update(b, target)
        else:
            role = roles.BETA if target.role == roles.BETA else roles.DW
            total = b.persistent(f"{target.name}.gradient", role, target.shape, "f32")
            b.emit("accumulate", {"value": target.gradient, "sum": total, "micro": b.micro})
            self._update(b, dataclasses.replace(target, gradient=total))

    def _check_shares(self, b: Builder, moments: str) -> None:
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
    def _update(self, b: Builder, target: _Target) -> None:
        """Emit one update."""

    def to_dict(self) -> dict[str, Any]:
        """Kind and settings, for a file."""
        return {"kind": self.kind, **dataclasses.asdict(self)}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Kingma & Ba, arXiv 1412.6980. Under `lean` the second moment is a constant and takes no memory."""

    kind: ClassVar[str] = "adam"
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @property
    def decays(self) -> tuple[float, float]:
        """Its own."""
        return self.beta1, self.beta2

    @property
    def _fresh(self) -> float:
        return 1.0 - self.beta1

    def _update(self, b: Builder, target: _Target) -> None:
        second = None if target.moments.startswith("q") else target.moment(b, "v")
        operands = {"w": target.buffer, "m": target.moment(b, "m"), "v": second, "dw": target.gradient}
        attributes = {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon, "clip": target.clip}
        b.emit("adam", {**operands, **_clock(b), "control": b.control}, {**attributes, **_draw(b, target)})


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum: m <- momentum m + g, w <- w - learning_rate m."""

    kind: ClassVar[str] = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9

    @property
    def decays(self) -> tuple[float, float]:
        """None: the clock only counts."""
        return 0.0, 0.0

    @property
    def _fresh(self) -> float:
        return 1.0 - self.momentum

    def _update(self, b: Builder, target: _Target) -> None:
        operands = {"w": target.buffer, "m": target.moment(b, "m"), "dw": target.gradient, "control": b.control}
        attributes = {"momentum": self.momentum, "clip": target.clip}
        b.emit("sgd", {**operands, **_clock(b)}, {**attributes, **_draw(b, target)})


@dataclass(frozen=True)
class Bop(Optimizer):
    """Helwegen et al., arXiv 1906.02107.

    Binary weights flip, without a latent copy; shifts use Adam at `learning_rate`.
    """

    kind: ClassVar[str] = "bop"
    latent: ClassVar[bool] = False
    finest_share: ClassVar[float] = 2.0**-20
    learning_rate: float = 1e-3
    gamma: float = 1e-4
    tau: float = 1e-8

    @property
    def decays(self) -> tuple[float, float]:
        """Adam's, for the shifts."""
        return Adam().decays

    @property
    def _fresh(self) -> float:
        return self.gamma

    def _update(self, b: Builder, target: _Target) -> None:
        if not target.binary:
            Adam(self.learning_rate)._update(b, target)
            return
        operands = {"weights": target.buffer, "m": target.moment(b, "m"), "dw": target.gradient}
        b.emit("bop", {**operands, **_clock(b)}, {"gamma": self.gamma, "tau": self.tau, **_draw(b, target)})


def _clock(b: Builder) -> dict[str, int | None]:
    return {"random": b.random, "counters": b.counters, "micro": b.micro}


def _draw(b: Builder, target: _Target) -> dict[str, float]:
    """`salt` makes the dither of every update its own: how many come before it, whatever else there is beside them."""
    updates = sum("salt" in i.op.signature.attributes for i in b.instructions)
    return {"gradient_scale": target.gradient_scale, "salt": float(updates)}


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.kind: kind for kind in (Adam, SGD, Bop)}


def find_optimizer(optimizer: str | Optimizer | dict[str, Any]) -> Optimizer:
    """An optimizer from its name, from itself, or from what `to_dict` wrote; SpecError for an unknown one."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    settings = dict(optimizer) if isinstance(optimizer, dict) else {"kind": optimizer}
    kind = settings.pop("kind", None)
    if kind not in OPTIMIZERS:
        raise unknown_name("optimizer", kind, OPTIMIZERS)
    known = [field.name for field in dataclasses.fields(OPTIMIZERS[kind])]
    for name in settings:
        if name not in known:
            raise SpecError(f"optimizer {kind} has no setting {name!r}; there are {', '.join(known)}")
    return OPTIMIZERS[kind](**settings)
