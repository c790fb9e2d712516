"""Calibration: a device's constants, fitted to a user's measured times, with how well they tell what was left out."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linocut.devices import residual
from linocut.devices.device import LEAST, MOST, MOST_SECONDS, Device
from linocut.devices.fit import Prior, fit
from linocut.devices.kinds import EDGE_TPU, SYSTOLIC
from linocut.devices.law import Law
from linocut.devices.residual import Residual
from linocut.devices.table import load
from linocut.devices.times import Time
from linocut.errors import DataError, SpecError
from linocut.sizes import show_size
from linocut.tables import table

# The constants, and by which factor one is likely to be off before anything is measured (a standard deviation).
LIKELY = {"overhead_s": 5.0, "clock_hz": 1.5, "cache_bytes": 1.5, "bandwidth": 10.0, "fixed_s": 10.0}
CONSTANTS = tuple(LIKELY)
ABOUT = "an own analytic model; its constants are fitted, not physical, and not cycle accurate"
LEAST_ROWS = len(CONSTANTS) + 1  # one is left out at a time
RESIDUAL_ROWS = 30
HELPS = 0.98  # of the error without it: less is no help, but rounding
FAR = 3.0  # standard deviations
ELSEWHERE = 100.0  # by which factor no times are off that are of such a device; those in another unit are, by 1,000
LEAST_SECONDS = 1e-5  # what an overhead of 0 begins at: it has no logarithm
CACHES, CLOCKS = (0.6, 1.0, 1.5), (0.5, 1.0, 2.0)  # factors that the fit begins with

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A row: what was measured, what the fit says of it, and what a fit without it says; in ms.

    `left_out_law_ms` is that of the constants alone, without a residual model.
    """

    model: str
    measured_ms: float
    fitted_ms: float
    left_out_ms: float
    left_out_law_ms: float

    @property
    def error(self) -> float:
        """Of the fit, as a part of what was measured."""
        return self.fitted_ms / self.measured_ms - 1

    @property
    def left_out_error(self) -> float:
        """Of the fit without this row."""
        return self.left_out_ms / self.measured_ms - 1


@dataclass(frozen=True)
class Calibration:
    """The device with fitted constants, what it began with, and a row for each time."""

    before: Device
    device: Device
    rows: tuple[Fitted, ...]

    @property
    def left_out_error(self) -> float:
        """The mean size of the errors on rows that were left out."""
        return float(np.mean([abs(row.left_out_error) for row in self.rows]))

    @property
    def left_out_law_error(self) -> float:
        """The same without a residual model."""
        return float(np.mean([abs(row.left_out_law_ms / row.measured_ms - 1) for row in self.rows]))

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut estimate --calibrate --json` prints."""
        constants = {name: getattr(self.device, name) for name in CONSTANTS}
        errors = {name: getattr(self, name) for name in ("left_out_error", "left_out_law_error")}
        rows = [{**dataclasses.asdict(r), "error": r.error, "left_out_error": r.left_out_error} for r in self.rows]
        used = self.device.residual is not None
        return {
            "device": self.device.name,
            "constants": constants,
            **errors,
            "residual": used,
            "rows": rows,
            "about": ABOUT,
        }

    def __str__(self) -> str:
        """The constants before and after, each row with its errors, and the mean of those left out."""
        head = ("model", "measured ms", "fitted ms", "error", "left out ms", "error")
        cells = [head, *map(_cells, self.rows)]
        said = [
            f"{name} {_shown(self.before, name)} -> {_shown(self.device, name)}{_how_likely(self, name)}"
            for name in CONSTANTS
        ]
        model = "with a residual model" if self.device.residual is not None else _why(self)
        return "\n".join(
            [
                f"{self.before.name}: constants fitted on {len(self.rows)} measured times, {model}",
                *table(cells, left=1, rules=(1,)),
                *said,
                f"mean error of rows left out: {self.left_out_error:.1%}; of the constants alone "
                f"{self.left_out_law_error:.1%}",
                ABOUT,
            ]
        )


def calibrate(device: Device | str | Path, times: Sequence[Time], source: str = "measured times") -> Calibration:
    """Fit a device's constants to measured times, robustly; from 30 rows on, a residual model where it helps.

    It helps where it lessens the mean error of rows that both it and the constants were fitted without. SpecError for
    devices of other kinds than Edge TPUs and systolic arrays; DataError for fewer than 6 rows, for networks that the
    device cannot run, and for times that are a hundred times those of the device, or a hundredth.
    """
    device = device if isinstance(device, Device) else load(device)
    if device.kind not in (EDGE_TPU, SYSTOLIC):
        raise SpecError(f"{device.name} is of kind {device.kind}; constants of {EDGE_TPU} and {SYSTOLIC} are fitted")
    if not all(isinstance(time, Time) for time in times):
        raise SpecError("measured times must be devices.times.Times, as read_times gives them")
    if len(times) < LEAST_ROWS:
        raise DataError(
            f"there are {len(times)} measured times, {LEAST_ROWS} or more are needed: {len(CONSTANTS)} constants are "
            "fitted, and one row left out at a time"
        )
    law = Law.of(device, times)
    measured = np.array([time.seconds for time in times])
    _check_unit(device, law, measured)
    fitted = _constants(device, law, measured, _starts(device))
    left = [_left_out(fitted, device, law, measured, number) for number in range(len(times))]
    alone, corrected = np.array([one[0] for one in left]), np.array([one[1] for one in left])
    helps = len(times) >= RESIDUAL_ROWS and _error(corrected, measured) < HELPS * _error(alone, measured)
    said = law.seconds(fitted)
    model: Residual | None = None
    if helps:
        model = residual.fitted(law.features, np.log(measured / said))
        said = said * [model.factor(one) for one in law.features]
    calibrated = dataclasses.replace(fitted, calibrated=f"{len(times)} rows of {source}", residual=model)
    columns = zip(times, said, corrected if helps else alone, alone, strict=True)
    rows = (Fitted(t.model, t.seconds * 1e3, *(float(one) * 1e3 for one in more)) for t, *more in columns)
    return Calibration(device, calibrated, tuple(rows))


def _check_unit(device: Device, law: Law, measured: Floats) -> None:
    """DataError where the middle one of the times is of another unit, or of another device altogether."""
    with np.errstate(all="ignore"):
        middle = float(np.median(measured / law.seconds(device)))
    if not 1 / ELSEWHERE <= middle <= ELSEWHERE:
        raise DataError(
            f"the measured times are {middle:,.3g} times those of {device.name}, must be {1 / ELSEWHERE:g} to "
            f"{ELSEWHERE:,g}; mend the unit in the column's name, or begin with another device, --on"
        )


def _error(said: Floats, measured: Floats) -> float:
    return float(np.mean(np.abs(said / measured - 1)))


def _left_out(fitted: Device, device: Device, law: Law, measured: Floats, number: int) -> tuple[float, float]:
    """What is said of a row by constants fitted without it, and by a residual model that is so too."""
    others = [one for one in range(len(measured)) if one != number]
    rest, own = law.only(others), law.only([number])
    without = _constants(device, rest, measured[others], [_logs(fitted), _logs(device)])
    alone = float(own.seconds(without)[0])
    if len(others) + 1 < RESIDUAL_ROWS:
        return alone, alone
    model = residual.fitted(rest.features, np.log(measured[others] / rest.seconds(without)))
    return alone, alone * model.factor(own.features[0])


def _constants(device: Device, law: Law, measured: Floats, starts: Sequence[Floats]) -> Device:
    tried = copy.copy(device)  # one for all steps: checking a new one takes longer than the law

    def residuals(logs: Floats) -> Floats:
        vars(tried).update(_values(logs))
        found: Floats = np.log(law.seconds(tried) / measured)
        return found

    prior = Prior(_logs(device), np.log(list(LIKELY.values())))
    return dataclasses.replace(device, **_values(fit(residuals, starts, prior)))


def _starts(device: Device) -> list[Floats]:
    begin = _logs(device)
    cache, clock = CONSTANTS.index("cache_bytes"), CONSTANTS.index("clock_hz")
    return [
        begin + np.log(large) * (np.arange(len(begin)) == cache) + np.log(fast) * (np.arange(len(begin)) == clock)
        for large, fast in product(CACHES, CLOCKS)
    ]


def _logs(device: Device) -> Floats:
    least = {"overhead_s": LEAST_SECONDS, "fixed_s": LEAST_SECONDS, "cache_bytes": 1}
    values = {**{name: getattr(device, name) for name in CONSTANTS}, "cache_bytes": device.memory_bytes}
    return np.log([max(values[name], least.get(name, 0.0)) for name in CONSTANTS])


def _values(logs: Floats) -> dict[str, Any]:
    least = {"clock_hz": LEAST, "bandwidth": LEAST}
    most = {"overhead_s": MOST_SECONDS, "fixed_s": MOST_SECONDS}
    found = zip(CONSTANTS, np.exp(np.minimum(logs, np.log(MOST))).tolist(), strict=True)
    values = {name: min(max(value, least.get(name, 0.0)), most.get(name, MOST)) for name, value in found}
    return {**values, "cache_bytes": max(1, round(values["cache_bytes"]))}


def _cells(row: Fitted) -> tuple[str, ...]:
    measured, fitted, left = (f"{ms:,.4g}" for ms in (row.measured_ms, row.fitted_ms, row.left_out_ms))
    return row.model, measured, fitted, f"{row.error:+.1%}", left, f"{row.left_out_error:+.1%}"


def _why(found: Calibration) -> str:
    if len(found.rows) < RESIDUAL_ROWS:
        return f"without a residual model, which needs {RESIDUAL_ROWS}"
    return "without a residual model, which does not lessen the error of rows left out"


def _how_likely(found: Calibration, constant: str) -> str:
    """A remark on a constant that came to lie three standard deviations from where it began, or further."""
    begun, ended = (
        dict(zip(CONSTANTS, _logs(device).tolist(), strict=True))[constant] for device in (found.before, found.device)
    )
    far = abs(ended - begun) > FAR * math.log(LIKELY[constant])
    return f" (a factor of {LIKELY[constant]:g} was likely: see whether the times are right)" if far else ""


def _shown(device: Device, constant: str) -> str:
    if constant == "cache_bytes":
        return show_size(device.memory_bytes)
    value = getattr(device, constant)
    if constant in ("overhead_s", "fixed_s"):
        return f"{value * 1e6:,.3g} us"
    return f"{value / 1e6:,.4g} {'MHz' if constant == 'clock_hz' else 'MB/s'}"
