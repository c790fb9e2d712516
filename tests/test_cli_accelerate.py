"""linocut accelerate: a table, an object, and refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import linocut as lc
from linocut.devices.pipeline import measured, resources, synthesis
from linocut.devices.table import DEVICES
from linocut.devices.word_engine import simulated
from linocut.errors import MachineError
from linocut.export import packed


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


def test_operators_counted_anew(linocut, monkeypatch):
    def known(operator, block, family):
        return resources.of(operator, block, family)

    monkeypatch.setattr(measured, "synthesised", known)
    monkeypatch.setattr(synthesis, "version", lambda: "Yosys 0.23")
    status, out, told = linocut("accelerate", "lstm", "--synthesise")
    assert status == 0 and "operators: counted by Yosys 0.23, family xcup, beside the committed table's" in out
    assert len(told.splitlines()) == 9 and "9 of 9: " in told and "product of blocks of 8 on xcup: 14 DSP" in told
    _, plain, _ = linocut("accelerate", "lstm")
    assert "operators: the committed table; --synthesise counts them anew" in plain
    assert out.split("operators:")[0] == plain.split("operators:")[0]
    monkeypatch.undo()
    monkeypatch.setattr("shutil.which", lambda tool: None)
    status, out, told = linocut("accelerate", "lstm", "--synthesise")
    assert (status, out) == (1, "") and "yosys is not installed" in told and len(told.splitlines()) == 1


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
        (("resnet50",), "no engine builds resnet50"),
        (("lstm", "--on", "coral-usb"), "no FPGA"),
        (("lstm", "--block", 3), "must be one of 1, 2, 4, 8, 16"),
        (("lstn",), "lstm"),
        (("lstm", "--fps", 5), "--fps: of binary networks, which lstm is not"),
        (("mlp", "--stages", 3), "--stages: of pipelines of LSTMs, which mlp is not"),
        (("mlp", "--on", "coral-usb"), "no FPGA"),
        (("mlp", "--out", "engine"), "mlp has no trained weights"),
        (("mlp", "--fps", 0), "fps is 0, must be above 0"),
        (("mlp", "--fps", 1e8), "is more than the widest engine's"),
        (("mlp", "--shape", "3x4"), "'3x4' is no shape"),
        (("mlp", "--shape", "3x4x5"), "must be a power of two"),
        (("mlp", "--shape", "16x256x256", "--on", "7v3"), "7v3 holds no engine of 16 x 256 x 256"),
    ):
        status, _, told = linocut("accelerate", *arguments)
        assert status == 2 and says in told and len(told.strip().splitlines()) <= 3


NETWORK = """
name = "digit_net"
[[layers]]
layer = "binary_conv2d"
filters = 6
[[layers]]
layer = "batch_norm"
[[layers]]
layer = "sign"
[[layers]]
layer = "binary_conv2d"
filters = 5
[[layers]]
layer = "max_pool2d"
[[layers]]
layer = "batch_norm"
[[layers]]
layer = "sign"
[[layers]]
layer = "flatten"
[[layers]]
layer = "binary_dense"
units = "classes"
[[layers]]
layer = "batch_norm"
"""


@pytest.fixture
def digits(elsewhere, linocut):
    """The folder of a run of a small binary network."""
    Path("net.toml").write_text(NETWORK)
    given = ("--data", "digits", "--limit", 60, "--epochs", 1, "--batch", 20)
    assert linocut("train", "--model", "net.toml", *given, "--out", "run")[0] == 0
    return "run"


def test_an_engine_is_written_whole_or_not_at_all(digits, linocut, monkeypatch):
    status, out, _ = linocut("accelerate", digits, "--on", "u280", "--fps", 50_000, "--out", "engine", "--images", 1)
    assert status == 0 and "wrote 9 files into" in out and "on the host: binary_conv2d1" in out
    files = sorted(path.name for path in Path("engine").iterdir())
    assert files[:2] == ["bench.v", "digit_net.v"] and "digit_net_weights.hex" in files
    assert all(path.read_text().endswith("\n") for path in Path("engine").iterdir())
    for arguments, says in (
        (("--out", "engine"), "engine exists already; give --force"),
        (("--out", "net.toml"), "net.toml is a file"),
        (("--out", "other", "--name", "within"), "reserved"),
        (("--out", "other", "--name", "a-b"), "no Verilog name"),
        (("--out", ".", "--force"), "holds more than an engine"),
    ):
        status, _, told = linocut("accelerate", digits, "--on", "u280", "--fps", 50_000, *arguments)
        assert status == 2 and says in told and not Path("other").exists()
    before = Path("engine/digit_net.v").read_text()
    monkeypatch.setattr("linocut.export.verilog.write_text", failing)
    status, _, told = linocut("accelerate", digits, "--on", "u280", "--out", "engine", "--force", "--shape", "1x1x1")
    assert status == 1 and "the disk is full" in told
    assert Path("engine/digit_net.v").read_text() == before and sorted(Path().iterdir()) == sorted(
        map(Path, ("engine", "net.toml", "run"))
    )


def failing(path, text):
    if path.suffix == ".hex":
        raise MachineError("the disk is full")
    path.write_text(text)


def test_tools_that_are_not_there(digits, linocut, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda tool: None)
    for option, says in (("--simulate", "Verilator is not installed"), ("--synthesise", "yosys is not installed")):
        status, _, told = linocut("accelerate", digits, "--on", "u280", "--fps", 50_000, option)
        assert status == 1 and says in told and "apt-get install" in told
    monkeypatch.setattr(simulated, "version_of", lambda tool: (4, 38))
    assert "Verilator is of version 4.38, must be 5.000 or later" in linocut(
        "accelerate", digits, "--on", "u280", "--simulate"
    )[2].replace("\n", " ")


@pytest.mark.skipif(bool(simulated.missing()), reason=simulated.missing() or "it is there")
def test_simulated_on_test_images(digits, linocut):
    arguments = ("accelerate", digits, "--on", "u280", "--fps", 50_000, "--simulate", "--images", 2, "--json")
    status, out, _ = linocut(*arguments)
    told = json.loads(out)
    assert status == 0 and told["simulated"]["equal"] and told["simulated"]["frames"] == 2
    assert told["simulated"]["cycles"] == told["cycles_per_frame"] and told["frames_per_second"] >= 50_000


def test_a_model_file_is_that_of_its_network(linocut, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = lc.models.build("lstm", block=16)
    made = lc.Trainer(network, "standard", batch_size=2, threads=1).inference_graph()
    for file, graph in (("floats.safetensors", made), ("sixteen.safetensors", lc.sixteen_bits(made).graph)):
        packed.save(Path(file), packed.PackedModel(graph, (), None, None, None))
        status, out, err = linocut("accelerate", file, "--json")
        assert status == 0 and out == linocut("accelerate", "lstm", "--block", 16, "--json")[1], err
        status, out, err = linocut("estimate", "--model", file, "--on", "cortex-m7", "--json")
        assert status == 0 and json.loads(out)["frame_macs"] == lc.estimate(network, "cortex-m7").frame_macs, err
    status, _, err = linocut("accelerate", "sixteen.safetensors", "--block", 8)
    assert status == 2 and "--block is for models by their names" in err


@pytest.mark.parametrize("words", [("accelerate",), ("estimate", "--model")])
def test_paths_of_nothing_are_no_names_of_models(linocut, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("mine.bin").write_bytes(b"not a model file")
    binary = lc.Trainer(lc.models.mlp((4, 4, 1), hidden=(8,)), batch_size=2, threads=1)
    packed.save(Path("binary.safetensors"), packed.PackedModel(binary.inference_graph(), (), None, None, None))
    for path, reason in (
        ("runs/digits", "runs/digits does not exist; give the folder of a run, a model file, a FILE.toml, or"),
        ("digits.safetensors", "digits.safetensors does not exist; give"),
        ("empty", "empty holds no run: it has no checkpoint"),
        ("mine.bin", "mine.bin cannot be read"),
        ("binary.safetensors", "is a model file of mlp, which is not recurrent"),
    ):
        status, out, err = linocut(*words, path)
        assert (status, out, err.count("\n")) == (2, "", 1) and reason in err, err
