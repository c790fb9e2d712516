"""Descriptions that are wrong on purpose: `linocut plan` refuses each in one line, soon."""

import dataclasses
import time

import numpy as np
import pytest

import linocut as lc
from linocut.layers import LAYERS, BatchNorm, BinaryDense, Dense, Input, Network, ReLU, Residual, Sign
from linocut.layers import SoftmaxCrossEntropy as Loss
from linocut.networks.toml_file import read_network

MOST_SECONDS = 20  # what a loaded machine may take for what takes a tenth of a second
SHAPE, CLASSES = (8,), 3
HUGE = "9" * 4000


def layer(kind, **settings):
    """A table of TOML; settings are as they are written there."""
    return f"[[layers]]\nlayer = '{kind}'\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())


def names(*several):
    return str(list(several))


def nested(depth):
    inner = "{layer = 'relu'}"
    for _ in range(depth):
        inner = f"{{layer = 'residual', body = [{inner}]}}"
    return layer("dense", units=8) + layer("residual", body=f"[{inner}]")


FIRST = layer("dense", units=8, name="'a'")
LAST = layer("dense", units="'classes'")
PAIRS = "".join(layer("add", name=f"'n{i}'", after=names(f"n{i + 1}", f"n{i + 2}")) for i in range(300))
ONE = layer("relu", name="'n301'", after="'a'")
ENDS = layer("relu", name="'n300'", after="'a'") + layer("relu", name="'n301'", after="'a'")
REFUSED = {
    "itself": (layer("relu", name="'r'", after="'r'"), "a cycle: r reads r; let no layer read"),
    "two": (layer("relu", name="'p'", after="'q'") + layer("relu", name="'q'", after="'p'"), "p reads q reads p"),
    "later": (layer("relu", name="'p'", after="'q'") + layer("relu", name="'q'", after="'a'"), "move q before p"),
    "many ways to no cycle": (layer("add", name="'z'", after=names("n0", "n1")) + PAIRS + ENDS, "move n0 before z"),
    "many ways to a cycle": (PAIRS + layer("add", name="'n300'", after=names("n0", "n301")) + ONE, r"n0 .* \.\.\. "),
    "a long cycle": (
        "".join(layer("relu", name=f"'n{i}'", after=f"'n{i + 1}'") for i in range(900))
        + layer("relu", name="'n900'", after="'n0'"),
        r"n0 reads n1 reads n2 reads n3 reads \.\.\. reads n899 reads n900 reads n0",
    ),
    "too many inputs": (layer("add", after=names(*["a"] * 2001)), "after 2,001 others, at most 2,000"),
    "too many layers": (layer("relu") * 1000, "has 1,004 layers, must have 1,000 or fewer"),
    "too much of one": (
        "".join(layer("concat", name=f"'c{i + 1}'", after=names(*[f"c{i}" if i else "a"] * 2)) for i in range(60)),
        r"c38 gives \(2199023255552,\) of each example, must be 1,099,511,627,776 values or fewer",
    ),
    "a long name": (layer("relu", name=f"'{'x' * 5000}'"), "at most 100 of them"),
    "a control character": (layer("relu", name='"a\\u001bb"'), r"is called 'a\\x1bb'; a name is letters"),
    "a name of two lines": (layer("relu", name='"a\\nb"'), r"is called 'a\\nb'; a name is letters"),
    "a name that is taken": (layer("dense", units=8, name="'relu1'") + layer("relu"), "two layers are called relu1"),
    "a number for a name": (layer("relu", name=3), "the name of a relu is 3, must be a text"),
    "a list for a name": (layer("relu", name="[]"), r"the name of a relu is \[\], must be a text"),
    "after a number": (layer("relu", after=3), "a relu is after 3, must be a name"),
    "after numbers": (layer("relu", after="[3]"), r"a relu is after \[3\], must be a name"),
    "after a table": (layer("relu", after="{x = 1}"), "a relu is after {'x': 1}, must be a name"),
    "after lists": (layer("relu", after='[["a"]]'), r"a relu is after \[\['a'\]\], must be a name"),
    "after no name": (layer("relu", after="''"), "no layer before relu1 is called ''"),
    "nested 60 deep": (nested(60), "nested more than 50 deep"),
    "nested 1000 deep": (nested(1000), "nested (more than 50|too) deep"),
    "begin -1": (layer("slice", begin=-1, count=2), "slice begin is -1, must be a whole number, 0 or more"),
    "weights of two": (layer("dense", units=3) + layer("softmax_cross_entropy", class_weights=[1, 2]), "has 2 class"),
    "weights of 0": (layer("dense", units=3) + layer("softmax_cross_entropy", class_weights=[0, 0, 0]), "are all 0"),
    "weights nan": (layer("dense", units=3) + layer("softmax_cross_entropy", class_weights="[1, nan, 1]"), "1 is nan"),
    "rank 0": (layer("input", shape=[]) + LAST, r"shape is \(\), must be 1 to 5 whole numbers"),
    "rank 6": (layer("input", shape=[1] * 6) + LAST, "must be 1 to 5 whole numbers"),
    "a side of 0": (layer("input", shape=[0, 3]) + LAST, "must be 1 to 5 whole numbers above 0"),
    "huge": (layer("input", shape=[2**32, 2**32]) + LAST, "4,294,967,296 x 4,294,967,296, must be 1,099,511,627,776"),
    "beyond any size": (layer("input", shape=f"[{HUGE}]") + LAST, "input shape is ..., must be 1,099,511,627,776"),
    "beyond any number": (layer("dense", units="9" * 5000) + LAST, "is not TOML"),
}


def check(linocut, file, text, message):
    (file).write_text(text)
    began = time.monotonic()
    arguments = [] if "layer = 'input'" in text else ["--input", "8"]
    status, out, err = linocut("plan", "--model", file, "--classes", 3, *arguments)
    assert (status, out) == (2, "")
    line = err.removesuffix("\n")
    assert line.isprintable() and len(line) < 1000 + len(str(file))
    assert time.monotonic() - began < MOST_SECONDS
    with pytest.raises(lc.SpecError, match=message):
        read_network(file, None if "layer = 'input'" in text else SHAPE, CLASSES)


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_description(linocut, tmp_path, name):
    text, message = REFUSED[name]
    check(linocut, tmp_path / "own.toml", text if "layer = 'input'" in text else FIRST + text + LAST, message)


ODD = ["true", "-1", "0", "1.5", "nan", "inf", "''", "'x'", "[]", "[0]", "[1, 2, 3]", "[[1]]", "{a = 1}", HUGE, "1e308"]
NEEDED = {"units": 3, "filters": 3, "shape": [8], "count": 2, "begin": 0, "size": 2, "kernel": 3, "body": "[]"}
SETTINGS = [(kind, field) for kind in LAYERS for field in sorted({f.name for f in dataclasses.fields(LAYERS[kind])})]


@pytest.mark.parametrize(("kind", "field"), SETTINGS)
def test_every_setting_with_values_of_every_type(linocut, tmp_path, kind, field):
    """Each is refused by the name of its layer, or a network."""
    needed = {f.name: NEEDED[f.name] for f in dataclasses.fields(LAYERS[kind]) if f.name in NEEDED}
    for odd in ODD:
        file = tmp_path / "own.toml"
        file.write_text(FIRST * (kind != "input") + layer(kind, **{**needed, field: odd}) + LAST)
        try:
            read_network(file, None if kind == "input" else SHAPE, CLASSES)
        except lc.SpecError as error:
            said = str(error)
            assert said.isprintable() and len(said) < 1000 + len(str(file))
            assert "does not describe" not in said, "the layer itself checks its settings"


def test_names_that_buffers_have_are_names_of_layers_too():
    layers = [
        *(BinaryDense(8).named("input"), BatchNorm().named("labels"), Sign().named("logits")),
        *(BinaryDense(8).named("control"), BatchNorm().named("loss"), ReLU().named("captured")),
        *(Dense(3).named("logits_"), BatchNorm().named("random")),
    ]
    network = Network("named", (Input((6,)).named("counters"), *layers, Loss()))
    images = np.random.default_rng(1).integers(0, 256, (20, 6)).astype(np.uint8)
    trainer = lc.Trainer(network, batch_size=10)
    trainer.fit((images, np.arange(20) % 3), 1)
    predictor = lc.Predictor(trainer.inference_graph())
    assert np.array_equal(predictor.predict(images).outputs, trainer.predict(images).outputs)


def test_python_is_told_of_the_same_bounds():
    inner = ReLU()
    for _ in range(2000):
        inner = Residual((inner,))
    with pytest.raises(lc.SpecError, match="nested more than 50 deep"):
        Network("deep", (Input((8,)), Dense(8), inner, Dense(3), Loss()))
    with pytest.raises(lc.SpecError, match="are after 3,000 others, at most 2,000 may be"):
        Network("wide", (Input((8,)), Dense(8).named("d"), ReLU().after(*["d"] * 3000), Dense(3), Loss()))


def test_a_thousand_layers_are_planned_in_good_time():
    layers = [layer for _ in range(332) for layer in (Dense(8), BatchNorm(), ReLU())]
    began = time.process_time()
    account = lc.plan(Network("deep", (Input((8,)), *layers, Dense(4), BatchNorm(), Loss())), batch_size=8)
    assert account.total_bytes < 600_000
    assert time.process_time() - began < 5
