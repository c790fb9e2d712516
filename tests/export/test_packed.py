import dataclasses

import numpy as np
import pytest
from checksums import content
from PIL import Image
from small_training import examples, network, trainer

import linocut as lc
from linocut import tensor_file
from linocut.export import packed
from linocut.formats import words
from linocut.graph.inference import (
    Activation,
    Affine,
    InferenceGraph,
    InputCoding,
    Logits,
    Pool,
    RealProduct,
)
from linocut.graph.inference import Flatten as Flat
from linocut.graph.network import MOST_DEPTH
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.layers.window import Window
from linocut.ops.bits import unpack


def trained(epochs=2, data=None, **settings):
    one = trainer(**settings)
    one.fit(data or examples(), epochs)
    return one


def predictor(one, batch_size=7):
    return lc.Predictor(one.inference_graph(), batch_size=batch_size, backend="reference")


def least(one, name):
    return one.inference_graph().node(name).least


@pytest.mark.parametrize("optimizer", [lc.Adam(0.02), lc.SGD(0.1), lc.Bop(0.02, 1e-2, 1e-6)])
@pytest.mark.parametrize("hidden", [(), (24,), (65, 7)])
def test_under_lean_the_packed_model_predicts_the_same_bits(optimizer, hidden):
    one = trained(network=network(hidden), optimizer=optimizer)
    images = examples(5)[0]
    for found, expected in zip(predictor(one).predict(images), one.predict(images), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("policy", ["wang2021", "standard"])
@pytest.mark.parametrize("hidden", [(), (24,), (65, 7)])
def test_under_floats_it_predicts_alike(policy, hidden):
    one = trained(network=network(hidden), policy=policy)
    images = examples(5)[0]
    found, expected = predictor(one).predict(images), one.predict(images)
    assert np.mean(found.classes == expected.classes) >= 0.98  # an f16 threshold may fall between two integers
    assert np.median(np.abs(found.confidences - expected.confidences)) < 1e-3


@pytest.mark.parametrize("policy", ["lean", "lean8", "wang2021", "standard"])
def test_float_input(policy):
    images, labels = examples()
    data = (images / 127.5 - 1, labels)
    one = trained(network=network(dtype="f32"), policy=policy, data=data)
    alone = predictor(one)
    coded = policy.startswith("lean")
    assert alone.graph.input.coded == coded
    assert alone.graph.node("binary_dense1").gives == ("integers" if coded else "floats")
    assert np.mean(alone.predict(data[0]).classes == one.predict(data[0]).classes) >= 0.98
    assert alone.evaluate(data).loss == pytest.approx(one.evaluate(data).loss, abs=0.01)


def test_the_tensors_are_bits_and_whole_thresholds():
    one = trained()
    tensors = {f"{node}.{part}": array for node, part, array in one.inference_graph().tensors()}
    assert {name: (t.shape, t.dtype.name) for name, t in tensors.items()} == {
        "binary_dense1.weights": ((24, 1), "uint64"),
        "sign1.least": ((24,), "int32"),
        "binary_dense2.weights": ((4, 1), "uint64"),
        "batch_norm2.mean": ((4,), "float32"),
        "batch_norm2.deviation": ((4,), "float32"),
        "batch_norm2.shift": ((4,), "float32"),
    }
    latent = one.session.array("binary_dense1.weights")
    assert np.array_equal(unpack(tensors["binary_dense1.weights"], 36), latent >= 0)
    mean, deviation = one.session.array("batch_norm1.running").astype(np.float64)
    shift = one.session.array("batch_norm1.beta")[0].astype(np.float64)
    assert np.array_equal(tensors["sign1.least"], np.ceil(mean - shift * deviation))


@pytest.mark.parametrize("policy", ["lean", "standard"])
def test_a_threshold_that_is_whole_is_met_at_equality(policy):
    """Sums of 24 signs are even; so is the mean less shift times deviation, which some of them are."""
    one = trained(network=network((24, 40)), policy=policy)
    channel = np.arange(40)
    mean, deviation, shift = 2.0 * (channel % 5 - 2), np.where(channel % 2, 2.0, 4.0), channel % 3 - 1.0
    if policy == "standard":  # whose spread is a variance, with 1e-5 added
        mean, deviation, shift = 2.0 * (channel % 5 - 2), np.full(40, 1.0), np.zeros(40)
    one.session.array("batch_norm2.running")[...] = mean, deviation
    one.session.array("batch_norm2.beta")[0] = shift
    whole = mean - shift * deviation
    assert np.array_equal(least(one, "sign2"), whole)
    images = examples(5)[0]
    sums = one.capture(images, "binary_dense2")["binary_dense2"].reshape(len(images), 40)
    assert (sums == whole).sum() > 40
    signs = one.capture(images, "sign2")["sign2"].reshape(len(images), 40)
    assert np.array_equal(signs > 0, sums >= whole)
    found, expected = predictor(one).predict(images).outputs, one.predict(images).outputs
    assert np.array_equal(found, expected) if policy == "lean" else np.allclose(found, expected, atol=1e-5)


def test_where_a_max_pool_stands_between_the_threshold_goes_before_it():
    layers = (
        *(Input((6, 6, 1)), BinaryConv2D(5), MaxPool2D(), BatchNorm(), Sign()),
        *(Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    one = trained(network=lc.Network("pooled", layers))
    graph = one.inference_graph()
    assert [node.name for node in graph.nodes[:4]] == ["input1", "binary_conv2d1", "batch_norm1", "sign1"]
    assert [node.kind for node in graph.nodes[:4]] == ["input_coding", "real_product", "threshold", "pool"]
    mean, deviation = one.session.array("batch_norm1.running").astype(np.float64)
    shift = one.session.array("batch_norm1.beta")[0].astype(np.float64)
    assert np.array_equal(least(one, "batch_norm1"), np.ceil(mean - shift * deviation))
    assert np.array_equal(predictor(one).predict(examples(5)[0]).outputs, one.predict(examples(5)[0]).outputs)


def test_a_standard_threshold_is_in_the_integers_of_u8_input():
    one = trained(policy="standard")
    mean, variance = one.session.array("batch_norm1.running").astype(np.float64)
    exact = (mean - one.session.array("batch_norm1.beta")[0] * np.sqrt(variance + 1e-5)) * 255
    assert np.array_equal(least(one, "sign1"), np.ceil(exact))


@pytest.mark.parametrize(("shift", "sign"), [(0.5, 1), (0.0, 1), (-0.5, -1)])
def test_a_channel_that_does_not_vary_has_the_sign_of_its_shift(shift, sign):
    one = trained()
    one.session.array("batch_norm1.running")[:, 0] = (12.0, 0.0)
    one.session.array("batch_norm1.beta")[0, 0] = shift
    assert least(one, "sign1")[0] == -sign * 2**30
    images = examples(5)[0]
    assert np.array_equal(predictor(one).predict(images).confidences, one.predict(images).confidences)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("threshold", [2**24 + 1, -(2**24) - 3, 2**30 - 1])
def test_thresholds_beyond_the_integers_of_f32_are_exact(tmp_path, threshold, backend):
    """As the file, the predictor's state and its arena hold them."""
    graph = trained().inference_graph()
    nodes = [
        dataclasses.replace(node, least=np.full_like(node.least, threshold)) if node.name == "sign1" else node
        for node in graph.nodes
    ]
    packed.save(tmp_path / packed.NAME, packed.PackedModel(dataclasses.replace(graph, nodes=tuple(nodes))))
    loaded = lc.load(tmp_path, backend=backend)
    assert (loaded.state["sign1.least"] == threshold).all()
    loaded.predict(examples(5)[0])
    assert (loaded._now._many.array("sign1.least") == threshold).all()


@pytest.mark.parametrize("batch", [1, 10, 100])
def test_the_size_of_a_batch_changes_nothing(batch):
    one = trained()
    expected = predictor(one).evaluate(examples(5))
    found = predictor(one, batch).evaluate(examples(5))
    assert (found.accuracy, found.examples) == (expected.accuracy, expected.examples)
    assert found.loss == pytest.approx(expected.loss, rel=1e-12)


def test_predicting_takes_a_small_part_of_the_arena_of_training():
    one = trained(1, network=network((64, 64)))
    assert predictor(one, 10).arena_bytes < one.session.arena.nbytes / 2


@pytest.fixture
def run(tmp_path):
    one = trained()
    one.save(tmp_path)
    return tmp_path


def test_the_model_file_is_enough(run):
    for name in ("checkpoint.safetensors", "config.toml", "log.jsonl"):
        (run / name).unlink()
    loaded = lc.load(run, backend="reference")
    assert loaded.class_name(3) == "3"
    assert loaded.data == "arrays"
    assert loaded.evaluate(examples()).accuracy > 0.5
    alone = lc.load(run / packed.NAME, backend="reference")
    assert alone.graph.nbytes == loaded.graph.nbytes == packed.read(run / packed.NAME).nbytes


def test_what_is_read_is_what_was_written(run, tmp_path):
    model = packed.read(run / packed.NAME)
    packed.save(tmp_path / "again", model)
    assert (tmp_path / "again").read_bytes() == (run / packed.NAME).read_bytes()


def test_folders_that_are_no_runs(tmp_path):
    with pytest.raises(lc.RunError, match=r"is not the folder of a run: it has no model\.safetensors"):
        lc.load(tmp_path)
    with pytest.raises(lc.RunError, match="does not exist; give the folder of a run"):
        lc.load(tmp_path / "nothing")


def spoiled(run, change=lambda tensors: None, describe=lambda about: None):
    path = run / packed.NAME
    about, tensors = tensor_file.TensorFile(path, packed.KIND, packed.VERSION).description, content(path)
    change(tensors)
    describe(about)
    tensor_file.save(path, tensors, packed.KIND, packed.VERSION, about)
    return path


def put(name, place, value):
    def change(tensors):
        tensors[name] = tensors[name].copy()
        tensors[name][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("binary_dense1.weights", (0, 0), 2**63), "binary_dense1.weights holds bits or numbers that no model has"),
        (put("batch_norm2.mean", 0, np.nan), "batch_norm2.mean holds bits or numbers"),
        (put("batch_norm2.shift", 3, np.inf), "batch_norm2.shift holds bits or numbers"),
        (lambda tensors: tensors.pop("batch_norm2.shift"), "lacks the tensor 'batch_norm2.shift'"),
        (
            lambda tensors: tensors.update({"sign1.least": np.zeros(24, np.float32)}),
            r"is float32 \(24,\), must be int32 \(24,\)",
        ),
        (
            lambda tensors: tensors.update({"sign1.least": np.zeros(23, np.int32)}),
            r"is int32 \(23,\), must be int32 \(24,\)",
        ),
        (lambda tensors: tensors.update(more=np.zeros(9, np.float32)), "has the tensor 'more', which nothing names"),
    ],
)
def test_damaged_tensors(run, change, message):
    spoiled(run, change)
    with pytest.raises(lc.RunError, match=message):
        lc.load(run)


def test_no_tensor_is_loaded_before_all_are_known_to_fit(run, monkeypatch):
    """The last one does not; only the checksum was read."""
    spoiled(run, lambda tensors: tensors.update({"batch_norm2.shift": np.zeros(5, np.float32)}))
    loaded, read = [], tensor_file.TensorFile.read
    monkeypatch.setattr(tensor_file.TensorFile, "read", lambda *given: loaded.append(given[1]) or read(*given))
    with pytest.raises(lc.RunError, match=r"is float32 \(5,\), must be float32 \(4,\)"):
        lc.load(run)
    assert loaded == ["crc32"]


def node(number, **settings):
    return lambda about: about["inference"]["nodes"][number].update(settings)


@pytest.mark.parametrize(
    "describe",
    [
        lambda about: about.pop("inference"),
        lambda about: about.update(inference=3),
        lambda about: about.pop("data"),
        lambda about: about["inference"]["nodes"].pop(3),
        lambda about: about["inference"]["nodes"][2].pop("depth"),
        lambda about: about["inference"].update(nodes=[]),
        lambda about: about["inference"].update(colour="red"),
        lambda about: about.update(colour="red"),
        lambda about: about.update(resizing="half"),
        lambda about: about.update(resizing=None),
        node(2, shape=[0]),
        node(2, shape=[25]),
        node(2, colour="red"),
        node(2, kind="magic"),
        node(2, inputs=["nothing"]),
        node(2, name="input1"),
        node(2, tensors=[]),
        node(2, tensors=["weights", "weights"]),
        node(2, tensors=["least"]),
        lambda about: about.update(classes=7),
    ],
)
def test_damaged_descriptions(run, describe):
    spoiled(run, describe=describe)
    with pytest.raises(lc.RunError, match=r"does not describe a network: .*it is damaged"):
        lc.load(run)


@pytest.mark.parametrize(("second", "place"), [*(("input_coding", place) for place in (1, 4, -1)), ("logits", -1)])
def test_a_second_end_wherever_it_is(run, second, place):
    """Behind the first node, in the middle, before the last."""

    def put_in(about):
        nodes = about["inference"]["nodes"]
        other = next(node for node in nodes if node["kind"] == second)
        nodes.insert(place, {**other, "name": "other"})

    spoiled(run, describe=put_in)
    with pytest.raises(lc.RunError, match=f"other is a second {second}"):
        lc.load(run)


@pytest.mark.parametrize("function", ["magic", "", "max"])
def test_a_function_that_does_not_exist(run, function):
    spoiled(run, describe=node(-1, function=function))
    with pytest.raises(lc.RunError, match="softmax_cross_entropy1: a logits has function softmax, sigmoid"):
        lc.load(run)


def graph_of(tmp_path, *nodes):
    """The file of a graph of these nodes, that ends in logits (1,)."""
    giver = nodes[-1]
    packed.save(tmp_path / packed.NAME, packed.PackedModel(InferenceGraph("forged", (*nodes, logits(giver)), 0)))
    return tmp_path


def logits(giver):
    return Logits("logits", (giver.name,), giver.shape, "floats", "identity")


def test_a_small_file_that_wants_more_than_there_is(tmp_path):
    side, window = 2**20, Window("pool size", (2**15, 2**15), 2**15, "same")
    path = graph_of(
        tmp_path,
        InputCoding("input", (), (side, side, 1), "bytes", "u8", -1.0, 1.0, False),
        Activation("relu", ("input",), (side, side, 1), "floats", "relu"),
        Pool("pool", ("relu",), (32, 32, 1), "floats", "average", window),
        Flat("flat", ("pool",), (1024,), "floats"),
    )
    with pytest.raises(lc.RunError, match=r"model.safetensors: forged takes 879,[\d,]* B at a batch of 100, more than"):
        lc.load(path)


def test_sums_that_no_integer_holds(tmp_path):
    inputs = 5_000_000
    path = graph_of(
        tmp_path,
        InputCoding("input", (), (inputs,), "bytes", "u8", -1.0, 1.0, False),
        RealProduct(
            "product", ("input",), (1,), "integers", inputs, None, True, np.zeros((1, words(inputs)), np.uint64)
        ),
        Affine("norm", ("product",), (1,), "floats", *[np.ones(1, np.float32)] * 3),
    )
    with pytest.raises(
        lc.RunError, match=r"model.safetensors: .* 5,000,000 inputs overflow the sum, at most 4,210,752"
    ):
        lc.load(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch size is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"backend": "gpu"}, "backend is 'gpu'"),
    ],
)
def test_settings_that_cannot_be(run, settings, message):
    with pytest.raises(lc.SpecError, match=message):
        lc.load(run, **settings)


def test_more_class_names_than_classes(run):
    spoiled(run, describe=lambda about: about.update(classes=list("abcde")))
    with pytest.raises(lc.RunError, match=r"has 5 class names for 4 classes; it is damaged"):
        lc.load(run)


def test_names_of_a_file_cannot_steer_a_terminal(tmp_path, linocut):
    graph = trained().inference_graph()
    names = tuple(f"{number}\n\x1b[2J" for number in range(4))
    packed.save(tmp_path / packed.NAME, packed.PackedModel(graph, names))
    Image.fromarray(examples()[0][0, ..., 0]).save(tmp_path / "one.png")
    status, out, _ = linocut("predict", tmp_path, tmp_path / "one.png")
    assert status == 0
    assert r"\n\x1b[2J" in out
    assert out.count("\n") == 1 and out.rstrip("\n").isprintable()


def test_the_longest_names_and_deepest_chains_that_networks_may_have_are_read_again(tmp_path):
    longest = "x" * 100
    inner = ReLU()
    for _ in range(MOST_DEPTH):
        inner = Residual((inner,))
    layers = (Conv2D(3), GlobalAveragePool().named(longest), inner, Dense(2), SoftmaxCrossEntropy())
    trainer = lc.Trainer(lc.Network("own", (Input((4, 4, 1)), *layers)), batch_size=2)
    trainer.save(tmp_path)
    assert f"{longest}.pool" in lc.load(tmp_path).graph.by_name
    assert lc.Trainer.resume(tmp_path).network == trainer.network


@pytest.mark.parametrize(
    ("data", "resizing"), [("mnist", "whole"), (None, "whole"), ("arrays", "whole"), ("/pictures/of birds", None)]
)
def test_files_that_do_not_say_how_pictures_came_to_size(run, data, resizing):
    """It is known of data sets known by name; of a folder that may have been given a size it is assumed."""

    def describe(about):
        del about["resizing"]
        about["data"] = data

    assert packed.read(spoiled(run, describe=describe)).resizing == resizing
    loaded = lc.load(run)
    assert (loaded.resizing, loaded.resizing_known) == (resizing or "crop", resizing is not None)


def test_a_folder_of_files_of_mnists_format_was_seen_whole(run, tmp_path):
    """As long as it can be told apart from class folders of images."""
    folder = tmp_path / "idx"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(b"")

    def describe(about):
        del about["resizing"]
        about["data"] = str(folder)

    assert packed.read(spoiled(run, describe=describe)).resizing == "whole"


def test_how_pictures_come_to_size_is_checked(run):
    graph = packed.read(run / packed.NAME).graph
    assert lc.Predictor(graph, resizing="crop").resizing == "crop"
    with pytest.raises(lc.SpecError, match="no resizing is called 'half'; there are whole, crop"):
        lc.Predictor(graph, resizing="half")


def test_pictures_are_read_for_networks_of_pictures(tmp_path):
    images, labels = examples()
    one = trained(1, network=network(dtype="f32"), data=(images / 127.5 - 1, labels))
    with pytest.raises(lc.DataError, match="takes f32 values, not images; give it arrays"):
        predictor(one).read_image(tmp_path / "a.png")
