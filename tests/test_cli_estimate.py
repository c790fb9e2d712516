"""`linocut estimate`."""

import json
from pathlib import Path

import pytest

import linocut as lc
from linocut.devices.kinds import FPGA
from linocut.devices.table import DEVICES, described


def test_a_table(linocut):
    status, out, _ = linocut("estimate", "--model", "vgg16", "--on", "coral-usb")
    assert status == 0 and "dense1" in out and "streamed over USB 3" in out
    assert "too many for the cache: binarise" in out and "not cycle accurate" in out


def test_json_is_that_of_python(linocut):
    _, out, _ = linocut("estimate", "--model", "cnv", "--on", "edgetpu-v2", "--precision", "mixed", "--json")
    found = lc.estimate(lc.models.cnv(), "edgetpu-v2", "mixed").to_json()
    assert json.loads(out) == json.loads(json.dumps(found))
    _, out, _ = linocut("estimate", "--input", "8x8x1", "--classes", 4, "--hidden", "32", "--batch", 3, "--json")
    assert json.loads(out)["rows"][1]["macs"] == 3 * 64 * 32


@pytest.mark.parametrize("device", [name for name in DEVICES if described(name).kind != FPGA])
def test_rows_add_up_to_the_total(linocut, device):
    _, out, _ = linocut("estimate", "--on", device, "--hidden", "32", "--json")
    found = json.loads(out)
    assert sum(row["ms"] for row in found["rows"]) == pytest.approx(found["total_ms"], rel=1e-12)
    fixed = [row["ms"] for row in found["rows"] if row["kind"] == "fixed"]
    assert sum(fixed) == found["fixed_ms"] == (pytest.approx(0.0104) if device == "coral-usb" else sum(fixed))
    _, table, _ = linocut("estimate", "--on", device, "--hidden", "32")
    assert ("\nrun " in table) == bool(fixed)


def test_compare(linocut):
    status, out, _ = linocut("estimate", "--model", "resnet50", "--compare")
    assert status == 0 and "hypothetical" in out
    _, out, _ = linocut("estimate", "--model", "resnet50", "--compare", "--json")
    devices = json.loads(out)["devices"]
    assert {(one["device"], one["precision"]) for one in devices} >= {("edgetpu-v1", "int8"), ("coral-dev", "1")}


def test_this_machine_and_microcontrollers(linocut):
    _, out, _ = linocut(
        "estimate", "--on", "this", "--hidden", "32", "--train", "--policy", "standard", "--batch", 8, "--json"
    )
    found = json.loads(out)
    assert found["what"].startswith("a training step, standard, adam") and found["total_ms"] > 0
    status, out, _ = linocut("estimate", "--on", "cortex-m4", "--hidden", "32")
    assert status == 0 and "flash for weights" in out and "energy is not known" in out


def test_a_run(linocut, run):
    _, out, _ = linocut("estimate", "--model", run, "--json")
    assert json.loads(out)["macs"] > 0
    assert linocut("estimate", "--model", run, "--classes", 3)[0] == 2


def test_a_picture(linocut, tmp_path):
    pytest.importorskip("matplotlib")
    status, _, err = linocut("estimate", "--model", "cnv", "--plot", tmp_path / "roofline.png")
    assert status == 0 and "wrote" in err and (tmp_path / "roofline.png").stat().st_size > 1000
    assert linocut("estimate", "--model", "cnv", "--plot", tmp_path / "roofline.doc")[0] == 2


def test_calibrate(linocut, tmp_path):
    csv, out_file = tmp_path / "times.csv", tmp_path / "mine.toml"
    rows = [(f"{number}", lc.models.mlp(hidden=(300 * number,) * number)) for number in range(1, 8)]
    with csv.open("w") as file:
        print("model,ms", file=file)
        for name, network in rows:
            import tomli_w

            (tmp_path / f"{name}.toml").write_text(tomli_w.dumps(network.to_dict()))
            print(f"{name}.toml,{lc.estimate(network, 'coral-dev').total_ms * 1.2:.5f}", file=file)
    status, out, _ = linocut("estimate", "--on", "coral-dev", "--calibrate", csv, "--out", out_file)
    assert status == 0 and "rows left out" in out and "fitted, not physical" in out
    assert lc.devices.load(out_file).calibrated == "7 rows of times.csv"
    assert linocut("estimate", "--on", out_file, "--model", "mlp")[0] == 0
    assert linocut("estimate", "--calibrate", csv, "--out", out_file)[0] == 2  # it is there
    for other, says in (
        (tmp_path / "mine", "mine is to hold a device, its name must end in .toml"),
        (tmp_path / "no" / "mine.toml", "no is no folder; make it first"),
        (tmp_path / "mi\nne.toml", "name of a device is 'mi\\nne', must be a text on one line"),
    ):
        status, out, err = linocut("estimate", "--on", "coral-dev", "--calibrate", csv, "--out", other)
        assert (status, out) == (2, "") and says in err and not other.exists()
    _, out, _ = linocut("estimate", "--on", "coral-dev", "--calibrate", csv, "--json")
    assert len(json.loads(out)["rows"]) == 7


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--on", "coral"), "did you mean coral-usb?"),
        (("--model", "vgg1"), "did you mean vgg1"),
        (("--on", "Coral-USB"), "did you mean coral-usb?"),
        (("--model", "VGG16"), "did you mean vgg16?"),
        (("--model", "runs/none"), "runs/none does not exist; give the folder of a run, a model file, a FILE.toml"),
        (("--on", "this", "--precision", "int8"), "without precision int8; leave it out"),
        (("--on", "cortex-m4", "--caching", "all"), "without caching all; leave it out"),
        (("--precision", "2"), "no precision is called '2'"),
        (("--caching", "some"), "no caching is called 'some'"),
        (("--batch", "0"), "batch is 0"),
        (("--policy", "lean"), "--policy and --optimizer are of --train"),
        (("--train", "--compare"), "--compare is of predictions"),
        (("--train",), "a step is estimated for this machine, not for coral-usb; take the device this"),
        (
            ("--on", "this", "--plot", "x.png"),
            "--plot draws rooflines of accelerators, not this, a device of kind engine; leave it out",
        ),
        (("--on", "board.toml", "--plot", "x.png"), "--plot draws rooflines of accelerators, not board"),
        (("--on", "board.toml", "--compare"), "--compare shows accelerators side by side, not board"),
        (("--on", "cortex-m4", "--compare"), "side by side, not cortex-m4, a device of kind microcontroller"),
        (("--plot", "no/x.png"), "no is no folder; make it first"),
        (("--model", "open.toml", "--classes", 3), "nothing says what shape it takes; add one, or give --input HxWxC"),
        (("--model", "open.toml", "--input", "8x8x1"), "write a number, or give --classes"),
        (("--out", "x.toml"), "--out and --force are for --calibrate"),
        (("--compare", "--precision", "1"), "--compare is of all precisions"),
        (("--calibrate", "x.csv", "--model", "mlp"), "--model does not go with --calibrate"),
        (("--calibrate", "x.csv"), "cannot be read"),
    ],
)
def test_mistakes(linocut, elsewhere, arguments, says):
    Path("open.toml").write_text('[[layers]]\nlayer = "dense"\nunits = "classes"\n')
    Path("board.toml").write_text(DEVICES["cortex-m4"].read_text().replace("cortex-m4", "board"))
    status, out, err = linocut("estimate", *arguments)
    assert (status, out) == (2, "") and says in err and len(err.splitlines()) == 1
