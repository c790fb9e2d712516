"""WAV files that tests make: as the standard library writes them, and as others do."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000


def write_wav(path: Path, samples: NDArray[np.float64], *, rate: int = RATE, bits: int = 16) -> Path:
    """Samples (n,) or (n, channels), from -1 to 1, by the standard library."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(pcm(samples, bits))
    return path


def pcm(samples: NDArray[np.float64], bits: int) -> bytes:
    """Whole numbers, little-endian; of 8 bits without a sign."""
    whole = np.clip(np.rint(samples * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    return b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in whole.ravel())


def riff(coding: int, channels: int, bits: int, data: bytes, *, rate: int = RATE, extra: bytes = b"") -> bytes:
    """A file with a part of an odd length before its samples, and `extra` at the end of its format."""
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * block, block, bits) + extra
    parts = b"".join(
        name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
        for name, body in ((b"LIST", b"odd"), (b"fmt ", form), (b"data", data))
    )
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WAVE" + parts


def tone(frequency: float, seconds: float = 0.4, seed: int = 0) -> NDArray[np.float64]:
    """A tone of any phase in some noise."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE)) / RATE
    return 0.5 * np.sin(2 * np.pi * frequency * at + rng.uniform(0, 6)) + 0.05 * rng.normal(size=len(at))


def tones(folder: Path, count: int = 30, names: tuple[str, ...] = ("low", "high")) -> Path:
    """Class folders of recordings of different lengths, which are told by the height of their tone."""
    rng = np.random.default_rng(1)
    for label, name in enumerate(names):
        for number in range(count):
            samples = tone((400 + 900 * label) * rng.uniform(0.9, 1.1), rng.uniform(0.15, 0.5), number)
            write_wav(folder / name / f"{number:03}.wav", samples)
    return folder
