"""Accuracies of cells from files: NASBench-101's records, sound and damaged, CSV and JSON."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from nasbench_files import crc, framed, masked, record

from linocut.errors import DataError
from linocut.networks import nasbench
from linocut.networks.nasbench.tfrecord import MOST_BYTES, crc32c, records

README = "1523787:45"


def _file(folder: Path, *records: bytes) -> Path:
    path = folder / "nasbench_only108.tfrecord"
    path.write_bytes(b"".join(map(framed, records)))
    return path


def test_checksums_are_those_of_the_definition() -> None:
    random = np.random.default_rng(0)
    texts = [b"", b"123456789", *(random.bytes(int(length)) for length in random.integers(0, 70, 40))]
    assert crc32c(texts).tolist() == [crc(text) for text in texts]
    assert crc32c([b"123456789"]).tolist() == [0xE3069283]  # as RFC 3720 and others give it
    assert crc32c([]).tolist() == []


def test_accuracies_of_several_trainings_are_means(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        record("1771019:83", 0.90),  # the README's cell as it is written, and as it is kept
        record("1:0", 0.5),
        record(README, 0.94),
        record("1:0", 0.75, epochs=12),  # of nasbench_full.tfrecord
    )
    found = nasbench.read_accuracies(path)
    assert found.trainings == 3
    assert found.cells.tolist() == [0, 359_715]
    assert found.accuracy == pytest.approx([0.5, 0.92])


def test_what_is_left_of_a_file_that_was_cut_is_counted(tmp_path: Path) -> None:
    first, second = record("1:0", 0.5), record(README, 0.9)
    path = _file(tmp_path, first, second)
    path.write_bytes(path.read_bytes()[:-9])
    promised = f"record 1 promises {len(second)} B and a checksum of 4, {len(second) - 5} B are left"
    with pytest.raises(DataError, match=promised):
        nasbench.read_accuracies(path)
    path.write_bytes(path.read_bytes()[: len(framed(first)) + 7])
    with pytest.raises(DataError, match="record 1 has 7 of the 12 B that it begins with"):
        nasbench.read_accuracies(path)


def test_a_folder_is_named_once(tmp_path: Path) -> None:
    for name in ("a.json", "a.csv", "a.tfrecord", "a"):
        (tmp_path / name).mkdir()
        with pytest.raises(DataError) as caught:
            nasbench.read_accuracies(tmp_path / name)
        assert str(caught.value).count("cannot be read") == str(caught.value).count("; give") == 1


def test_no_byte_of_a_file_may_be_another(tmp_path: Path) -> None:
    path = _file(tmp_path, record("1:0", 0.5), record(README, 0.9))
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        with pytest.raises(DataError) as caught:
            nasbench.read_accuracies(path)
        assert "damaged" in str(caught.value) or "no TFRecord" in str(caught.value) or "cut" in str(caught.value)
        assert "\n" not in str(caught.value)
    for length in (1, 11, 12, 50, len(sound) - 1):
        path.write_bytes(sound[:length])
        with pytest.raises(DataError, match=r"is cut|no TFRecord|no sound length"):
            nasbench.read_accuracies(path)


LIST = "it is no list of a hash, epochs, a matrix, operations and metrics"


def _metrics(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"matrix": "0100"}, "must be a list of 2 names"),
        ({"matrix": "01010"}, "no square"),
        ({"matrix": "0a00"}, "its matrix is not of 0 and 1"),
        ({"matrix": None}, LIST),
        ({"operations": 3}, LIST),
        ({"metrics": 3}, LIST),
        ({"epochs": True}, LIST),
        ({"metrics": _metrics(b"\x10\x05")}, "its metrics lack evaluations, or the number of parameters"),
        ({"metrics": _metrics(b"\x0a\x00\x08\x05")}, "its metrics lack evaluations, or the number of parameters"),
        ({"metrics": _metrics(b"\x08\x05\x10\x05")}, "its metrics are of other types"),
        ({"metrics": _metrics(b"\x0a\x00\x10\x05")}, "its last evaluation lacks an accuracy"),
        ({"metrics": _metrics(b"\x09\x00")}, "field 1 of its metrics is cut"),
        ({"metrics": _metrics(b"\x0a\x80")}, "a number in its metrics is cut"),
        ({"metrics": _metrics(b"\xff" * 12)}, "more than 64 bits"),
        ({"operations": "input,conv5x5,output"}, "did you mean|no operation of a cell"),
        ({"metrics": "!"}, "its metrics are not in base64"),
        ({"metrics": ""}, "its metrics lack evaluations"),
        ({"metrics": base64.b64encode(b"\x0a\x7f").decode()}, "is cut"),
        ({"metrics": base64.b64encode(b"\x0b").decode()}, "unknown wire type 3"),
    ],
)
def test_records_of_something_else_are_named(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    path = _file(tmp_path, record("1:0", 0.5), record("5:0", 0.5, **changed))
    with pytest.raises(DataError, match=message) as caught:
        nasbench.read_accuracies(path)
    assert "record 1" in str(caught.value)


def test_other_networks_and_accuracies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is of 5 parameters, its cell 1:0 has 882,570"):
        nasbench.read_accuracies(_file(tmp_path, record("1:0", 0.5, parameters=5)))
    with pytest.raises(DataError, match="an accuracy is 94"):
        nasbench.read_accuracies(_file(tmp_path, record("1:0", 94.0)))
    with pytest.raises(DataError, match="no trainings of 108 epochs"):
        nasbench.read_accuracies(_file(tmp_path, record("1:0", 0.5, epochs=4)))
    with pytest.raises(DataError, match="is empty"):
        nasbench.read_accuracies(_file(tmp_path))
    with pytest.raises(DataError, match="cannot be read"):
        nasbench.read_accuracies(tmp_path / "absent.tfrecord")
    length = struct.pack("<Q", MOST_BYTES + 1)
    large = tmp_path / "large.tfrecord"
    large.write_bytes(length + masked(length) + bytes(MOST_BYTES + 5))
    with pytest.raises(DataError, match="has a record of 1,048,577 B"):
        list(records(large))


def test_tables_are_read(tmp_path: Path) -> None:
    table, objects, listed = tmp_path / "a.csv", tmp_path / "a.json", tmp_path / "b.json"
    table.write_text("accuracy,cell\n0.5,1:0\n\n0.9,1523787:45\n")
    objects.write_text(json.dumps({"1:0": 0.5, "1771019:83": 0.9}))
    described = {**nasbench.to_json(nasbench.read_cell(README)), "accuracy": 0.9}
    listed.write_text(json.dumps([{"cell": "1:0", "accuracy": 0.5}, described]))
    for path in (table, objects, listed):
        found = nasbench.read_accuracies(path)
        assert (found.cells.tolist(), found.accuracy.tolist()) == ([0, 359_715], [0.5, 0.9])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "cell,score\n1:0,0.5\n", "lacks accuracy"),
        ("a.csv", "", "lacks cell"),
        ("a.csv", "cell,accuracy\n", "has no accuracies"),
        ("a.csv", "cell,accuracy\n1:0,93.5\n", "line 2: accuracy is '93.5', must be a part of one"),
        ("a.csv", "cell,accuracy\n1:0,nan\n", "line 2: accuracy is 'nan'"),
        ("a.csv", "cell,accuracy\n1:0\n", "line 2: 1 cells, there are 2 columns"),
        ("a.csv", "cell,accuracy\nno,0.5\n", "line 2: 'no' is no cell"),
        ("a.csv", "cell,accuracy,accuracy\n1:0,0.5,0.6\n", "has the column accuracy 2 times, must have it once"),
        ("a.json", "[", "is not JSON"),
        ("a.json", "[" * 100_000, "it is nested too deep; give nasbench_only108.tfrecord"),
        ("a.json", '{"1:0": true}', "a.json, 1:0: accuracy is True, must be a part of one"),
        ("a.json", '[{"cell": "1:0", "accuracy": true}]', "entry 0: accuracy is True, must be a part of one"),
        ("a.json", '{"1:0": "0.5"}', "accuracy is '0.5', must be a part of one"),
        ("a.json", '{"1:0": NaN}', "accuracy is nan, must be a part of one"),
        ("a.json", f'{{"1:0": {"9" * 400}}}', "must be a part of one"),
        ("a.json", '{"1:0": 0.5, "5:0": 0.5, "1:0": 0.6}', "an object has '1:0' twice"),
        ("a.json", "3", "is no table of accuracies"),
        ("a.json", '[{"cell": "1:0"}]', "entry 0: has no accuracy"),
        ("a.json", '{"1:7": 0.5}', "labels are 7, must be 0 to 0"),
        ("a.txt", "\x00", "is not JSON"),
    ],
)
def test_tables_that_cannot_be_read_are_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        nasbench.read_accuracies(tmp_path / name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
