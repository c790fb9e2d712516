"""lstm and lstm_gradient: long short-term memory over all steps of sequences, its matrices in circulant blocks.

Of a step s the sigmoid, with c' and y' of the step before (0 before the first), and `act` tanh or, with `sigmoid`, s:

    i = s(a_i + w_ic c')    f = s(a_f + 1 + w_fc c')    c = f c' + i act(a_g)    o = s(a_o + w_oc c)    m = o tanh(c)

a = ax + R y', in the order i, g, f, o; ax is what the input makes, with the bias. y = P m, or m. With a `bound` above 0
c is cut to [-bound, bound]. Backwards, from dy (of the loss and of the next step) and dc (of the next step):

    dm = P^T dy             da_o = dm tanh(c) o (1 - o)      dc += dm o (1 - tanh(c)^2) + da_o w_oc
    da_f = dc c' f (1 - f)  da_i = dc g i (1 - i)            da_g = dc i act'        dc' = dc f + da_f w_fc + da_i w_ic

and R^T da goes to the dy of the step before. Where c was cut, dc is 0. A sequence that ends early stops there: what is
behind is 0. `backwards` goes from a sequence's last step to its first. Spectra are as circulant.py has them. `work` is
of no meaning behind.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.circulant import FLOAT, SIZES, fits, multiplied, planes_kib, products, tiles_kib, within
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

ROWS = 16  # sequences that a kernel steps through together
FORGET_BIAS = 1.0
PEEPHOLES = 3


def steps_of(lengths: View | None, batch: int, steps: int, backwards: float) -> Iterator[tuple[Array, Array]]:
    """Of each step the sequences that take part, and the place of the step in each."""
    count = within(lengths, (batch, steps)).sum(axis=1)
    for step in range(steps):
        active = np.flatnonzero(step < count)
        yield active, count[active] - 1 - step if backwards else np.full(len(active), step)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)."""
    with np.errstate(over="ignore"):
        out: Array = 1.0 / (1.0 + np.exp(-x))
    return out


def stored(values: Array, view: View) -> Array:
    """Values as the format of an operand has them: fixed-point ones as integers."""
    one = view.form.one
    return np.floor(values * one + 0.5) if one else values


def loaded(view: View) -> Array:
    """The values of an operand in real units, float64."""
    return view.values().astype(np.float64) / (view.form.one or 1)


def _of_peepholes(peepholes: View | None, cells: int) -> Array:
    return np.zeros((PEEPHOLES, cells)) if peepholes is None else peepholes.data.astype(np.float64)


def forward(
    *,
    ax: View,
    recurrent: View,
    peepholes: View | None,
    projection: View | None,
    lengths: View | None,
    y: View,
    gates: View | None,
    cells: View | None,
    work: View,
    sigmoid: float,
    bound: float,
    backwards: float,
) -> None:
    """Ax (B, T, 4 H) -> y (B, T, P); gates (B, T, 4 H) and cells (B, T, H) where they are kept."""
    work.data[...] = 0
    made = ax.values().astype(np.float64)
    batch, steps, four = made.shape
    count, outputs = four // 4, y.shape[2]
    of_input, of_forget, of_output = _of_peepholes(peepholes, count)
    matrix = recurrent.values()
    c, last = np.zeros((batch, count)), np.zeros((batch, outputs))
    ys, kept, states = np.zeros((batch, steps, outputs)), np.zeros_like(made), np.zeros((batch, steps, count))
    for rows, at in steps_of(lengths, batch, steps, backwards):
        a = made[rows, at] + multiplied(last[rows], matrix, four)
        a_i, a_g, a_f, a_o = np.split(a, 4, axis=1)
        i = _sigmoid(a_i + of_input * c[rows])
        g = _sigmoid(a_g) if sigmoid else np.tanh(a_g)
        f = _sigmoid(a_f + FORGET_BIAS + of_forget * c[rows])
        new = f * c[rows] + i * g
        if bound:
            new = np.clip(new, -bound, bound)
        o = _sigmoid(a_o + of_output * new)
        c[rows] = new
        m = o * np.tanh(new)
        last[rows] = m if projection is None else multiplied(m, projection.values(), outputs)
        ys[rows, at], states[rows, at] = last[rows], new
        kept[rows, at] = np.concatenate([i, g, f, o], axis=1)
    y.store(ys.reshape(y.data.shape))
    if gates is not None:
        gates.store(stored(kept, gates).reshape(gates.data.shape))
    if cells is not None:
        cells.store(states.reshape(cells.data.shape))


def gradient(
    *,
    dy: View,
    gates: View,
    cells: View,
    recurrent: View,
    peepholes: View | None,
    projection: View | None,
    lengths: View | None,
    da: View,
    total: View | None,
    sums: View | None,
    work: View,
    sigmoid: float,
    bound: float,
    backwards: float,
) -> None:
    """Dy (B, T, P), gates (B, T, 4 H), cells (B, T, H), turned spectra -> da (B, T, 4 H).

    Total is dy of the loss and of the next step, cells become m. Sums (U, 3 H) are the gradients of the peepholes,
    a row for each 16 sequences.
    """
    work.data[...] = 0
    given, kept, states = dy.values().astype(np.float64), loaded(gates), cells.values().astype(np.float64)
    batch, steps, four = kept.shape
    count, outputs = four // 4, given.shape[2]
    of_input, of_forget, of_output = _of_peepholes(peepholes, count)
    matrix = recurrent.values()
    carried, dc = np.zeros((batch, outputs)), np.zeros((batch, count))
    whole, made, hidden = np.zeros_like(given), np.zeros_like(kept), np.zeros_like(states)
    found = np.zeros((-(-batch // ROWS), PEEPHOLES, count))
    for rows, at in reversed(list(steps_of(lengths, batch, steps, backwards))):
        whole[rows, at] = step_dy = given[rows, at] + carried[rows]
        i, g, f, o = np.split(kept[rows, at], 4, axis=1)
        c = states[rows, at]
        before = _before(states, rows, at, lengths, backwards)
        squashed = np.tanh(c)
        dm = step_dy if projection is None else multiplied(step_dy, projection.values(), count)
        da_o = dm * squashed * o * (1 - o)
        inner = dc[rows] + dm * o * (1 - squashed * squashed) + da_o * of_output
        if bound:
            inner = np.where(np.abs(c) < bound, inner, 0.0)
        da_f, da_i = inner * before * f * (1 - f), inner * g * i * (1 - i)
        da_g = inner * i * (g * (1 - g) if sigmoid else 1 - g * g)
        dc[rows] = inner * f + da_f * of_forget + da_i * of_input
        da_step = np.concatenate([da_i, da_g, da_f, da_o], axis=1)
        made[rows, at], hidden[rows, at] = da_step, o * squashed
        carried[rows] = multiplied(da_step, matrix, outputs)
        np.add.at(found, rows // ROWS, np.stack([da_i * before, da_f * before, da_o * c], axis=1))
    if total is not None:
        total.store(whole.reshape(total.data.shape))
    da.store(made.reshape(da.data.shape))
    cells.store(hidden.reshape(cells.data.shape))
    if sums is not None:
        sums.store(found.reshape(sums.data.shape))


def _before(states: Array, rows: Array, at: Array, lengths: View | None, backwards: float) -> Array:
    """The states that came before a step, 0 before the first."""
    count = within(lengths, states.shape).sum(axis=1)[rows]
    place = at + 1 if backwards else at - 1
    there = (place >= 0) & (place < count)
    out: Array = np.where(there[:, None], states[rows, np.where(there, place, 0)], 0.0)
    return out


_sigmoid = sigmoid
_ATTRIBUTES = "sigmoid bound backwards"
_GATES, _CELLS = "q7|q15|f16|f32[B,T,G]", "f16|f32[B,T,H]"
_WHOLE = Rule("G % 4 == 0 and (H == 0 or G == 4 * H)", "{G} gates of {H} cells, must be four of each")
_OUTPUTS = Rule("projection != absent or P == G // 4", "{P} outputs of {G} gates, must be those of the cells")
FORWARD = Op(
    "lstm",
    91,
    "<ax:f32[B,T,G] <recurrent:f32[K,A,J,W] <peepholes?:f16|f32[3,H] <projection?:f32[K,D,E,W] <lengths?:i32[B] "
    f">y:f16|f32[B,T,P] >gates@ax?:{_GATES} >cells?:{_CELLS} >work:f32[B,S]; {_ATTRIBUTES}",
    forward,
    (
        *SIZES,
        _WHOLE,
        _OUTPUTS,
        fits("recurrent", "KAJW", "P", "G"),
        Rule(
            "projection == absent or (E == (G // 4 + K - 1) // K and D == ((P + K - 1) // K + 63) // 64)",
            "projection has {D} tiles by {E} blocks, must be of a quarter of {G} gates and {P} outputs",
        ),
        Rule("S == G + G // 2 + P", "work has {S} columns, must have {G + G // 2 + P}"),
    ),
    Amount(f"{products('B * T', 'KAJW')} + {products('B * T', 'KDEW')}", FLOAT),
    workspace=f"1 + {planes_kib(ROWS, 'J')} + {planes_kib(ROWS, 'E')} + {tiles_kib(ROWS)} + "
    f"({2 * ROWS} * G + {ROWS} * P) * 4 / 1024",
)
GRADIENT = Op(
    "lstm_gradient",
    92,
    f"<dy:f16|f32[B,T,P] <gates:{_GATES} =cells:{_CELLS} <recurrent:f32[K,A,J,W] <peepholes?:f16|f32[3,H] "
    "<projection?:f32[K,D,E,W] <lengths?:i32[B] >da@gates:f32[B,T,G] >total@dy?:f16|f32[B,T,P] >sums?:f32[U,I] "
    f">work:f32[B,S]; {_ATTRIBUTES}",
    gradient,
    (
        *SIZES,
        _WHOLE,
        _OUTPUTS,
        fits("recurrent", "KAJW", "G", "P"),
        Rule(
            "projection == absent or (E == (P + K - 1) // K and D == ((G // 4 + K - 1) // K + 63) // 64)",
            "projection has {D} tiles by {E} blocks, must be of {P} outputs and a quarter of {G} gates",
        ),
        Rule("(sums == absent) == (peepholes == absent)", "sums go with peepholes"),
        Rule(
            f"sums == absent or (U == (B + {ROWS - 1}) // {ROWS} and I == 3 * H)",
            f"sums has {{U}} rows of {{I}}, must have one for each {ROWS} of {{B}} sequences, of 3 times {{H}}",
        ),
        Rule("S == G // 2 + 2 * P", "work has {S} columns, must have {G // 2 + 2 * P}"),
    ),
    Amount(f"{products('B * T', 'KAJW')} + {products('B * T', 'KDEW')}", FLOAT),
    workspace=f"1 + {planes_kib(ROWS, 'J')} + {planes_kib(ROWS, 'E')} + {tiles_kib(ROWS)} + "
    f"({2 * ROWS} * G + {2 * ROWS} * P) * 4 / 1024",
)
OPS = (FORWARD, GRADIENT)
