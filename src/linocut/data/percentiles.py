"""Percentiles: between which values most rows of numbers lie, and their ends, from rows that come part by part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 20  # rows, of which an outlier can be told
PART = 100  # one value in so many, at each end, may be an outlier
MOST_VALUES = 1 << 20  # kept to find quantiles; more rows are sampled
LEAST_ROWS = 1024  # kept, however many channels there are


class Percentiles:
    """Of all rows that were added, by channel: their ends `low` and `high`, and a sample to find quantiles in.

    The sample is of those rows whose number, hashed, ends in so many zero bits that it is small: the same for the same
    rows, however they are parted, and not of every k-th row, which may be the same step of every sequence.
    """

    def __init__(self, channels: int) -> None:
        """Nothing yet."""
        self.low, self.high = np.full(channels, np.inf), np.full(channels, -np.inf)
        self._most = max(LEAST_ROWS, MOST_VALUES // channels)
        self._sample: list[tuple[NDArray[np.uint64], NDArray[np.float64]]] = []
        self._count = self._kept = self._zeros = 0

    @staticmethod
    def of(parts: Iterable[NDArray[Any]]) -> Percentiles:
        """That of finite numbers in one or more parts (m, ..., channels), at least one row in all."""
        found: Percentiles | None = None
        for part in parts:
            rows = part.reshape(-1, part.shape[-1])
            found = found or Percentiles(rows.shape[1])
            found._add(rows)
        assert found is not None
        return found

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """From where to where values are none of outliers (channels,), within the ends.

        With the 1st and the 99th percentile, those of the rows that lie next to them inwards, at a distance d > 0, they
        reach d beyond each. Where d is 0, for fewer than 20 rows, and where d overflows, they are the ends.
        """
        if self._count < FEWEST:
            return self.low, self.high
        rows = np.concatenate([rows for _, rows in self._sample])
        rows.sort(axis=0)
        edge = -(-(len(rows) - 1) // PART)
        first, last = rows[edge], rows[-1 - edge]
        with np.errstate(over="ignore"):
            apart = last - first
            low, high = np.maximum(self.low, first - apart), np.minimum(self.high, last + apart)
        sure = np.isfinite(apart) & (apart > 0)
        return np.where(sure, low, self.low), np.where(sure, high, self.high)

    def _add(self, rows: NDArray[Any]) -> None:
        self.low, self.high = np.minimum(self.low, rows.min(axis=0)), np.maximum(self.high, rows.max(axis=0))
        hashes = _hashes(self._count, len(rows))
        self._count += len(rows)
        chosen = self._chosen(hashes)
        self._sample.append((hashes[chosen], rows[chosen].astype(np.float64)))
        self._kept += len(self._sample[-1][0])
        while self._kept > self._most:
            self._zeros += 1
            keep = [self._chosen(some) for some, _ in self._sample]
            self._sample = [(some[on], of[on]) for (some, of), on in zip(self._sample, keep, strict=True) if on.any()]
            self._kept = sum(len(some) for some, _ in self._sample)

    def _chosen(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return hashes & np.uint64((1 << self._zeros) - 1) == 0


def _hashes(begin: int, count: int) -> NDArray[np.uint64]:
    """Of the numbers from `begin` on (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014)."""
    z = (np.arange(begin + 1, begin + count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
