"""Words for pictures: what buffers of an arena hold, for people who did not write linocut."""

from __future__ import annotations

import re

from linocut import roles
from linocut.compile.lower import PREDICT, TRAIN
from linocut.formats import find_format

ROLE_WORDS = {
    roles.INPUT: "input batch",
    roles.LABELS: "labels",
    roles.X: "activations",
    roles.Y: "layer products",
    roles.DX: "activation gradients",
    roles.DY: "product gradients",
    roles.W: "weights",
    roles.W_SIGN: "signs of weights",
    roles.DW: "weight gradients",
    roles.MOMENTA: "optimizer moments",
    roles.BETA: "batch norm shifts",
    roles.NORM: "batch norm statistics",
    roles.POOL_MASK: "max-pool positions",
    roles.GRADIENT_MASK: "gradient masks",
    roles.WORKSPACE: "scratch space",
    roles.CONTROL: "rates and counters",
}
_OWNER = re.compile(r"(\w+)\.\S")  # of a buffer's name, the layer that it is of


def buffer_words(name: str, role: str, form: str) -> tuple[str, ...]:
    """Labels for a buffer of this name, role and format, the fullest first: "binary_dense1: weights, 16-bit"."""
    owner = _OWNER.match(name.removeprefix(f"{TRAIN}.").removeprefix(f"{PREDICT}."))
    what = ROLE_WORDS[role]
    bits = f"{what}, {find_format(form).bits}-bit"
    return (f"{owner[1]}: {bits}", f"{owner[1]}: {what}", what) if owner else (bits, what)
