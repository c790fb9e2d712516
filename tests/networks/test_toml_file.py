"""Networks in TOML files: what they leave open is completed, and whatever is wrong with them is said in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from linocut import models
from linocut.errors import SpecError
from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Flatten, Input, Network, SoftmaxCrossEntropy
from linocut.networks.toml_file import read_network

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion.toml"
SMALL = """
[[layers]]
layer = "binary_conv2d"
filters = 5
kernel = [2, 3]
padding = "valid"
[[layers]]
layer = "batch_norm"
[[layers]]
layer = "residual"
body = [{layer = "sign"}, {layer = "binary_conv2d", filters = 5}, {layer = "batch_norm"}]
[[layers]]
layer = "global_average_pool"
[[layers]]
layer = "dense"
units = "classes"
[[layers]]
layer = "batch_norm"
"""
INPUT = '[[layers]]\nlayer = "input"\nshape = [8, 8, 1]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_what_is_left_open_comes_from_the_data(tmp_path: Path) -> None:
    network = read_network(written(tmp_path, SMALL), (9, 7, 3), 4, "f32")
    assert network.name == "own" and network.classes == 4
    assert network.layers[0] == Input((9, 7, 3), "f32")
    assert network.layers[1] == BinaryConv2D(5, (2, 3), padding="valid")
    assert network.layers[-1] == SoftmaxCrossEntropy()
    assert [n.name for n in network.graph.nodes if n.layer.kind == "binary_conv2d"] == [
        "binary_conv2d1",
        "binary_conv2d2",
    ]


def test_a_whole_description_needs_no_data(tmp_path: Path) -> None:
    text = 'name = "two"\n[[layers]]\nlayer = "input"\nshape = [2, 2, 1]\n[[layers]]\nlayer = "flatten"\n'
    text += '[[layers]]\nlayer = "binary_dense"\nunits = 3\n[[layers]]\nlayer = "batch_norm"\n'
    layers = (Input((2, 2, 1)), Flatten(), BinaryDense(3), BatchNorm(), SoftmaxCrossEntropy())
    assert read_network(written(tmp_path, text)) == Network("two", layers)


def test_a_model_written_by_a_run_reads_back(tmp_path: Path) -> None:
    import tomli_w

    network = models.resnete18((32, 32, 3), 10)
    assert read_network(written(tmp_path, tomli_w.dumps(network.to_dict()))) == network


def test_the_example_is_a_network() -> None:
    assert read_network(EXAMPLE, (28, 28, 1), 10).classes == 10


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("layers = [", "is not TOML: "),
        ("", "layers are missing"),
        ("layers = 3", "layers are missing"),
        ("layers = [3]", "layers are missing"),
        ('[[layers]]\nlayer = "binary_conv"', "no layer is called 'binary_conv'.* did you mean binary_conv2d"),
        ("[[layers]]\nunits = 3", "a layer has no kind"),
        ("[[layers]]\nlayer = [1]", r"no layer is called \[1\]"),
        ("name = 3\n" + SMALL, "name is 3, must be a text on one line"),
        ('name = "a\\n"\n' + SMALL, "name is 'a.n', must be a text on one line"),
        (INPUT + SMALL, r"its input layer has shape \(8, 8, 1\), but examples have \(8, 8, 3\)"),
        (INPUT + 'low = "a"\n' + SMALL, "input range is 'a' to 1.0, must be finite numbers"),
        (SMALL.replace('"classes"', "2"), "it tells 2 classes apart, but there are 3; write units = 'classes'"),
        (SMALL.replace("[2, 3]", "[2, 9]"), "binary_conv2d1: a window of 2 x 9 is larger than its input"),
        ('[[layers]]\nlayer = "binary_dense"\nunits = 3\nbias = true', "binary_dense has no setting 'bias'"),
        ('[[layers]]\nlayer = "binary_dense"\nunits = 2.5', "units is 2.5, must be a whole number"),
        ('[[layers]]\nlayer = "residual"\nbody = [3]', r"residual body is \(3,\), must be a list of layers"),
        ('[[layers]]\nlayer = "residual"\nbody = 3', "residual body is 3, must be a list of layers"),
        ('title = "x"\n' + SMALL, "a network has name and layers, no title"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=f"own.toml.*{reason}"):
        read_network(written(tmp_path, text), (8, 8, 3), 3)


def test_without_data_the_shape_and_the_classes_must_be_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="nothing says what shape it takes; add one, or give --data"):
        read_network(written(tmp_path, SMALL), None, 3)
    with pytest.raises(SpecError, match="nothing says how many there are; write a number, or give --data"):
        read_network(written(tmp_path, SMALL), (8, 8, 3))
    with pytest.raises(SpecError, match="add one, or say it"):
        read_network(written(tmp_path, SMALL), None, 3, mends=("say it", "count them"))
    with pytest.raises(SpecError, match="write a number, or count them"):
        read_network(written(tmp_path, SMALL), (8, 8, 3), mends=("say it", "count them"))
