"""Coding: numbers as bytes, by the range that each of them has in the training data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut import fields
from linocut.data.percentiles import Percentiles
from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 1024  # examples looked at together: keeps the temporary arrays small
LARGEST = 255  # byte


@dataclass(frozen=True)
class Coding:
    """The range of each channel, in the units of the data; a channel is an index of the last dimension.

    A value v becomes the byte round(255 (v - low) / (high - low)), of a value outside of the range the nearer end: a
    network reads it as -1 to 1. A channel that does not vary has low = high, and is always the byte 128. SpecError for
    ranges that are none.
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
        """That of finite training data (n, ..., channels), see `over`."""
        return Coding.over(values[begin : begin + CHUNK] for begin in range(0, len(values), CHUNK))

    @staticmethod
    def over(parts: Iterable[NDArray[Any]]) -> Coding:
        """That of finite training data in one or more parts (m, ..., channels).

        It is their range, but no further beyond the middle 98 % of them than these are wide, see `Percentiles.bounds`:
        so at least a third of the bytes is for the middle, however far outliers lie.
        """
        low, high = Percentiles.of(parts).bounds()
        return Coding(tuple(low.tolist()), tuple(high.tolist()))

    def round_zero(self) -> Coding:
        """One range around 0 for all channels: parts of complex numbers keep their phase."""
        most = max(*map(abs, self.low), *map(abs, self.high))
        return Coding((-most,) * len(self.low), (most,) * len(self.low))

    def codes(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The bytes of numbers (..., channels), of the same shape; no number may be NaN."""
        middle, half = self.middle_and_half()
        out = np.empty(values.shape, np.uint8)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for begin in range(0, len(values), CHUNK):
                some = (values[begin : begin + CHUNK].astype(np.float64) - middle) / half
                some = np.where(half > 0, np.clip(some, -1.0, 1.0), 0.0)
                out[begin : begin + CHUNK] = np.rint((some + 1.0) * (LARGEST / 2))
        return out

    def middle_and_half(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The middle of each range and half of its length (channels,): of the largest floats too these are finite."""
        low, high = np.array(self.low), np.array(self.high)
        return low / 2 + high / 2, high / 2 - low / 2

    @staticmethod
    def from_dict(data: object) -> Coding:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        about = fields.described(data, Coding, "coding")
        return Coding(fields.floats(about["low"], "coding low"), fields.floats(about["high"], "coding high"))
