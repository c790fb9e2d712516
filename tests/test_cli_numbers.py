"""Tables and arrays on the command line, from training to prediction."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wav_files
from number_files import (
    NAMES,
    TABLE,
    classes_table,
    features,
    kinds,
    labels_table,
    numbers_table,
    sums,
    write_table,
)
from small_command import objects
from wav_files import tones

import linocut as lc
from linocut.data.form import Form

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_a_table_of_classes_from_training_to_prediction(linocut, tmp_path: Path) -> None:
    classes_table(Path("things.csv"), count=400)
    command = ("train", "--data", "things.csv", "--label", "kind", *TABLE, "--hidden", "32,32", "--epochs", 20)
    status, out, err = linocut(*command)
    assert (status, err) == (0, "")
    assert "classification of kind by 3 columns" in out and "linocut predict runs/mlp-things FILE..." in out
    tested = objects(linocut("eval", "runs/mlp-things", "--json")[1])[0]
    assert tested["accuracy"] > 0.75 and 50 < tested["examples"] < 120
    classes_table(Path("more.csv"), 1, 200)
    more = objects(linocut("eval", "runs/mlp-things", "--data", "more.csv", "--json")[1])[0]
    assert more["accuracy"] > 0.75 and more["examples"] == 200
    status, out, _ = linocut("predict", "runs/mlp-things", "more.csv", "--json")
    rows = objects(out)
    assert (status, [row["row"] for row in rows]) == (0, list(range(1, 201)))
    right = [row["class"] == kind for row, kind in zip(rows, kinds(features(1, 200)), strict=True)]
    assert np.mean(right) == more["accuracy"], "predicting codes as evaluating does"
    assert linocut("predict", "runs/mlp-things", "more.csv")[1].startswith("more.csv:1  ")


def test_a_table_is_resumed_to_the_same_bits_and_other_labels_are_refused(linocut) -> None:
    classes_table(Path("things.csv"))
    command = ("train", "--data", "things.csv", "--label", "kind", *TABLE, "--json")
    whole = objects(linocut(*command, "--epochs", 4, "--out", "whole")[1])[-1]
    assert linocut(*command, "--epochs", 2, "--out", "parts")[0] == 0
    again = ("train", "--resume", "--out", "parts", "--threads", 1, "--json", "--epochs", 4)
    assert objects(linocut(*again)[1])[-1]["weights_sha256"] == whole["weights_sha256"]
    assert lc.Trainer.resume("parts").data.form == lc.Trainer.resume("whole").data.form
    status, _, err = linocut(*again, "--label", "width")
    assert status == 2 and "holds a run of label kind, not width; leave out the option" in err


def test_a_regression_predicts_in_the_units_of_the_table(linocut) -> None:
    numbers_table(Path("houses.csv"), count=400)
    command = ("train", "--data", "houses.csv", "--label", "price,age", "--task", "regression", *TABLE)
    assert linocut(*command, "--hidden", "32,32", "--epochs", 20, "--out", "run")[0] == 0
    found = objects(linocut("eval", "run", "--json")[1])[0]
    assert found["accuracy"] is None and [one["target"] for one in found["targets"]] == ["price", "age"]
    assert min(one["r2"] for one in found["targets"]) > 0.7
    assert found["loss"] == pytest.approx(np.mean([one["mse"] for one in found["targets"]]), rel=1e-4)
    text = linocut("eval", "run")[1]
    status, _, err = linocut("eval", "run", "--confusion")
    assert status == 2 and "--confusion is for examples of one class each" in err
    assert text.splitlines()[2].split() == ["target", "mse", "mae", "r2"] and "price" in text
    numbers_table(Path("more.csv"), 1, 50)
    rows = np.array([one["outputs"] for one in objects(linocut("predict", "run", "more.csv", "--json")[1])])
    total = sums(features(1, 50))
    for column, truth in ((0, 1e5 + 2e4 * total), (1, 3 - total)):
        assert np.corrcoef(rows[:, column], truth)[0, 1] > 0.85
        assert abs(rows[:, column].mean() - truth.mean()) < truth.std() / 2
    assert linocut("predict", "run", "more.csv")[1].startswith("more.csv:1  price ")
    trainer, loaded = lc.Trainer.resume("run"), lc.load("run")
    codes = loaded.read("more.csv")
    np.testing.assert_allclose(trainer.predict(codes).outputs, loaded.predict(codes).outputs, rtol=1e-5)
    test = lc.data.load("houses.csv", labels=["price", "age"], task="regression")[1]
    assert loaded.evaluate(test).loss == pytest.approx(found["loss"])
    assert trainer.evaluate(test).loss < 0.3, "of what is learned: 1 is the variance of what was trained on"


def test_a_regression_is_exported_in_its_units(linocut, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tflite")
    numbers_table(Path("houses.csv"))
    command = ("train", "--data", "houses.csv", "--label", "price", "--task", "regression", *TABLE)
    assert linocut(*command, "--epochs", 2, "--out", "run")[0] == 0
    assert linocut("export", "run", "--to", "onnx", "--out", "model.onnx")[0] == 0
    loaded = lc.load("run")
    codes = loaded.read("houses.csv")
    session = onnxruntime.InferenceSession("model.onnx")
    found = session.run(None, {session.get_inputs()[0].name: codes[:1]})[0]
    np.testing.assert_allclose(found, loaded.predict(codes[:1]).outputs, rtol=1e-5)
    (about,) = [one for one in onnx_metadata("model.onnx") if one.key == "linocut.form"]
    assert Form.from_dict(json.loads(about.value)) == loaded.form
    assert linocut("export", "run", "--to", "tflite", "--out", "model.tflite")[0] == 0
    assert json.dumps(loaded.form.to_dict()).encode() in Path("model.tflite").read_bytes()


def onnx_metadata(path: str) -> list[Any]:
    import onnx

    return list(onnx.load(path).metadata_props)


MAIN = """
#include <stdio.h>
#include "net.h"
int main(void)
{
    float values[3], logits[NET_CLASSES];
    uint8_t image[NET_INPUT_BYTES], scratch[NET_SCRATCH_BYTES];
    while (fread(values, sizeof values, 1, stdin) == 1) {
        net_code(values, image);
        printf("%d %d %d %d\\n", image[0], image[1], image[2], net_predict(image, scratch, logits));
    }
    return 0;
}
"""


def test_exported_c_codes_numbers_as_training_did(linocut, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    classes_table(Path("things.csv"))
    assert linocut("train", "--data", "things.csv", "--label", "kind", *TABLE, "--epochs", 2, "--out", "run")[0] == 0
    assert linocut("export", "run", "--to", "c", "--out", "device", "--name", "net")[0] == 0
    Path("device/main.c").write_text(MAIN)
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-ffp-contract=off"]
    subprocess.run([compiler, *flags, "net.c", "main.c", "-o", "main"], cwd="device", check=True)
    loaded = lc.load("run")
    assert loaded.form is not None and loaded.form.coding is not None
    low, high = np.array(loaded.form.coding.low), np.array(loaded.form.coding.high)
    ties = low + (high - low) * np.linspace(-0.1, 1.1, 613)[:, None]
    values = np.concatenate([features(2, 400), ties, [[np.inf, -np.inf, 3e38]]]).astype(np.float32)
    out = subprocess.run(["device/main"], input=values.tobytes(), capture_output=True, check=True).stdout
    found = np.array(out.split(), int).reshape(-1, 4)
    codes = loaded.form.coding.codes(values)
    np.testing.assert_array_equal(found[:, :3], codes)
    np.testing.assert_array_equal(found[:, 3], loaded.predict(codes).classes)
    test = ["net.c", "net_test.c", "-o", "check"]
    subprocess.run([compiler, *flags, *test], cwd="device", check=True)
    subprocess.run(["device/check"], check=True, capture_output=True)


def test_several_labels_are_told_one_by_one(linocut) -> None:
    labels_table(Path("things.csv"), count=400)
    command = ("train", "--data", "things.csv", "--label", "wide", "--label", "high", "--task", "multilabel", *TABLE)
    assert linocut(*command, "--hidden", "32,32", "--epochs", 20, "--out", "run")[0] == 0
    found = objects(linocut("eval", "run", "--json")[1])[0]
    for one in found["labels"]:
        assert one["accuracy"] > 0.8 and 0 < one["f1"] <= 1, one
    assert linocut("eval", "run")[1].splitlines()[2].split()[:2] == ["label", "accuracy"]
    rows = objects(linocut("predict", "run", "things.csv", "--json")[1])
    assert {tuple(row["labels"]) for row in rows} == {(), ("wide",), ("high",), ("wide", "high")}
    lines = linocut("predict", "run", "things.csv")[1].splitlines()
    assert {line.partition("  ")[2] for line in lines} == {"none", "wide", "high", "wide, high"}


def test_scores_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    from linocut.run.number_scores import _label, _number

    rng = np.random.default_rng(0)
    truth, found = rng.normal(size=50), rng.normal(size=50)
    one = _number("a", found, truth)
    assert (one.mse, one.mae, one.r2) == pytest.approx(
        (
            metrics.mean_squared_error(truth, found),
            metrics.mean_absolute_error(truth, found),
            metrics.r2_score(truth, found),
        )
    )
    label = _label("a", found > 0, truth > 0.5)
    wanted = metrics.precision_recall_fscore_support(truth > 0.5, found > 0, average="binary")
    assert (label.precision, label.recall, label.f1) == pytest.approx(wanted[:3])


def test_arrays_train_a_network_of_a_file_and_a_file_that_does_not_fit_costs_a_line(linocut) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    waves = np.sin(np.arange(16)[None, :, None] * (0.5 + y[:, None, None]) + rng.uniform(0, 6, (200, 1, 2)))
    np.savez("waves.npz", x=3 * waves, y=y)
    Path("net.toml").write_text(
        """
        [[layers]]
        layer = "binary_conv1d"
        filters = 32
        kernel = 5
        [[layers]]
        layer = "batch_norm"
        [[layers]]
        layer = "relu"
        [[layers]]
        layer = "global_average_pool"
        [[layers]]
        layer = "dense"
        units = "classes"
        bias = true
        """
    )
    command = ("train", "--model", "net.toml", "--data", "waves.npz", "--batch", 20, "--lr", 0.01, "--epochs", 10)
    assert linocut(*command, "--out", "run")[0] == 0
    assert objects(linocut("eval", "run", "--json")[1])[0]["accuracy"] > 0.9
    np.savez("other.npz", x=waves[..., :1])
    status, out, err = linocut("predict", "run", "other.npz", "waves.npz")
    assert (status, len(out.splitlines())) == (2, 200)
    assert "other.npz has 1 channels, the network was trained on 2" in err


def test_recordings_train_a_network_over_time(linocut, tmp_path: Path) -> None:
    tones(Path("sounds"), 40)
    model = Path(__file__).parents[1] / "examples" / "spoken-digits.toml"
    command = ("train", "--model", model, "--data", "sounds", "--batch", 16, "--lr", 0.01, "--epochs", 6)
    assert linocut(*command, "--out", "run")[0] == 0
    assert objects(linocut("eval", "run", "--json")[1])[0]["accuracy"] > 0.9
    status, out, _ = linocut("predict", "run", "sounds/low/003.wav", "sounds/high/003.wav", "--json")
    assert (status, [(one["file"], one["class"]) for one in objects(out)]) == (
        0,
        [("sounds/low/003.wav", "low"), ("sounds/high/003.wav", "high")],
    )
    assert linocut("train", "--resume", "--out", "run", "--epochs", 7)[0] == 0
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    status, out, err = linocut("predict", "run", "bad.wav", "sounds/low/003.wav")
    assert (status, len(out.splitlines())) == (2, 1) and "bad.wav ends at byte 4, before its samples" in err


def test_a_table_is_planned_as_it_is_trained(linocut) -> None:
    classes_table(Path("things.csv"))
    numbers = ("--data", "things.csv", "--label", "kind", "--hidden", "32,32", "--batch", 20)
    planned = objects(linocut("plan", *numbers, "--json")[1])[0]
    trained = objects(linocut("train", *numbers, "--epochs", 1, "--json")[1])
    assert planned["total_bytes"] == trained[0]["arena_bytes"]
    status, _, err = linocut("plan", "--label", "kind")
    assert status == 2 and "--label and --task are for the numbers of --data" in err


def test_a_network_that_goes_on_with_other_rows_keeps_its_ranges_and_learns_new_classes(linocut) -> None:
    classes_table(Path("things.csv"))
    common = (*TABLE, "--epochs", 1)
    assert linocut("train", "--data", "things.csv", "--label", "kind", *common, "--out", "run")[0] == 0
    before = lc.load("run").form
    assert before is not None
    x = 3 * features(4, 80)
    rows = [
        [*row, "huge" if at % 4 == 0 else kind] for at, (row, kind) in enumerate(zip(x.tolist(), kinds(x), strict=True))
    ]
    write_table(Path("more.csv"), (*NAMES, "kind"), rows)
    given = ("--batch", 10, "--lr", 0.01, "--threads", 1, "--epochs", 1)
    status, _, err = linocut("train", "--from", "run", "--data", "more.csv", *given, "--out", "later")
    assert status == 0, err
    later = lc.load("later")
    assert later.form is not None and later.form.coding == before.coding
    assert later.classes == tuple(sorted({kind for *_, kind in rows})) and "huge" in later.classes
    said = ("--label", "kind", "--task", "classification")
    status, _, err = linocut("train", "--from", "run", "--data", "more.csv", *said, *given, "--out", "said", "--json")
    assert status == 0, err
    assert lc.load("said").form == later.form, "the run's own label and task, said again, change nothing"


def test_a_network_goes_on_with_another_label(linocut) -> None:
    """Such numbers are read anew, with ranges of their own."""
    x = features(4, 80)
    header = (*NAMES, "kind", "large")
    rows = [[*row, kind, at % 2] for at, (row, kind) in enumerate(zip(x.tolist(), kinds(x), strict=True))]
    write_table(Path("first.csv"), header[:-1], [row[:-1] for row in rows])
    write_table(Path("other.csv"), (*NAMES, "large"), [[*row[:-2], row[-1]] for row in rows])
    first = ("train", "--data", "first.csv", "--label", "kind", *TABLE, "--epochs", 1, "--out", "run")
    assert linocut(*first)[0] == 0
    given = ("--data", "other.csv", "--batch", 10, "--threads", 1, "--epochs", 1)
    status, _, err = linocut("train", "--from", "run", "--label", "large", *given, "--out", "later")
    assert status == 0, err
    form = lc.load("later").form
    assert form is not None and (form.labels, form.columns, form.classes) == (("large",), NAMES, ("0", "1"))


def test_validation_is_held_out_of_a_table(linocut) -> None:
    classes_table(Path("things.csv"), count=300)
    command = ("train", "--data", "things.csv", "--label", "kind", *TABLE, "--epochs", 2, "--validation", 0.2, "--json")
    _, *epochs, _ = objects(linocut(*command, "--out", "run")[1])
    assert all(0 < epoch["validation_accuracy"] <= 1 for epoch in epochs)
    assert objects(linocut("train", "--resume", "--out", "run", "--epochs", 3, "--json")[1])[-1]["epochs"] == 3


def test_a_folder_of_recordings_is_predicted(linocut, tmp_path: Path) -> None:
    """Files, a folder and a pattern are one thing; what else lies there is left out, and said."""
    time = np.arange(4000) / wav_files.RATE
    for name, pitch in (("high", 900), ("low", 200)):
        for number in range(8):
            samples = 0.5 * np.sin(2 * np.pi * pitch * time) + 0.01 * np.random.default_rng(number).normal(size=4000)
            wav_files.write_wav(tmp_path / "sounds" / name / f"{number}.wav", samples)
    how = ("--model", "mlp", "--hidden", "16", "--batch", "4", "--epochs", "6", "--lr", "0.01", "--out", "run")
    assert linocut("train", "--data", tmp_path / "sounds", *how)[0] == 0
    (tmp_path / "sounds" / "high" / "notes.txt").write_text("none")
    files = sorted((tmp_path / "sounds" / "high").glob("*.wav"))
    status, out, err = linocut("predict", "run", tmp_path / "sounds" / "high", "--json")
    assert status == 0 and "left out 1 file that is not called as a recording is: 1 .txt" in err
    assert [one["file"] for one in objects(out)] == list(map(str, files))
    assert out == linocut("predict", "run", *files, "--json")[1]
    (tmp_path / "none").mkdir()
    status, _, err = linocut("predict", "run", tmp_path / "none")
    assert status == 2 and "holds no recordings; give a folder of recordings, or files" in err
