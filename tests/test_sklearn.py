"""The estimators of scikit-learn, judged by scikit-learn's own checks."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import linocut as lc

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 or later is not installed")

from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from linocut.sklearn import BinaryClassifier, BinaryRegressor

SMALL = {"hidden": (32, 32), "epochs": 20, "random_state": 0}


@parametrize_with_checks([BinaryClassifier(**SMALL), BinaryRegressor(**SMALL)])
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)


def test_digits_beside_the_default_estimators() -> None:
    """Scikit-learn's logistic regression gets 0.95 to 0.97 of these, its perceptron 0.97 to 0.98."""
    x, y = load_digits(return_X_y=True)
    train, test, labels, truth = train_test_split(x, y, random_state=0, stratify=y)
    found = BinaryClassifier(hidden=(128,), epochs=15, random_state=0).fit(train, labels)
    assert found.score(test, truth) > 0.95
    assert np.array_equal(found.predict_proba(test).argmax(axis=1), found.predict(test))
    assert found.history_[-1].loss < found.history_[0].loss / 4 and found.n_iter_ == 15


def test_regression_explains_what_a_linear_model_does_and_keeps_the_units_of_y() -> None:
    x, y = load_diabetes(return_X_y=True)
    both = np.stack([y, 1000 - 3 * y], axis=1)
    found = BinaryRegressor(hidden=(32,), epochs=10, random_state=0).fit(x[:300], both[:300])
    predicted = found.predict(x[300:])
    assert predicted.shape == (142, 2)
    assert found.score(x[300:], both[300:]) > 0.4  # ordinary least squares: 0.51
    assert np.abs(predicted[:, 1] - (1000 - 3 * predicted[:, 0])).mean() < 60


def test_pipelines_grid_searches_and_cross_validation() -> None:
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    pipeline = make_pipeline(StandardScaler(), BinaryClassifier(**SMALL))
    assert cross_val_score(pipeline, x, names, cv=3).mean() > 0.85
    search = GridSearchCV(pipeline, {"binaryclassifier__hidden": [(8,), (16, 16)]}, cv=2).fit(x, names)
    assert set(search.predict(x)) == set(names)
    assert search.best_estimator_[-1].classes_.tolist() == sorted(names[::50])


def test_an_estimator_is_pickled_and_copied_and_predicts_and_goes_on_as_before() -> None:
    x, y = load_iris(return_X_y=True)
    found = BinaryClassifier(**SMALL).fit(x, y)
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert np.array_equal(again.decision_function(x), found.decision_function(x))
        other = copy.deepcopy(found).partial_fit(x, y)
        assert np.array_equal(again.partial_fit(x, y).decision_function(x), other.decision_function(x))


def test_partial_fit_learns_from_pieces_and_needs_all_classes_at_first() -> None:
    x, y = load_digits(return_X_y=True)
    found = BinaryClassifier(**SMALL)
    with pytest.raises(ValueError, match="classes is not given in the first call of partial_fit"):
        found.partial_fit(x, y)
    for begin in range(0, 1500, 500):
        found.partial_fit(x[begin : begin + 500], y[begin : begin + 500], classes=np.arange(10))
    assert found.n_iter_ == 3 and found.score(x[1500:], y[1500:]) > 0.7
    with pytest.raises(ValueError, match="y has the label 11, which is none of the classes"):
        found.partial_fit(x[:20], np.full(20, 11))
    with pytest.raises(ValueError, match=r"classes are \[0, 1\], but were"):
        found.partial_fit(x[:20], y[:20], classes=[0, 1])


def test_what_is_held_out_is_scored_and_not_trained_on() -> None:
    x, y = load_iris(return_X_y=True)
    found = BinaryClassifier(**SMALL, validation_fraction=0.2).fit(x, y)
    assert len(found.history_) == 20 and found.history_[-1].accuracy > 0.8
    wrong = np.where(np.isin(np.arange(150), found._parts(150)[1]), (y + 1) % 3, y)
    other = BinaryClassifier(**SMALL, validation_fraction=0.2).fit(x, wrong)
    assert np.array_equal(other.decision_function(x), found.decision_function(x))
    with pytest.raises(ValueError, match=r"validation_fraction is 1\.0, must be at least 0 and below 1"):
        BinaryClassifier(**SMALL, validation_fraction=1.0).fit(x, y)
    with pytest.raises(ValueError, match="1 of 10 examples are trained on, must be 2 or more"):
        BinaryClassifier(**SMALL, validation_fraction=0.9).fit(x[45:55], y[45:55])


def test_a_network_of_ones_own_sees_the_features_in_its_shape() -> None:
    x, y = load_digits(return_X_y=True)
    layers = lc.layers
    network = layers.Network(
        "convolutional",
        (
            *(layers.Input((8, 8, 1)), layers.BinaryConv2D(16), layers.MaxPool2D(), layers.BatchNorm(), layers.Sign()),
            *(layers.Flatten(), layers.BinaryDense(10), layers.BatchNorm(), layers.SoftmaxCrossEntropy()),
        ),
    )
    found = BinaryClassifier(network=network, epochs=4, random_state=0).fit(x[:1000], y[:1000])
    assert found.score(x[1000:], y[1000:]) > 0.8
    with pytest.raises(
        ValueError, match=r"takes u8 values of shape \(8, 8, 1\), must take u8 and as many as there are"
    ):
        BinaryClassifier(network=network).fit(x[:, :60], y)


def test_the_run_of_an_estimator_is_a_model_for_all_else(tmp_path: Path) -> None:
    x, y = load_iris(return_X_y=True)
    found = BinaryClassifier(**SMALL).fit(x, y)
    assert found.run(tmp_path / "run") == tmp_path / "run" / "model.safetensors"
    loaded = lc.load(tmp_path / "run")
    assert np.array_equal(loaded.predict(found.coding_.codes(x)).classes, found.predict(x))
    with pytest.raises(lc.RunError, match="exists already; give another folder"):
        found.run(tmp_path / "run")


def test_training_imports_no_scikit_learn() -> None:
    import subprocess
    import sys

    code = "import sys, linocut.train, linocut.cli.train; print([m for m in sys.modules if m.startswith('sklearn')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
