"""Recordings parted by who speaks: names that say it, what is tested on then, and runs that remember it."""

from __future__ import annotations

from pathlib import Path

import pytest
from wav_files import tone, write_wav

from linocut.cli import main
from linocut.data import load
from linocut.data.recordings import find_recordings
from linocut.errors import DataError

pytestmark = pytest.mark.usefixtures("home")
SPEAKERS = ("ann", "bob", "cid")


def recordings(root: Path, name: str) -> Path:
    """Two classes by three speakers, four recordings of each, called as `name` has it."""
    for label, word in enumerate(("1", "2")):
        for speaker in SPEAKERS:
            for number in range(4):
                path = root / name.format(word=word, speaker=speaker, number=number)
                write_wav(path, tone(400 + 900 * label, 0.1 + 0.02 * number, number))
    return root


@pytest.mark.parametrize(
    "name",
    [
        "{word}_{speaker}_{number}.wav",
        "recordings/{word}_{speaker}_{number}.wav",
        "{word}/{speaker}_nohash_{number}.wav",
        "{word}/{speaker}/{number}.wav",
        "train/{word}/{speaker}_{number}.wav",
    ],
)
def test_all_recordings_of_the_speaker_are_tested_on_and_no_others(tmp_path: Path, name: str) -> None:
    recordings(tmp_path, name)
    found = find_recordings(tmp_path, "bob")
    assert {one.speaker for one in found.test} == {"bob"} and len(found.test) == 8
    assert {one.speaker for one in found.train} == {"ann", "cid"} and len(found.train) == 16
    assert "tests on speaker bob alone" in found.notes[-1]


def test_the_speaker_is_sought_in_folders_to_train_and_to_test_on(tmp_path: Path) -> None:
    recordings(tmp_path / "train", "{word}/{speaker}_{number}.wav")
    write_wav(tmp_path / "test" / "1" / "bob_9.wav", tone(400))
    write_wav(tmp_path / "test" / "1" / "dan_9.wav", tone(400))
    assert len(find_recordings(tmp_path).test) == 2
    found = find_recordings(tmp_path, "bob")
    assert len(found.test) == 9 and len(found.train) == 17


def test_a_trained_networks_speaker_counts_where_there_are_any_of_theirs(tmp_path: Path) -> None:
    recordings(tmp_path, "{word}_{speaker}_{number}.wav")
    assert {one.speaker for one in find_recordings(tmp_path, None, "cid").test} == {"cid"}
    assert find_recordings(tmp_path, None, "eve") == find_recordings(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{word}_{speaker}_{number}.wav", "no speaker in .* is called 'bo'; there are ann, bob, cid; did you mean bob"),
        ("{word}/{speaker}{number}.wav", "test_speaker is 'bo', but no name in .* says who speaks; call files CLASS_"),
    ],
)
def test_speakers_of_whom_there_is_nothing_are_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        find_recordings(recordings(tmp_path, name), "bo")


def test_who_speaks_alone_cannot_be_tested_on_and_other_data_have_no_speakers(tmp_path: Path) -> None:
    for word in "12":
        write_wav(tmp_path / f"{word}_ann_0.wav", tone(400))
    with pytest.raises(DataError, match="holds recordings of ann alone, must hold those of others to train on"):
        find_recordings(tmp_path, "ann")
    with pytest.raises(DataError, match="test_speaker is 'ann', but digits holds no recordings; leave it out"):
        load("digits", test_speaker="ann")


@pytest.mark.parametrize("features", ["mfcc", "log_mel"])
def test_examples_and_their_form_are_parted_by_speaker(tmp_path: Path, features: str) -> None:
    recordings(tmp_path, "{word}_{speaker}_{number}.wav")
    train, test = load(tmp_path, features=features, test_speaker="bob")
    assert (len(train), len(test)) == (16, 8) and train.form is not None and train.form.test_speaker == "bob"
    again = load(tmp_path, form=train.form)
    assert (len(again[0]), len(again[1])) == (16, 8)


def test_strings_are_of_others_than_those_tested_on(tmp_path: Path) -> None:
    recordings(tmp_path / "fsdd", "{word}_{speaker}_{number}.wav")
    train, test = load("fsdd-strings", tmp_path, test_speaker="bob")
    assert train.form is not None and train.form.test_speaker == "bob"
    assert len(train) > len(test) > 0 and "tests on speaker bob alone" in test.notes[0]


def test_runs_are_evaluated_and_gone_on_with_by_their_speaker(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = str(recordings(tmp_path / "words", "{word}/{speaker}/{number}.wav"))
    out = str(tmp_path / "run")
    more = ["--policy", "standard", "--batch", "8", "--threads", "1", "--epochs", "1"]
    main(["train", "--model", "lstm", "--block", "16", "--data", data, "--test-speaker", "cid", "--out", out, *more])
    assert "tests on speaker cid alone" in capfd.readouterr().out
    assert main(["eval", out]) == 0
    assert "on 8 examples" in capfd.readouterr().out
    assert main(["train", "--resume", "--out", out, "--epochs", "2"]) == 0
    assert main(["train", "--resume", "--out", out, "--epochs", "3", "--test-speaker", "bob"]) != 0
    said = capfd.readouterr()
    assert "tests on speaker cid alone" in said.out and "holds a run of test speaker cid, not bob" in said.err
