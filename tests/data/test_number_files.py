"""CSV tables and .npz files as data sets: what is read, coded and kept, and the text of what is refused."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from number_files import COUNT, NAMES, classes_table, features, kinds, labels_table, numbers_table, write_table
from numpy.testing import assert_array_equal

import linocut as lc
from linocut.data import Summary, from_arrays, is_image_folder, load, take
from linocut.data.coding import Coding
from linocut.data.dataset import NUMPY_DTYPES, truth_form
from linocut.data.form import Form
from linocut.data.number_files import read_numbers
from linocut.errors import DataError, SpecError

pytestmark = pytest.mark.usefixtures("home")


def content(dataset):
    """All of a data set."""
    x = np.empty((len(dataset), *dataset.shape), NUMPY_DTYPES[dataset.dtype])
    truth = np.empty(*truth_form(dataset, len(dataset)))
    dataset.read(np.arange(len(dataset)), x, truth)
    return x, truth


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_is_classes_and_bytes_by_the_ranges_of_what_is_trained_on(tmp_path: Path, delimiter: str) -> None:
    path = classes_table(tmp_path / "things.csv", delimiter=delimiter)
    train, test = load(path, labels=["kind"])
    assert (train.name, train.shape, train.dtype) == (str(path), (3,), "u8")
    assert train.classes == test.classes == ("heavy", "light", "middle")
    assert 0.1 * COUNT < len(test) < 0.35 * COUNT and len(train) + len(test) == COUNT
    assert train.form == test.form == take(train, 5).form
    x, truth = content(train)
    raw = features()
    rows = [row for row in range(COUNT) if not _is_test(row)]
    assert_array_equal(x, Coding.of(raw[rows]).codes(raw[rows]))
    assert [train.classes[label] for label in truth] == [kinds(raw)[row] for row in rows]
    assert {int(x.min()), int(x.max())} == {0, 255}
    assert "classification of kind by 3 columns" in str(Summary.of(train, test))


def _is_test(row: int) -> bool:
    from linocut.data.folder import is_for_testing

    return is_for_testing(str(row))


def test_columns_are_found_by_name_in_other_tables(tmp_path: Path) -> None:
    train, _ = load(classes_table(tmp_path / "a.csv"), labels=["kind"])
    assert train.form is not None and train.form.columns == NAMES
    x = features(1, 4)
    rows = [["a", *row[::-1]] for row in x.tolist()]
    other = write_table(tmp_path / "b.csv", ("who", *NAMES[::-1]), rows)
    assert train.form.coding is not None
    assert_array_equal(read_numbers(other, train.form), train.form.coding.codes(x))


def test_tables_to_train_and_to_test_on_lie_in_one_folder(tmp_path: Path) -> None:
    classes_table(tmp_path / "train.csv")
    classes_table(tmp_path / "test.csv", 1, 40)
    train, test = load(tmp_path, labels=["kind"])
    assert (len(train), len(test), train.name) == (COUNT, 40, str(tmp_path))
    whole = load(tmp_path / "test.csv", form=train.form, whole=True)[1]
    for one, other in zip(content(whole), content(test), strict=True):
        assert_array_equal(one, other)


def test_numbers_are_learned_by_their_mean_and_deviation(tmp_path: Path) -> None:
    train, test = load(numbers_table(tmp_path / "a.csv"), labels=["price,age"], task="regression")
    assert (train.targets, train.classes) == (2, ())
    truth = content(train)[1]
    np.testing.assert_allclose([truth.mean(axis=0), truth.std(axis=0)], [[0, 0], [1, 1]], atol=1e-5)
    assert test.form is not None and test.form.scaling is not None
    assert test.form.scaling.in_units(content(test)[1])[:, 0].mean() == pytest.approx(1e5, rel=0.2)


def test_labels_of_0_and_1_are_kept_with_their_names(tmp_path: Path) -> None:
    train, _ = load(labels_table(tmp_path / "a.csv"), labels=["wide", "high"], task="multilabel")
    assert (train.targets, train.classes) == (2, ("wide", "high"))
    assert set(np.unique(content(train)[1])) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("dtype", "shape", "of"),
    [
        ("float64", (5,), (5,)),
        ("float32", (7, 2), (7, 2)),
        ("int16", (4, 4, 3), (4, 4, 3)),
        ("uint8", (5,), (5,)),
        ("uint8", (4, 4), (4, 4, 1)),
    ],
)
def test_arrays_of_numbers_are_coded_by_channel_and_bytes_stay(tmp_path: Path, dtype, shape, of) -> None:
    x = np.random.default_rng(0).integers(0, 256, (60, *shape)).astype(dtype)
    np.savez_compressed(tmp_path / "a.npz", X=x, Y=np.arange(60) % 3)
    train, test = load(str(tmp_path / "a.npz"))
    assert (train.shape, train.dtype, train.classes) == (of, "u8", ("0", "1", "2"))
    rows = np.array([not _is_test(row) for row in range(60)])
    own = x[rows].reshape(-1, *of)
    expected = own if dtype == "uint8" else Coding.of(own).codes(own)
    assert_array_equal(content(train)[0], expected)
    assert len(test) == 60 - rows.sum()
    assert train.form is not None and (train.form.coding is None) == (dtype == "uint8")
    assert len(read_numbers(tmp_path / "a.npz", train.form)) == 60


def test_arrays_that_are_parted_stay_so(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(30, 4))
    names = np.array(["cat", "dog"])[np.arange(30) % 2]
    np.savez(tmp_path / "a.npz", x_train=x[:20], y_train=names[:20], x_test=10 * x[20:], y_test=names[20:])
    train, test = load(tmp_path / "a.npz")
    assert (len(train), len(test), train.classes) == (20, 10, ("cat", "dog"))
    assert_array_equal(content(test)[0], Coding.of(x[:20]).codes(10 * x[20:]))
    y = np.stack([x[:, 0] > 0, x[:, 1] > 0], axis=1)
    np.savez(tmp_path / "b.npz", x=x, y=y)
    assert load(tmp_path / "b.npz", task="multilabel")[0].targets == 2
    np.savez(tmp_path / "c.npz", x=x, y=x[:, 0])
    assert load(tmp_path / "c.npz", task="regression")[0].targets == 1


def test_a_form_goes_through_a_file(tmp_path: Path) -> None:
    for task, labels, table in (
        ("classification", ["kind"], classes_table),
        ("regression", ["price", "age"], numbers_table),
        ("multilabel", ["wide", "high"], labels_table),
    ):
        form = load(table(tmp_path / f"{task}.csv"), labels=labels, task=task)[0].form
        assert form is not None
        assert Form.from_dict(json.loads(json.dumps(form.to_dict()))) == form
        assert pickle.loads(pickle.dumps(form)) == form
        for wrong in ({"kind": "picture"}, {"task": "x"}, {"columns": [1]}, {"coding": {}}, {"scaling": {"mean": []}}):
            with pytest.raises(SpecError):
                Form.from_dict({**json.loads(json.dumps(form.to_dict())), **wrong})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,kind\n1,x\nParis,y\n", r"line 3: column 'a' is 'Paris', must be a finite number; leave the column out, or"),
        ("a,kind\n1,x\n,y\n", r"line 3: column 'a' is '', no number; fill in a value, or leave out that row or column"),
        ("a,kind\n1,x\nNaN,y\n", r"column 'a' is 'NaN', no number; fill in"),
        ("a,kind\n1,x\ninf,y\n", r"column 'a' is 'inf', must be a finite number"),
        ('a;kind\n1;x\n"1,5";y\n', r"column 'a' is '1,5', must be a finite number; write numbers with a point, as in"),
        ("a,kind\n1,x\n1_000,y\n", r"line 3: column 'a' is '1_000', must be a finite number; write numbers without"),
        ("a,kind\n1,x\n2, \n", r"a\.csv, line 3: column 'kind' is empty; fill in a value, or leave out that row"),
        ('a,kind\n1,x\n2,""\n', r"a\.csv, line 3: column 'kind' is empty"),
        ("a,kind\n1,x,3\n", r"line 2 has 3 cells, must have 2; mend that line"),
        ("a,kind\n", r"holds no rows below its header; add examples"),
        ("", r"is empty; give a table whose first line names its columns"),
        ("1,2\n3,4\n", r"has no names of columns: its first line is numbers \(1, 2\); add a line with names"),
        (",kind\n1,x\n", r"column 1 has no name; give it one, or leave it out \(pandas: to_csv\(index=False\)\)"),
        ("a,a,kind\n1,1,x\n", r"has two columns called 'a'; rename one"),
        ("kind\nx\ny\n", r"has no column beside kind; give it what to predict that from"),
        ("a,kimd\n1,x\n", r"has no column 'kind'; there are a, kimd; did you mean 'kimd'\?"),
        ('a,kind\n1,"x\n', r"is no CSV file: unexpected end of data; save it as CSV"),
        ("a,kind\n" + "1,x\n" * 40, r"all examples are of class 'x'; give examples of at least two classes"),
        ("a,kind\n1,x\n2,y\n3,y\n", r"has 3 examples, too few to test on one in 5; add examples"),
        ("a,kind\n" + "".join(f"1,{n}.5\n" for n in range(40)), r"classes for \d+ examples; for numbers give --task"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        load(path, labels=["kind"])


def test_other_refusals_name_the_mend(tmp_path: Path) -> None:
    path = classes_table(tmp_path / "a.csv")
    for given, message in (
        ({}, r"no column of .*a\.csv is said to be the label; give --label COLUMN, one of width, height, weight, kind"),
        ({"labels": ["width", "kind"]}, r"2 labels are given \(width, kind\), but a class is one column"),
        ({"labels": ["kind"], "task": "regression"}, r"column 'kind' is 'middle', must be a finite number"),
        ({"labels": ["kind"], "size": (3, 3)}, r"size is 3 x 3, but .*a\.csv has one size"),
    ):
        with pytest.raises(DataError, match=message):
            load(path, **given)
    with pytest.raises(DataError, match=r"label price of example \d+ is \S+, must be 0 or 1; write 1 for each label"):
        load(numbers_table(tmp_path / "n.csv"), labels=["price"], task="multilabel")
    with pytest.raises(SpecError, match=r"no task is called 'regresion'; there are .* did you mean regression"):
        load(path, labels=["kind"], task="regresion")
    with pytest.raises(DataError, match="digits has labels of its own; a label and a task"):
        load("digits", labels=["kind"])
    with pytest.raises(DataError, match=r"missing\.csv cannot be read: No such file or directory"):
        load(tmp_path / "missing.csv", labels=["kind"])
    (tmp_path / "b.csv").write_bytes(b"a,kind\n\xff\xfe,x\n")
    with pytest.raises(DataError, match="is no text in UTF-8; save it as CSV in UTF-8"):
        load(tmp_path / "b.csv", labels=["kind"])
    form = load(path, labels=["kind"])[0].form
    other = write_table(tmp_path / "c.csv", (*NAMES, "kind"), [[1, 2, 3, "heavy"], [1, 2, 3, "enormous"]])
    with pytest.raises(DataError, match="example 1 is of class 'enormous', which was not trained on"):
        load(other, form=form, whole=True)
    with pytest.raises(DataError, match="was trained on classification of kind by 3 columns; leave out the label"):
        load(path, labels=["width"], form=form)


def _npz(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def test_arrays_that_are_refused(tmp_path: Path) -> None:
    x, y = np.zeros((40, 3)), np.arange(40) % 2
    for arrays, message in (
        ({"a": x}, r"has no array x, it has a; name its arrays x and y, or x_train, y_train, x_test and y_test"),
        ({"x": x, "y": y[:5]}, r"y has shape \(5,\), but there are 40 examples"),
        ({"x": x, "y": y.astype(float)}, r"y is float64, must be whole numbers or texts for classes; .* --task regres"),
        ({"x": x, "y": np.eye(2)[y]}, r"y has shape \(40, 2\), must be \(n,\), .* argmax\(axis=1\)"),
        ({"x": x[:, 0], "y": y}, r"x has shape \(40,\), must be \(n, features\) or more dimensions"),
        ({"x": np.full((40, 3), np.nan), "y": y}, r"example 0 of x has a value that is not finite"),
        ({"x": x.astype("datetime64[s]"), "y": y}, r"x is datetime64\[s\], must be numbers"),
        ({"x": x, "y": np.array([None] * 40)}, r"y holds object, must hold numbers or texts"),
    ):
        with pytest.raises(DataError, match=message):
            load(_npz(tmp_path / "a.npz", **arrays))
    with pytest.raises(DataError, match=r"labels are columns of a table, but .* has arrays: y is the label"):
        load(_npz(tmp_path / "a.npz", x=x, y=y), labels=["y"])
    (tmp_path / "b.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"is no \.npz file .*; write it with numpy\.savez"):
        load(tmp_path / "b.npz")


def test_an_array_that_claims_more_than_is_there_takes_no_memory(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 3)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(64))
        archive.writestr("y.npy", header.getvalue() + bytes(64))
    with pytest.raises(DataError, match=r"x is float64 \(1099511627776, 3\), 26,388,279,066,624 B, but 64 B are there"):
        load(tmp_path / "a.npz")


def test_a_class_of_few_rows_is_trained_on(tmp_path: Path) -> None:
    """Though all of them would be among those that are kept for testing."""
    rows = [[row, "rare" if _is_test(row) and row < 20 else "common"] for row in range(100)]
    train, test = load(write_table(tmp_path / "a.csv", ("a", "kind"), rows), labels=["kind"])
    counts = Summary.of(train, test)
    assert counts.train is not None and counts.test is not None
    assert counts.train[1] == sum(kind == "rare" for _, kind in rows) and counts.test[1] == 0 < counts.test[0]


def test_tables_beside_folders_are_of_these(tmp_path: Path) -> None:
    classes_table(tmp_path / "train.csv")
    classes_table(tmp_path / "test.csv")
    (tmp_path / "cats").mkdir()
    assert is_image_folder(tmp_path)


def test_arrays_in_memory_are_coded_and_predicted_in_the_same_way(tmp_path: Path) -> None:
    x, names = features(0, 400), kinds(features(0, 400))
    train = from_arrays(x[:300], names[:300])
    test = from_arrays(x[300:], names[300:], form=train.form)
    network = lc.models.mlp(train.shape, len(train.classes), (32, 32), ends="real")
    trainer = lc.Trainer(network, optimizer=lc.Adam(0.01), batch_size=20, threads=1)
    trainer.fit(train, 15, validate=test, out=tmp_path / "run")
    loaded = lc.load(tmp_path / "run")
    assert loaded.form == train.form and loaded.classes == ("heavy", "light", "middle")
    found = loaded.predict(x[300:])
    assert [loaded.class_name(label) for label in found.classes.tolist()].count("heavy") > 5
    assert_array_equal(found.outputs, loaded.predict(content(test)[0]).outputs)
    numbers = content(test)[1]
    assert loaded.evaluate((x[300:], numbers)) == loaded.evaluate(test)
    assert loaded.evaluate(test).accuracy > 0.75
    with pytest.raises(DataError, match="examples has 2 channels, the network was trained on 3"):
        loaded.predict(x[:, :2])
    with pytest.raises(DataError, match="examples: example 1 of x has a value that is not finite"):
        loaded.predict(np.array([[1.0, 2, 3], [np.nan, 2, 3]]))


def test_arrays_that_are_coded_otherwise_than_those_of_training_are_refused(tmp_path: Path) -> None:
    x, y = features(0, 100), kinds(features(0, 100))
    train, other = from_arrays(x, y), from_arrays(2 * x, y, name="other")
    own = lc.Trainer(lc.models.mlp(train.shape, 3, (32,)), batch_size=20, threads=1)
    ranges = "other is coded in bytes by other ranges than network mlp was trained on; load it with form=predictor.form"
    for given in ({"validation": other}, {"test": other}):
        with pytest.raises(DataError, match=ranges):
            own.fit(train, 1, **given)
    own.fit(train, 1, out=tmp_path)
    loaded = lc.load(tmp_path)
    for judge in (own, lc.Trainer.resume(tmp_path), loaded):
        with pytest.raises(DataError, match=ranges):
            judge.evaluate(other)
        assert judge.evaluate(from_arrays(2 * x, y, form=loaded.form)).examples == 100
    codes = content(from_arrays(2 * x, y, form=loaded.form))
    assert loaded.evaluate((2 * x, codes[1])) == loaded.evaluate(codes), "numbers alone are coded, bytes are codes"


def test_class_numbers_and_targets_of_other_meanings_are_refused() -> None:
    x, y = np.arange(200, dtype=np.uint8).reshape(50, 4), np.arange(50) % 2
    own = lc.Trainer(lc.models.mlp((4,), 2, (8,)), batch_size=10, threads=1)
    own.fit(from_arrays(x, y), 1)
    with pytest.raises(DataError, match="other has other classes than network mlp was trained on"):
        own.evaluate(from_arrays(x, y + 1, name="other"))
    own = lc.Trainer(lc.models.mlp((4,), 1, (8,), task="regression"), batch_size=10, threads=1)
    train, other = (from_arrays(x, factor * y, task="regression", name="other") for factor in (1, 2))
    own.fit(train, 1)
    with pytest.raises(DataError, match="other has targets of another scale than network mlp was trained on"):
        own.evaluate(other)
    predictor = lc.Predictor(own.inference_graph(), form=train.form)
    assert predictor.evaluate(other) == predictor.evaluate((x, 2.0 * y[:, None])), "both in units of the data"


def test_arrays_in_memory_that_are_refused() -> None:
    with pytest.raises(DataError, match="arrays: y is float64, must be whole numbers or texts"):
        from_arrays(features(), np.zeros(COUNT))
    with pytest.raises(SpecError, match="no task is called 'guess'"):
        from_arrays(features(), np.zeros(COUNT), task="guess")
    form = from_arrays(features(), features()[:, 0], task="regression").form
    assert from_arrays(features(1), features(1)[:, 0], form=form).targets == 1
    with pytest.raises(DataError, match="task of arrays is multilabel, but its form is of regression"):
        from_arrays(features(), np.zeros(COUNT), task="multilabel", form=form)
