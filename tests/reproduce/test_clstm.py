"""Wang et al., C-LSTM: the rows, their published figures, and the quotients of the abstract."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from wav_files import tone, write_wav

from linocut.reproduce import clstm, clstm_training
from linocut.reproduce.asked import Asked
from linocut.reproduce.row import Row


@pytest.fixture(scope="module")
def found() -> list[Row]:
    return list(clstm.rows(Asked(True, None, None, None, 1, lambda text: None)))


def of(found: list[Row], table: str) -> list[Row]:
    return [row for row in found if row.table == table]


def test_numbers_and_work_are_those_of_the_page(found: list[Row]) -> None:
    counts = [round(1e6 * (row.ours or 0)) for row in of(found, clstm.NUMBERS)]
    assert counts == [
        *(8_012_862, 4_031_550, 2_040_894, 1_045_566, 545_854),
        *(6_491_198, 3_267_646, 1_653_822, 846_910, 445_502),
    ]
    work = [row.ours for row in of(found, clstm.WORK)][:5]
    assert work == [3_248_128, 1_626_112, 1_222_656, 718_376, 387_940]
    assert [row.ours for row in of(found, clstm.WEIGHTS)][:5] == [6344, 3176, 1592, 800, 400]


def test_rates_are_within_a_percent_of_the_published(found: list[Row]) -> None:
    rows = [*of(found, clstm.RATES), *of(found, clstm.ENERGY)]
    assert len(rows) == 10
    for row in rows:
        assert row.ours == pytest.approx(row.published, rel=0.01), row
    quotients = of(found, clstm.AGAINST)
    assert [row.published for row in quotients] == [18.8, 33.5]
    assert [round(row.ours or 0, 1) for row in quotients] == [18.8, 33.5]


def test_tables_are_whole_and_rows_say_how_they_are_found(found: list[Row]) -> None:
    tables = [row.table for row in found]
    assert len(set(tables)) == 1 + sum(a != b for a, b in pairwise(tables))
    assert all(row.command for row in found if row.how is not None)
    assert all(row.ours is None for row in of(found, clstm.ERRORS))


def test_trainings_come_to_figures_in_floats_and_in_16_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for digit in range(3):
        for number in range(9):
            samples = tone(300 + 300 * digit, 0.2 + 0.01 * number, number)
            for speaker in ("ann", "bob"):
                write_wav(tmp_path / "fsdd/recordings" / f"{digit}_{speaker}_{number}.wav", samples)
    monkeypatch.setattr(clstm_training, "SPEAKERS", ("ann", "bob"))
    for name in ("DIGITS", "STRINGS"):
        monkeypatch.setattr(clstm_training, name, replace(getattr(clstm_training, name), batch=4))
    asked = Asked(True, None, tmp_path / "runs", tmp_path, 1, lambda text: None)
    found = list(clstm._trainings(asked))
    assert [len(of(found, table)) for table in (clstm.ACCURACY, clstm.STRINGS_ERRORS, clstm.LEFT_OUT)] == [4, 4, 4]
    assert all(0 <= (row.ours if row.ours is not None else -1) <= 200 for row in found)
    assert next(clstm._trainings(asked)) == found[0]  # kept, and not trained again
    everybody = list(clstm._left_out(replace(asked, quick=False, epochs=1)))
    assert [row.row for row in everybody[-4:]] == [
        *("block 1, mean of 2 speakers", "block 1, mean of 2 speakers, in 16 bits"),
        *("block 8, mean of 2 speakers", "block 8, mean of 2 speakers, in 16 bits"),
    ]
    assert "--test-speaker bob" in everybody[7].command
    assert np.isfinite([row.seconds or 0.0 for row in found]).all()
