"""`linocut nasbench`: what each command prints and writes, and its one line for what is wrong."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from linocut.report import nasbench_plots

README = "1771019:83"


def test_enumerate_counts(linocut, elsewhere) -> None:
    status, out, _ = linocut("nasbench", "enumerate", "--vertices", 6, "--out", "cells.npz", "--json")
    found = json.loads(out)
    assert (status, found["cells"], found["cumulative"]) == (0, 64542, [1, 7, 91, 2532, 64542])
    assert found["seconds"] >= 0
    arrays = np.load("cells.npz")
    assert len(arrays["bits"]) == len(arrays["parameters"]) == 64542
    assert "64,542 cells" in linocut("nasbench", "enumerate", "--vertices", 6)[1]


def test_describe_says_what_a_cell_is(linocut, elsewhere) -> None:
    with open("known.csv", "w") as file:
        file.write("cell,accuracy\n1523787:45,0.9383\n")
    asked = "nasbench", "describe", README, "--on", "edgetpu-v1", "--accuracy", "known.csv"
    status, out, _ = linocut(*asked, "--json")
    found = json.loads(out)
    assert (status, found["parameters"], found["macs"], found["kept"]) == (0, 2694282, 402002944, "1523787:45")
    (row,) = found["devices"]
    assert (row["device"], round(row["ms"], 5), round(row["uj"], 2)) == ("edgetpu-v1", 0.12816, 268.5)
    assert found["accuracy"] == 0.9383
    text = linocut(*asked)[1]
    assert "2,694,282" in text and "not cycle accurate" in text and "93.8%" in text


def test_bits_alone_are_of_3x3_convolutions(linocut) -> None:
    alone, zero = (json.loads(linocut("nasbench", "describe", cell, "--json")[1]) for cell in ("1771019", "1771019:0"))
    assert alone == zero and alone["operations"] == ["conv3x3"] * 5


def test_a_described_cell_is_a_network_that_train_takes(linocut, elsewhere) -> None:
    assert linocut("nasbench", "describe", "1:0", "--binary", "--out", "cell.toml")[0] == 0
    status, out, err = linocut("plan", "--model", "cell.toml", "--batch", 2, "--json")
    assert status == 0, err
    assert json.loads(out)["model"] == "nasbench-1-0-binary"


def test_sweep_prints_findings_and_writes_them(linocut, elsewhere) -> None:
    asked = "nasbench", "sweep", "--vertices", 5, "--on", "edgetpu-v2", "--on", "coral-usb", "--caching", "all"
    status, out, _ = linocut(*asked, "--out", "sweep.npz", "--json")
    found = json.loads(out)
    assert (status, found["cells"], found["caching"]) == (0, 2532, "all")
    assert [one["device"] for one in found["devices"]] == ["edgetpu-v2", "coral-usb"]
    assert np.load("sweep.npz")["ms"].shape == (2532, 2)
    assert "not cycle accurate" in found["about"]
    text = linocut(*asked)[1]
    assert "depth" in text and "2,532 cells on 2 devices" in text


def test_plot_draws_a_sweep(linocut, elsewhere) -> None:
    pytest.importorskip("matplotlib")
    linocut("nasbench", "sweep", "--vertices", 4, "--out", "sweep.npz")
    status, _, err = linocut("nasbench", "plot", "--from", "sweep.npz", "--out", "pictures")
    assert (status, err.count("wrote pictures/nasbench-")) == (0, 5)
    status, _, err = linocut("nasbench", "plot", "--from", "sweep.npz", "--caching", "all", "--out", "pictures")
    assert (status, "leave --on and --caching out" in err) == (2, True)
    drawn = {path: path.stat().st_mtime_ns for path in Path("pictures").iterdir()}
    status, _, err = linocut("nasbench", "plot", "--from", "sweep.npz", "--out", "pictures")
    assert status == 2 and "pictures/nasbench-distributions.png exists already; give --force" in err
    assert {path: path.stat().st_mtime_ns for path in Path("pictures").iterdir()} == drawn
    nasbench_plots.check(Path("pictures"), force=True)
    status, _, err = linocut("nasbench", "plot", "--from", "sweep.npz", "--out", "sweep.npz", "--force")
    assert status == 2 and "sweep.npz is there, and no folder for pictures" in err


def test_search_finds_and_writes_the_best(linocut, elsewhere) -> None:
    asked = "nasbench", "search", "--on", "edgetpu-v1", "--max-ms", 0.1
    status, out, _ = linocut(*asked, "--out", "best.toml", "--json")
    found = json.loads(out)
    assert (status, found["by"], found["looked_at"]) == (0, "macs", 423624)
    assert found["chosen"]["ms"] <= 0.1 and found["chosen"] in found["pareto"]
    status, out, _ = linocut("plan", "--model", "best.toml", "--batch", 1, "--json")
    assert status == 0
    with open("known.json", "w") as file:
        json.dump({"1:0": 0.7, "1523787:45": 0.94}, file)
    text = linocut(*asked, "--accuracy", "known.json")[1]
    assert "70.0%  <- the best within 0.1 ms" in text and "2 of 2 cells" in text


def test_a_cost_model_is_trained_and_asked(linocut, elsewhere) -> None:
    pytest.importorskip("torch")
    asked = "nasbench", "train-cost-model", "--vertices", 5, "--on", "edgetpu-v1", "--examples", 64, "--epochs", 2
    status, out, _ = linocut(*asked, "--out", "cost.safetensors", "--json")
    found = json.loads(out)
    assert (status, found["examples"], found["epochs"], found["test"][0]["examples"]) == (0, 64, 2, 507)
    assert "not calibrated; not cycle accurate" in found["about"]
    assert found["answer_ms"] > 0 and found["answers_per_s"] > 0
    text = linocut(*asked, "--out", "again.safetensors")[1]
    assert "\none answer takes " in text and "\nlearned from an own analytic model of" in text
    status, out, _ = linocut("nasbench", "describe", README, "--cost-model", "cost.safetensors", "--json")
    assert status == 0
    assert json.loads(out)["predicted_ms"]["edgetpu-v1"] > 0


WRITING = (
    ("describe", "1:0", "--out", "cell.toml"),
    ("enumerate", "--vertices", 3, "--out", "cells.npz"),
    ("sweep", "--vertices", 3, "--out", "sweep.npz"),
    ("search", "--max-ms", 1, "--out", "best.toml"),
    ("train-cost-model", "--vertices", 5, "--examples", 5, "--epochs", 1, "--out", "cost.safetensors"),
)


@pytest.mark.parametrize("words", WRITING)
def test_what_is_there_is_looked_at_before_the_work(linocut, elsewhere, words, monkeypatch) -> None:
    """Files are not written over without --force, what is no file not at all; names say what is in them."""
    *given, name = words

    def none(*_: object, **__: object) -> None:
        raise AssertionError("the work has begun")

    with monkeypatch.context() as patched:
        patched.setattr("linocut.networks.nasbench.cells", none)
        patched.setattr("linocut.devices.sweep.sweep", none)
        Path(name).write_text("mine")
        os.mkfifo(f"pipe{Path(name).suffix}")
        Path(f"folder{Path(name).suffix}").mkdir()
        for other, force, says in (
            (name, (), f"{name} exists already; give --force to replace it, or another --out"),
            ("name.txt", ("--force",), f"name.txt is to hold .*, its name must end in {Path(name).suffix}"),
            (f"no/{name}", (), "no is no folder; make it first"),
            (f"pipe{Path(name).suffix}", ("--force",), "is there, and no file to be written"),
            (f"folder{Path(name).suffix}", ("--force",), "is a folder; give the name of a file as --out"),
        ):
            status, out, err = linocut("nasbench", *given, other, *force)
            assert (status, out) == (2, "") and re.search(says, err) and err.count("\n") == 1, err
    assert Path(name).read_text() == "mine"
    if words[0] == "train-cost-model":
        pytest.importorskip("torch")
    assert linocut("nasbench", *words, "--force")[0] == 0
    assert Path(name).read_bytes() != b"mine"


TRAIN = ("train-cost-model", "--out", "x.safetensors")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("describe", "12:x"), "is no cell"),
        (("describe", "1:0", "--on", "edgetpu-v4"), "did you mean edgetpu-v"),
        (("describe", "1:0", "--out", "cell.txt"), "must end in .toml"),
        (("describe", "1:0", "--cost-model", "none"), "none does not exist"),
        (("enumerate", "--vertices", 9), "9 is not in the range"),
        (("sweep", "--caching", "knapsack"), "no caching of a sweep is called 'knapsack'; there are partial, all"),
        (("swep",), "did you mean sweep"),
        (("SWEEP",), "did you mean sweep"),
        (("search", "--max-ms", "1", "--accuracy", "."), "error: . cannot be read: Is a directory; give nasbench"),
        (("search", "--max-ms", "0"), "max_ms is 0"),
        (("search", "--max-ms", "1", "--accuracy", "a.csv", "--by", "macs"), "--by is of searches without --accuracy"),
        (("search", "--max-ms", "1", "--accuracy", "no.tfrecord"), "no.tfrecord cannot be read"),
        (("plot", "--from", "absent.npz", "--out", "x"), "absent.npz cannot be read"),
        ((*TRAIN, "--curve", "--examples", 5), "leave --examples"),
        ((*TRAIN, "--plot", "x.png"), "give --curve too"),
        ((*TRAIN, "--curve", "--plot", "no/x.png"), "no is no folder; make it first"),
        ((*TRAIN, "--threads", 100000), "threads is 100000, must be a whole number from 1 to"),
        ((*TRAIN, "--seed", 2**63), "must be a whole number from 0 to"),
        ((*TRAIN, "--vertices", 4, "--examples", 55), "55 cells were to be trained on, must be 2 to 54"),
    ],
)
def test_mistakes_cost_a_line(linocut, elsewhere, arguments, message) -> None:
    status, out, err = linocut("nasbench", *arguments)
    assert (status, out) == (2, "")
    assert message in err and err.count("\n") == 1
