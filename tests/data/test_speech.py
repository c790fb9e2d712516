"""Sequences of speech features, strings of digits, and what is refused of them."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from wav_files import write_wav

from linocut.data import load, load_splits
from linocut.data.augment import Augmenter
from linocut.data.augmentation import find_augmentation
from linocut.data.digit_strings import strings_of
from linocut.data.form import Form
from linocut.data.label_paths import check_path
from linocut.data.number_files import read_numbers
from linocut.data.phones import DIGITS, PHONES, numbers_of
from linocut.data.speech import cut_of
from linocut.data.speech_features import SpeechFeatures, with_differences
from linocut.data.tasks import LABELS
from linocut.errors import DataError, SpecError
from linocut.ops.bits import Array
from linocut.run.label_count import folding

pytestmark = pytest.mark.usefixtures("home")
RATE = 8000


def digits(root: Path, numbers: range = range(8), rate: int = RATE) -> Path:
    """Recordings as the Free Spoken Digit Dataset calls them: tones of some lengths in noise."""
    folder = root / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for digit in "012":
        for speaker in ("ann", "bob"):
            for number in numbers:
                count = 1000 + 200 * number
                x = 0.5 * np.sin(np.arange(count) * (0.2 + 0.1 * int(digit))) + 0.01 * rng.standard_normal(count)
                write_wav(folder / f"{digit}_{speaker}_{number}.wav", x, rate=rate)
    return root


def mfcc_of(samples: Array, features: SpeechFeatures) -> Array:
    """Cepstra written out, frame by frame and band by band."""
    x = samples.astype(np.float64)
    x = np.array([x[0], *(b - 0.97 * a for a, b in itertools.pairwise(x))])
    size = 256
    edges = [700 * (10 ** (m / 2595) - 1) for m in np.linspace(0, 2595 * np.log10(1 + features.rate / 1400), 28)]
    rows = []
    for begin in range(0, len(x) - features.frame + 1, features.hop):
        frame = np.zeros(size)
        frame[: features.frame] = x[begin : begin + features.frame]
        power = [abs(sum(frame * np.exp(-2j * np.pi * k * np.arange(size) / size))) ** 2 / size for k in range(129)]
        bands = []
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
            at = [k * features.rate / size for k in range(129)]
            rise = [max(0.0, min((f - low) / (middle - low), (high - f) / (high - middle))) for f in at]
            if not any(rise):
                rise[int(np.argmin([abs(f - middle) for f in at]))] = 1.0
            bands.append(np.log(1e-10 + np.dot(rise, power)))
        row = []
        for n in range(13):
            c = sum(b * np.cos(np.pi * n * (m + 0.5) / 26) for m, b in enumerate(bands)) * np.sqrt(2 / 26)
            row.append(c * (1 + 11 * np.sin(np.pi * n / 22)) if n else np.log(1e-10 + sum(power)))
        rows.append(row)
    return np.array(rows)


def test_cepstra_are_those_that_are_written_out() -> None:
    features = SpeechFeatures.at(RATE, frames=9)
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 400).astype(np.float32)
    found = features.of(samples)
    assert found.shape == (3, 39) == (features.frames_of(400), features.shape[1])
    assert_allclose(found[:, :13], mfcc_of(samples, features), rtol=1e-9, atol=1e-9)


def test_differences_are_slopes_and_end_at_the_ends() -> None:
    line = np.arange(10.0)[:, None] * [2.0, -1.0]
    found = with_differences(line)
    assert found.shape == (10, 6)
    assert_allclose(found[2:-2, 2:4], [[2.0, -1.0]] * 6)
    assert found[0, 2] == pytest.approx((1 * 2.0 + 2 * 4.0) / 10)


def test_sequences_end_where_recordings_do(tmp_path: Path) -> None:
    train, test = load("fsdd", digits(tmp_path))
    assert (len(train), len(test), train.classes, train.shape[1]) == (18, 30, ("0", "1", "2"), 39)
    assert train.dtype == "f32" and train.form is not None and train.form.speech is not None
    images, labels = np.empty((18, *train.shape), np.float32), np.empty(18, np.int32)
    train.read(np.arange(18), images, labels)
    ends = [int(np.flatnonzero(one.any(axis=1))[-1]) + 1 for one in images]
    assert sorted(set(ends)) == [1 + (1000 + 200 * n - 200) // 80 for n in (5, 6, 7)]
    seen = np.concatenate([one[:n] for one, n in zip(images, ends, strict=True)])
    assert_allclose(seen.mean(axis=0), 0, atol=1e-4)
    assert_allclose(seen.std(axis=0), 1, atol=1e-3)
    again = Form.from_dict(json.loads(json.dumps(train.form.to_dict())))
    assert again == train.form
    path = tmp_path / "fsdd" / "recordings" / "0_ann_5.wav"
    assert_array_equal(read_numbers(path, again)[0], images[0])


def test_filterbank_values_have_153_features(tmp_path: Path) -> None:
    train, _ = load(digits(tmp_path) / "fsdd", features="filterbank")
    assert train.shape[1] == 153 and "51 filterbank values" in str(train.form)


def test_strings_are_of_one_speaker_and_end_in_no_recording_to_test_on(tmp_path: Path) -> None:
    train, test = load("fsdd-strings", digits(tmp_path))
    assert train.form is not None and train.form.task == LABELS and train.classes == PHONES and len(PHONES) == 19
    assert train.targets == 35 and train.shape == test.shape
    paths = sorted((tmp_path / "fsdd" / "recordings").glob("*_ann_*.wav"))
    strings = list(strings_of(paths, RATE, 0))
    assert all(3 <= len(one.digits) <= 7 for one in strings)
    again = strings_of(paths, RATE, 0)
    assert all(np.array_equal(one.samples, other.samples) for one, other in zip(strings, again, strict=True))
    images, labels = np.empty((len(train), *train.shape), np.float32), np.empty((len(train), 35), np.float32)
    train.read(np.arange(len(train)), images, labels)
    first = labels[0][labels[0] >= 0].astype(int).tolist()
    own = next(strings_of([path for path in paths if int(path.stem[-1]) >= 5], RATE, 0)).digits
    assert first == numbers_of(own) and [PHONES[n] for n in numbers_of("7")] == list(DIGITS["7"])


def test_noise_leaves_what_is_behind_the_end(tmp_path: Path) -> None:
    train, _ = load("fsdd", digits(tmp_path))
    both = [np.empty((18, *train.shape), np.float32) for _ in range(2)]
    truth, rows = np.empty(18, np.int32), np.arange(18)
    train.read(rows, both[0], truth)
    Augmenter(find_augmentation("noise=0.3"), train, 0, 0).read(rows, both[1], truth)
    there = both[0].any(axis=2)
    assert_array_equal(both[1].any(axis=2), there)
    noise = (both[1] - both[0])[there]
    assert noise.std() == pytest.approx(0.3, rel=0.05) and abs(noise.mean()) < 0.02
    assert str(find_augmentation("noise,shift")) == "shift,noise"
    with pytest.raises(SpecError, match=r"noise is 11\.0, must be 0 to 10"):
        find_augmentation("noise=11")


REFUSED = {
    "short": (np.zeros(150), RATE, "has 150 samples, a frame takes 200: it would be empty; leave it out"),
    "rate": (np.zeros(4000), 16000, "has 16,000 samples a second, must have 8,000; convert it: ffmpeg"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_recordings_that_make_no_sequence_are_refused(tmp_path: Path, what: str) -> None:
    samples, rate, message = REFUSED[what]
    write_wav(digits(tmp_path) / "fsdd" / "recordings" / "0_ann_9.wav", samples, rate=rate)
    with pytest.raises(DataError, match=message):
        load("fsdd", tmp_path)


def test_sequences_too_short_for_their_labels_and_features_of_nothing_are_refused(tmp_path: Path) -> None:
    check_path([1, 1, 2], 4, "x")
    with pytest.raises(DataError, match="x has 3 frames for 3 labels, must have 4; leave it out"):
        check_path([1, 1, 2], 3, "x")
    with pytest.raises(DataError, match="features are 'mfcc', but digits holds no recordings"):
        load("digits", features="mfcc")
    with pytest.raises(DataError, match=r"fsdd is not on this machine; .* git clone https://github.com/Jakobovski"):
        load("fsdd", tmp_path)


def sphere(samples: Array, rate: int = RATE) -> bytes:
    """A SPHERE file."""
    lines = [
        "NIST_1A",
        "   1024",
        f"sample_rate -i {rate}",
        "sample_n_bytes -i 2",
        "sample_byte_format -s2 01",
        "end_head",
    ]
    return "\n".join(lines).encode().ljust(1024) + np.rint(samples * 32767).astype("<i2").tobytes()


def utterance(folder: Path, name: str, phones: str, count: int = 2000, riff: bool = False) -> None:
    """A recording of noise, and phones beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(len(name) + count).uniform(-0.5, 0.5, count)
    if riff:
        write_wav(folder / f"{name}.WAV", samples, rate=RATE)
    else:
        (folder / f"{name}.WAV").write_bytes(sphere(samples))
    lines = [f"{100 * n} {100 * n + 100} {phone}" for n, phone in enumerate(phones.split())]
    (folder / f"{name}.PHN").write_text("\n".join(lines) + "\n")


def test_timits_folders_are_utterances_of_phones(tmp_path: Path) -> None:
    utterance(tmp_path / "TRAIN" / "DR1" / "FCJF0", "SX1", "h# sh iy q h#")
    utterance(tmp_path / "TRAIN" / "DR1" / "FCJF0", "SA1", "h# sh h#")
    utterance(tmp_path / "TRAIN" / "DR2" / "MABC0", "SI2", "h# ix h#", 3000, riff=True)
    utterance(tmp_path / "TEST" / "DR1" / "MDAB0", "SX3", "h# zh ux", 2500)
    train, test = load(tmp_path)
    assert len(train) == 2 and len(test) == 1 and len(train.classes) == 61 and train.targets == 5
    assert train.shape == (1 + (3000 - 200) // 80, 153)
    images, labels = np.empty((2, *train.shape), np.float32), np.empty((2, 5), np.float32)
    train.read(np.arange(2), images, labels)
    assert [train.classes[int(n)] for n in labels[0]] == ["h#", "sh", "iy", "q", "h#"] and labels[1, 3:].tolist() == [
        -1,
        -1,
    ]
    fold = folding(train.classes)
    assert len(set(fold(list(range(61))))) == 39 and len(fold(list(range(61)))) == 60
    assert fold([train.classes.index("zh")]) == fold([train.classes.index("sh")])
    (tmp_path / "TEST" / "DR1" / "MDAB0" / "SX3.PHN").write_text("0 100 nope\n")
    with pytest.raises(DataError, match=r"SX3\.PHN, line 1: '0 100 nope' is not BEGIN END PHONE"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["fsdd", "fsdd-strings"])
def test_a_form_without_classes_takes_those_of_the_data(tmp_path: Path, name: str) -> None:
    digits(tmp_path)
    own = load_splits(name, tmp_path, features="mfcc").train
    assert own.form is not None
    again = load_splits(name, tmp_path, form=replace(own.form, classes=())).train
    assert again.classes == own.classes and again.form == own.form


def test_labels_are_not_taken_for_the_classes_of_a_network(tmp_path: Path) -> None:
    """Nor TIMIT's phones for those of strings; features of another network, without its classes, will do."""
    digits(tmp_path)
    own, strings = (load_splits(name, tmp_path, features="mfcc").train for name in ("fsdd", "fsdd-strings"))
    assert own.form is not None and strings.form is not None
    with pytest.raises(DataError, match=r"have 19 phones as labels, the network was trained on others, or on classes;"):
        load_splits("fsdd-strings", tmp_path, form=own.form)
    long = replace(own.form, classes=(), speech=strings.form.speech)
    again = load_splits("fsdd-strings", tmp_path, form=long).train
    assert again.form is not None and again.form.task == LABELS and again.classes == strings.classes
    utterance(tmp_path / "t" / "TRAIN" / "DR1" / "FCJF0", "SX1", "h# sh iy q h#")
    utterance(tmp_path / "t" / "TEST" / "DR1" / "MDAB0", "SX3", "h# zh ux", 2500)
    with pytest.raises(DataError, match="has TIMIT's phones as labels, the network was trained on others"):
        load(tmp_path / "t", form=strings.form)


def test_networks_hear_recordings_in_sphere_form(tmp_path: Path) -> None:
    """As those that TIMIT's are trained on; of long ones the beginning."""
    folder = tmp_path / "t" / "TRAIN" / "DR1" / "FCJF0"
    utterance(folder, "SX1", "h# sh iy q h#")
    utterance(tmp_path / "t" / "TEST" / "DR1" / "MDAB0", "SX3", "h# zh ux")
    train, _ = load(tmp_path / "t")
    assert train.form is not None
    own = np.empty((1, *train.shape), np.float32)
    train.read(np.zeros(1, np.int64), own, np.empty((1, train.targets), np.float32))
    assert np.array_equal(read_numbers(folder / "SX1.WAV", train.form), own)
    utterance(tmp_path, "long", "h# sh h#", 4000)
    told = cut_of(tmp_path / "long.WAV", train.form)
    assert told is not None and told.endswith(f"has 48 frames, of which the network hears the first {train.shape[0]}")
