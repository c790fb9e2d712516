"""Trials that follow a law exactly."""

from dataclasses import replace

import numpy as np

import linocut as lc
from linocut.tune.trial import MARKS, Mark, Setting, Trial

EXAMPLES, BATCH = 4000, 20
SGD = Setting(lc.SGD(0.02, 0.5), BATCH, lc.Cosine())
ADAM = Setting(lc.Adam(1e-3), BATCH, lc.Cosine())


def trial(setting, steps, j_squared=None, turnover=None, **changes):
    """Of so many steps; J^2 is given by u, turnover by learning rate and step."""
    rates = np.cumsum([setting.rate_at(step, steps) for step in range(steps)])
    scale = (1 - getattr(setting.optimizer, "momentum", 0.0)) * EXAMPLES
    marks = [Mark(0, 0.0, 0, setting.rate, None, None if j_squared is None else j_squared(0.0))]
    for number in range(1, MARKS + 1):
        step, before = round(steps * number / MARKS), marks[-1].step
        middle = (before + step) // 2
        rate, u = setting.rate_at(middle, steps), rates[step - 1] / scale
        turned = None if turnover is None else turnover(rate, middle + 1)
        marks.append(Mark(step, rates[step - 1], middle, rate, turned, None if j_squared is None else j_squared(u)))
    kept = tuple(marks if turnover is None else marks[1:])
    whole = Trial(setting, steps * BATCH, steps, 0, 0.5, 0.8, kept, (), 1.0, 0.1)
    return replace(whole, **changes)


def at(rate, setting=ADAM):
    return replace(setting, optimizer=replace(setting.optimizer, learning_rate=rate))
