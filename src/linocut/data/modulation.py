"""modulation: radio signals made by formula, eleven modulations at signal-to-noise ratios from -20 to 18 dB.

After RadioML 2016.10a (O'Shea & West, Radio machine learning dataset generation with GNU Radio, 2016): 128 samples
(I, Q), 8 a symbol, of a random phase, start and frequency, faded by two paths. All from one seed; test data are of a
stream of their own. The same on a machine from run to run; other machines' sines may differ in a last bit, and so in a
byte here and there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linocut.data.arrays import ArrayDataset
from linocut.data.coding import Coding
from linocut.data.form import ARRAYS, Form
from linocut.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Signals = NDArray[np.complex128]
    Draw = np.random.Generator

NAME, RATIO = "modulation", "SNR [dB]"
STEPS = 128  # samples of an example
SYMBOL = 8  # samples of a symbol
ROLL_OFF = 0.35  # of the root-raised-cosine filter
SPAN = 4  # symbols of it to each side
SNRS = tuple(range(-20, 20, 2))  # decibels
OFFSET = 0.01  # most cycles a sample of the carrier
DELAY, ECHO = 3, 0.5  # of the second path: most samples late, most of the first path's amplitude
BANDWIDTH = 1 / 16  # of what AM and FM carry, cycles a sample
INDEX, PRODUCT = 0.5, 0.35  # of frequency shift keying: modulation index, and the Gaussian filter's BT
DEVIATION = 0.075  # of FM, cycles a sample for a message of its standard deviation
DEPTH = 0.5  # of AM with a carrier
LONG = 256  # samples that are made, of which some in the middle are taken
RANGE = 3.0  # that a byte stands for, in the root of the mean power of an example
TRAIN, TEST, SEED = 100, 25, 0  # examples of each modulation at each ratio
MOST = 10_000


def radio_signals(train: int = TRAIN, test: int = TEST, seed: int = SEED) -> tuple[ArrayDataset, ArrayDataset]:
    """Training and test data, u8 (128, 2): I and Q, 11 classes, so many examples of each at each of 20 ratios.

    A byte u is (2u - 255) / 255 times 3 times the root of an example's mean power. `conditions` of a data set are the
    ratios, in decibels. DataError for counts below 1 or above 10,000, and for a negative seed.
    """
    for what, value, least, most in (("train", train, 1, MOST), ("test", test, 1, MOST), ("seed", seed, 0, 2**63 - 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise DataError(f"{NAME} {what} is {value!r}, must be a whole number from {least:,} to {most:,}")
    return _examples(train, np.random.default_rng([seed, 0])), _examples(test, np.random.default_rng([seed, 1]))


def _examples(count: int, rng: Draw) -> ArrayDataset:
    form = Form(ARRAYS, classes=tuple(MODULATIONS), coding=Coding((-RANGE, -RANGE), (RANGE, RANGE)))
    assert form.coding is not None
    ratios = np.repeat(np.array(SNRS, np.float64), count)
    codes = np.empty((len(MODULATIONS), len(ratios), STEPS, 2), np.uint8)
    for number, make in enumerate(MODULATIONS.values()):
        signals = received(make(len(ratios), rng), ratios, rng)
        codes[number] = form.coding.codes(np.stack([signals.real, signals.imag], axis=-1))
    order = rng.permutation(len(MODULATIONS) * len(ratios))  # the first ones, too, are of all kinds
    labels = np.repeat(np.arange(len(MODULATIONS)), len(ratios))[order]
    dataset = ArrayDataset(codes.reshape(-1, STEPS, 2)[order], labels, form.classes, NAME, shape=(STEPS, 2))
    dataset.form, dataset.handed = form, True
    dataset.conditions = (RATIO, np.tile(ratios, len(MODULATIONS))[order])
    return dataset


def received(signals: Signals, ratios: NDArray[np.float64], rng: Draw) -> Signals:
    """What a receiver has of long signals (n, LONG), (n, STEPS): turned, faded, cut at random, in noise.

    Of mean power 1 before the noise, whose power is 10^(-ratio / 10), and again behind it, as by a gain control.
    """
    n, time = len(signals), np.arange(signals.shape[1])
    cycles = rng.uniform(-OFFSET, OFFSET, (n, 1)) * time + rng.uniform(0, 1, (n, 1))
    turned = signals * np.exp(2j * np.pi * cycles)
    late = rng.integers(1, DELAY + 1, n)
    echoes = np.take_along_axis(turned, (time[None] - late[:, None]) % len(time), axis=1)
    second = rng.uniform(0, ECHO, (n, 1)) * np.exp(2j * np.pi * rng.uniform(0, 1, (n, 1)))
    faded = turned + second * echoes
    begin = (signals.shape[1] - STEPS) // 2 + rng.integers(0, SYMBOL, n)
    cut = _of_power_one(np.take_along_axis(faded, begin[:, None] + np.arange(STEPS), axis=1))
    noise = rng.standard_normal((2, n, STEPS)) * np.sqrt(10 ** (-ratios / 10) / 2)[None, :, None]
    return _of_power_one(cut + noise[0] + 1j * noise[1])


def _of_power_one(signals: Signals) -> Signals:
    power = np.mean(np.abs(signals) ** 2, axis=1, keepdims=True)
    return np.asarray(signals / np.sqrt(np.maximum(power, 1e-12)))


def root_raised_cosine() -> NDArray[np.float64]:
    """The filter of symbols, SPAN of them to each side, of energy 1."""
    t = np.arange(-SPAN * SYMBOL, SPAN * SYMBOL + 1) / SYMBOL
    b = ROLL_OFF
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (np.sin(np.pi * t * (1 - b)) + 4 * b * t * np.cos(np.pi * t * (1 + b))) / (
            np.pi * t * (1 - (4 * b * t) ** 2)
        )
    found[t == 0] = 1 - b + 4 * b / np.pi
    edge = b / np.sqrt(2) * ((1 + 2 / np.pi) * np.sin(np.pi / 4 / b) + (1 - 2 / np.pi) * np.cos(np.pi / 4 / b))
    found[np.isclose(np.abs(t), 1 / (4 * b))] = edge
    return np.asarray(found / np.sqrt(np.sum(found**2)))


def _filtered(x: NDArray[np.complex128], taps: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Each row convolved with the taps, around its end."""
    spectrum = np.fft.fft(x, axis=1) * np.fft.fft(taps, x.shape[1])
    return np.asarray(np.fft.ifft(spectrum, axis=1))


def _linear(points: NDArray[np.complex128]) -> Callable[[int, Draw], Signals]:
    """Symbols of a constellation, shaped by the root-raised cosine."""

    def signals(n: int, rng: Draw) -> Signals:
        impulses = np.zeros((n, LONG), np.complex128)
        impulses[:, ::SYMBOL] = points[rng.integers(0, len(points), (n, LONG // SYMBOL))]
        return _filtered(impulses, root_raised_cosine())

    return signals


def _shifted(gaussian: bool) -> Callable[[int, Draw], Signals]:
    """Frequency shift keying of continuous phase, its bits filtered by a Gaussian or not."""

    def signals(n: int, rng: Draw) -> Signals:
        bits = np.repeat(rng.integers(0, 2, (n, LONG // SYMBOL)) * 2.0 - 1.0, SYMBOL, axis=1)
        if gaussian:
            t = np.arange(-2 * SYMBOL, 2 * SYMBOL + 1) / SYMBOL
            taps = np.exp(-2 * np.pi**2 * PRODUCT**2 * t**2 / np.log(2))
            bits = _filtered(bits.astype(np.complex128), taps / taps.sum()).real
        return np.exp(1j * np.pi * INDEX * np.cumsum(bits, axis=1) / SYMBOL)

    return signals


def _message(n: int, rng: Draw) -> NDArray[np.float64]:
    """Gaussian noise below BANDWIDTH, of deviation 1."""
    spectrum = np.fft.rfft(rng.standard_normal((n, LONG)), axis=1)
    spectrum[:, np.fft.rfftfreq(LONG) > BANDWIDTH] = 0
    spectrum[:, 0] = 0
    found = np.fft.irfft(spectrum, LONG, axis=1)
    return np.asarray(found / found.std(axis=1, keepdims=True))


def _both_bands(n: int, rng: Draw) -> Signals:
    return (1 + DEPTH * _message(n, rng)).astype(np.complex128)


def _one_band(n: int, rng: Draw) -> Signals:
    spectrum = np.fft.fft(_message(n, rng), axis=1)
    spectrum[:, np.fft.fftfreq(LONG) < 0] = 0
    return np.asarray(np.fft.ifft(spectrum, axis=1))


def _frequency(n: int, rng: Draw) -> Signals:
    return np.exp(2j * np.pi * DEVIATION * np.cumsum(_message(n, rng), axis=1))


def _ring(count: int) -> NDArray[np.complex128]:
    return np.exp(2j * np.pi * (np.arange(count) + 0.5) / count)


def _square(side: int) -> NDArray[np.complex128]:
    levels = np.arange(side) * 2.0 - (side - 1)
    return np.asarray((levels[:, None] + 1j * levels[None]).ravel())


MODULATIONS: dict[str, Callable[[int, Draw], Signals]] = {
    "8PSK": _linear(_ring(8)),
    "AM-DSB": _both_bands,
    "AM-SSB": _one_band,
    "BPSK": _linear(np.array([-1.0 + 0j, 1.0 + 0j])),
    "CPFSK": _shifted(False),
    "GFSK": _shifted(True),
    "PAM4": _linear((np.arange(4) * 2.0 - 3.0).astype(np.complex128)),
    "QAM16": _linear(_square(4)),
    "QAM64": _linear(_square(8)),
    "QPSK": _linear(_ring(4)),
    "WBFM": _frequency,
}
