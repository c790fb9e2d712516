"""Optimizers: declarations that lower themselves to update instructions. Defaults are PyTorch's."""

from __future__ import annotations

import dataclasses
import difflib
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from linocut import roles
from linocut.errors import SpecError

if TYPE_CHECKING:
    from linocut.compile.builder import Builder

SHIFT_MOMENTS = (
    "f32"  # of beta: (1 - beta2) times the square of a gradient of 1e-3 is 0 in f16, and Adam would divide by epsilon
)


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule. `latent` says whether binary weights have a latent copy in numbers."""

    kind: ClassVar[str]
    latent: ClassVar[bool] = True
    learning_rate: float

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
                raise SpecError(f"{self.kind} {field.name} is {value!r}, must be a finite number above 0")
        if self.learning_rate == 0:
            raise SpecError(f"{self.kind} learning_rate is 0, must be above 0, for example 1e-3")
        self._check()

    @property
    @abstractmethod
    def decays(self) -> tuple[float, float]:
        """(beta1, beta2) of the Adam that this optimizer uses somewhere, for the clock."""

    @abstractmethod
    def lower_weights(self, b: Builder, name: str, weights: int, dw: int, shape: tuple[int, int]) -> None:
        """Emit the update of binary weights (outputs, inputs) from their gradient."""

    @abstractmethod
    def lower_shift(self, b: Builder, name: str, beta: int, dbeta: int, shape: tuple[int, int]) -> None:
        """Emit the update of a batch norm's shift."""

    def to_dict(self) -> dict[str, Any]:
        """Kind and settings, for a file."""
        return {"kind": self.kind, **dataclasses.asdict(self)}

    def _check(self) -> None:
        for name in ("beta1", "beta2", "momentum", "gamma"):
            value = getattr(self, name, 0.0)
            if value >= 1:
                raise SpecError(f"{self.kind} {name} is {value}, must be at least 0 and below 1")


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

    def lower_weights(self, b: Builder, name: str, weights: int, dw: int, shape: tuple[int, int]) -> None:
        """Moments in the policy's format of momenta; none of second order for fixed-point weights."""
        self._emit(b, name, weights, dw, shape, b.policy.momenta, True, shape[1] ** -0.5)

    def lower_shift(self, b: Builder, name: str, beta: int, dbeta: int, shape: tuple[int, int]) -> None:
        """Moments in f32: in f16 the second one underflows."""
        self._emit(b, f"{name}.beta", beta, dbeta, shape, SHIFT_MOMENTS, False, 1.0)

    def _emit(
        self, b: Builder, name: str, w: int, dw: int, shape: tuple[int, int], form: str, clip: bool, scale: float
    ) -> None:
        role = roles.MOMENTA if clip else roles.BETA
        second = None if form.startswith("q") else b.persistent(f"{name}.v", role, shape, form)
        operands = {"w": w, "m": b.persistent(f"{name}.m", role, shape, form), "v": second, "dw": dw}
        attributes = {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon}
        b.emit("adam", {**operands, **_clock(b), "control": b.control}, {**attributes, **_weights(b, scale, clip)})


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

    def lower_weights(self, b: Builder, name: str, weights: int, dw: int, shape: tuple[int, int]) -> None:
        """One moment in the policy's format of momenta."""
        self._emit(b, name, weights, dw, shape, b.policy.momenta, True, shape[1] ** -0.5)

    def lower_shift(self, b: Builder, name: str, beta: int, dbeta: int, shape: tuple[int, int]) -> None:
        """One moment in f32."""
        self._emit(b, f"{name}.beta", beta, dbeta, shape, SHIFT_MOMENTS, False, 1.0)

    def _emit(
        self, b: Builder, name: str, w: int, dw: int, shape: tuple[int, int], form: str, clip: bool, scale: float
    ) -> None:
        moment = b.persistent(f"{name}.m", roles.MOMENTA if clip else roles.BETA, shape, form)
        operands = {"w": w, "m": moment, "dw": dw, **_clock(b), "control": b.control}
        b.emit("sgd", operands, {"momentum": self.momentum, **_weights(b, scale, clip)})


@dataclass(frozen=True)
class Bop(Optimizer):
    """Helwegen et al., arXiv 1906.02107.

    Binary weights flip, without a latent copy; shifts use Adam at `learning_rate`.
    """

    kind: ClassVar[str] = "bop"
    latent: ClassVar[bool] = False
    learning_rate: float = 1e-3
    gamma: float = 1e-4
    tau: float = 1e-8

    @property
    def decays(self) -> tuple[float, float]:
        """Adam's, for the shifts."""
        return Adam().decays

    def lower_weights(self, b: Builder, name: str, weights: int, dw: int, shape: tuple[int, int]) -> None:
        """One moment in the policy's format of momenta."""
        operands = {"weights": weights, "m": b.persistent(f"{name}.m", roles.MOMENTA, shape, b.policy.momenta)}
        attributes = {"gamma": self.gamma, "tau": self.tau, **_weights(b, shape[1] ** -0.5, True)}
        del attributes["clip"]
        b.emit("bop", {**operands, "dw": dw, **_clock(b)}, attributes)

    def lower_shift(self, b: Builder, name: str, beta: int, dbeta: int, shape: tuple[int, int]) -> None:
        """Adam."""
        Adam(self.learning_rate).lower_shift(b, name, beta, dbeta, shape)


def _clock(b: Builder) -> dict[str, int]:
    return {"random": b.random, "counters": b.counters}


def _weights(b: Builder, gradient_scale: float, clip: bool) -> dict[str, float]:
    """`salt` makes the dither of every update instruction its own: the number of the instruction will do."""
    return {"gradient_scale": gradient_scale, "clip": float(clip), "salt": float(len(b.instructions))}


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.kind: kind for kind in (Adam, SGD, Bop)}


def find_optimizer(optimizer: str | Optimizer | dict[str, Any]) -> Optimizer:
    """An optimizer from its name, from itself, or from what `to_dict` wrote; SpecError for an unknown one."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    settings = dict(optimizer) if isinstance(optimizer, dict) else {"kind": optimizer}
    kind = settings.pop("kind", None)
    if kind not in OPTIMIZERS:
        close = difflib.get_close_matches(str(kind), OPTIMIZERS, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise SpecError(f"no optimizer is called {kind!r}; there are {', '.join(OPTIMIZERS)}{hint}")
    known = [field.name for field in dataclasses.fields(OPTIMIZERS[kind])]
    for name in settings:
        if name not in known:
            raise SpecError(f"optimizer {kind} has no setting {name!r}; there are {', '.join(known)}")
    return OPTIMIZERS[kind](**settings)
