"""read_wav: the samples of a WAV file, PCM of 8, 16, 24 or 32 bits or 32-bit floats, its channels mixed to one."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.disk import fill, open_readonly
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
HEADER, CHUNK = 12, 8  # bytes
FORMAT_BYTES, EXTENSIBLE_BYTES = 16, 40
MOST_CHUNKS = 1000
MEND = "convert it: ffmpeg -i IN -c:a pcm_s16le OUT.wav"


@dataclass(frozen=True)
class WavHeader:
    """Samples a second, channels, bytes of a sample, whether these are floats; where the data begin, and the frames.

    A frame is a sample of each channel.
    """

    rate: int
    channels: int
    width: int
    floats: bool
    begin: int
    frames: int


def read_header(path: Path) -> WavHeader:
    """What a file says of itself; DataError for what is no WAV file, is damaged or of another coding."""
    file = open_readonly(path)
    try:
        return _header(file, path)
    finally:
        os.close(file)


def read_wav(path: Path) -> tuple[int, NDArray[np.float32]]:
    """Samples a second, and the samples (n,), from -1 to 1: of several channels their mean. DataError as above."""
    file = open_readonly(path)
    try:
        header = _header(file, path)
        data = bytearray(header.frames * header.channels * header.width)
        fill(file, memoryview(data), header.begin, path)
    finally:
        os.close(file)
    samples = _samples(np.frombuffer(data, np.uint8), header)
    if not np.isfinite(samples).all():
        raise DataError(f"{path} has samples that are no finite numbers; {MEND}")
    mixed = samples.reshape(-1, header.channels).mean(axis=1, dtype=np.float64)
    return header.rate, mixed.astype(np.float32)


def _samples(data: NDArray[np.uint8], header: WavHeader) -> NDArray[Any]:
    """From -1 to 1, each the nearest float32."""
    if header.floats:
        return data.view("<f4")
    if header.width == 1:  # 8 bits have no sign
        return ((data.astype(np.int16) - 128) / 128).astype(np.float32)
    wide = np.zeros((len(data) // header.width, 4), np.uint8)
    wide[:, 4 - header.width :] = data.reshape(-1, header.width)
    return (wide.reshape(-1).view("<i4") / 2.0**31).astype(np.float32)


def _header(file: int, path: Path) -> WavHeader:
    size = os.fstat(file).st_size
    head = _bytes(file, HEADER, 0, path, size)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise DataError(f"{path} is no WAV file; {MEND}")
    at, form = HEADER, b""
    for _ in range(MOST_CHUNKS):
        name, length = struct.unpack("<4sI", _bytes(file, CHUNK, at, path, size))
        at += CHUNK
        if name == b"fmt ":
            form = _bytes(file, min(length, EXTENSIBLE_BYTES), at, path, size)
        elif name == b"data":
            return _described(form, at, min(length, size - at) if length == 0xFFFFFFFF else length, size, path)
        at += length + length % 2
    raise DataError(f"{path} has no samples in its first {MOST_CHUNKS:,} parts; {MEND}")


def _described(form: bytes, begin: int, length: int, size: int, path: Path) -> WavHeader:
    if len(form) < FORMAT_BYTES:
        raise DataError(f"{path} does not say how its samples are coded; {MEND}")
    coding, channels, rate, _, block, bits = struct.unpack("<HHIIHH", form[:FORMAT_BYTES])
    if coding == EXTENSIBLE and len(form) >= FORMAT_BYTES + CHUNK + 2:
        (coding,) = struct.unpack("<H", form[24:26])
    known = (coding == PCM and bits in (8, 16, 24, 32)) or (coding == FLOAT and bits == 32)
    if not known:
        raise DataError(
            f"{path} has samples of {bits} bits in coding {coding}, must be PCM of 8, 16, 24 or 32 bits, or 32-bit "
            f"floats; {MEND}"
        )
    if not channels or not rate or block != channels * bits // 8:
        raise DataError(f"{path} has {channels} channels in {block} B at {rate} Hz, which cannot be; {MEND}")
    if begin + length > size:
        raise DataError(f"{path} ends {begin + length - size:,} B too early: it was cut; get the file again")
    if length < block:
        raise DataError(f"{path} holds no samples; leave it out")
    return WavHeader(rate, channels, bits // 8, coding == FLOAT, begin, length // block)


def _bytes(file: int, count: int, at: int, path: Path, size: int) -> bytes:
    if at + count > size:
        raise DataError(f"{path} ends at byte {size:,}, before its samples: it was cut, or is no WAV file; {MEND}")
    out = bytearray(count)
    fill(file, memoryview(out), at, path)
    return bytes(out)
