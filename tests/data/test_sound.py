"""Recordings: WAV files, log-mel features, and folders of them."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from wav_files import RATE, pcm, riff, tone, tones, write_wav

from linocut.data import Summary, is_image_folder, load
from linocut.data.form import Form
from linocut.data.log_mel import SILENCE, LogMel
from linocut.data.number_files import read_numbers
from linocut.data.wav import EXTENSIBLE, FLOAT, PCM, read_header, read_wav
from linocut.errors import DataError, SpecError

pytestmark = pytest.mark.usefixtures("home")
SAMPLES = np.random.default_rng(0).uniform(-0.99, 0.99, 1001)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_samples_are_those_that_the_standard_library_wrote(tmp_path: Path, bits: int) -> None:
    rate, found = read_wav(write_wav(tmp_path / "a.wav", SAMPLES, bits=bits, rate=11025))
    assert rate == 11025 and found.dtype == np.float32 and len(found) == 1001
    assert_allclose(found, SAMPLES, atol=0.51 / 2 ** (bits - 1) + 2e-7)
    ends = write_wav(tmp_path / "b.wav", np.array([-1.0, 0.0, 1.0]), bits=bits)
    assert_allclose(read_wav(ends)[1], [-1, 0, 1 - 2.0 ** (1 - bits)], atol=1e-7)


def test_channels_are_mixed(tmp_path: Path) -> None:
    both = np.stack([SAMPLES, -SAMPLES / 2], axis=1)
    assert_allclose(read_wav(write_wav(tmp_path / "a.wav", both))[1], SAMPLES / 4, atol=1e-4)


def test_floats_extensible_files_odd_parts_and_files_that_were_not_closed(tmp_path: Path) -> None:
    path, data = tmp_path / "a.wav", pcm(SAMPLES, 16)
    path.write_bytes(riff(FLOAT, 1, 32, SAMPLES.astype("<f4").tobytes()))
    assert_array_equal(read_wav(path)[1], SAMPLES.astype(np.float32))
    guid = struct.pack("<HHIH", 22, 16, 4, PCM) + bytes(14)
    path.write_bytes(riff(EXTENSIBLE, 1, 16, data, extra=guid))
    assert_allclose(read_wav(path)[1], SAMPLES, atol=1e-4)
    endless = riff(PCM, 1, 16, data).replace(b"data" + struct.pack("<I", len(data)), b"data" + b"\xff" * 4)
    path.write_bytes(endless)
    assert read_header(path).frames == 1001


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends at byte 0, before its samples"),
        (b"OggS" + bytes(40), "is no WAV file; convert it: ffmpeg"),
        (riff(PCM, 1, 16, b"")[:30], "before its samples: it was cut"),
        (riff(PCM, 1, 16, pcm(SAMPLES, 16))[:-100], "ends 100 B too early: it was cut; get the file again"),
        (riff(PCM, 1, 16, b""), "holds no samples; leave it out"),
        (riff(6, 1, 8, bytes(10)), "samples of 8 bits in coding 6, must be PCM of 8, 16, 24 or 32 bits, or 32-bit fl"),
        (riff(PCM, 1, 12, bytes(10)), "samples of 12 bits in coding 1"),
        (riff(PCM, 0, 16, bytes(10)), "has 0 channels in 0 B at 8000 Hz, which cannot be"),
        (riff(FLOAT, 1, 32, np.array([np.nan], "<f4").tobytes()), "has samples that are no finite numbers"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 2000, "has no samples in its first 1,000 parts"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_wav(tmp_path / "a.wav")


def bands_by_definition(samples, mel: LogMel) -> list[list[float]]:
    """The definition of log_mel.py, sum by sum."""
    length = 1
    while length < mel.frame:
        length *= 2
    window = [0.5 - 0.5 * math.cos(2 * math.pi * i / mel.frame) for i in range(mel.frame)]
    top = 2595 * math.log10(1 + mel.rate / 2 / 700)
    bottom = 2595 * math.log10(1 + 20 / 700)
    edges = [700 * (10 ** ((bottom + (top - bottom) * m / (mel.mels + 1)) / 2595) - 1) for m in range(mel.mels + 2)]
    found = []
    for frame in range(mel.frames_of(len(samples))):
        x = [float(samples[frame * mel.hop + i]) * window[i] for i in range(mel.frame)]
        power = []
        for k in range(length // 2 + 1):
            real = sum(value * math.cos(2 * math.pi * k * i / length) for i, value in enumerate(x))
            imaginary = sum(value * math.sin(2 * math.pi * k * i / length) for i, value in enumerate(x))
            power.append((real**2 + imaginary**2) / sum(w * w for w in window))
        row = []
        for m in range(mel.mels):
            low, middle, high = edges[m : m + 3]
            at = [k * mel.rate / length for k in range(len(power))]
            weights = [max(0.0, min((f - low) / (middle - low), (high - f) / (high - middle))) for f in at]
            if not any(weights):
                weights[min(range(len(at)), key=lambda k: abs(at[k] - middle))] = 1.0
            total = sum(w * p for w, p in zip(weights, power, strict=True)) / sum(weights)
            row.append(math.log10(SILENCE + total))
        found.append(row)
    return found


@pytest.mark.parametrize(("frame", "mels"), [(32, 6), (25, 20), (40, 3)])
def test_features_are_those_of_the_definition(frame: int, mels: int) -> None:
    mel = LogMel(RATE, frame, 13, 5, mels)
    samples = SAMPLES[: frame + 4 * 13 + 7].astype(np.float32)
    assert mel.frames_of(len(samples)) == 5
    assert_allclose(mel.of(samples), bands_by_definition(samples, mel), rtol=1e-5)


def test_a_tone_is_in_the_band_of_its_height_and_silence_is_the_floor() -> None:
    mel = LogMel.at(RATE, 20)
    assert (mel.frame, mel.hop, mel.shape) == (200, 80, (20, 40))
    heights = [int(mel.of(tone(f).astype(np.float32)).mean(axis=0).argmax()) for f in (200, 500, 1000, 2000, 3500)]
    assert heights == sorted(set(heights)) and heights[0] < 6 and heights[-1] > 34
    assert_array_equal(mel.of(np.zeros(5, np.float32)), np.float32(math.log10(SILENCE)))


def test_short_recordings_are_filled_with_silence_and_long_ones_lose_both_ends() -> None:
    mel, samples = LogMel.at(RATE, 9), tone(800).astype(np.float32)
    whole = dataclasses.replace(mel, frames=mel.frames_of(len(samples))).of(samples)
    skipped = (len(whole) - 9) // 2
    assert_array_equal(mel.of(samples), whole[skipped : skipped + 9])
    short = mel.of(samples[: mel.frame + 3 * mel.hop])
    assert_array_equal(short[2:6], whole[:4])
    assert_array_equal(np.delete(short, range(2, 6), axis=0), np.float32(math.log10(SILENCE)))


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    tones(tmp_path / "sounds")
    (tmp_path / "sounds" / "low" / "notes.txt").write_text("not a sound")
    train, test = load(tmp_path / "sounds")
    assert not is_image_folder(tmp_path / "sounds")
    assert (train.classes, train.dtype, train.shape[1]) == (("high", "low"), "u8", 40)
    assert len(train) + len(test) == 60 and 4 < len(test) < 22
    form = train.form
    assert form is not None and form.sound is not None and form.sound.rate == RATE
    assert 25 < form.sound.frames < 49, "of nine in ten recordings of 0.15 to 0.5 s"
    assert f"recordings in {form.sound.frames} frames of 40 log-mel bands" in str(Summary.of(train, test))
    assert Form.from_dict(json.loads(json.dumps(form.to_dict()))) == form
    first = np.empty((1, *train.shape), np.uint8)
    train.read(np.zeros(1, np.int64), first, np.empty(1, np.int32))
    paths = [tmp_path / "sounds" / "high" / f"{n:03}.wav" for n in range(30)]
    assert any(np.array_equal(read_numbers(path, form), first) for path in paths), "predicting reads as training does"
    assert {int(first.min()), int(first.max())} <= set(range(256))


def test_folders_to_train_and_to_test_on_and_files_called_by_their_class(tmp_path: Path) -> None:
    tones(tmp_path / "parted" / "train", 10)
    tones(tmp_path / "parted" / "test", 3)
    assert [len(part) for part in load(tmp_path / "parted")] == [20, 6]
    digits = tmp_path / "fsdd" / "recordings"
    for digit in (0, 7):
        for number in range(12):
            write_wav(digits / f"{digit}_jackson_{number}.wav", tone(400 + 100 * digit, 0.2, number))
    train, test = load(tmp_path / "fsdd")
    assert (len(train), len(test), train.classes) == (14, 10, ("0", "7")), "numbers 0 to 4 are for testing"
    assert [len(part) for part in load(digits)] == [14, 10]


def test_folders_that_are_refused(tmp_path: Path) -> None:
    tones(tmp_path / "a", 12)
    write_wav(tmp_path / "a" / "low" / "other.wav", tone(400), rate=16000)
    with pytest.raises(DataError, match=r"other\.wav has 16,000 samples a second, must have 8,000; convert it: ffmpeg"):
        load(tmp_path / "a")
    tones(tmp_path / "b", 12, ("low",))
    with pytest.raises(DataError, match="holds recordings of low, must hold those of two or more"):
        load(tmp_path / "b")
    tones(tmp_path / "c" / "train", 4)
    tones(tmp_path / "c" / "test", 2, ("low", "middle"))
    with pytest.raises(DataError, match="is of class middle, of which there is nothing to train on"):
        load(tmp_path / "c")
    with pytest.raises(DataError, match=r"size is 3 x 3, but .* has one size"):
        load(tmp_path / "c", size=(3, 3))
    shutil.rmtree(tmp_path / "c" / "test" / "middle")
    form = load(tmp_path / "c")[0].form
    assert form is not None
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="is read as a table, the network was trained on recordings in"):
        read_numbers(tmp_path / "x.csv", form)
    for wrong in ({"rate": 0}, {"frame": 1 << 21}, {"mels": 2.5}, {"rate": 30}):
        with pytest.raises(SpecError):
            LogMel.from_dict({**dataclasses.asdict(form.sound), **wrong})
