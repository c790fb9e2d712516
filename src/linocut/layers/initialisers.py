"""How full-precision weights of a layer start, by name or by their standard deviation."""

from __future__ import annotations

import math
from collections.abc import Callable

from linocut import fields
from linocut.errors import SpecError, unknown_name
from linocut.layers.parameters import Initial, fan_in
from linocut.layers.shape import Shape

MOST_DEVIATION = 100.0


def _fan_out(shape: Shape) -> int:
    """How many outputs each input of weights (outputs, rows, columns, inputs) goes to."""
    return shape[0] * math.prod(shape[1:-1])


# Of weights (outputs, ..., inputs): LeCun et al. 1998, He et al. arXiv 1502.01852, Glorot & Bengio 2010.
_RULES: dict[str, Callable[[Shape], Initial]] = {
    "lecun_normal": lambda shape: Initial(normal=fan_in(shape) ** -0.5),
    "he_normal": lambda shape: Initial(normal=(2.0 / fan_in(shape)) ** 0.5, bounded=False),
    "glorot_normal": lambda shape: Initial(normal=(2.0 / (fan_in(shape) + _fan_out(shape))) ** 0.5, bounded=False),
    "glorot_uniform": lambda shape: Initial(uniform=(6.0 / (fan_in(shape) + _fan_out(shape))) ** 0.5, bounded=False),
}


def check(what: str, given: float | str | None) -> None:
    """SpecError for what is no name of a rule, no standard deviation and not None."""
    if given is None:
        return
    if isinstance(given, str):
        if given not in _RULES:
            raise unknown_name(what, given, _RULES)
    elif not 0.0 < fields.number(given, what) <= MOST_DEVIATION:
        raise SpecError(
            f"{what} is {given:g}, must be a standard deviation above 0, up to {MOST_DEVIATION:g}, or a name: "
            f"{', '.join(_RULES)}"
        )


def initial(given: float | str | None, shape: Shape) -> Initial:
    """What was checked, for weights of a shape (outputs, ..., inputs); None is lecun_normal, N(0, 1 / fan-in)."""
    if isinstance(given, (int, float)):
        return Initial(normal=float(given), bounded=False)
    return _RULES[given or "lecun_normal"](shape)
