"""What a Predictor is given: each is predicted as it should be, or refused in one clear error."""

import threading

import numpy as np
import pytest

import linocut as lc
from linocut.layers import BatchNorm, BinaryDense, Flatten, Input, Network, Sign
from linocut.layers import SoftmaxCrossEntropy as Loss
from linocut.run.predictions import Predictions

SHAPE, COUNT, CLASSES = (8, 8, 1), 40, 3
KINDS = {"u8": ("u8", "lean"), "coded": ("f32", "lean"), "floats": ("f32", "standard")}


def trained(kind):
    dtype, policy = KINDS[kind]
    layers = (*(BinaryDense(16), BatchNorm(), Sign()), *(BinaryDense(CLASSES), BatchNorm()))
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (COUNT, *SHAPE)).astype(np.uint8)
    given = images if dtype == "u8" else (images / 127.5 - 1).astype(np.float32)
    trainer = lc.Trainer(Network("small", (Input(SHAPE, dtype), Flatten(), *layers, Loss())), policy, batch_size=10)
    trainer.fit((given, np.arange(COUNT) % CLASSES), 1)
    return trainer.inference_graph(), given


TRAINED = {kind: trained(kind) for kind in KINDS}
LAYOUTS = {
    "every other": lambda x: x[::2],
    "backwards": lambda x: x[::-1, ::-1, ::-1],
    "column by column": np.asfortranarray,
    "without channels": lambda x: x[..., 0],
    "more than once": lambda x: np.concatenate([x] * 3),
    "one": lambda x: x[:1],
}
FLOATS = {
    "float64": lambda x: x.astype(np.float64),
    "big-endian": lambda x: x.astype(">f4"),
    "big-endian float64": lambda x: x.astype(">f8"),
    "a list": lambda x: x.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_any_layout(kind, layout):
    graph, images = TRAINED[kind]
    predictor = lc.Predictor(graph, batch_size=7)
    given = LAYOUTS[layout](images)
    expected = predictor.predict(np.ascontiguousarray(given).reshape(-1, *SHAPE)).outputs
    assert np.array_equal(predictor.predict(given).outputs, expected)
    for example, outputs in zip(given, expected, strict=True):
        assert np.array_equal(predictor(example), outputs)


@pytest.mark.parametrize("count", [99, 100, 101, 200, 250])
def test_more_examples_than_are_predicted_at_a_time(count):
    """Each with the outputs, class and confidence that it has alone, in order, and the loss of all."""
    graph, images = TRAINED["u8"]
    rng = np.random.default_rng(count)
    given, truth = images[rng.integers(0, COUNT, count)], rng.integers(0, CLASSES, count)
    predictor = lc.Predictor(graph)
    found = predictor.predict(given)
    alone = np.stack([predictor(example).copy() for example in given])
    powers = np.exp(alone.astype(np.float64))
    assert np.array_equal(found.outputs, alone)
    assert np.array_equal(found.classes, alone.argmax(axis=1))
    assert np.allclose(found.confidences, powers.max(axis=1) / powers.sum(axis=1), rtol=1e-6)
    scored = predictor.evaluate((given, truth))
    losses = np.log(powers.sum(axis=1)) - alone[np.arange(count), truth]
    assert scored.examples == count and scored.accuracy == np.mean(alone.argmax(axis=1) == truth)
    assert scored.loss == pytest.approx(losses.mean(), rel=1e-6)


@pytest.mark.parametrize("count", [1023, 1024, 1025, 2500])
def test_classes_of_more_outputs_than_are_looked_at_together(count):
    outputs = np.random.default_rng(1).standard_normal((count, CLASSES)).astype(np.float32)
    powers = np.exp(outputs.astype(np.float64))
    found = Predictions.of(outputs, Loss().function)
    assert np.array_equal(found.classes, outputs.argmax(axis=1))
    assert np.allclose(found.confidences, powers.max(axis=1) / powers.sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("form", FLOATS)
@pytest.mark.parametrize("kind", ["coded", "floats"])
def test_floats_of_any_kind(kind, form):
    graph, images = TRAINED[kind]
    predictor = lc.Predictor(graph)
    expected, given = predictor.predict(images).outputs, FLOATS[form](images)
    assert np.array_equal(predictor.predict(given).outputs, expected)
    assert np.array_equal(predictor(given[0]), expected[0])


REFUSED = {
    "none": (lambda x: x[:0], "none of them 0|an example has shape"),
    "an empty list": (lambda x: [], "none of them 0|an example has shape"),
    "nothing": (lambda x: None, "dtype object|an example has shape"),
    "a text": (lambda x: "abc", "abc does not exist|takes f32 values, not pictures|an example has shape"),
    "lists of several lengths": (lambda x: [[1], [1, 2]], "make no array; give all examples one shape"),
    "too few rows": (lambda x: x[:, :4], r"shape 4 x 8 x 1, network small takes 8 x 8 x 1|an example has shape"),
    "too many dimensions": (lambda x: x[..., None], r"\(40, 8, 8, 1, 1\)|an example has shape"),
    "bool": (lambda x: x > 0, "dtype bool, must be uint8"),
    "int64": (lambda x: x.astype(np.int64), "dtype int64, must be uint8"),
    "complex": (lambda x: x.astype(complex), "dtype complex128, must be uint8"),
    "nan": (lambda x: np.full(x.shape, np.nan), "is nan at .*, must be a finite float32"),
    "inf": (lambda x: np.full(x.shape, np.inf), "is inf at .*, must be a finite float32"),
    "beyond float32": (lambda x: np.full(x.shape, 1e300), "is inf at .*, must be a finite float32"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_example_is_refused(kind, name):
    graph, images = TRAINED[kind]
    predictor = lc.Predictor(graph)
    change, message = REFUSED[name]
    given = change(images)
    for call in (
        predictor.predict,
        lambda some: predictor(some[0] if isinstance(some, np.ndarray) and len(some) else some),
    ):
        with pytest.raises(lc.DataError, match=message):
            call(given)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.001, -1.001])
def test_values_out_of_range(value):
    graph, images = TRAINED["coded"]
    predictor, odd = lc.Predictor(graph), images.copy()
    odd[3, 2, 1, 0] = value
    with pytest.raises(lc.DataError, match=r"must be -1\.0 to 1\.0|must be a finite float32"):
        predictor.predict(odd)
    with pytest.raises(lc.DataError, match=r"a value of an example is .*, must be -1\.0 to 1\.0"):
        predictor(odd[3])
    assert np.array_equal(predictor(images[3]), predictor.predict(images).outputs[3])


def test_floats_for_bytes_and_one_for_many():
    graph, images = TRAINED["u8"]
    predictor = lc.Predictor(graph)
    for floats, mend in (
        (images / 255, r"these are 0 to 1, \(255 \* images\)\.round\(\)\.astype\('uint8'\)"),
        (images / 127.5 - 1, r"these are -1 to 1, \(127\.5 \* \(images \+ 1\)\)\.round\(\)\.astype\('uint8'\)"),
        (images.astype(np.float32), r"0 to 255: images\.round\(\)\.astype\('uint8'\)"),
        (images - 300.0, r"these are -300 to -45, and were scaled otherwise"),
    ):
        message = f"has values of type f32, network small takes u8; convert the data to bytes.*{mend}"
        with pytest.raises(lc.DataError, match=message):
            predictor.predict(floats)
    for one in (images[0], images[0, :, :, 0]):
        assert np.array_equal(predictor.predict(one).outputs, predictor.predict(images[:1]).outputs)
    with pytest.raises(lc.DataError, match="for several at once call predict"):
        predictor(images)
    assert predictor.predict(images[0][None]).outputs.shape == (1, CLASSES)


@pytest.mark.parametrize("batch_size", [0, -1, 2**20 + 1, 1.5, None, "3", True])
def test_batch_sizes_that_cannot_be(batch_size):
    with pytest.raises(lc.SpecError, match=r"batch size is .*, must be a whole number from 1 to 1,048,576"):
        lc.Predictor(TRAINED["u8"][0], batch_size=batch_size)


def test_a_batch_larger_than_the_examples():
    graph, images = TRAINED["u8"]
    expected = lc.Predictor(graph).predict(images).outputs
    assert np.array_equal(lc.Predictor(graph, batch_size=2**14).predict(images).outputs, expected)


@pytest.mark.parametrize(
    "graph", [None, "runs/mine", Network("own", (Input((3,)), BinaryDense(2), BatchNorm(), Loss()))]
)
def test_what_is_no_graph(graph):
    with pytest.raises(lc.SpecError, match=r"must be an inference graph; take that of trainer.inference_graph\(\)"):
        lc.Predictor(graph)


def test_a_backend_that_does_not_exist():
    with pytest.raises(lc.SpecError, match="backend is 'gpu', must be 'native' or 'reference'"):
        lc.Predictor(TRAINED["u8"][0], backend="gpu")


def test_a_call_gives_a_view_that_the_next_overwrites():
    graph, images = TRAINED["u8"]
    predictor = lc.Predictor(graph)
    first = predictor(images[0])
    kept = first.copy()
    second = predictor(images[1])
    assert np.shares_memory(first, second)
    assert not np.array_equal(first, kept)


def test_several_threads_may_use_one_predictor():
    graph, images = TRAINED["u8"]
    predictor, wrong = lc.Predictor(graph, batch_size=7, threads=2), []
    expected = predictor.predict(images).outputs

    def many():
        wrong.extend(n for n in range(100) if not np.array_equal(predictor.predict(images).outputs, expected))

    def one_by_one():
        wrong.extend(n for n in range(1000) if not np.array_equal(predictor(images[n % COUNT]), expected[n % COUNT]))

    threads = [threading.Thread(target=work) for work in (many, many, one_by_one, one_by_one)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_it_goes_on_with_a_state_that_was_set():
    graph, images = TRAINED["u8"]
    predictor = lc.Predictor(graph)
    before = predictor.predict(images).outputs
    assert np.array_equal(predictor(images[0]), before[0])
    state = predictor.state
    weights = state["binary_dense1.weights"]
    state["binary_dense1.weights"] = -weights
    other = predictor.predict(images).outputs
    assert not np.array_equal(other, before)
    assert np.array_equal(other, lc.Predictor(predictor.graph).predict(images).outputs)
    assert np.array_equal(predictor(images[0]), other[0])
    state["binary_dense1.weights"] = weights
    assert np.array_equal(predictor.predict(images).outputs, before)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("sign1.least", np.full(16, np.nan), "must be finite numbers"),
        ("batch_norm2.mean", np.full(CLASSES, 1e300), "is given what is no number, must be finite numbers"),
        ("batch_norm2.mean", np.zeros(CLASSES + 1), r"has shape \(3,\), not \(4,\)"),
        ("batch_norm2.men", np.zeros(CLASSES), "did you mean batch_norm2.mean"),
    ],
)
def test_a_state_that_cannot_be_is_refused_whole(name, values, message):
    predictor = lc.Predictor(TRAINED["u8"][0])
    shift = predictor.state["batch_norm2.shift"]
    with pytest.raises(lc.SpecError, match=message):
        predictor.state.update({"batch_norm2.shift": shift + 1, name: values})
    assert np.array_equal(predictor.state["batch_norm2.shift"], shift)
