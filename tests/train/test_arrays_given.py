"""Arrays of every kind that NumPy has, given to a trainer and a predictor: the bits of plain ones, or a refusal."""

from __future__ import annotations

import numpy as np
import pytest
from small_training import examples, network, trainer

import linocut as lc

IMAGES, LABELS = examples(count=40)
FLOATS = (IMAGES / 127.5 - 1).astype(np.float32)
FORMS = {"u8": (IMAGES, network()), "f32": (FLOATS, network(dtype="f32"))}


def trained(form, images, labels):
    one = trainer(network=FORMS[form][1])
    one.fit((images, labels), 1)
    return one


PLAIN = {form: trained(form, images, LABELS) for form, (images, _) in FORMS.items()}
LOADED = {form: lc.Predictor(one.inference_graph(), backend="reference") for form, one in PLAIN.items()}
HIDDEN = np.zeros(IMAGES.shape, bool)
HIDDEN[3, 2, 2] = True
STRUCTURED = np.zeros(40, [("a", "u1"), ("b", "f4")])


class Own(np.ndarray):
    """An array of a class of its own."""


def frozen(array):
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)


SAME = {
    "masked, of which nothing is": lambda x, y: (np.ma.array(x), np.ma.array(y)),
    "big-endian": lambda x, y: (x.astype(x.dtype.newbyteorder(">")), y.astype(">i8")),
    "every other": lambda x, y: (np.repeat(x, 2, axis=2)[:, :, ::2], np.repeat(y, 2)[::2]),
    "backwards": lambda x, y: (x[::-1].copy()[::-1], y[::-1].copy()[::-1]),
    "column by column": lambda x, y: (np.asfortranarray(x), y.astype(np.uint64)),
    "not to be written to": lambda x, y: (frozen(x), frozen(y)),
    "of a subclass": lambda x, y: (x.view(Own), y.view(Own)),
    "from a buffer": lambda x, y: (memoryview(x), memoryview(y)),
}


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("form", FORMS)
def test_arrays_that_mean_the_same(form, kind):
    images, (given, labels), one = FORMS[form][0], SAME[kind](FORMS[form][0], LABELS), PLAIN[form]
    assert trained(form, given, labels).session.state_sha256() == one.session.state_sha256()
    assert one.evaluate((given, labels)) == one.evaluate((images, LABELS))
    assert np.array_equal(one.predict(given).outputs, one.predict(images).outputs)
    assert np.array_equal(one.capture(given, ["sign1"])["sign1"], one.capture(images, ["sign1"])["sign1"])
    loaded = LOADED[form]
    assert loaded.evaluate((given, labels)) == loaded.evaluate((images, LABELS))
    assert np.array_equal(loaded.predict(given).outputs, loaded.predict(images).outputs)
    if isinstance(given, np.ndarray):
        assert np.array_equal(loaded(given[3]), loaded.predict(images[3:4]).outputs[0])


IMAGES_REFUSED = {
    "masked": (lambda x: np.ma.array(x, mask=HIDDEN), r"have masked elements; fill them \(\.filled\(0\)\), or leave"),
    "a list of masked ones": (lambda x: list(np.ma.array(x, mask=HIDDEN)), "have masked elements"),
    "objects": (lambda x: x.astype(object), "dtype object, must be uint8"),
    "structured": (lambda x: STRUCTURED, "must be uint8"),
    "records": (lambda x: np.rec.array(STRUCTURED), "must be uint8"),
    "one number": (lambda x: x[0, 0, 0, 0], r"have shape \(\), must be|an example has shape|dtype"),
    "no dimension": (lambda x: np.array(x[0, 0, 0, 0]), r"have shape \(\), must be"),
    "a matrix": (lambda x: x.reshape(40, 36).view(np.matrix), "examples of shape 36, network mlp takes 6 x 6 x 1"),
    "texts": (lambda x: x.astype(str), "dtype <U.*, must be uint8"),
    "dates": (lambda x: x.astype("M8[s]"), "dtype datetime64"),
    "not a number": (lambda x: np.where(HIDDEN, np.nan, x), r"example 3 is nan at \(2, 2, 0\), must be a finite"),
    "no array": (lambda x: (row for row in x), "dtype object, must be uint8"),
}


@pytest.mark.parametrize("kind", IMAGES_REFUSED)
@pytest.mark.parametrize("form", FORMS)
def test_images_that_are_refused(form, kind):
    change, message = IMAGES_REFUSED[kind]
    one, loaded = PLAIN[form], LOADED[form]
    before = one.session.state_sha256()
    for use in (
        lambda given: trainer(network=FORMS[form][1]).fit((given, LABELS), 1),
        lambda given: trainer(network=FORMS[form][1]).fit((FORMS[form][0], LABELS), 1, (given, LABELS)),
        lambda given: one.evaluate((given, LABELS)),
        lambda given: one.predict(given),
        lambda given: one.capture(given, ["sign1"]),
        lambda given: loaded.evaluate((given, LABELS)),
        lambda given: loaded.predict(given),
        lambda given: lc.data.ArrayDataset(given, LABELS, shape=(6, 6, 1)) and loaded.predict(given),
    ):
        with pytest.raises(lc.DataError, match=message):
            use(change(FORMS[form][0]))
    assert one.session.state_sha256() == before


def test_one_example_that_is_masked_in_part():
    """It has the shape and the type that the quickest way takes."""
    for form, (images, _) in FORMS.items():
        example = np.ma.array(images[3], mask=HIDDEN[3])
        with pytest.raises(lc.DataError, match="the values of an example have masked elements; fill them"):
            LOADED[form](example)
        outputs = LOADED[form](example.filled(0)).copy()
        assert np.array_equal(outputs, LOADED[form].predict(example.filled(0)[None]).outputs[0])


LABELS_REFUSED = {
    "masked": (np.ma.array(LABELS, mask=np.arange(40) == 5), "labels have masked elements; fill them"),
    "a list of masked ones": ([np.ma.masked] * 40, "labels have masked elements"),
    "objects": (LABELS.astype(object), "labels have dtype object, must be class numbers from 0"),
    "structured": (STRUCTURED, "labels have dtype"),
    "no dimension": (np.array(1), r"labels have shape \(\), must be \(40,\)"),
    "a matrix": (LABELS[None].view(np.matrix), r"labels have shape \(1, 40\), must be \(40,\)"),
    "a column": (LABELS[:, None].view(np.matrix), r"labels have shape \(40, 1\), must be \(40,\)"),
    "texts": (LABELS.astype(str), "labels have dtype <U"),
    "spans of time": (LABELS.astype("m8[s]"), "labels have dtype timedelta64"),
    "not a number": (np.where(np.arange(40) == 5, np.nan, LABELS), "labels have dtype float64, must be integers"),
    "beyond any": (np.full(40, 2**64 - 1, np.uint64), "label of example 0 is 18446744073709551615, must be 0 to 3"),
}


@pytest.mark.parametrize("kind", LABELS_REFUSED)
def test_labels_that_are_refused(kind):
    given, message = LABELS_REFUSED[kind]
    for use in (trainer().fit, PLAIN["u8"].evaluate, LOADED["u8"].evaluate):
        with pytest.raises(lc.DataError, match=message):
            use((IMAGES, given))


def test_targets_that_are_masked():
    layers = (lc.layers.Input((6, 6, 1)), lc.layers.Flatten(), lc.layers.Dense(2), lc.layers.MeanSquaredError())
    one = lc.Trainer(lc.layers.Network("own", layers), batch_size=10, backend="reference")
    targets = np.ma.array(np.ones((40, 2)), mask=HIDDEN[:, 2, :2, 0])
    targets[3, 1] = np.ma.masked
    with pytest.raises(lc.DataError, match="labels have masked elements; fill them"):
        one.fit((IMAGES, targets), 1)


@pytest.mark.parametrize("holder", [PLAIN["u8"], LOADED["u8"]])
def test_states_that_are_masked(holder):
    name = next(name for name in holder.state if "weights" in name)
    before = holder.state[name]
    mask = np.zeros(before.shape, bool)
    mask[0, 0] = True
    with pytest.raises(lc.SpecError, match=f"{name} is given masked elements, must be"):
        holder.state[name] = np.ma.array(before + 1, mask=mask)
    holder.state[name] = np.ma.array(before)
    assert np.array_equal(holder.state[name], before)
