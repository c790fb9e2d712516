"""linocut accelerate: a table, an object, and refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

from linocut.devices.table import DEVICES


def test_a_model_by_its_name(linocut):
    status, out, _ = linocut("accelerate", "google_lstm", "--layer", "lstm1", "--dsp", 600, "--stages", 3)
    assert status == 0
    assert "195,312 frames a second of 3 interleaved streams, 65,104 of one stream alone" in out
    assert "latency 15.36 us" in out and "neither placed nor routed" in out
    _, other, _ = linocut("accelerate", "google_lstm", "--block", 16, "--layer", "lstm1", "--dsp", 600, "--json")
    assert json.loads(other)["interval_cycles"] == 538


def test_a_device_of_ones_own(linocut, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(DEVICES["ku060"].read_text().replace('"ku060"', '"mine"'))
    _, out, _ = linocut("accelerate", "lstm", "--on", "mine.toml", "--clock", "150MHz", "--watts", 10, "--json")
    told = json.loads(out)
    assert (told["device"], told["clock_hz"], told["watts"]) == ("mine", 150e6, 10.0)


def test_both_directions_or_one(linocut):
    both, one = (
        json.loads(linocut("accelerate", "small_lstm", "--layer", "lstm1", "--json", *more)[1])
        for more in ((), ("--one-direction",))
    )
    assert both["taken"]["dsp"] > one["taken"]["dsp"] or both["interval_cycles"] > one["interval_cycles"]
    assert both["notes"] and not one["notes"]


def test_refusals(linocut):
    for arguments, says in (
        (("lstm", "--clock", "fast"), "'fast' is no clock such as 200MHz"),
        (("mlp",), "no engine builds mlp"),
        (("lstm", "--on", "coral-usb"), "no FPGA"),
        (("lstm", "--block", 3), "must be a power of two"),
        (("lstn",), "lstm"),
    ):
        status, _, told = linocut("accelerate", *arguments)
        assert status == 2 and says in told and len(told.strip().splitlines()) <= 3
