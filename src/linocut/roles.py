"""Roles of buffers: what a variable is for. A policy gives each role its format; reports sum bytes by role."""

INPUT = "input"
LABELS = "labels"
X = "X"
Y = "Y"
DX = "dX"
DY = "dY"
W = "W"
W_SIGN = "W^"
DW = "dW"
MOMENTA = "momenta"
BETA = "beta"
NORM = "norm statistics"
POOL_MASK = "pooling mask"
GRADIENT_MASK = "gradient mask"
WORKSPACE = "workspace"
CONTROL = "control"

MEANINGS = {
    INPUT: "the batch as it was read",
    LABELS: "the batch's class numbers",
    X: "activations kept for the backward pass",
    Y: "matrix products",
    DX: "gradients of activations",
    DY: "gradients of matrix products",
    W: "latent weights",
    W_SIGN: "their signs, packed",
    DW: "gradients of weights",
    MOMENTA: "the optimizer's moments",
    BETA: "batch norm shifts and their gradients",
    NORM: "batch norm statistics",
    POOL_MASK: "where each maximum came from",
    GRADIENT_MASK: "where the straight-through estimator passes",
    WORKSPACE: "scratch space of instructions",
    CONTROL: "learning rate, step counters, random state, metrics",
}
ROLES = tuple(MEANINGS)
ROLE_CODES = {role: code for code, role in enumerate(ROLES, start=1)}
ROLE_BY_CODE = {code: role for role, code in ROLE_CODES.items()}
