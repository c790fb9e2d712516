import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE, SMALL, objects

import linocut as lc
from linocut.cli.budget import largest_batch
from linocut.sizes import parse_size, show_loss, show_size

EPOCH_KEYS = ["event", "epoch", "loss", "train_accuracy", "accuracy", "flip_ratio", "seconds", "step_ms"]
EPOCH_KEYS += ["saturated", "dead_channels", "warnings", "validation_loss", "validation_accuracy"]
DONE_KEYS = [
    "event",
    "epochs",
    "accuracy",
    "arena_bytes",
    "peak_rss_bytes",
    "weights_sha256",
    "out",
    "kept_epoch",
    "stopped",
]


pytestmark = pytest.mark.usefixtures("elsewhere")


def test_train_for_programs(linocut):
    status, out, err = linocut("train", *SMALL, "--epochs", 2, "--out", "run", "--json")
    plan, *epochs, done = objects(out)
    assert (status, err) == (0, "")
    assert list(plan) == ["event", "arena_bytes", "lower_bound_bytes", "workspace_bytes"]
    assert [list(epoch) for epoch in epochs] == [EPOCH_KEYS] * 2
    assert list(done) == DONE_KEYS
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert (plan["event"], epochs[0]["event"], done["event"]) == ("plan", "epoch", "done")
    assert (done["epochs"], done["out"], done["arena_bytes"]) == (2, "run", plan["arena_bytes"])
    assert done["accuracy"] == epochs[-1]["accuracy"]
    with open("run/log.jsonl") as log:
        assert objects(log.read()) == [plan, *epochs, done]
    network = lc.models.mlp((8, 8, 1), 10, (16,))
    assert plan["arena_bytes"] == lc.Trainer(network, batch_size=20).plan.total_bytes
    assert done["weights_sha256"] == lc.Trainer.resume("run", backend="reference").session.state_sha256()


def test_train_for_people(linocut):
    status, out, err = linocut("train", *SMALL, "--epochs", 2)
    assert (status, err) == (0, "")
    for text in (
        "data     digits: 120 to train on, 120 to test on; 10 classes of ",
        "network  mlp: 8 x 8 x 1 in, ",
        " in all for policy lean, batch 20; linocut plan shows on what\n",
        "rates    adam 0.001, constant schedule, 2 epochs of 6 steps, seed 0\n",
        "epoch 1/2  loss",
        "epoch 2/2  loss",
        "test accuracy",
        "B, as planned)",
        "process's peak",
        "linocut eval runs/mlp-digits",
        "linocut predict runs/mlp-digits IMAGE...",
        "linocut train --resume --out runs/mlp-digits --epochs 4",
    ):
        assert text in out
    assert [line.split()[0] for line in out.partition("\n\n")[0].splitlines()] == [
        "data",
        "network",
        "memory",
        "rates",
        "few",
    ]
    assert linocut("train", *SMALL, "--epochs", 1)[0] == 0
    assert sorted(os.listdir("runs")) == ["mlp-digits", "mlp-digits-2"]


def test_the_bar_of_a_terminal(linocut, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    status, out, err = linocut("train", *SMALL, "--epochs", 1)
    assert status == 0
    assert "epoch 1/1 loss " in err
    assert "epoch 1/1  loss" in out


def test_resume_goes_on_with_the_settings_of_the_run(linocut, run):
    assert linocut("train", *SMALL, "--epochs", 4, "--out", "whole")[0] == 0
    status, out, _ = linocut("train", "--resume", "--out", run, "--epochs", 4, *REFERENCE, "--json")
    assert status == 0
    assert [event.get("epoch") for event in objects(out)] == [None, 3, 4, None]
    states = [lc.Trainer.resume(folder, backend="reference").session.state_sha256() for folder in (run, "whole")]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", "32"], "run holds a run of network mlp 8x8x1-16-10, not mlp 8x8x1-32-10"),
        (
            ["--model", "other.toml"],
            "8x8x1-16-10 with BatchNorm(momentum=0.9, scale=False), not mlp 8x8x1-16-10 with BatchNorm(",
        ),
        (["--policy", "standard"], "run holds a run of policy lean, not standard"),
        (["--optimizer", "sgd"], "run holds a run of optimizer Adam(learning_rate=0.001"),
        (["--lr", "0.5"], "not Adam(learning_rate=0.5"),
        (["--schedule", "cosine"], "run holds a run of schedule Constant(), not Cosine()"),
        (["--batch", "10"], "run holds a run of batch 20, not 10"),
        (["--seed", "1"], "run holds a run of seed 0, not 1"),
        (["--precise-norms", "16"], "run holds a run of precise norms 0, not 16"),
        (["--limit", "60"], "run holds a run of data digits (120 examples"),
        (["--epochs", "1"], "epochs is 1, but the run is at 2 of 2 epochs"),
    ],
)
def test_resume_refuses_another_setting(linocut, run, options, message):
    layers = (
        'flatten"',
        'binary_dense"\nunits = 16',
        'batch_norm"\nmomentum = 0.5',
        'sign"',
        'binary_dense"\nunits = 10',
    )
    text = "".join(f'[[layers]]\nlayer = "{layer}\n' for layer in (*layers, 'batch_norm"'))
    Path("other.toml").write_text(f'name = "mlp"\n{text}')
    status, _, err = linocut("train", "--resume", "--out", run, *REFERENCE, *options)
    assert (status, len(err.splitlines())) == (2, 1)
    assert message in err


def test_resume_takes_the_same_settings_again(linocut, run):
    again = ["--model", "mlp", "--optimizer", "adam", "--lr", "1e-3", "--policy", "lean", "--seed", "0"]
    again += ["--precise-norms", "0"]
    assert linocut("train", "--resume", "--out", run, *SMALL, *again, "--epochs", 3)[0] == 0


def test_evaluate(linocut, run):
    status, out, err = linocut("eval", run, "--limit", 120, "--json", *REFERENCE)
    (found,) = objects(out)
    assert (status, err, list(found)) == (
        0,
        "",
        ["accuracy", "loss", "examples", "top_k", "per_class", "confusion", "errors"],
    )
    with open("run/log.jsonl") as log:
        assert found["accuracy"] == objects(log.read())[-1]["accuracy"]
    status, out, _ = linocut("eval", run, "--data", "digits", *REFERENCE)
    assert status == 0
    assert "on 297 examples of digits" in out


def test_predict(linocut, run):
    _, test = lc.data.load("digits")
    images, labels = np.empty((5, 8, 8, 1), np.uint8), np.empty(5, np.int32)
    test.read(np.arange(5), images, labels)
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(f"{number}.png")
    names = [f"{number}.png" for number in range(5)]
    status, out, _ = linocut("predict", run, *names, "--json", *REFERENCE)
    found = objects(out)
    expected = lc.load(run, backend="reference").predict(images)
    assert status == 0
    assert [list(each) for each in found] == [["file", "class", "confidence"]] * 5
    assert [each["file"] for each in found] == names
    assert [int(each["class"]) for each in found] == expected.classes.tolist()
    assert [each["confidence"] for each in found] == pytest.approx(expected.confidences.tolist())
    status, out, _ = linocut("predict", run, "0.png", *REFERENCE)
    assert out == f"0.png  {expected.classes[0]}  {expected.confidences[0]:.1%}\n"


def test_predict_more_images_than_at_a_time(linocut, run):
    """Each with its own answer, bad ones among them, over the edges of what is predicted together."""
    train, _ = lc.data.load("digits")
    images, labels = np.empty((230, 8, 8, 1), np.uint8), np.empty(230, np.int32)
    train.read(np.arange(230), images, labels)
    names = [f"{number}.png" for number in range(230)]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image[..., 0]).save(name)
    bad = [0, 99, 100, 101, 199, 229]
    for number in bad:
        with open(names[number], "wb") as file:
            file.write(b"none")
    status, out, err = linocut("predict", run, *names, "--json", *REFERENCE)
    expected = lc.load(run, backend="reference").predict(images)
    good = [number for number in range(230) if number not in bad]
    found = objects(out)
    assert status == 2 and len(err.splitlines()) == len(bad)
    assert [each["file"] for each in found] == [names[number] for number in good]
    assert [int(each["class"]) for each in found] == expected.classes[good].tolist()
    assert [each["confidence"] for each in found] == pytest.approx(expected.confidences[good].tolist())


def test_predict_numbers(linocut):
    """A network of numbers has no classes to name."""
    layers = [lc.layers.Input((2, 3, 1)), lc.layers.Flatten(), lc.layers.Dense(2), lc.layers.MeanSquaredError()]
    trainer = lc.Trainer(lc.layers.Network("own", tuple(layers)), batch_size=5, backend="reference")
    trainer.fit((np.arange(60, dtype=np.uint8).reshape(10, 2, 3, 1), np.ones((10, 2))), epochs=1, out="numbers")
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    Image.fromarray(image).save("0.png")
    (expected,) = lc.load("numbers", backend="reference").predict(image[None]).outputs.tolist()
    assert objects(linocut("predict", "numbers", "0.png", "--json", *REFERENCE)[1]) == [
        {"file": "0.png", "outputs": expected}
    ]
    assert linocut("predict", "numbers", "0.png", *REFERENCE)[1] == f"0.png  {expected[0]:g}  {expected[1]:g}\n"


def test_plan_for_programs(linocut):
    status, out, err = linocut("plan", "--policy", "standard", "--optimizer", "sgd", "--batch", 10, "--json")
    (plan,) = objects(out)
    assert (status, err) == (0, "")
    keys = ["model", "policy", "optimizer", "batch", "account", "total_bytes", "lower_bound_bytes", "rows"]
    assert list(plan) == [*keys, "workspace_bytes"]
    assert [plan[key] for key in keys[:5]] == ["mlp", "standard", "sgd", 10, "arena"]
    assert {tuple(row) for row in plan["rows"]} == {("role", "format", "lifetime", "bytes")}
    assert plan["total_bytes"] == lc.Trainer(lc.models.mlp(), "standard", "sgd", 10).compiled.program.arena_bytes


@pytest.mark.parametrize(("policy", "mib"), [("standard", 7.40), ("wang2021", 2.66)])
def test_plan_has_the_numbers_of_the_paper(linocut, policy, mib):
    _, out, _ = linocut("plan", "--account", "paper", "--policy", policy, "--json")
    assert json.loads(out)["total_bytes"] / 2**20 == pytest.approx(mib, abs=0.005)


def test_plan_within_a_budget(linocut):
    _, out, _ = linocut("plan", "--budget", "2MiB", "--json")
    plan = json.loads(out)
    largest = plan["largest_batch"]
    assert plan["batch"] == largest
    assert plan["total_bytes"] <= 2 * 2**20
    assert lc.Trainer(lc.models.mlp(), batch_size=largest + 1).plan.total_bytes > 2 * 2**20
    _, out, _ = linocut("plan", "--budget", "2MiB", "--batch", 7, "--json")
    assert (json.loads(out)["batch"], json.loads(out)["largest_batch"]) == (7, largest)
    _, out, _ = linocut("plan", "--budget", "2MiB")
    assert out.endswith(f"largest batch within 2.00 MiB: {largest}\n")


def test_plan_for_people(linocut):
    status, out, _ = linocut("plan", "--data", "digits", "--listing")
    assert status == 0
    assert "momenta" in out
    assert "softmax_cross_entropy" in out


@pytest.mark.parametrize(
    ("model", "weights", "macs"), [("cnv", "1,542,848", "59,461,376"), ("binarynet", "14,022,016", "616,966,144")]
)
def test_plan_shows_parameters_and_macs_of_every_layer(linocut, model, weights, macs):
    status, out, _ = linocut("plan", "--model", model, "--layers", "--batch", 2)
    assert status == 0
    assert next(line for line in out.splitlines() if line.startswith("Total")).split()[1] == weights
    assert f"MACs per example      {macs} " in out


def test_a_plot_without_matplotlib(linocut, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, _, err = linocut("plan", "--plot", "plan.png")
    assert status == 2
    assert "--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'" in err


def test_the_largest_batch_by_bisection():
    assert [largest_batch(lambda n: 10 * n, budget) for budget in (10, 19, 20, 1005)] == [1, 1, 2, 100]

    def limited(batch):
        if batch > 33:
            raise lc.SpecError("too large for an instruction")
        return batch

    assert largest_batch(limited, 10**6) == 33
    assert largest_batch(lambda n: 1, 10) == 2**20


@pytest.mark.parametrize(
    ("text", "count"),
    [("65536", 65536), ("64MiB", 64 * 2**20), ("1.5GB", 1_500_000_000), ("2 k", 2048), (".5kib", 512), ("3B", 3)],
)
def test_sizes(text, count):
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1e3", "5 parsecs", "nan"])
def test_sizes_that_are_none(text):
    with pytest.raises(ValueError, match="is not a size such as 64MiB"):
        parse_size(text)


def test_sizes_are_shown_in_the_unit_that_fits():
    assert [show_size(n) for n in (1023, 1024, 3 << 20, 5 << 30)] == ["1,023 B", "1.00 KiB", "3.00 MiB", "5.00 GiB"]


def test_info(linocut):
    facts = json.loads(linocut("info", "--json")[1])
    assert facts["version"] == lc.__version__
    assert facts["threads"] >= 1
    lines = linocut("info")[1].splitlines()
    column = max(map(len, facts)) + 2
    assert all(line[column - 1] == " " != line[column] for line in lines)


def test_tables_that_are_neither_wanted_nor_unwanted(linocut, monkeypatch):
    monkeypatch.setenv("LINOCUT_TABLES", "yes")
    status, _, err = linocut("train", *SMALL[:-2])
    assert (status, err) == (
        2,
        "error: LINOCUT_TABLES is 'yes', must be 1 or 0; or unset it, and what is faster here is taken\n",
    )


def test_precisions_of_a_network_that_has_none(linocut):
    for option, given in (("--keep-float", "*"), ("--bits", "*=2")):
        status, _, err = linocut("plan", "--model", "lstm", option, given)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(
            "error: lstm has no layer whose precision can be chosen, which are convolutions and dense"
        )


def test_an_instruction_set_that_is_not_here(linocut, monkeypatch):
    usable = pytest.importorskip("linocut._native").isas()
    monkeypatch.setenv("LINOCUT_ISA", "bogus")
    message = "LINOCUT_ISA is 'bogus', which this machine cannot run; take "
    status, _, err = linocut("train", *SMALL[:-2])
    assert (status, len(err.splitlines())) == (2, 1)
    assert err.startswith(f"error: {message}{usable[0]}")
    assert err.endswith(f"{usable[-1]}, or unset it\n")
    status, out, _ = linocut("info")
    assert status == 0
    assert message in out


def test_data_list(linocut):
    entries = objects(linocut("data", "list", "--json")[1])
    assert [entry["name"] for entry in entries][:2] == ["digits", "mnist"]
    assert entries[0]["found"] == "inside the package"
    assert "linocut data get mnist" in linocut("data", "list")[1]


HEAVY = {"matplotlib", "torch", "scipy", "pandas", "tensorflow", "sklearn"}
UNNEEDED = {*HEAVY, "PIL.Image", "linocut.data.images", "linocut.dynamics.observer"}


def test_help_is_quick_and_imports_nothing_heavy():
    code = "import sys; from linocut.cli import main; main(['--help']); print('numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Commands:" in out
    assert out.endswith("False\n")


def test_training_brings_nothing_heavy_and_nothing_that_reads_pictures(tmp_path: Path) -> None:
    words = ["train", "--data", "digits", "--epochs", "1", "--limit", "200", "--batch", "50", "--out", "run"]
    code = (
        f"import sys; from linocut.cli import main; main({words}); print([m for m in sys.modules if m in {UNNEEDED}])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_command_shows_the_help(linocut):
    for command in ((), ("data",)):
        status, out, err = linocut(*command)
        assert (status, err) == (0, "")
        assert "Commands:\n" in out


TRAIN = ["train", "--data", "digits"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ["trian"],
            2,
            "no command is called 'trian'; there are train, tune, plan, eval, log, predict, accelerate, estimate, "
            "analyse, hybrid, blocks, prune, nasbench, sixteen-bits, export, pack, unpack, data, reproduce, models, "
            "bench, info; "
            "did you mean train?",
        ),
        ([*TRAIN, "--epoch", "3"], 2, "--epochs"),
        ([*TRAIN, "--save-every", "0"], 2, "0 is not in the range x>=1; see: linocut train --help"),
        ([*TRAIN, "--epochs", "many"], 2, "'many' is not a valid integer; see: linocut train --help"),
        (
            [*TRAIN, "--model", "mpl"],
            2,
            "no model is called 'mpl'; did you mean mlp? there are mlp, cnv, binarynet, resnete18, bireal18, resnet20, "
            "resnet32, resnet56, resnet18, resnet34, xnor_vgg16, xnor_vgg19, convnet,",
        ),
        (["train"], 2, "--data is not given; take digits"),
        (["train", "--data", "mnits"], 2, "unknown data set 'mnits' (did you mean mnist?)"),
        (["train", "--data", "mnist"], 2, "get them with: linocut data get mnist"),
        (["train", "--data", "./nowhere"], 2, "nowhere is not a folder"),
        (
            [*TRAIN, "--policy", "leen"],
            2,
            "no policy is called 'leen'; there are standard, wang2021, lean, lean8, lean4; did you mean",
        ),
        ([*TRAIN, "--optimizer", "adan"], 2, "no optimizer is called 'adan'"),
        ([*TRAIN, "--schedule", "cosin"], 2, "did you mean cosine?"),
        (
            [*TRAIN, "--batch", "2000"],
            2,
            "batch size is 2,000, but digits has 1,500 examples; give a batch of 1 to 1,500",
        ),
        ([*TRAIN, "--batch", "0"], 2, "batch size is 0, must be a whole number from 1"),
        ([*TRAIN, "--threads", "0"], 2, "threads is 0, must be a whole number from 1 to 256"),
        ([*TRAIN, "--backend", "gpu"], 2, "backend is 'gpu', must be 'native' or 'reference'"),
        ([*TRAIN, "--lr", "0"], 2, "adam learning_rate is 0"),
        ([*TRAIN, "--lr", "-1"], 2, "adam learning_rate is -1.0, must be a finite number above 0"),
        ([*TRAIN, "--lr", "nan"], 2, "adam learning_rate is nan, must be a finite number above 0"),
        ([*TRAIN, "--momentum", "0.9"], 2, "momentum is 0.9, but adam has none; leave it out, or take --optimizer sgd"),
        ([*TRAIN, "--epochs", "0"], 2, "epochs is 0, must be a whole number, 1 or more"),
        ([*TRAIN, "--limit", "0"], 2, "limit is 0, must be a whole number, 1 or more"),
        ([*TRAIN, "--seed", "-1"], 2, "seed is -1, must be a whole number, 0 or more"),
        ([*TRAIN, "--hidden", "64,x"], 2, "'64,x' is not a list of whole numbers such as 256,256"),
        ([*TRAIN, "--hidden", "0"], 2, "binary_dense units is 0"),
        ([*TRAIN, "--size", "8y8"], 2, "'8y8' is not a size such as 32x32"),
        ([*TRAIN, "--size", "8x8"], 2, "digits has one size"),
        ([*TRAIN, "--out", "/proc/nowhere/run"], 1, "cannot be made"),
        ([*TRAIN, "--resume"], 2, "--resume needs --out"),
        ([*TRAIN, "--resume", "--out", "nowhere"], 2, "nowhere holds no run"),
        (["eval", "nowhere"], 2, "nowhere does not exist; give the folder of a run"),
        (["eval", "."], 2, "is not the folder of a run: it has no model.safetensors"),
        (["predict", "nowhere"], 2, "Missing argument 'IMAGE...'"),
        (["predict", "nowhere", "a.png"], 2, "nowhere does not exist"),
        (["plan", "--account", "papre"], 2, "--account is 'papre', must be arena or paper"),
        (["plan", "--budget", "1 KiB"], 2, "budget is 1.00 KiB (1,024 B), but a batch of 2 takes"),
        (["plan", "--budget", "lots"], 2, "'lots' is not a size such as 64MiB"),
        (["plan", "--listing", "--json"], 2, "--listing is for people"),
        (["plan", "--layers", "--json"], 2, "--layers is for people"),
        (["data", "get", "digits"], 2, "digits are inside the package"),
        (["data", "got", "mnist"], 2, "did you mean get?"),
    ],
)
def test_mistakes_get_one_line(linocut, arguments, status, message):
    found, _, err = linocut(*arguments)
    assert found == status
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1
    assert message in err
    assert not os.path.exists("runs")


def test_another_run_in_the_folder(linocut, run):
    status, _, err = linocut("train", *SMALL, "--epochs", 1, "--out", run)
    assert status == 2
    assert "run already holds a run of network mlp on digits (120 examples" in err
    assert "resume it (--resume" in err


def test_a_truncated_idx_file(linocut, tmp_path):
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for part, count in (("train", 60000), ("t10k", 10000)):
        header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (count, 28, 28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + bytes(100))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + count.to_bytes(4, "big") + bytes(count))
    status, _, err = linocut("train", "--data", "mnist", "--data-dir", tmp_path / "data")
    assert (status, len(err.splitlines())) == (2, 1)
    assert "train-images-idx3-ubyte" in err


def test_images_that_are_none(linocut, run):
    with open("bad.png", "wb") as file:
        file.write(b"not an image")
    assert linocut("predict", run, "bad.png", *REFERENCE) == (
        2,
        "",
        "error: bad.png is not an image in PNG, JPEG, GIF, BMP, TIFF, WEBP or PPM; replace or remove the file\n",
    )
    status, _, err = linocut("predict", run, "missing.png", *REFERENCE)
    assert (status, err) == (2, "error: missing.png does not exist; check the path\n")
    good = [f"{number}.png" for number in range(150)]  # more than are predicted at a time
    for name in good:
        Image.fromarray(np.full((8, 8), int(name[:-4]), np.uint8)).save(name)
    mixed = [*good[:50], "bad.png", *good[50:], "missing.png", "0.png"]
    status, out, err = linocut("predict", run, *mixed, "--json", *REFERENCE)
    assert (status, [each["file"] for each in objects(out)]) == (2, [*good, "0.png"])
    assert [line.split()[1] for line in err.splitlines()] == ["bad.png", "missing.png"]
    alone = objects(linocut("predict", run, *good, "--json", *REFERENCE)[1])
    assert objects(out)[:150] == alone


def test_a_network_of_another_shape_than_the_data(linocut, run):
    images, labels = np.zeros((20, 9, 9), np.uint8), np.zeros(20, int)
    one = lc.Trainer(lc.models.mlp((9, 9, 1), 10, (8,)), batch_size=10, backend="reference")
    one.fit((images, labels), 1, out="nine")
    status, _, err = linocut("eval", "nine", "--data", "digits", *REFERENCE)
    assert status == 2
    assert "digits has examples of shape 8 x 8 x 1, network mlp takes 9 x 9 x 1" in err


def test_a_full_disk(linocut, monkeypatch):
    def failing(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", failing)
    status, _, err = linocut("train", *SMALL, "--epochs", 1, "--out", "run")
    assert status == 1
    assert err == (
        "error: run/checkpoint.safetensors cannot be written: No space left on device; "
        "make room, or give a folder that can be written\n"
    )


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ((), "the machine has no memory for this"),
        (("the arena takes 99 bytes, too many; use a smaller batch",), "the arena takes 99 bytes, too many"),
    ],
)
def test_no_memory(linocut, monkeypatch, text, amount):
    def failing(*arguments, **named):
        raise MemoryError(*text)

    monkeypatch.setattr("linocut.train.ready.open_session", failing)
    status, _, err = linocut("train", *SMALL)
    assert (status, err) == (1, f"error: {amount}; take a smaller batch or narrower layers; see linocut plan\n")


def test_a_mistake_of_ours(linocut, monkeypatch):
    def failing(*arguments, **named):
        raise TypeError("what\na pity")

    monkeypatch.setattr("linocut.compile.lower.compile_network", failing)
    monkeypatch.delenv("LINOCUT_DEBUG", raising=False)
    assert linocut("plan") == (
        1,
        "",
        "error: unexpected TypeError: what a pity; please report it, with LINOCUT_DEBUG=1 for the traceback\n",
    )
    monkeypatch.setenv("LINOCUT_DEBUG", "1")
    status, _, err = linocut("plan")
    assert status == 1
    assert err.startswith("Traceback")
    assert err.endswith("error: unexpected TypeError: what a pity; please report it\n")


@pytest.mark.parametrize("name", ["-r5", "two words", "a;b", "$x"])
def test_the_commands_of_the_report_can_be_pasted(elsewhere, linocut, name):
    """Whatever the folder is called: they are read by a shell, and then as options."""
    status, out, _ = linocut("train", *SMALL, "--epochs", 1, f"--out={name}")
    assert status == 0
    commands = [line.partition("  ")[2].strip() for line in out.splitlines() if "  linocut " in line]
    assert len(commands) == 3
    words = [shlex.split(command)[1:] for command in commands]
    assert linocut(*words[0], *REFERENCE)[0] == 0
    assert linocut(*[word for word in words[1] if word != "IMAGE..."], "none.png", *REFERENCE)[2].startswith(
        "error: none.png"
    )
    assert linocut(*words[2], *REFERENCE)[0] == 0
    status, out, _ = linocut("export", words[0][1], "--to", "c", f"--out={name} c")
    assert status == 0 and Path(shlex.split(out.partition("try it: ")[2])[1]).is_dir()


def test_losses_are_short() -> None:
    shown = [show_loss(loss) for loss in (0.12345, 1.0, 999.99999, 1234.5, 5e60, -5e60, float("nan"))]
    assert shown == ["0.1235", "1.0000", "1000.0000", "1234.5", "5e+60", "-5e+60", "nan"]
