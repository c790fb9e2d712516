"""Storage: in which role and format a policy keeps a parameter."""

from __future__ import annotations

from dataclasses import dataclass

from linocut import roles
from linocut.layers.parameters import BIAS, CONSTANT, SCALE, STATISTIC, Parameter, fan_in
from linocut.policies import Policy


@dataclass(frozen=True)
class Storage:
    """A role and a format; `scale` is what the one of a fixed-point format stands for."""

    role: str
    format: str
    scale: float = 1.0


def storage_of(parameter: Parameter, policy: Policy, *, latent: bool, micro_batches: int) -> Storage:
    """How a parameter is kept; `latent`: binary weights are numbers whose signs are used."""
    if parameter.use in (BIAS, SCALE):
        return Storage(roles.BETA, policy.beta)
    if parameter.use == STATISTIC:  # an average over many micro-batches takes up less of each than f16 can add
        return Storage(roles.NORM, policy.statistics if micro_batches == 1 and not parameter.wide else "f32")
    if parameter.use == CONSTANT:
        return Storage(roles.WORKSPACE, "f32")
    if not parameter.binary:
        return Storage(roles.W, policy.real)
    scale = policy.weight_range(fan_in(parameter.shape))
    return Storage(roles.W, policy.W, scale) if latent else Storage(roles.W_SIGN, "bit", scale)
