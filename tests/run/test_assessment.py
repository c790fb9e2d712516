"""How a network did, class by class, held against scikit-learn, and against counts made one example at a time."""

import numpy as np
import pytest

import linocut as lc
from linocut.data.arrays import ArrayDataset
from linocut.layers import BatchNorm, BinaryDense, Dense, Flatten, Input, MeanSquaredError, Network, SigmoidCrossEntropy
from linocut.run.assessment import ClassScore
from linocut.run.predictions import Predictions
from linocut.run.probabilities import ranks

SHAPE, COUNT = (8, 8, 1), 230


def predictor(outputs, loss=None, truth=None, **given):
    """A network that learned a little, so that its norms know the data."""
    layers = (Input(SHAPE), Flatten(), BinaryDense(outputs), BatchNorm(), loss or lc.layers.SoftmaxCrossEntropy())
    trainer = lc.Trainer(Network("small", layers), batch_size=10, seed=4)
    images, labels = examples(outputs, seed=5)
    trainer.fit((images, labels if truth is None else truth), 1)
    return lc.Predictor(trainer.inference_graph(), batch_size=50, **given)


def examples(classes, seed=1):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (COUNT, *SHAPE)).astype(np.uint8), rng.integers(0, classes, COUNT)


@pytest.fixture(scope="module")
def ten():
    """A network of ten classes, what it is held against, and what it was found to be; class 9 has no example."""
    images, labels = examples(9)
    network = predictor(10, classes=tuple("abcdefghij"))
    return network, images, labels, network.assess((images, labels), errors=7)


def test_it_is_what_scikit_learn_says(ten):
    metrics = pytest.importorskip("sklearn.metrics")
    network, images, labels, found = ten
    guesses, every = network.predict(images), list(range(10))
    of_classes = metrics.precision_recall_fscore_support(
        labels, guesses.classes, labels=every, zero_division=np.nan, average=None
    )
    for score, *expected in zip(found.per_class, *(each.tolist() for each in of_classes), strict=True):
        ours = [np.nan if value is None else value for value in (score.precision, score.recall, score.f1)]
        assert np.allclose(ours, expected[:3], equal_nan=True) and score.support == expected[3]
    assert np.array_equal(found.confusion, metrics.confusion_matrix(labels, guesses.classes, labels=every))
    shares = guesses.probabilities
    assert found.top_k == {5: pytest.approx(metrics.top_k_accuracy_score(labels, shares, k=5, labels=every))}
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, guesses.classes))
    shares = shares.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    assert found.loss == pytest.approx(metrics.log_loss(labels, shares, labels=every), rel=1e-5)


def test_it_is_what_counting_gives(ten):
    network, images, labels, found = ten
    guesses, confusion = network.predict(images), np.zeros((10, 10), int)
    within, wrong = 0, []
    for index, (label, outputs) in enumerate(zip(labels, guesses.outputs, strict=True)):
        confusion[label, outputs.argmax()] += 1
        within += label in sorted(range(10), key=lambda c: (-outputs[c], c))[:5]
        if label != outputs.argmax():
            powers = np.exp(outputs.astype(np.float64))
            wrong.append((-powers.max() / powers.sum(), index, "abcdefghij"[label], "abcdefghij"[outputs.argmax()]))
    assert np.array_equal(found.confusion, confusion)
    assert found.top_k == {5: within / COUNT}
    assert [(m.index, m.file, m.true, m.predicted) for m in found.errors] == [
        (w[1], None, *w[2:]) for w in sorted(wrong)[:7]
    ]
    assert [m.confidence for m in found.errors] == pytest.approx([-w[0] for w in sorted(wrong)[:7]], rel=1e-6)
    assert [score.support for score in found.per_class] == np.bincount(labels, minlength=10).tolist()
    assert found.per_class[9].recall is None and found.per_class[9].name == "j"
    plain = network.evaluate((images, labels))
    assert (found.accuracy, found.loss, found.examples) == (plain.accuracy, plain.loss, COUNT)


def test_scores_by_hand():
    assert ClassScore.of("a", 6, 8, 12) == ClassScore("a", 0.75, 0.5, 0.6, 12)
    assert ClassScore.of("a", 0, 0, 3) == ClassScore("a", None, 0.0, 0.0, 3)
    assert ClassScore.of("a", 0, 2, 0) == ClassScore("a", 0.0, None, 0.0, 0)
    assert ClassScore.of("a", 0, 0, 0) == ClassScore("a", None, None, None, 0)


def test_of_equal_outputs_the_first_is_likelier_everywhere():
    outputs = np.array([[1, 2, 2, 0, 2]], np.float32)
    assert [int(ranks(outputs, np.array([label]))[0]) for label in range(5)] == [3, 0, 1, 4, 2]
    found = Predictions.of(outputs, "softmax")
    assert found.classes.tolist() == [1] and found.top(9).classes.tolist() == [[1, 2, 4, 0, 3]]


def test_two_classes_by_one_sigmoid():
    images, labels = examples(2)
    network = predictor(1, SigmoidCrossEntropy(), labels, classes=("no", "yes"))
    found, guesses = network.assess((images, labels), errors=3), network.predict(images)
    assert found.confusion.tolist() == [
        [int(np.sum((labels == true) & (guesses.classes == said))) for said in (0, 1)] for true in (0, 1)
    ]
    assert found.top_k == {} and len(found.errors) == 3
    by_targets = network.assess((images, labels.astype(np.float32)))
    assert np.array_equal(by_targets.confusion, found.confusion)
    likely = 1 / (1 + np.exp(-guesses.outputs[:, 0].astype(np.float64)))
    assert np.allclose(guesses.probabilities, np.stack([1 - likely, likely], axis=1))
    assert np.array_equal(guesses.top(1).classes[:, 0], guesses.classes)
    assert np.array_equal(guesses.top(2).confidences[:, 0], guesses.confidences)


def test_several_labels():
    images, _ = examples(2)
    truth = np.random.default_rng(2).integers(0, 2, (COUNT, 3)).astype(np.float32)
    network = predictor(3, SigmoidCrossEntropy(), truth)
    found, said = network.assess((images, truth)), network.predict(images).outputs >= 0
    assert found.confusion is None and found.top_k == {}
    for label, score in enumerate(found.per_class):
        both = int(np.sum(said[:, label] & (truth[:, label] == 1)))
        assert score == ClassScore.of(str(label), both, int(said[:, label].sum()), int(truth[:, label].sum()))
    with pytest.raises(lc.SpecError, match="gives each example several labels"):
        network.assess((images, truth), errors=1)


def test_numbers_have_a_loss_only():
    layers = (Input(SHAPE), Flatten(), Dense(2), MeanSquaredError())
    graph = lc.Trainer(Network("numbers", layers), batch_size=10, backend="reference").inference_graph()
    network, (images, _) = lc.Predictor(graph), examples(2)
    found = network.assess((images, np.ones((COUNT, 2))))
    assert (found.accuracy, found.per_class, found.confusion, found.top_k) == (None, (), None, {})
    assert str(found) == f"loss {found.loss:.4f}  on 230 examples"
    for name in ("probabilities", "top"):
        with pytest.raises(lc.SpecError, match="of a regression, which have no probabilities; read outputs"):
            guesses = network.predict(images)
            assert guesses.top(1) if name == "top" else guesses.probabilities


def test_probabilities_are_those_of_float64(ten):
    network, images, _, _ = ten
    found = network.predict(images)
    powers = np.exp(found.outputs.astype(np.float64))
    assert np.allclose(found.probabilities, powers / powers.sum(axis=1, keepdims=True), rtol=1e-6)
    assert np.array_equal(found.probabilities.max(axis=1), found.confidences)
    top = found.top(3)
    assert top.classes.shape == (COUNT, 3) and np.array_equal(top.confidences[:, 0], found.confidences)
    assert np.array_equal(np.sort(found.probabilities, axis=1)[:, :-4:-1], top.confidences)
    with pytest.raises(lc.SpecError, match="top is 0, must be a whole number, 1 or more"):
        found.top(0)


@pytest.mark.parametrize("errors", [-1, 1.5, True, None])
def test_errors_that_cannot_be(ten, errors):
    network, images, labels, _ = ten
    with pytest.raises(lc.SpecError, match=r"errors is .*, must be how many mistakes to keep, 0 or more"):
        network.assess((images, labels), errors=errors)


def test_classes_called_otherwise_are_refused(ten):
    network, images, labels, _ = ten
    other = ArrayDataset(images, labels, [*"abdcefghij"], "others")
    for call in (network.assess, network.evaluate):
        with pytest.raises(lc.DataError, match="class 2 of others is d, of network small c: classes are told by"):
            call(other)
    assert network.evaluate(ArrayDataset(images, labels, [*"abcdefghij"], "same")).examples == COUNT


def test_labels_of_no_class_are_refused(ten):
    network, images, labels, _ = ten

    class Wrong(ArrayDataset):
        def read(self, indices, images, labels):
            super().read(indices, images, labels)
            labels[0] = -1

    with pytest.raises(lc.DataError, match="the label of an example is -1, must be 0 to 9; mend the data set"):
        network.assess(Wrong(images, labels, [*"abcdefghij"]))


def test_printed_it_has_a_line_for_each_class(ten):
    *_, found = ten
    lines = str(found).splitlines()
    assert lines[0] == f"{found.line}  on 230 examples" and len(lines) == 2 + 1 + 1 + 10 + 1 + 1
    assert [line.split()[0] for line in lines[4:14]] == list("abcdefghij")
    assert lines[13].split()[2:] == ["-", "0.0%" if found.per_class[9].precision is not None else "-", "0"]


def test_of_very_many_classes_the_worst_are_printed():
    images, _ = examples(2)
    found = predictor(120).assess((images, np.arange(COUNT) % 120))
    lines = found.by_class()
    assert lines[-1] == "of 120 classes the 20 of the lowest F1; --json has all"
    shown = [float(line.split()[3].rstrip("%")) for line in lines[2:22]]
    every = sorted(score.f1 for score in found.per_class if score.f1 is not None)
    assert shown == [round(100 * value, 1) for value in every[:20]]
