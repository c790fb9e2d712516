"""gru and gru_gradient: gated recurrent units over all steps of sequences, their matrices in circulant blocks.

Of a step s the sigmoid, with h' of the step before (0 before the first):

    r, u = s(a_r + R h'), s(a_u + R h')    d = tanh(a_d + R_d (r h'))    h = u h' + (1 - u) d

a = ax, what the input makes, with the bias, in the order r, u, d. Backwards, from dh (of the loss and the next step):

    da_u = dh (h' - d) u (1 - u)    da_d = dh (1 - u) (1 - d^2)    ds = R_d^T da_d    da_r = ds h' r (1 - r)
    dh' = dh u + ds r + R^T [da_r, da_u]

A sequence that ends early stops there: what is behind is 0. Spectra are as circulant.py has them.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.circulant import FLOAT, SIZES, fits, multiplied, planes_kib, products, tiles_kib
from linocut.ops.lstm import ROWS, loaded, sigmoid, steps_of, stored
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def forward(
    *, ax: View, recurrent: View, candidate: View, lengths: View | None, y: View, gates: View | None, work: View
) -> None:
    """Ax (B, T, 3 H) -> y (B, T, H); gates (B, T, 3 H) where they are kept."""
    work.data[...] = 0
    made = ax.values().astype(np.float64)
    batch, steps, three = made.shape
    count = three // 3
    h, ys, kept = np.zeros((batch, count)), np.zeros((batch, steps, count)), np.zeros_like(made)
    for rows, at in steps_of(lengths, batch, steps, 0.0):
        a, before = made[rows, at], h[rows]
        both = sigmoid(a[:, : 2 * count] + multiplied(before, recurrent.values(), 2 * count))
        r, u = np.split(both, 2, axis=1)
        d = np.tanh(a[:, 2 * count :] + multiplied(r * before, candidate.values(), count))
        h[rows] = u * before + (1 - u) * d
        ys[rows, at], kept[rows, at] = h[rows], np.concatenate([both, d], axis=1)
    y.store(ys.reshape(y.data.shape))
    if gates is not None:
        gates.store(stored(kept, gates).reshape(gates.data.shape))


def gradient(
    *,
    dy: View,
    y: View,
    gates: View,
    recurrent: View,
    candidate: View,
    lengths: View | None,
    da: View,
    reset: View,
    work: View,
) -> None:
    """Dy, y (B, T, H), gates (B, T, 3 H), turned spectra -> da (B, T, 3 H) and reset, r h' (B, T, H)."""
    work.data[...] = 0
    given, states, kept = dy.values().astype(np.float64), y.values().astype(np.float64), loaded(gates)
    batch, steps, three = kept.shape
    count = three // 3
    carried, made, again = np.zeros((batch, count)), np.zeros_like(kept), np.zeros_like(states)
    for rows, at in reversed(list(steps_of(lengths, batch, steps, 0.0))):
        dh = given[rows, at] + carried[rows]
        r, u, d = np.split(kept[rows, at], 3, axis=1)
        before = np.where((at > 0)[:, None], states[rows, np.maximum(at - 1, 0)], 0.0)
        da_u, da_d = dh * (before - d) * u * (1 - u), dh * (1 - u) * (1 - d * d)
        ds = multiplied(da_d, candidate.values(), count)
        da_r = ds * before * r * (1 - r)
        back = multiplied(np.concatenate([da_r, da_u], axis=1), recurrent.values(), count)
        carried[rows] = dh * u + ds * r + back
        made[rows, at], again[rows, at] = np.concatenate([da_r, da_u, da_d], axis=1), r * before
    da.store(made.reshape(da.data.shape))
    reset.store(again.reshape(reset.data.shape))


_GATES = "q7|q15|f16|f32[B,T,G]"
_WHOLE = Rule("G == 3 * H", "{G} gates of {H} cells, must be three of each")
_SPACE = Rule("S == 4 * H", "work has {S} columns, must have {4 * H}")
_WORK = Amount(f"{products('B * T', 'KAJW')} + {products('B * T', 'KDEW')}", FLOAT)
_WORKSPACE = (
    f"1 + {planes_kib(ROWS, 'J')} + {planes_kib(ROWS, 'E')} + {tiles_kib(ROWS)} + "
    f"({2 * ROWS} * G + {2 * ROWS} * H) * 4 / 1024"
)
FORWARD = Op(
    "gru",
    93,
    "<ax:f32[B,T,G] <recurrent:f32[K,A,J,W] <candidate:f32[K,D,E,W] <lengths?:i32[B] >y:f16|f32[B,T,H] "
    f">gates@ax?:{_GATES} >work:f32[B,S]",
    forward,
    (*SIZES, _WHOLE, _SPACE, fits("recurrent", "KAJW", "H", "2 * H"), fits("candidate", "KDEW", "H", "H")),
    _WORK,
    workspace=_WORKSPACE,
)
GRADIENT = Op(
    "gru_gradient",
    94,
    f"<dy:f16|f32[B,T,H] <y:f16|f32[B,T,H] <gates:{_GATES} <recurrent:f32[K,A,J,W] <candidate:f32[K,D,E,W] "
    "<lengths?:i32[B] >da@gates:f32[B,T,G] >reset:f16|f32[B,T,H] >work:f32[B,S]",
    gradient,
    (*SIZES, _WHOLE, _SPACE, fits("recurrent", "KAJW", "2 * H", "H"), fits("candidate", "KDEW", "H", "H")),
    _WORK,
    workspace=_WORKSPACE,
)
OPS = (FORWARD, GRADIENT)
