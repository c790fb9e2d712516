"""LogMel: what an example sees of a recording: the logarithm of its energy in bands of the mel scale, frame by frame.

With samples x from -1 to 1 at `rate` a second, all in float64:

- Frame f has the samples from f * hop on, `frame` of them, each by the periodic Hann window w(i) = 0.5 - 0.5 cos(2 pi i
  / frame), and zeros up to the next power of two, N. The last frame is the last that is whole; a recording that is
  shorter than one is filled up with zeros.
- Its power is |FFT|**2 / sum(w**2), at the frequencies k * rate / N, k = 0 to N / 2.
- Band m of `mels` is a triangle from edge m over m + 1 to m + 2, where mels + 2 edges are equally far from each other
  on the scale mel(f) = 2595 log10(1 + f / 700) from 20 Hz to rate / 2. Its weights are made to sum to 1; a band too
  narrow for any frequency takes the nearest. Its value is log10(1e-7 + sum(weight * power)), so that silence is -7.
- Of the frames the middle `frames` are taken; where there are fewer, frames of silence go before and behind them, the
  odd one behind.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linocut import fields
from linocut.data.mel import mel_filters
from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWEST = 20.0  # Hz
SILENCE = 1e-7
FRAME_SECONDS, HOP_SECONDS, MELS = 0.025, 0.010, 40
LONGEST = 1 << 20  # samples of a frame, frames, or bands
AT_ONCE = 512  # frames


@dataclass(frozen=True)
class LogMel:
    """`rate` in Hz, `frame` and `hop` in samples, `frames` of an example, and bands; SpecError for what cannot be."""

    rate: int
    frame: int
    hop: int
    frames: int
    mels: int = MELS

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            fields.whole(value, f"{name} of log-mel features", 1)
            if name != "rate" and value > LONGEST:
                raise SpecError(f"{name} of log-mel features is {value:,}, must be {LONGEST:,} or less")
        if not 2 * LOWEST < self.rate <= LONGEST:
            raise SpecError(f"rate of log-mel features is {self.rate:,} Hz, must be 41 to {LONGEST:,}")

    @staticmethod
    def at(rate: int, frames: int = 1) -> LogMel:
        """The default: frames of 25 ms, each 10 ms after the one before, and 40 bands."""
        return LogMel(rate, max(2, round(FRAME_SECONDS * rate)), max(1, round(HOP_SECONDS * rate)), frames)

    @property
    def shape(self) -> tuple[int, int]:
        """That of an example: (frames, mels), a sequence."""
        return self.frames, self.mels

    def frames_of(self, samples: int) -> int:
        """How many frames a recording of so many samples has."""
        return 1 + max(0, samples - self.frame) // self.hop

    def of(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The features (frames, mels) of samples (n,)."""
        found = np.full(self.shape, np.log10(SILENCE), np.float32)
        there = self.frames_of(len(samples))
        skipped, before = max(0, there - self.frames) // 2, max(0, self.frames - there) // 2
        count = min(there, self.frames)
        for begin in range(0, count, AT_ONCE):
            some = range(begin, min(begin + AT_ONCE, count))
            found[before + begin : before + some.stop] = self._bands(samples, [skipped + at for at in some])
        return found

    def _bands(self, samples: NDArray[np.float32], numbers: list[int]) -> NDArray[np.float64]:
        """The features of the frames of these numbers."""
        padded = np.zeros((len(numbers), self.frame))
        for row, number in zip(padded, numbers, strict=True):
            piece = samples[number * self.hop : number * self.hop + self.frame]
            row[: len(piece)] = piece
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.frame) / self.frame)
        power = np.abs(np.fft.rfft(padded * window, self._length)) ** 2 / (window**2).sum()
        bands: NDArray[np.float64] = np.log10(SILENCE + power @ self._weights.T)
        return bands

    @property
    def _length(self) -> int:
        """Samples that are transformed: a power of two."""
        return 1 << (self.frame - 1).bit_length()

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """Of each band (mels, frequencies)."""
        weights = mel_filters(self.mels, LOWEST, self.rate, self._length)
        found: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
        return found

    @staticmethod
    def from_dict(data: object) -> LogMel:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        return LogMel(**fields.described(data, LogMel, "log-mel features"))
