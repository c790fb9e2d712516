"""Radio signals: those made by formula, and I/Q samples in files of every form."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.data.modulation import MODULATIONS, SNRS, STEPS, received, root_raised_cosine
from linocut.errors import DataError

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def signals():
    return lc.data.radio_signals(3, 2, seed=7)


def numbers(dataset):
    images = np.empty((len(dataset), STEPS, 2), np.uint8)
    labels = np.empty(len(dataset), np.int32)
    dataset.read(np.arange(len(dataset)), images, labels)
    return images, labels


def test_all_modulations_at_all_ratios(signals) -> None:
    train, test = signals
    assert len(MODULATIONS) == 11 and (len(train), len(test)) == (11 * 20 * 3, 11 * 20 * 2)
    _, labels = numbers(train)
    what, ratios = train.conditions
    assert what == "SNR [dB]"
    assert {(label, ratio) for label, ratio in zip(labels.tolist(), ratios.tolist(), strict=True)} == {
        (label, float(ratio)) for label in range(11) for ratio in SNRS
    }
    part = lc.data.take(train, 50)
    assert part.conditions[1].tolist() == ratios[:50].tolist()


def test_a_seed_means_the_same_signals_and_test_data_are_others(signals) -> None:
    again = lc.data.radio_signals(3, 2, seed=7)
    assert np.array_equal(numbers(signals[0])[0], numbers(again[0])[0])
    other = lc.data.radio_signals(3, 2, seed=8)
    assert not np.array_equal(numbers(signals[0])[0], numbers(other[0])[0])
    assert not np.array_equal(numbers(signals[0])[0][:20], numbers(signals[1])[0][:20])


@pytest.mark.parametrize("name", MODULATIONS)
def test_noise_is_as_strong_as_the_ratio_says(name: str) -> None:
    """Of what is received twice from one stream, once with hardly any noise, the difference is the noise."""
    long = MODULATIONS[name](40, np.random.default_rng(1))
    clean = received(long, np.full(40, 200.0), np.random.default_rng(2))
    assert np.mean(np.abs(clean) ** 2, axis=1) == pytest.approx(1.0)
    noisy = received(long, np.full(40, 0.0), np.random.default_rng(2))
    shares = np.abs(np.sum(noisy * clean.conj(), axis=1)) ** 2 / STEPS**2  # of power 1, what is the signal
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.05)


def test_the_filter_of_symbols_has_none_of_its_neighbours() -> None:
    taps = root_raised_cosine()
    pulse = np.convolve(taps, taps)
    middle = len(pulse) // 2
    assert pulse[middle] == pytest.approx(1.0)
    assert np.abs(pulse[middle + 8 : middle + 25 : 8]).max() < 0.02


@pytest.mark.parametrize(("how", "reason"), [({"train": 0}, "train is 0"), ({"seed": -1}, "seed is -1")])
def test_counts_that_cannot_be(how: dict[str, int], reason: str) -> None:
    with pytest.raises(DataError, match=f"modulation {reason}, must be a whole number"):
        lc.data.radio_signals(**how)


def tones(count: int, frequency: float) -> np.ndarray:
    phase = RNG.uniform(0, 1, (count, 1))
    noise = RNG.standard_normal((2, count, STEPS)) * 0.1
    return np.exp(2j * np.pi * (frequency * np.arange(STEPS) + phase)) + noise[0] + 1j * noise[1]


def interleaved(z: np.ndarray) -> np.ndarray:
    return np.stack([z.real, z.imag], axis=-1).ravel()


def raw_folder(path: Path) -> Path:
    for name, frequency in (("high", 0.2), ("low", 0.02)):
        (path / name).mkdir(parents=True)
        interleaved(tones(12, frequency)).astype("<f4").tofile(path / name / "a.cf32")
        whole = np.rint(interleaved(tones(8, frequency))[:-20] * 1000)
        (whole / 1000).astype("<f4").tofile(path / name / "b.cf32")
    return path


def test_complex_arrays_are_pairs_with_one_range(tmp_path: Path) -> None:
    x = np.concatenate([tones(30, 0.02), tones(30, 0.2)]).astype(np.complex64)
    np.savez(tmp_path / "tones.npz", x=x * 3, y=np.repeat(["low", "high"], 30))
    train, test = lc.data.load(tmp_path / "tones.npz")
    assert train.shape == (STEPS, 2) and len(train) + len(test) == 60
    coding = train.form.coding
    assert coding.low == (-coding.high[0], -coding.high[1]) and coding.high[0] == coding.high[1]


def test_raw_samples_in_class_folders(tmp_path: Path) -> None:
    train, test = lc.data.load(raw_folder(tmp_path / "radio"))
    assert train.classes == ("high", "low") and len(train) + len(test) == 2 * (12 + 7)
    assert "samples at the ends of files are left out" in train.notes[0]


def test_samples_of_16_bits_train_and_predict(tmp_path: Path, linocut) -> None:
    for name, frequency in (("high", 0.2), ("low", 0.02)):
        (tmp_path / "radio" / name).mkdir(parents=True)
        np.rint(interleaved(tones(40, frequency)) * 1000).astype("<i2").tofile(tmp_path / "radio" / name / "a.cs16")
    network = Path(__file__).parents[2] / "examples" / "radio.toml"
    words = ["train", "--model", network, "--data", tmp_path / "radio", "--batch", "16", "--lr", "0.01"]
    status, out, err = linocut(*words, "--epochs", 8, "--threads", 1, "--out", tmp_path / "run", "--json")
    assert status == 0, err
    assert json.loads(out.splitlines()[-1])["accuracy"] > 0.9
    status, out, err = linocut("predict", tmp_path / "run", tmp_path / "radio" / "low" / "a.cs16", "--json")
    assert status == 0, err
    answers = [json.loads(line)["class"] for line in out.splitlines()]
    assert len(answers) == 40 and answers.count("low") > 35


def test_a_file_that_is_cut_short(tmp_path: Path) -> None:
    folder = raw_folder(tmp_path / "radio")
    with (folder / "low" / "a.cf32").open("ab") as file:
        file.write(b"123")
    with pytest.raises(DataError, match=r"a.cf32 has 12,291 bytes, must be whole samples of 8 .* it is cut short"):
        lc.data.load(folder)


def test_a_class_without_examples(tmp_path: Path) -> None:
    folder = raw_folder(tmp_path / "radio")
    (folder / "none").mkdir()
    np.zeros(10, "<f4").tofile(folder / "none" / "a.cf32")
    with pytest.raises(DataError, match="none has no 128 samples, must have examples of its class"):
        lc.data.load(folder)


def radioml(path: Path, **changes) -> Path:
    content = {
        (name, ratio): np.stack([tones(12, f).real, tones(12, f).imag], axis=1).astype(np.float32)
        for name, f in (("high", 0.2), ("low", 0.02))
        for ratio in (-4, 10)
    }
    content.update(changes.get("more", {}))
    path.write_bytes(pickle.dumps(content, protocol=2))
    return path


def test_radioml_as_it_is_published(tmp_path: Path) -> None:
    path = radioml(tmp_path / "RML2016.10a_dict.pkl")
    train, test = lc.data.load(path)
    assert (train.classes, train.shape, len(train) + len(test)) == (("high", "low"), (STEPS, 2), 48)
    assert set(test.conditions[1].tolist()) <= {-4.0, 10.0}


def test_a_pickle_that_is_none_of_radioml(tmp_path: Path) -> None:
    path = radioml(tmp_path / "other.pkl", more={("odd", 0): np.zeros((3, 2, 100), np.float32)})
    with pytest.raises(DataError, match=r"is not RadioML 2016\.10a's dictionary, and nothing in it was run"):
        lc.data.load(path)
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(DataError, match="nothing in it was run"):
        lc.data.load(path)


def test_accuracy_by_ratio(signals, tmp_path: Path) -> None:
    from linocut.run.conditions import by_condition

    train, test = signals
    trainer = lc.Trainer(lc.models.complex_radio(dtype="u8", widths=(8, 6), rotate=False), batch_size=60, threads=1)
    trainer.fit(train, epochs=1)
    trainer.save(tmp_path / "run")
    predictor = lc.load(tmp_path / "run")
    what, scores = by_condition(predictor, test)
    assert what == "SNR [dB]" and [score.value for score in scores] == [float(ratio) for ratio in SNRS]
    right = sum(score.accuracy * score.examples for score in scores) / len(test)
    assert right == pytest.approx(predictor.evaluate(test).accuracy)
