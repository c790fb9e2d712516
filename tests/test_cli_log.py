"""linocut log: tables, curves and conversions of what a run's log tells."""

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_command import objects

import linocut as lc
from linocut.report.curves_plot import plot
from linocut.report.epochs import epochs_table
from linocut.train.event_file import scalars_record, version_record
from linocut.train.logged import Logged, read_log

pytestmark = pytest.mark.usefixtures("elsewhere")


def epochs(run):
    return [event for event in objects(Path(run, "log.jsonl").read_text()) if event["event"] == "epoch"]


def with_validation(folder, count=3):
    """A log with the numbers of validation, and some that no version has."""
    Path(folder).mkdir()
    lines = [
        {
            **{"event": "epoch", "epoch": n, "loss": 2 / n, "train_accuracy": 1 - 1 / n, "accuracy": None},
            **{"validation_loss": 3 / n, "validation_accuracy": 0.5, "seconds": 2.0, "new": 7, "warnings": ["x"]},
        }
        for n in range(1, count + 1)
    ]
    Path(folder, "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in [{"event": "plan"}, *lines]))
    return folder


def test_a_table(linocut, run):
    status, out, err = linocut("log", run)
    assert (status, err) == (0, "")
    first, second, _rule, *rows = out.splitlines()
    assert (first.split(), second.split()) == (
        ["loss", "accuracy"],
        ["epoch", "training", "training", "test", "seconds"],
    )
    assert [row.split() for row in rows] == [
        [
            str(e["epoch"]),
            f"{e['loss']:.4f}",
            f"{e['train_accuracy']:.2%}",
            f"{e['accuracy']:.2%}",
            f"{e['seconds']:.1f}",
        ]
        for e in epochs(run)
    ]
    with_validation("other")
    _, both, _ = linocut("log", run, "other")
    assert both.startswith(f"run\n{out}\nother\n") and max(map(len, both.splitlines())) <= 80


def test_validation_has_columns_of_its_own(linocut):
    lines = linocut("log", with_validation("v"))[1].splitlines()
    assert lines[0].split() == ["loss", "accuracy"]
    assert lines[1].split() == ["epoch", "training", "validation", "training", "validation", "seconds"]
    assert lines[4].split() == ["2", "1.0000", "1.5000", "50.00%", "50.00%", "2.0"]


def test_for_programs(linocut, run):
    status, out, err = linocut("log", run, "--json")
    keys = [key for key in epochs(run)[0] if key not in ("event", "warnings")]
    assert (status, err) == (0, "")
    assert objects(out) == [{"run": run, **{key: epoch[key] for key in keys}} for epoch in epochs(run)]


def test_a_run_that_is_being_trained(linocut, run):
    """Half a line is one that is being written; what was there is told."""
    expected = linocut("log", run)[1]
    with open("run/log.jsonl", "a") as log:
        log.write('{"event": "epoch", "ep')
    assert linocut("log", run)[:2] == (0, expected)


def test_curves_of_one_run_and_of_several(linocut, run):
    matplotlib = pytest.importorskip("matplotlib")
    with_validation("v$x$")
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # text as text
        assert linocut("log", "v$x$", "--plot", "one.svg") == (0, "", "wrote one.svg\n")
        assert linocut("log", run, "v$x$", "--plot", "two.svg") == (0, "", "wrote two.svg\n")
    one, two = Path("one.svg").read_text(), Path("two.svg").read_text()
    assert (one.count(">training<"), one.count(">validation<"), one.count(">test<")) == (2, 2, 0)
    assert ">v$x$<" in one and one.count(">epoch<") == 2 and ">loss<" in one and ">accuracy<" in one
    for name, count in ((f"{run}: training", 2), (f"{run}: test", 1), ("v$x$: validation", 2), ("v$x$: training", 2)):
        assert two.count(f">{name}<") == count, name
    assert linocut("log", run, "--plot", "curves.png")[0] == 0
    with Image.open("curves.png") as picture:
        assert picture.width > picture.height > 300


def test_curves_are_where_the_numbers_are():
    figure_of = pytest.importorskip("matplotlib.figure").Figure
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_of, "savefig", lambda self, *args, **given: drawn.append(self))
        plot([read_log(with_validation("v"))], Path("x.png"))
        plot([Logged("n", ({"epoch": 4, "loss": 9.0},), 0.0)], Path("x.png"))  # of numbers, one epoch
    loss, accuracy = drawn[0].axes
    lines = {line.get_label(): line for line in loss.lines}
    assert [list(lines[name].get_ydata()) for name in ("training", "validation")] == [[2, 1, 2 / 3], [3, 1.5, 1]]
    assert [line.get_linestyle() for line in loss.lines] == ["-", "--"]
    assert list(accuracy.lines[0].get_ydata()) == [0, 0.5, 1 - 1 / 3]
    assert all(tick == int(tick) for tick in loss.get_xticks())
    (only,) = drawn[1].axes
    assert list(only.lines[0].get_xdata()) == [4] and all(tick == int(tick) for tick in only.get_xticks())


def test_a_table_of_one_number(tmp_path):
    assert [line.split() for line in epochs_table(Logged("n", ({"epoch": 4, "loss": 9.0},), 0.0))] == [
        *(["loss"], ["epoch", "training", "seconds"], ["-" * 24], ["4", "9.0000", "-"])
    ]


def test_a_file_that_is_there_is_replaced_where_that_is_asked_for(linocut, run):
    before = Path(run, "log.jsonl").read_bytes()
    for path in (Path(run, "log.jsonl"), Path("mine.csv")):
        path.exists() or path.write_text("mine")
        status, out, err = linocut("log", run, "--to", "csv", "--out", path)
        assert (status, out) == (2, "") and f"{path} exists already; give --force to replace it" in err
    assert Path(run, "log.jsonl").read_bytes() == before and Path("mine.csv").read_text() == "mine"
    assert linocut("log", run, "--to", "csv", "--out", "mine.csv", "--force")[0] == 0
    assert Path("mine.csv").read_text().startswith("epoch")


def test_csv(linocut, run):
    assert linocut("log", run, "--to", "csv", "--out", "one.csv") == (0, "", "wrote one.csv\n")
    with_validation("v")
    assert linocut("log", run, "v", "--to", "csv", "--out", "two.csv")[0] == 0
    with open("one.csv", newline="") as file:
        one = list(csv.DictReader(file))
    keys = [key for key in epochs(run)[0] if key not in ("event", "warnings")]
    assert one == [{key: "" if e[key] is None else str(e[key]) for key in keys} for e in epochs(run)]
    with open("two.csv", newline="") as file:
        two = list(csv.DictReader(file))
    assert list(two[0]) == ["run", *keys, "new"]
    assert [row["run"] for row in two] == [run] * 2 + ["v"] * 3 and two[4]["new"] == "7" and two[0]["new"] == ""


def test_tensorboard(linocut, run):
    """As the logger would have written it, at the times at which epochs ended; written again it is the same file."""
    os.utime("run/log.jsonl", (1000.0, 1000.0))
    for _ in range(2):
        assert linocut("log", run, "--to", "tensorboard", "--out", "tb")[0] == 0
    (path,) = Path("tb").iterdir()
    tags = {"loss": "loss/training", "train_accuracy": "accuracy/training", "accuracy": "accuracy/test"}
    first, second = (
        {tags.get(k, k): v for k, v in e.items() if k not in ("event", "epoch", "warnings") and v is not None}
        for e in epochs(run)
    )
    spent = [e["seconds"] for e in epochs(run)]
    begun = 1000.0 - sum(spent)
    assert path.read_bytes() == (
        version_record(begun)
        + scalars_record(begun + spent[0], 1, first)
        + scalars_record(begun + spent[0] + spent[1], 2, second)
    )
    with_validation("v")
    Path("below").mkdir()
    with_validation("below/v")
    status, _, err = linocut("log", run, "v", "below/v", "--to", "tensorboard", "--out", "all")
    assert (status, sorted(os.listdir("all"))) == (0, ["run", "v", "v-2"]) and len(err.splitlines()) == 3


def test_tensorboard_itself_reads_it(linocut, run):
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    assert linocut("log", run, "--to", "tensorboard", "--out", "tb")[0] == 0
    found = module.EventAccumulator("tb")
    found.Reload()
    assert [event.step for event in found.Scalars("loss/training")] == [1, 2]
    assert [e.value for e in found.Scalars("loss/training")] == pytest.approx([e["loss"] for e in epochs(run)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "tells of no epoch: none has ended yet; wait for the first"),
        ('{"event": "plan"}\n', "tells of no epoch"),
        ("none\n", "cannot be read: Expecting value"),
        ("[]\n", "line 1 is [], must be an object"),
        ('{"event": "epoch", "epoch": 1}\n', "line 1: loss is None, must be a finite number"),
        ('{"event": "epoch", "epoch": "x", "loss": 1}\n', "line 1: epoch is None, must be a whole number"),
        ('{"event": "epoch", "epoch": 1.5, "loss": 1}\n', "line 1: epoch is 1.5, must be a whole number"),
        ('{"event": "epoch", "epoch": 1, "loss": NaN}\n', "line 1: loss is nan, must be a finite number"),
        ('{"event": "epoch", "epoch": 2, "loss": 1}\n' * 2, "line 2: epoch 2 follows 2"),
        (
            '{"event": "epoch", "epoch": 99999999999999999999, "loss": 1}\n',
            "line 1: epoch 99999999999999999999 follows 0",
        ),
        (b"\xff\n", "cannot be read: 'utf-8' codec"),
        ("[" * 100000 + "\n", "cannot be read"),
    ],
    ids=range(12),
)
def test_damaged_logs(linocut, text, message):
    Path("r").mkdir()
    Path("r/log.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
    status, out, err = linocut("log", "r")
    assert (status, out, len(err.splitlines())) == (2, "", 1) and message in err, err


def test_what_is_no_run(linocut, run):
    for name in ("nowhere", "run/log.jsonl"):
        status, _, err = linocut("log", name)
        assert status == 2 and f"{name} is not the folder of a run: it has no log.jsonl; give what --out was" in err
    Path("pipe").mkdir()
    os.mkfifo("pipe/log.jsonl")
    assert "it is no plain file" in linocut("log", "pipe")[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "csv"), "--to and --out go together"),
        (("--out", "x"), "--to and --out go together"),
        (("--to", "excel", "--out", "x"), "'excel' is not one of 'tensorboard', 'csv'"),
        (("--plot", "x.doc"), "x.doc cannot be drawn: '.doc' is no kind of picture"),
    ],
)
def test_what_does_not_go_together(linocut, run, arguments, message):
    status, out, err = linocut("log", run, *arguments)
    assert (status, out) == (2, "") and message in err


def test_curves_without_matplotlib(linocut, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    status, _, err = linocut("log", run, "--plot", "x.png")
    assert status == 2 and "--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'" in err


def test_a_network_of_numbers_has_losses_only(linocut):
    layers = [lc.layers.Input((2, 3, 1)), lc.layers.Flatten(), lc.layers.Dense(2), lc.layers.MeanSquaredError()]
    trainer = lc.Trainer(lc.layers.Network("own", tuple(layers)), batch_size=5, backend="reference")
    trainer.fit((np.arange(60, dtype=np.uint8).reshape(10, 2, 3, 1), np.ones((10, 2))), epochs=1, out="numbers")
    assert linocut("log", "numbers")[1].splitlines()[1].split() == ["epoch", "training", "seconds"]


def test_dynamics_are_shown_told_and_drawn(linocut):
    status, _, err = linocut("train", "--data", "digits", "--epochs", "2", "--dynamics", "--out", "watched")
    assert status == 0, err
    status, out, err = linocut("log", "watched", "--dynamics")
    assert (status, err) == (0, "")
    run, after, titles, _rule, *rows = out.splitlines()
    assert (run, after) == ("watched", "after epoch 2")
    assert titles.split() == ["layer", "J", "J0", "J^2", "before", "J^2", "turnover", "gain", "passed", "clipped"]
    assert [row.split()[0] for row in rows] == [f"binary_dense{n}" for n in range(1, 6)]
    _, out, _ = linocut("log", "watched", "--dynamics", "--json")
    told = objects(out)
    assert [one["epoch"] for one in told] == [0, 1, 2]
    last = told[-1]["dynamics"][1]
    assert rows[1].split()[1] == f"{last['j']:.4f}" and rows[1].split()[6] == f"{last['chi']:.3f}"
    assert told[-1]["dynamics"] == epochs("watched")[-1]["dynamics"]
    status, _, err = linocut("log", "watched", "--dynamics", "--plot", "dynamics.png")
    assert (status, err) == (0, "wrote dynamics.png\n")
    assert Image.open("dynamics.png").size[0] > 1000


def test_layers_and_their_time_in_the_picture_of_dynamics(linocut, monkeypatch):
    """Binary layers and the last one, with no tanh behind, have no edge; a cosine's epochs are worth less and less."""
    layers = '"flatten"', '"dense"\nunits = 16', '"tanh"', '"dense"\nunits = "classes"', '"softmax_cross_entropy"'
    text = "".join(f"[[layers]]\nlayer = {layer}\n" for layer in layers)
    Path("tanh.toml").write_text(f'name = "tanh"\n{text}')
    drawn = []
    monkeypatch.setattr("linocut.report.dynamics_plot.plot", lambda runs, diagram, path: drawn.append((runs, diagram)))
    monkeypatch.setattr("linocut.cli.dynamics._diagram", lambda activation: activation)
    sgd = "--optimizer", "sgd", "--momentum", 0.5, "--lr", 0.1, "--batch", 100, "--epochs", 2, "--dynamics"
    rule = *("--model", "tanh.toml", "--policy", "standard"), "--schedule", "cosine"
    assert linocut("train", "--data", "digits", *rule, *sgd, "--out", "tanh")[0] == 0
    assert linocut("train", "--data", "digits", "--hidden", 8, *sgd, "--out", "binary")[0] == 0
    assert linocut("log", "tanh", "binary", "--dynamics", "--plot", "both.png")[0] == 0
    ((tanh, binary), activation) = drawn[0]
    assert (tanh.placed, binary.placed, activation) == ({"dense1"}, frozenset(), "tanh")
    assert binary.rescaled == pytest.approx([0, 0.002, 0.004])
    assert tanh.rescaled[1] + tanh.rescaled[1] > tanh.rescaled[2] == pytest.approx(0.002, rel=0.02)


def test_a_run_that_was_not_measured_from_the_start_is_not_said_to_be(linocut):
    train = "train", "--data", "digits", "--hidden", 8, "--out", "late"
    assert linocut(*train, "--epochs", 1)[0] == 0
    assert linocut("train", "--resume", "--out", "late", "--epochs", 3, "--dynamics")[0] == 0
    _, out, _ = linocut("log", "late", "--dynamics")
    assert "J^2 after 2" in out and "before" not in out


def test_dynamics_that_there_are_not_and_options_that_do_not_go_together(linocut, run):
    status, _, err = linocut("log", run, "--dynamics")
    assert status == 2 and "tells of no dynamics; train with --dynamics" in err
    status, _, err = linocut("log", run, "--dynamics", "--to", "csv", "--out", "x.csv")
    assert status == 2 and "--dynamics goes with --plot and --json, not with --to; leave out one" in err
