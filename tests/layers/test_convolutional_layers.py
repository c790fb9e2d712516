"""Convolutions, pools and residuals as they are described: shapes, names, costs, dictionaries, and every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from linocut import models
from linocut.errors import SpecError
from linocut.graph.graph import Node
from linocut.layers import (
    Add,
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.layers.base import Cost

IMAGE = Input((8, 9, 3))
STEM = (IMAGE, Conv2D(5), BatchNorm())
BODY = (Sign(), BinaryConv2D(5), BatchNorm())
OF_SIGNS = (Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy())
OF_NUMBERS = (GlobalAveragePool(), Dense(4), BatchNorm(), SoftmaxCrossEntropy())
WHOLE = "must be a whole number from 1 to"


def network(*layers: Layer) -> Network:
    return Network("own", layers)


def read(*entries: Any) -> Network:
    return Network.from_dict({"name": "own", "layers": list(entries)})


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (BinaryConv2D(7), (8, 9, 7)),
        (BinaryConv2D(7, 3, 2), (4, 5, 7)),
        (BinaryConv2D(7, 3, 2, "valid"), (3, 4, 7)),
        (BinaryConv2D(7, (8, 9), 1, "valid"), (1, 1, 7)),
        (BinaryConv2D(7, 1, 2), (4, 5, 7)),
        (BinaryConv2D(7, 1, 100, "valid"), (1, 1, 7)),
        (BinaryConv2D(7, 100, 100), (1, 1, 7)),
        (Conv2D(7, 7, 2), (4, 5, 7)),
        (Conv2D(7, (2, 3), 1, "valid"), (7, 7, 7)),
        (MaxPool2D(), (4, 4, 3)),
        (MaxPool2D(3), (2, 3, 3)),
        (MaxPool2D((2, 3)), (4, 4, 3)),
        (MaxPool2D((3, 2)), (2, 3, 3)),
        (MaxPool2D(3, 2, "same"), (4, 5, 3)),
        (MaxPool2D(2, 1), (7, 8, 3)),
        (AveragePool2D(padding="same"), (4, 5, 3)),
        (AveragePool2D(8), (1, 1, 3)),
        (GlobalAveragePool(), (3,)),
        (ReLU(), (8, 9, 3)),
        (Flatten(), (216,)),
        (Residual((ReLU(),)), (8, 9, 3)),
    ],
    ids=str,
)
def test_shapes(layer: Layer, shape: tuple[int, ...]) -> None:
    assert layer.output_shape((8, 9, 3)) == shape


@pytest.mark.parametrize("window", range(1, 6))
@pytest.mark.parametrize("stride", range(1, 5))
def test_same_padding_keeps_one_output_for_each_stride_begun(window: int, stride: int) -> None:
    """With (window - 1) // 2 pixels before, so that an odd window of stride 1 is centred."""
    for image in range(1, 12):
        described = BinaryConv2D(1, window, stride)
        assert described.output_shape((image, image, 1)) == (-(-image // stride),) * 2 + (1,)
        before = described.window.attributes()
        assert before == {"stride": stride, "pad_top": (window - 1) // 2, "pad_left": (window - 1) // 2}
        last = (-(-image // stride) - 1) * stride - (window - 1) // 2
        assert last < image  # every output sees a pixel


NESTED = network(
    *(Input((8, 6, 3), "f32", 0.0, 2.0), BatchNorm(0.5), Conv2D(5, (3, 2), 2, "valid"), BatchNorm(), ReLU()),
    *(MaxPool2D((3, 1), 1, "same"), BatchNorm()),
    Residual(
        (Residual((Sign("quadratic"), BinaryConv2D(5, (3, 1), scaled=True), BatchNorm())), ReLU()),
        (Residual(BODY), AveragePool2D(3, 1, "same"), Conv2D(5, 1), BatchNorm()),
    ),
    *(Residual(BODY), Flatten(), Dense(4), BatchNorm(), SoftmaxCrossEntropy()),
)


def test_layers_are_numbered_through_all_residuals() -> None:
    assert [node.name for node in NESTED.graph.nodes] == [
        *("input1", "batch_norm1", "conv2d1", "batch_norm2", "relu1", "max_pool2d1", "batch_norm3"),
        *("sign1", "binary_conv2d1", "batch_norm4", "residual2", "relu2"),
        *("sign2", "binary_conv2d2", "batch_norm5", "residual3", "average_pool2d1", "conv2d2", "batch_norm6"),
        *("residual1", "sign3", "binary_conv2d3", "batch_norm7", "residual4"),
        *("flatten1", "dense1", "batch_norm8", "softmax_cross_entropy1"),
    ]
    sums = {
        node.name: [edge.node for edge in node.inputs] for node in NESTED.graph.nodes if isinstance(node.layer, Add)
    }
    assert sums == {
        "residual2": ["batch_norm4", "batch_norm3"],
        "residual3": ["batch_norm5", "batch_norm3"],
        "residual1": ["relu2", "batch_norm6"],
        "residual4": ["batch_norm7", "residual1"],
    }


def test_each_layer_knows_what_it_is_given() -> None:
    graph = NESTED.graph
    product = graph.node("binary_conv2d1")
    assert (product.input.kind, product.output.kind) == ("signs", "products")
    assert [reader.name for reader in graph.readers("batch_norm3")] == ["sign1", "residual2", "sign2", "residual3"]
    assert graph.only_reader("batch_norm3") is None
    assert graph.giver(graph.node("batch_norm4")) is product


MODELS = {name: models.build(name) for name in ("mlp", "cnv", "binarynet", "resnete18", "bireal18")}


@pytest.mark.parametrize("described", [NESTED, *MODELS.values()], ids=lambda described: described.name)
def test_a_network_reads_back_from_its_dictionary(described: Network) -> None:
    again = Network.from_dict(json.loads(json.dumps(described.to_dict())))
    assert again == described
    assert hash(again) == hash(described)
    assert again.to_dict() == described.to_dict()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (BinaryConv2D(5, [3, 2]), BinaryConv2D(5, (3, 2))),
        (Conv2D(5, [3, 2]), Conv2D(5, (3, 2))),
        (MaxPool2D([3, 2], 1), MaxPool2D((3, 2), 1)),
        (AveragePool2D([3, 2]), AveragePool2D((3, 2), 3)),
        (Residual([ReLU()], [ReLU()]), Residual((ReLU(),), (ReLU(),))),
    ],
    ids=str,
)
def test_lists_are_as_good_as_tuples(given: Layer, kept: Layer) -> None:
    if isinstance(kept, AveragePool2D):  # the stride is the height where none is given
        assert isinstance(given, AveragePool2D)
        assert given.window.pool_attributes() == kept.window.pool_attributes()
        return
    assert given == kept
    assert hash(given) == hash(kept)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "kernel beyond its input": (
        lambda: network(IMAGE, BinaryConv2D(5, 9, padding="valid"), BatchNorm(), Sign(), *OF_SIGNS),
        "^binary_conv2d1: a window of 9 x 9 is larger than its input, whose side is 8; take a smaller one",
    ),
    "kernel beyond its input's width": (
        lambda: network(IMAGE, Conv2D(5, (1, 10), padding="valid"), BatchNorm(), *OF_NUMBERS),
        "^conv2d1: a window of 1 x 10 is larger than its input, whose side is 9",
    ),
    "pool beyond its input": (
        lambda: network(IMAGE, BinaryConv2D(5), MaxPool2D(9), BatchNorm(), Sign(), *OF_SIGNS),
        "^max_pool2d1: a window of 9 x 9 is larger",
    ),
    "kernel beyond its input inside a residual": (
        lambda: network(*STEM, Residual((Sign(), BinaryConv2D(5, 9, padding="valid"), BatchNorm())), *OF_NUMBERS),
        "^binary_conv2d1: a window of 9 x 9",
    ),
    "mean of images too large": (
        lambda: network(Input((2**15 + 1, 1, 1)), BatchNorm(), ReLU(), *OF_NUMBERS),
        "^global_average_pool1: global_average_pool height is 32769",
    ),
    "stride of 0": (lambda: BinaryConv2D(5, 3, 0), f"^binary_conv2d stride is 0, {WHOLE} 32,768"),
    "stride below 0": (lambda: Conv2D(5, 3, -1), "^conv2d stride is -1"),
    "stride too large": (lambda: MaxPool2D(2, 2**15 + 1), "^max_pool2d stride is 32769"),
    "stride of a fraction": (lambda: AveragePool2D(2, 1.5), "^average_pool2d stride is 1.5"),
    "stride in words": (lambda: BinaryConv2D(5, 3, "2"), "^binary_conv2d stride is '2'"),
    "stride of a truth": (lambda: BinaryConv2D(5, 3, True), "^binary_conv2d stride is True"),
    "two strides": (lambda: MaxPool2D(2, (2, 2)), r"^max_pool2d stride is \(2, 2\)"),
    "no stride": (lambda: Conv2D(5, 3, None), "^conv2d stride is None"),
    "padding of another name": (
        lambda: BinaryConv2D(5, padding="SAME"),
        "^binary_conv2d padding is 'SAME', must be 'same' or 'valid'",
    ),
    "padding in pixels": (lambda: MaxPool2D(3, 2, 1), "^max_pool2d padding is 1, must be"),
    "padding in a list": (lambda: Conv2D(3, padding=["same"]), r"^conv2d padding is \('same',\)"),
    "kernel of 0": (lambda: Conv2D(5, 0), f"^conv2d kernel height is 0, {WHOLE} 32,768"),
    "kernel of width 0": (lambda: BinaryConv2D(5, (3, 0)), "^binary_conv2d kernel width is 0"),
    "kernel of a fraction": (lambda: BinaryConv2D(5, 3.0), "^binary_conv2d kernel height is 3.0"),
    "kernel of width 2.0": (lambda: Conv2D(5, (3, 2.0)), "^conv2d kernel width is 2.0"),
    "kernel of a truth": (lambda: Conv2D(5, True), "^conv2d kernel height is True"),
    "kernel in words": (lambda: Conv2D(5, "33"), "^conv2d kernel height is '33'"),
    "kernel in two words": (lambda: Conv2D(5, ("3", "3")), "^conv2d kernel height is '3'"),
    "no kernel": (lambda: Conv2D(5, None), "^conv2d kernel height is None"),
    "kernel of three sides": (
        lambda: BinaryConv2D(5, (3, 3, 3)),
        r"^binary_conv2d kernel is \(3, 3, 3\), must be one number or \(height, width\)",
    ),
    "kernel of one side": (lambda: Conv2D(5, [3]), r"^conv2d kernel is \(3,\), must be one"),
    "pool of no side": (lambda: MaxPool2D(()), r"^max_pool2d size is \(\), must be one"),
    "pool of sides in sides": (
        lambda: MaxPool2D(((2, 2), 2)),
        r"^max_pool2d size height is \(2, 2\)",
    ),
    "no filters": (lambda: BinaryConv2D(0), f"^binary_conv2d filters is 0, {WHOLE} 1,048,575"),
    "too many filters": (lambda: Conv2D(2**20), "^conv2d filters is 1048576"),
    "filters of a fraction": (lambda: Conv2D(8.0), "^conv2d filters is 8.0"),
    "filters in words": (lambda: BinaryConv2D("8"), "^binary_conv2d filters is '8'"),
    "filters of a truth": (lambda: BinaryConv2D(True), "^binary_conv2d filters is True"),
    "no units": (lambda: Dense(0), f"^dense units is 0, {WHOLE} 1,048,575"),
    "scaled in words": (
        lambda: BinaryConv2D(5, scaled="no"),
        "^binary_conv2d scaled is 'no', must be True or False",
    ),
    "another estimator": (
        lambda: Sign("cubic"),
        "^sign estimator is 'cubic', must be 'clip', 'quadratic' or 'identity'",
    ),
    "momentum in words": (lambda: BatchNorm("0.9"), "^batch_norm momentum is '0.9'"),
    "input of one number": (lambda: Input(5), "^input shape is 5, must be"),
    "input of a truth": (lambda: Input((True,)), r"^input shape is \(True,\), must be"),
    "empty body": (lambda: Residual(()), "^residual has an empty body; give it at least one layer"),
    "body of one layer": (lambda: Residual(Sign()), "^residual body is Sign.*, must be a list"),
    "body of names": (lambda: Residual(("sign",)), "^residual body is .*, must be a list"),
    "shortcut of nothing": (
        lambda: Residual(BODY, None),
        "^residual shortcut is None, must be a list of layers",
    ),
    "body that changes the channels": (
        lambda: network(*STEM, Residual((Sign(), BinaryConv2D(6), BatchNorm())), *OF_NUMBERS),
        r"^residual1: the body gives \(8, 9, 6\) and the shortcut \(8, 9, 5\), which cannot be added; give",
    ),
    "branches of different strides": (
        lambda: network(*STEM, Residual((*BODY, MaxPool2D(2, 2, "same")), (Conv2D(5, 1, 3), BatchNorm())), *OF_NUMBERS),
        r"^residual1: the body gives \(4, 5, 5\) and the shortcut \(3, 3, 5\)",
    ),
    "different branches inside": (
        lambda: network(*STEM, Residual((Residual((Conv2D(6), BatchNorm())),)), *OF_NUMBERS),
        r"^residual2: the body gives \(8, 9, 6\)",
    ),
    "body that ends in signs": (
        lambda: network(*STEM, Residual((Sign(),)), *OF_NUMBERS),
        "^residual1: a branch ends in signs; end it with a batch_norm",
    ),
    "shortcut that ends in products": (
        lambda: network(*STEM, Residual(BODY, BODY[:2]), *OF_NUMBERS),
        "^residual1: a branch ends in products; end it with a batch_norm",
    ),
    "body that ends in a loss": (
        lambda: network(Input((4,)), Dense(3), BatchNorm(), Residual((Dense(3), *OF_NUMBERS[2:])), *OF_SIGNS[1:]),
        "^residual1: a branch ends in a loss",
    ),
    "input inside of a residual": (
        lambda: network(*STEM, Residual((Input((8, 9, 5)),)), *OF_NUMBERS),
        "^input2 is a second input layer; remove it",
    ),
    "residual of the input": (
        lambda: network(IMAGE, Residual((Conv2D(3), BatchNorm())), *OF_NUMBERS),
        "^residual1 takes floats or a batch norm's output, not the network's input; the layer belongs further down",
    ),
    "residual of products": (
        lambda: network(IMAGE, BODY[1], Residual(BODY), *OF_NUMBERS),
        "^residual1 takes .*, not products; put a batch_norm between them",
    ),
    "residual of signs": (
        lambda: network(*STEM, Sign(), Residual((BinaryConv2D(5), BatchNorm())), *OF_NUMBERS),
        "^residual1 takes .*, not signs; signs go into a binary layer, a max_pool2d, a flatten, a concat or a slice",
    ),
    "body that begins with a binary convolution": (
        lambda: network(*STEM, Residual(BODY[1:]), *OF_NUMBERS),
        "^binary_conv2d1 takes the network's input or signs, not floats; put a sign",
    ),
    "sign of the input": (lambda: network(IMAGE, Sign(), *OF_SIGNS), "^sign1 takes .*, not the network's input"),
    "pool of the input": (lambda: network(IMAGE, MaxPool2D(), *OF_SIGNS), "^max_pool2d1 takes .*, not the network's"),
    "means of products": (
        lambda: network(IMAGE, BODY[1], AveragePool2D(), *OF_NUMBERS),
        "^average_pool2d1 takes .*, not products; put a batch_norm between them",
    ),
    "means of signs": (lambda: network(*STEM, Sign(), *OF_NUMBERS), "^global_average_pool1 takes .*, not signs"),
    "rectifier of signs": (lambda: network(*STEM, Sign(), ReLU(), *OF_NUMBERS), "^relu1 takes .*, not signs"),
    "rectifier of products": (lambda: network(IMAGE, BODY[1], ReLU(), *OF_NUMBERS), "^relu1 takes .*, not products"),
    "norm of a norm": (
        lambda: network(*STEM, BatchNorm(), *OF_NUMBERS),
        "^batch_norm2 takes products or floats or the network's input, not a batch norm's output",
    ),
    "norm of signs": (lambda: network(*STEM, Sign(), BatchNorm(), *OF_NUMBERS), "^batch_norm2 takes .*, not signs"),
    "convolution of products": (
        lambda: network(IMAGE, BODY[1], *STEM[1:], *OF_NUMBERS),
        "^conv2d1 takes .*, not products",
    ),
    "convolution of signs": (lambda: network(*STEM, Sign(), *STEM[1:], *OF_NUMBERS), "^conv2d2 takes .*, not signs"),
    "binary convolution of a norm": (
        lambda: network(*STEM, *BODY[1:], *OF_NUMBERS),
        "^binary_conv2d1 takes the network's input or signs, not a batch norm's output; put a sign between them",
    ),
    "flatten of products": (lambda: network(IMAGE, BODY[1], *OF_SIGNS), "^flatten1 takes .*, not products"),
    "convolution of vectors": (
        lambda: network(*STEM, Sign(), Flatten(), *BODY[1:], *OF_NUMBERS),
        r"^binary_conv2d1: takes images \(height, width, channels\), not \(360,\); put it before the flatten",
    ),
    "pool of vectors": (
        lambda: network(*STEM, Sign(), Flatten(), MaxPool2D(), *OF_SIGNS),
        r"^max_pool2d1: takes images \(height, width, channels\), not \(360,\)",
    ),
    "means of vectors": (
        lambda: network(*STEM, ReLU(), Flatten(), *OF_NUMBERS),
        r"^global_average_pool1: takes images \(height, width, channels\) or sequences .*, not \(360,\)",
    ),
    "dense of images": (
        lambda: network(*STEM, *OF_NUMBERS[1:]),
        r"^dense1: takes \(features,\), not \(8, 9, 5\); put a flatten or a global_average_pool before it",
    ),
    "loss of products": (
        lambda: network(Input((4,)), BinaryDense(3), SoftmaxCrossEntropy()),
        "^softmax_cross_entropy1 takes a batch norm's output or floats, not products; put a batch_norm between them",
    ),
    "a loss after a loss": (
        lambda: network(*STEM, *OF_NUMBERS, SoftmaxCrossEntropy()),
        "^softmax_cross_entropy2 takes .*, not a loss; a loss is the last layer of a network",
    ),
    "a loss on the way": (
        lambda: network(Input((4,)), Dense(3), *OF_NUMBERS[2:], Sign(), *OF_SIGNS[1:]),
        "^sign1 takes .*, not a loss",
    ),
    "what is no layer": (lambda: network(IMAGE, 3, *OF_SIGNS), "network own has 3 among its layers"),
    "a layer's class": (lambda: network(IMAGE, Flatten, *OF_SIGNS), "among its layers, which is none"),
    "a body in one table": (
        lambda: read({"layer": "residual", "body": {"layer": "sign"}}),
        "^residual body is Sign.*, must be a list of layers",
    ),
    "a body of names in a file": (lambda: read({"layer": "residual", "body": ["sign"]}), "^residual body is"),
    "an unknown layer in a body": (
        lambda: read({"layer": "residual", "body": [{"layer": "sing"}]}),
        "^no layer is called 'sing'",
    ),
    "an unknown setting in a body": (
        lambda: read({"layer": "residual", "body": [{"layer": "conv2d", "filters": 3, "dilation": 2}]}),
        "^layer conv2d has no setting 'dilation'; there are filters, kernel, stride, padding",
    ),
    "a residual without a body": (lambda: read({"layer": "residual"}), "^layer residual lacks the setting 'body'"),
    "a kernel of three sides in a file": (
        lambda: read({"layer": "conv2d", "filters": 3, "kernel": [3, 3, 3]}),
        r"^conv2d kernel is \(3, 3, 3\)",
    ),
    "a layer in one word": (lambda: read("relu"), "^a layer is described as 'relu', must be a table"),
    "layers in a table": (
        lambda: Network.from_dict({"name": "own", "layers": {"layer": "relu"}}),
        "^the layers of network own are .*, must be a list of tables",
    ),
    "cnv of 31 pixels": (
        lambda: models.cnv((31, 32, 3)),
        "^binary_conv2d6: a window of 3 x 3 is larger than its input",
    ),
    "cnv of 16 pixels": (
        lambda: models.cnv((16, 16, 3)),
        "^binary_conv2d5: a window of 3 x 3 is larger than its input",
    ),
    "binarynet of 7 pixels": (lambda: models.binarynet((8, 7, 3)), "^max_pool2d3: a window of 2 x 2 is larger"),
    "cnv of vectors": (lambda: models.cnv((100,)), "^binary_conv2d1: takes images"),
    "one class": (lambda: models.bireal18(classes=1), r"^softmax_cross_entropy1: takes \(classes,\) of at least 2"),
    "no class": (lambda: models.resnete18(classes=0), "^dense units is 0"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_by_name(what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(SpecError, match=reason):
        make()


def weights(described: Network, *kinds: type[Layer]) -> list[Node]:
    return [node for node in described.graph.nodes if isinstance(node.layer, kinds)]


def total(placed: list[Node], what: str) -> int:
    return sum(getattr(layer.cost, what) for layer in placed)


def test_costs() -> None:
    assert BinaryConv2D(5, (2, 3), 2).cost((8, 9, 7), "signs") == Cost(
        binary_parameters=210, binary_macs=210 * 4 * 5, input_bits=1
    )
    assert BinaryConv2D(5).cost((8, 9, 7), "the network's input") == Cost(
        binary_parameters=315, real_macs=315 * 72, input_bits=8
    )
    assert Conv2D(5, 1).cost((8, 9, 7), "floats") == Cost(real_parameters=35, real_macs=35 * 72, input_bits=32)
    assert Dense(5).cost((7,), "floats") == Cost(real_parameters=35, real_macs=35, input_bits=32)
    assert MaxPool2D().cost((8, 9, 7), "signs") == ReLU().cost((8, 9, 7), "floats") == Cost()


@pytest.mark.parametrize("name", ["resnete18", "bireal18"])
def test_the_published_residual_networks(name: str) -> None:
    """ResNet-18 at 224 x 224 and 1,000 classes: 11 million weights of 1 bit, 0.7 million of 32."""
    described = MODELS[name]
    binary = weights(described, BinaryConv2D, BinaryDense)
    assert (len(binary), total(binary, "binary_parameters")) == (16, 10_985_472)
    real = weights(described, Conv2D, Dense)
    assert (len(real), total(real, "real_parameters")) == (5, 693_440)
    assert total(binary, "binary_macs") == 1_676_279_808
    assert total(real, "real_macs") == 9_408 * 112**2 + 8_192 * 28**2 + 32_768 * 14**2 + 131_072 * 7**2 + 512_000
    shapes = [node.output.shape for node in weights(described, Add)]
    assert shapes == [shape for shape in ((56, 56, 64), (28, 28, 128), (14, 14, 256), (7, 7, 512)) for _ in range(4)]
    assert described.classes == 1000


def test_the_published_cnv() -> None:
    described = MODELS["cnv"]
    layers = weights(described, BinaryConv2D, BinaryDense)
    assert total(layers, "binary_parameters") == 1_542_848
    assert [node.output.shape for node in layers] == [
        *((30, 30, 64), (28, 28, 64), (12, 12, 128), (10, 10, 128), (3, 3, 256), (1, 1, 256), (512,), (512,), (10,))
    ]
    assert total(layers, "real_macs") == 30 * 30 * 9 * 3 * 64
    assert total(layers, "binary_macs") + total(layers, "real_macs") == 59_461_376


def test_the_published_binarynet() -> None:
    described = MODELS["binarynet"]
    layers = weights(described, BinaryConv2D, BinaryDense)
    assert total(layers, "binary_parameters") == 14_022_016
    assert total(layers, "real_macs") == 32 * 32 * 9 * 3 * 128
    assert round((total(layers, "binary_macs") + total(layers, "real_macs")) / 1e6, 2) == 616.97
    assert weights(described, Flatten)[0].output.shape == (8192,)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("shape", "classes"), [((32, 32, 3), 10), ((48, 64, 3), 2), ((33, 47, 1), 100), ((96, 32, 4), 7)], ids=str
)
def test_models_of_other_sizes_and_classes(name: str, shape: tuple[int, ...], classes: int) -> None:
    described = models.build(name, input_shape=shape, classes=classes)
    assert (described.classes, described.input.shape, described.name) == (classes, shape, name)
    assert "Total" in str(described)
    floats = models.build(name, input_shape=shape, classes=classes, dtype="f32")
    assert floats.input.dtype == "f32"


def test_the_smallest_images_of_each_model() -> None:
    assert models.cnv((32, 32, 3)).classes == models.binarynet((8, 8, 3)).classes == 10
    assert models.resnete18((1, 1, 3), 2).graph.nodes[-5].input.shape == (1, 1, 512)
