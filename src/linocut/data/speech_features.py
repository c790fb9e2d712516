"""SpeechFeatures: a recording as a sequence of cepstra or of filterbank values, with their differences.

With samples x from -1 to 1 at `rate` a second, all in float64, as the speech networks of C-LSTM were given them (Wang
et al., arXiv 1803.06305; Davis & Mermelstein 1980):

- x is pre-emphasised, x(n) - 0.97 x(n - 1). Frame f has the samples from f * hop on, `frame` of them, unweighted, and
  zeros up to the next power of two, N. The last frame is the last that is whole.
- Its power is |FFT|**2 / N, its energy the sum of that. Band m of `mels` is a triangle of height 1 from edge m over
  m + 1 to m + 2, where mels + 2 edges are equally far from each other on the scale mel(f) = 2595 log10(1 + f / 700)
  from 0 to rate / 2; a band too narrow for any frequency takes the nearest. Its value is ln(1e-10 + weights * power).
- With `cepstra` above 0 there are so many of them: an orthonormal DCT-II of the bands, number n times 1 + 11 sin(pi n /
  22), and in the place of number 0 ln(1e-10 + energy). Otherwise the bands are the features.
- Behind the features stand their differences, and the differences of these: sum of n (x(t + n) - x(t - n)) / 10 over
  n = 1 and 2, the first and the last frame standing for what is beyond them.
- Of the frames the first `frames` are taken.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linocut import fields
from linocut.data.log_mel import FRAME_SECONDS, HOP_SECONDS, LONGEST
from linocut.data.mel import mel_filters
from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMPHASIS, LIFTER, SILENCE = 0.97, 22, 1e-10
ORDERS = 3  # the features, their differences, and those of these
REACH = 2  # frames that a difference looks to either side
MFCC, FILTERBANK = "mfcc", "filterbank"
_KINDS = {MFCC: (26, 13), FILTERBANK: (51, 0)}  # bands, and cepstra of them
KINDS = tuple(_KINDS)


@dataclass(frozen=True)
class SpeechFeatures:
    """`rate` in Hz, `frame` and `hop` in samples, `frames` of an example at most, `mels` bands and `cepstra` of them.

    SpecError for what cannot be.
    """

    rate: int
    frame: int
    hop: int
    frames: int
    mels: int = 26
    cepstra: int = 13

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            fields.whole(value, f"{name} of speech features", 0 if name == "cepstra" else 1)
            if value > LONGEST:
                raise SpecError(f"{name} of speech features is {value:,}, must be {LONGEST:,} or less")
        if self.cepstra > self.mels:
            raise SpecError(f"cepstra of speech features are {self.cepstra}, must be {self.mels} or fewer")

    @staticmethod
    def at(rate: int, kind: str = MFCC, frames: int = 1) -> SpeechFeatures:
        """Frames of 25 ms, each 10 ms after the one before: 13 cepstra of 26 bands (MFCC), or 51 bands (FILTERBANK)."""
        mels, cepstra = _KINDS[kind]
        sizes = max(2, round(FRAME_SECONDS * rate)), max(1, round(HOP_SECONDS * rate))
        return SpeechFeatures(rate, *sizes, frames, mels, cepstra)

    @property
    def shape(self) -> tuple[int, int]:
        """That of an example: (frames, features), the longest."""
        return self.frames, ORDERS * (self.cepstra or self.mels)

    def frames_of(self, samples: int) -> int:
        """How many frames a recording of so many samples has."""
        return 0 if samples < self.frame else 1 + (samples - self.frame) // self.hop

    def of(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """The features (n, features) of samples, n at most `frames`; none of a recording shorter than a frame."""
        count = min(self.frames_of(len(samples)), self.frames)
        if count == 0:
            return np.zeros((0, self.shape[1]))
        x = samples.astype(np.float64)
        x = np.append(x[0], x[1:] - EMPHASIS * x[:-1])
        pieces = np.lib.stride_tricks.sliding_window_view(x, self.frame)[:: self.hop][:count]
        power = np.abs(np.fft.rfft(pieces, self._length)) ** 2 / self._length
        bands = np.log(SILENCE + np.einsum("fk,mk->fm", power, self._weights))  # without BLAS: its threads cost more
        return with_differences(self._cepstra(bands, power.sum(axis=1)) if self.cepstra else bands)

    def _cepstra(self, bands: NDArray[np.float64], energy: NDArray[np.float64]) -> NDArray[np.float64]:
        numbers = np.arange(self.cepstra)
        places = (np.arange(self.mels) + 0.5) / self.mels
        basis = np.cos(np.pi * numbers[:, None] * places) * math.sqrt(2 / self.mels)
        found: NDArray[np.float64] = np.einsum("fm,nm->fn", bands, basis) * (
            1 + LIFTER / 2 * np.sin(np.pi * numbers / LIFTER)
        )
        found[:, 0] = np.log(SILENCE + energy)
        return found

    @property
    def _length(self) -> int:
        """Samples that are transformed: a power of two."""
        return 1 << (self.frame - 1).bit_length()

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """Of each band (mels, frequencies)."""
        return mel_filters(self.mels, 0, self.rate, self._length)

    @staticmethod
    def from_dict(data: object) -> SpeechFeatures:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        return SpeechFeatures(**fields.described(data, SpeechFeatures, "speech features"))


def with_differences(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features (frames, n), their differences and the differences of these (frames, 3 n)."""
    parts = [features]
    for _ in range(1, ORDERS):
        parts.append(_differences(parts[-1]))
    return np.hstack(parts)


def _differences(features: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(features)
    padded = np.pad(features, ((REACH, REACH), (0, 0)), mode="edge")
    total = np.zeros_like(features)
    for n in range(1, REACH + 1):
        total += n * (padded[REACH + n : REACH + n + count] - padded[REACH - n : REACH - n + count])
    return total / (2 * sum(n * n for n in range(1, REACH + 1)))
