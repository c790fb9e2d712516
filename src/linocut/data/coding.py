"""Coding: numbers as bytes, by the range that each of them has in the training data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut import fields
from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEVIATIONS = 4.0  # from the mean, beyond which values count as outliers
CHUNK = 1024  # examples looked at together: keeps the temporary arrays small
LARGEST = 255  # byte


@dataclass(frozen=True)
class Coding:
    """The range of each channel, in the units of the data; a channel is an index of the last dimension.

    A value v becomes the byte round(255 (v - low) / (high - low)), of a value outside of the range the nearer end: a
    network reads it as -1 to 1. A channel that does not vary has low = high, and is always the byte 128.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        """SpecError for ranges that fall, or lack an end."""
        if not self.low or len(self.low) != len(self.high):
            raise SpecError(f"a coding has {len(self.low)} low and {len(self.high)} high ends, must have one of each")
        for channel, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not low <= high:
                raise SpecError(f"the range of channel {channel} is {low} to {high}, must not fall")

    @staticmethod
    def of(values: NDArray[Any]) -> Coding:
        """That of finite training data (n, ..., channels): their range, but no further than 4 deviations from the mean.

        So one outlier does not leave all other values with a few bytes. Deviations are standard deviations.
        """
        flat = values.reshape(-1, values.shape[-1])
        low, high = flat.min(axis=0).astype(np.float64), flat.max(axis=0).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = _mean(_rows(values))
            reach = DEVIATIONS * np.sqrt(_mean((rows - mean) ** 2 for rows in _rows(values)))
            sure = np.isfinite(mean) & np.isfinite(reach) & (reach > 0)  # squares may over- and underflow
            low = np.where(sure, np.maximum(low, mean - reach), low)
            high = np.where(sure, np.minimum(high, mean + reach), high)
        return Coding(tuple(low.tolist()), tuple(np.maximum(low, high).tolist()))

    def codes(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The bytes of numbers (..., channels), of the same shape; no number may be NaN."""
        low, high = np.array(self.low), np.array(self.high)
        middle, half = low / 2 + high / 2, high / 2 - low / 2
        out = np.empty(values.shape, np.uint8)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for begin in range(0, len(values), CHUNK):
                some = (values[begin : begin + CHUNK].astype(np.float64) - middle) / half
                some = np.where(half > 0, np.clip(some, -1.0, 1.0), 0.0)
                out[begin : begin + CHUNK] = np.rint((some + 1.0) * (LARGEST / 2))
        return out

    @staticmethod
    def from_dict(data: object) -> Coding:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        about = fields.mapping(data, "coding")
        fields.only(about, {"low", "high"}, "coding")
        return Coding(fields.floats(about["low"], "coding low"), fields.floats(about["high"], "coding high"))


def _rows(values: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """The channels (m, channels) of some examples at a time, in float64."""
    for begin in range(0, len(values), CHUNK):
        yield values[begin : begin + CHUNK].reshape(-1, values.shape[-1]).astype(np.float64)


def _mean(parts: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean (channels,) of all rows of the parts (m, channels)."""
    total: Any = 0.0
    count = 0
    for rows in parts:
        total, count = total + rows.sum(axis=0), count + len(rows)
    return np.asarray(total / count)
