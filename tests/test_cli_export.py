import json
import subprocess
from pathlib import Path

import pytest
from exported_c import PLAIN, compiler


def test_a_run_becomes_c_that_agrees(run, linocut):
    status, out, err = linocut("export", run, "--to", "c", "--out", "device", "--name", "digits")
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "wrote device/digits.h, device/digits.c, device/digits_test.c"
    assert "scratch: " in out and "flash: " in out and "stack: 1.00 KiB" in out
    command = [compiler("cc"), "-std=c99", *PLAIN, "digits.c", "digits_test.c", "-o", "digits_test"]
    assert subprocess.run(command, cwd="device").returncode == 0
    assert subprocess.run(["./digits_test"], cwd="device", capture_output=True).returncode == 0


def test_json_and_report(run, linocut):
    status, out, _ = linocut("export", run, "--out", "device", "--report", "costs.json", "--json")
    assert status == 0
    told = json.loads(out)
    assert told["format"] == "c"
    assert told["files"] == ["device/mlp.h", "device/mlp.c", "device/mlp_test.c"]
    report = json.loads(Path("costs.json").read_text())
    assert {key: report[key] for key in told} == told
    assert sum(node["macs"] for node in report["nodes"]) == told["macs"] > 0
    assert set(report["nodes"][0]) == {"name", "kind", "macs", "words", "bytes"}


def test_bad_input_costs_one_line_and_status_2(run, linocut):
    Path("device").mkdir()
    Path("device/mlp.h").write_text("mine")
    Path("costs.json").write_text("mine")
    for arguments, reason in (
        (("nowhere", "--out", "new"), "nowhere does not exist"),
        ((run, "--out", "new", "--to", "d"), "no format is called 'd'; there are c"),
        ((run, "--out", "new", "--name", "my-net"), "'my-net' is no C identifier"),
        ((run, "--out", "new", "--report", "costs.json"), "costs.json exists already; give --force"),
        ((run, "--out", "device"), "device/mlp.h exists already; give --force"),
        ((run,), "Missing option '--out'"),
    ):
        status, out, err = linocut("export", *arguments)
        assert (status, out) == (2, "")
        assert err.startswith("error: ") and err.count("\n") == 1
        assert reason in err
    assert not Path("new").exists()
    assert Path("device/mlp.h").read_text() == Path("costs.json").read_text() == "mine"


def test_help_names_the_formats_that_there_are(linocut):
    from linocut.export.formats import FORMATS

    status, out, _ = linocut("export", "--help")
    assert status == 0
    assert f"The format: {', '.join(FORMATS)}." in " ".join(out.split())


def test_models_in_onnx_and_its_dialects(run, linocut):
    pytest.importorskip("onnx")
    for words in (("--to", "onnx"), ("--to", "onnx", "--weights", "int8"), ("--to", "qonnx")):
        status, out, err = linocut("export", run, "--out", "model.onnx", *words, "--force", "--json")
        assert (status, err) == (0, "")
        assert json.loads(out)["files"] == ["model.onnx"] and Path("model.onnx").stat().st_size > 500
    status, _, err = linocut("export", run, "--out", "finn.onnx", "--to", "qonnx", "--finn")
    assert (status, err) == (0, "") and Path("finn.onnx").exists()
    for words, reason in (
        (("--to", "c", "--finn"), "finn is a form of qonnx, not of c; give --to qonnx"),
        (("--to", "onnx", "--weights", "int9"), "form of weights of onnx is called 'int9'"),
    ):
        status, out, err = linocut("export", run, "--out", "other.onnx", *words)
        assert (status, out) == (2, "") and reason in err
    assert not Path("other.onnx").exists()


def test_models_in_tflite(run, linocut):
    pytest.importorskip("tflite")
    for words in ((), ("--weights", "float")):
        given = ("export", run, "--to", "tflite", "--out", "model.tflite", *words, "--force", "--json")
        status, out, err = linocut(*given)
        assert (status, err) == (0, "")
        assert json.loads(out)["files"] == ["model.tflite"] and Path("model.tflite").read_bytes()[4:8] == b"TFL3"
    status, out, err = linocut("export", run, "--to", "tflite", "--out", "other.tflite", "--weights", "int8")
    assert (status, out) == (2, "") and "form of weights of tflite is called 'int8'; there are bits, float" in err
    assert not Path("other.tflite").exists()


def test_a_run_becomes_c_that_goes_on_training(run, linocut):
    status, out, err = linocut("export", run, "--to", "c", "--train", "--out", "device", "--name", "digits")
    assert (status, err) == (0, "")
    kernels = len(list(Path("device/c99").iterdir()))
    first = f"wrote device/digits.h, device/digits.c, device/digits_test.c, device/c99 ({kernels} files)"
    assert out.splitlines()[0] == first
    assert "arena: " in out and "flash: " in out and "stack: 3.00 KiB" in out
    line = out.splitlines()[-1].removeprefix("try it: ").replace("cc ", f"{compiler('cc')} ", 1)
    assert subprocess.run(["sh", "-c", line], capture_output=True).returncode == 0
    for arguments, reason in (
        (("nowhere", "--train", "--out", "new"), "nowhere"),
        (
            (run, "--train", "--out", "new", "--to", "onnx"),
            "onnx is a format for prediction; training is exported as c",
        ),
        ((run, "--train", "--out", "device", "--name", "digits"), "device/digits.h exists already; give --force"),
        ((run, "--train", "--out", "new", "--name", "my-net"), "'my-net' is no C identifier"),
    ):
        status, out, err = linocut("export", *arguments)
        assert (status, out) == (2, "")
        assert reason in err
        assert not Path("new").exists()
