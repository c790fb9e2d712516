"""`linocut nasbench`: what each command prints and writes, and its one line for what is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

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
    status, out, _ = linocut("nasbench", "describe", README, "--cost-model", "cost.safetensors", "--json")
    assert status == 0
    assert json.loads(out)["predicted_ms"]["edgetpu-v1"] > 0


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
        (("search", "--max-ms", "0"), "max_ms is 0"),
        (("search", "--max-ms", "1", "--accuracy", "no.tfrecord"), "no.tfrecord cannot be read"),
        (("plot", "--from", "absent.npz", "--out", "x"), "absent.npz cannot be read"),
        (("train-cost-model", "--curve", "--examples", 5, "--out", "x"), "leave --examples"),
        (("train-cost-model", "--plot", "x.png", "--out", "x"), "give --curve too"),
        (
            ("train-cost-model", "--threads", 100000, "--out", "x"),
            "threads is 100000, must be a whole number from 1 to",
        ),
        (("train-cost-model", "--seed", 2**63, "--out", "x"), "must be a whole number from 0 to"),
        (("train-cost-model", "--out", "no/x.safetensors"), "no is no folder; make it first"),
    ],
)
def test_mistakes_cost_a_line(linocut, elsewhere, arguments, message) -> None:
    status, out, err = linocut("nasbench", *arguments)
    assert (status, out) == (2, "")
    assert message in err and err.count("\n") == 1
