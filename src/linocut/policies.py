"""Policies: which number format each role of variable has. Data only; nothing branches on a policy's name."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from linocut.errors import SpecError, one_line, unknown_name
from linocut.formats import FORMATS

SMALLEST_INTEGER = "integer"  # the narrowest integer format that holds every possible product exactly

SCALED_L1 = "scaled_l1"  # in standard deviations of a normal distribution, as the l2 norm is
Q7_RANGE = 2.0  # of q7 weights, in standard deviations of the initial ones

FEW_BITS_FROM = 128  # channels: gradients of thinner maps stay in 8 bits

AGAIN = "again"  # of retained gates: formed anew in the backward pass

_FLOATS = ("f16", "f32")
_CHOICES = {
    "norm": ("l1", SCALED_L1, "l2"),
    "X": ("bit", *_FLOATS),
    "Y": (SMALLEST_INTEGER, *_FLOATS),
    "dX": ("i4", "i8", "i16", *_FLOATS),
    "dY": ("i4", "i8", *_FLOATS),
    "W": ("q15", "q7", *_FLOATS),
    "dW": ("bit", "q7", *_FLOATS),
    "momenta": ("q7", "q15", *_FLOATS),
    "beta": _FLOATS,
    "statistics": _FLOATS,
    "real": _FLOATS,
    "real_X": _FLOATS,
    "dense_dY": ("i4", "i8", *_FLOATS),
    "gates": (AGAIN, "q7", "q15", *_FLOATS),
}
_MAY_LACK = ("dense_dY", "gates")


@dataclass(frozen=True)
class Policy:
    """One column of the table in docs/design/numbers.md.

    `norm` is the batch norm, "l1", "scaled_l1" or "l2"; the other fields are the formats of the roles of the same name:
    X retained activations, Y matrix products, dX and dY gradients, W latent weights, dW their gradients, momenta, beta
    (batch norm shifts and their moments), statistics of batch norm; of the layers that are in full precision real:
    weights, and real_X: activations and gradients. `dense_dY` is dY of dense layers, None where it is as that of
    convolutions: few rows of it are summed, in which roundings cancel less, and it takes little memory. `gates` are the
    retained ones of recurrent layers, "again" where they are formed anew; None is q7 beside integer gradients, else as
    real_X. SpecError for formats that a role cannot have, or that do not go together.
    """

    name: str
    norm: str
    X: str
    Y: str
    dX: str
    dY: str
    W: str
    dW: str
    momenta: str
    beta: str
    statistics: str
    real: str
    real_X: str
    dense_dY: str | None = None
    gates: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isprintable():
            raise SpecError(f"the name of a policy is {one_line(repr(self.name))}, must be a text on one line")
        for role, allowed in _CHOICES.items():
            value = getattr(self, role)
            if value not in allowed and not (value is None and role in _MAY_LACK):
                raise SpecError(f"policy {self.name}: {role} is {value!r}, must be {' or '.join(allowed)}")
        self._check_family()

    @property
    def integer(self) -> bool:
        """Whether gradients and weights are integers: then the same bits come out on every machine."""
        return FORMATS[self.dY].is_integer

    @property
    def keeps_signs(self) -> bool:
        """Whether activations are retained as bits."""
        return FORMATS[self.X].is_bits

    @property
    def logits_norm(self) -> str:
        """The norm of the loss's inputs: few elements, and the source of all gradients.

        Beside the scaled l1 norm it is l2: its exact derivative needs those few as floats, and so does the loss.
        """
        return "l2" if self.norm == SCALED_L1 else self.norm

    @property
    def retained_gates(self) -> str:
        """The format in which recurrent layers keep their gates for the backward pass, or "again"."""
        return self.gates or ("q7" if self.integer else self.real_X)

    def weight_range(self, fan_in: int) -> float:
        """The largest latent weight, in which updates are clipped and which a fixed-point format's one stands for.

        It is 1, but in 8 bits: there a unit of 1/127 would be as large as eight steps at a rate of 1e-3, and a third of
        a typical initial weight. So 127 stands for 2 standard deviations of initial weights, N(0, 1 / fan-in).
        """
        return min(1.0, Q7_RANGE * fan_in**-0.5) if self.W == "q7" else 1.0

    def of_dx(self, channels: int) -> str:
        """The format of dX of that many channels, or features."""
        return _unless_thin(self.dX, channels)

    def of_dy(self, channels: int, *, dense: bool) -> str:
        """The format of dY of that many channels, or features, of dense layers or of convolutions."""
        return _unless_thin(self.dense_dY or self.dY if dense else self.dY, channels)

    def replace(self, **changes: str) -> Policy:
        """The same policy with some columns changed, as in `wang2021.replace(dW="f32")`.

        SpecError if they do not fit.
        """
        known = [f.name for f in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise SpecError(f"a policy has no column {name!r}; there are {', '.join(known)}")
        if "name" not in changes:
            changes["name"] = self.name + "".join(f"+{k}={v}" for k, v in changes.items())
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, str]:
        """Name and columns, those that it has, for a file."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}

    def _check_family(self) -> None:
        integers = {
            "Y": self.Y == SMALLEST_INTEGER,
            "dX": FORMATS[self.dX].is_integer,
            "dY": FORMATS[self.dY].is_integer,
            "W": FORMATS[self.W].is_fixed,
            "momenta": FORMATS[self.momenta].is_fixed,
        }
        if self.dense_dY is not None:
            integers["dense_dY"] = FORMATS[self.dense_dY].is_integer
        if len(set(integers.values())) > 1:
            whole = ", ".join(f"{k}={getattr(self, k)}" for k, v in integers.items() if v)
            parts = ", ".join(f"{k}={getattr(self, k)}" for k, v in integers.items() if not v)
            raise SpecError(
                f"policy {self.name} mixes integers ({whole}) with floats ({parts}); "
                "Y, dX, dY, W and momenta are all integers or all floats"
            )
        if self.integer and (self.norm == "l2" or not self.keeps_signs or FORMATS[self.dW].is_float):
            raise SpecError(
                f"policy {self.name}: integer gradients need an l1 norm, X bit and dW bit or q7, "
                f"not norm {self.norm}, X {self.X}, dW {self.dW}"
            )
        if FORMATS[self.dW].is_fixed and not self.integer:
            raise SpecError(f"policy {self.name}: dW in q7 needs integer gradients; take dW bit, f16 or f32")
        if self.norm == "l2" and self.keeps_signs:
            raise SpecError(f"policy {self.name}: the l2 norm needs X in floats; take norm l1, or X f16 or f32")


standard = Policy("standard", "l2", "f32", "f32", "f32", "f32", "f32", "f32", "f32", "f32", "f32", "f32", "f32")
wang2021 = Policy("wang2021", "l1", "bit", "f16", "f16", "f16", "f16", "bit", "f16", "f16", "f16", "f16", "f16")
lean = Policy("lean", SCALED_L1, "bit", SMALLEST_INTEGER, "i8", "i8", "q15", "q7", "q7", "f32", "f32", "f32", "f16")
lean8 = lean.replace(name="lean8", W="q7")
lean4 = lean.replace(name="lean4", dX="i4", dY="i4", dense_dY="i8")

POLICIES = {policy.name: policy for policy in (standard, wang2021, lean, lean8, lean4)}


def _unless_thin(form: str, channels: int) -> str:
    """Four bits where there are channels enough.

    A product of few channels is done before its nibbles are packed and unpacked, and its map takes little memory.
    """
    return "i8" if form == "i4" and channels < FEW_BITS_FROM else form


def find_policy(policy: str | Policy | dict[str, Any]) -> Policy:
    """A policy from its name, from itself, or from what `to_dict` wrote; SpecError for an unknown one."""
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, dict):
        policy = {"real_X": policy.get("real"), **policy}  # one column in what older versions wrote
        known = {field.name for field in dataclasses.fields(Policy)}
        policy = {**dict.fromkeys(_MAY_LACK), **policy}  # which older files do not have
        if odd := known.symmetric_difference(policy):
            raise SpecError(f"a policy's description has, or lacks, {', '.join(sorted(odd))}")
        return Policy(**policy)
    if policy not in POLICIES:
        raise unknown_name("policy", policy, POLICIES)
    return POLICIES[policy]
