"""`linocut bench`: every instruction timed, counted and set beside the peak of its arithmetic."""

from __future__ import annotations

import json

import pytest

from linocut import _native
from linocut.cli import main

SMALL = [
    "bench",
    "--model",
    "mlp",
    "--hidden",
    "130,64",
    "--input",
    "9x9x1",
    "--classes",
    "5",
    "--batch",
    "20",
    "--steps",
    "3",
]


def test_every_instruction_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--threads", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["policy"], found["batch"], found["threads"]) == ("mlp", "lean", 20, 1)
    rows = found["instructions"]
    assert {"weight_gradient_adam", "binary_matmul", "norm_statistics"} <= {row["op"] for row in rows}
    assert all(row["seconds"] > 0 for row in rows)
    (product,) = (row for row in rows if row["about"] == "train.binary_dense3.Y")
    assert (product["kind"], product["operations"]) == ("xnor", 20 * 64 * 5)
    expected = product["operations"] / product["seconds"] / found["peaks"]["xnor"]
    assert product["share_of_peak"] == pytest.approx(expected)
    assert sum(row["seconds"] for row in rows) == pytest.approx(found["seconds"], rel=0.5)
    least = sum(row["operations"] / found["peaks"][row["kind"]] for row in rows if row["kind"] != "element")
    assert found["least_seconds"] == pytest.approx(least)
    assert 0 < found["share_of_limit"] < 1


def test_tables_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SMALL) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "mlp, lean, adam, batch 20: section train" in lines[0] and "medians of 3" in lines[0]
    assert any(line.startswith("weight_gradient_adam") and "GMAC/s" in line for line in lines)
    assert main([*SMALL, "--each"]) == 0
    assert "train.binary_dense3.Y" in capsys.readouterr().out


def test_prediction_is_a_section_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--predict", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["section"] == "predict"
    assert not any("gradient" in row["op"] for row in found["instructions"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--steps", "0"], "steps is 0, must be 1 to 100,000"),
        (["--threads", "0"], "threads is 0"),
        (["--each", "--json"], "--json has every instruction"),
        (["--policy", "lena"], "lean"),
    ],
)
def test_bad_options_are_named(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, *given]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("isa", _native.isas())
def test_every_set_has_peaks(isa: str) -> None:
    xnor, int8, floats = (_native.peak(isa, kind) for kind in ("xnor", "int8", "float"))
    assert xnor > int8 > 0 and floats > 0
    int4, int8 = (max(_native.peak(isa, kind) for _ in range(3)) for kind in ("int4_sign", "int8_sign"))
    assert int4 > int8 * 0.7 > 0  # the largest of three each: other work disturbs one


def test_a_kind_without_a_peak_is_refused() -> None:
    with pytest.raises(ValueError, match="'element' has no peak, must be xnor, int8, int8_sign, int4_sign or float"):
        _native.peak("", "element")
