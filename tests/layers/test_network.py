"""Networks: shapes are checked when they are described, dictionaries read back equal, the table's numbers are right."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from linocut import models
from linocut.errors import SpecError
from linocut.layers import BatchNorm, BinaryDense, Flatten, Input, Layer, Network, Sign, SoftmaxCrossEntropy
from linocut.layers.base import Cost

HEAD = (BinaryDense(10), BatchNorm(), SoftmaxCrossEntropy())


def network(*layers: Layer) -> Network:
    return Network("own", layers)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no layers": (lambda: network(), "network own must begin with an input layer"),
    "no input": (lambda: network(*HEAD), "must begin with an input layer"),
    "no loss": (lambda: network(Input((4,)), BinaryDense(10)), "must end with a loss: softmax_cross_entropy, "),
    "two inputs": (lambda: network(Input((4,)), Input((4,)), *HEAD), "second input layer; remove it"),
    "dense on images": (
        lambda: network(Input((4, 4, 1)), *HEAD),
        r"binary_dense1: takes \(features,\), not \(4, 4, 1\); put a flatten before it",
    ),
    "loss on images": (
        lambda: network(Input((4, 4, 1)), BatchNorm(), SoftmaxCrossEntropy()),
        r"softmax_cross_entropy1: takes \(classes,\) of at least 2",
    ),
    "one class": (lambda: network(Input((4,)), BinaryDense(1), BatchNorm(), SoftmaxCrossEntropy()), r"not \(1,\)"),
    "no units": (lambda: BinaryDense(0), "binary_dense units is 0, must be a whole number from 1 to 1,048,575"),
    "fractional units": (lambda: BinaryDense(2.5), "units is 2.5"),
    "too many units": (lambda: BinaryDense(2**20), "units is 1048576"),
    "six dimensions": (lambda: Input((1, 2, 3, 4, 5, 6)), "must be 1 to 5 whole numbers above 0, such as .features,."),
    "no dimensions": (lambda: Input(()), r"input shape is \(\), must be 1 to 5 whole numbers"),
    "an empty dimension": (lambda: Input((0,)), r"input shape is \(0,\)"),
    "a fractional dimension": (lambda: Input((2.0,)), r"input shape is \(2.0,\)"),
    "an unknown type": (lambda: Input((4,), "i8"), "input dtype is 'i8', must be u8 or f32"),
    "an empty range": (
        lambda: Input((4,), "f32", 1.0, 1.0),
        "input range is 1.0 to 1.0, must be finite numbers and rising",
    ),
    "an endless range": (lambda: Input((4,), "f32", 0.0, float("inf")), "input range is 0.0 to inf"),
    "momentum of 1": (lambda: BatchNorm(1.0), "batch_norm momentum is 1.0, must be at least 0 and below 1"),
    "momentum of nan": (lambda: BatchNorm(float("nan")), "batch_norm momentum is nan"),
    "an unknown model": (lambda: models.build("mpl"), "no model is called 'mpl'; .*did you mean mlp"),
    "an unknown size": (
        lambda: models.build("mlp", depth=2),
        "model mlp has no setting 'depth'; there are input_shape",
    ),
    "no hidden units": (lambda: models.mlp(hidden=(0,)), "units is 0"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_by_name(what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(SpecError, match=reason):
        make()


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (
            (BinaryDense(2), Sign()),
            "sign1 takes a batch norm's output or floats, not products; put a batch_norm between",
        ),
        ((BinaryDense(2),), "softmax_cross_entropy1 takes a batch norm's output or floats, not products"),
        (
            (BinaryDense(2), BinaryDense(2), BatchNorm()),
            "binary_dense2 takes the network's input or signs, not products",
        ),
        ((BinaryDense(2), Flatten()), "flatten1 takes .*, not products; put a batch_norm between"),
        ((Sign(),), "sign1 takes .*, not the network's input"),
    ],
)
def test_layers_in_an_order_without_meaning_are_refused_when_described(layers: tuple[Layer, ...], reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        network(Input((4,)), *layers, SoftmaxCrossEntropy())


def test_layers_are_named_and_placed_in_order() -> None:
    placed = models.mlp(hidden=(256, 130)).graph.nodes
    assert [(p.name, p.input.shape, p.output.shape) for p in placed] == [
        ("input1", (28, 28, 1), (28, 28, 1)),
        ("flatten1", (28, 28, 1), (784,)),
        ("binary_dense1", (784,), (256,)),
        ("batch_norm1", (256,), (256,)),
        ("sign1", (256,), (256,)),
        ("binary_dense2", (256,), (130,)),
        ("batch_norm2", (130,), (130,)),
        ("sign2", (130,), (130,)),
        ("binary_dense3", (130,), (10,)),
        ("batch_norm3", (10,), (10,)),
        ("softmax_cross_entropy1", (10,), (10,)),
    ]
    assert models.mlp(classes=7).classes == 7


def test_the_first_layer_multiplies_numbers_the_others_bits() -> None:
    placed = models.mlp(hidden=(256,)).graph.nodes
    assert placed[2].cost == Cost(binary_parameters=784 * 256, real_macs=784 * 256, input_bits=8)
    assert placed[5].cost == Cost(binary_parameters=2560, binary_macs=2560, input_bits=1)
    assert placed[3].cost == Cost(real_parameters=3 * 256)


@pytest.mark.parametrize(
    "described",
    [models.mlp(), models.mlp((65,), 3, (63,), "f32"), network(Input((5,), "f32", 0.0, 2.5), *HEAD)],
    ids=["paper", "floats", "range"],
)
def test_a_network_reads_back_from_its_dictionary(described: Network) -> None:
    assert Network.from_dict(json.loads(json.dumps(described.to_dict()))) == described


WRONG = {
    "no name": ({"layers": []}, "lacks 'name'"),
    "no layers": ({"name": "own"}, "lacks 'layers'"),
    "an unknown layer": (
        {"name": "own", "layers": [{"layer": "dens"}]},
        r"no layer is called 'dens'; did you mean dense\? there are input,",
    ),
    "a layer without a kind": ({"name": "own", "layers": [{"units": 3}]}, "a layer has no kind"),
    "an unknown setting": (
        {"name": "own", "layers": [{"layer": "binary_dense", "unit": 3}]},
        "layer binary_dense has no setting 'unit'; there are units",
    ),
    "a setting that must be given": (
        {"name": "own", "layers": [{"layer": "input", "shape": [4]}, {"layer": "binary_dense"}]},
        "layer binary_dense lacks the setting 'units'",
    ),
    "a setting of a layer that has none": (
        {"name": "own", "layers": [{"layer": "relu", "slope": 1}]},
        "layer relu has no setting 'slope'; there are name, after",
    ),
    "shapes that do not fit": (
        {"name": "own", "layers": [{"layer": "input", "shape": [2, 2, 1]}, {"layer": "binary_dense", "units": 3}]},
        "must end with",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_dictionary_is_refused(what: str) -> None:
    data, reason = WRONG[what]
    with pytest.raises(SpecError, match=reason):
        Network.from_dict(data)


def test_the_papers_perceptron_as_a_table() -> None:
    """399,872 weights of 1 bit; per channel a shift and two running statistics of 32 bits: 3 * 1,034."""
    text = str(models.mlp())
    lines = text.splitlines()
    assert lines[0] == "mlp"
    columns = {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("-")}
    assert columns["binary_dense1"] == ["8", "256", "200,704", "-", "24.50", "-", "200,704"]
    assert columns["binary_dense2"] == ["1", "256", "65,536", "-", "8.00", "65,536", "-"]
    assert columns["binary_dense5"] == ["1", "10", "2,560", "-", "0.31", "2,560", "-"]
    assert columns["batch_norm1"] == ["-", "256", "-", "768", "3.00", "-", "-"]
    assert columns["input1"] == ["-", "28x28x1", "-", "-", "0.00", "-", "-"]
    assert columns["Total"] == ["399,872", "3,102", "60.93", "199,168", "200,704"]
    assert "parameters            402,974 (99.2% of 1 bit)" in text
    assert "model size            60.93 KiB; 1,574.12 KiB in 32 bits; compression 25.8x" in text
    assert "MACs per example      399,872 (49.8% of 1 bit)" in text
