"""PyTorch's networks in the benchmarks are those that linocut trains."""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.layers import BatchNorm, BinaryConv2D, Residual, Sign

pytest.importorskip("torch")
HOME = Path(__file__).parents[2] / "benchmarks" / "pytorch_baselines.py"


@pytest.fixture(scope="module")
def benchmark():
    """The module, which no folder of tests has on its path."""
    found = importlib.util.spec_from_file_location("benchmark_networks", HOME)
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


LARGE = ("resnet18", "resnet34", "xnor_vgg16", "xnor_vgg19")  # of the layers of resnet20, in minutes
OF_IMAGES = [name for name in lc.models.MODELS if name not in LARGE and "lstm" not in name]


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_step_and_a_prediction(benchmark, name):
    shape = (28, 28, 1) if name == "mlp" else (32, 32, 3)
    network = lc.models.build(name, input_shape=shape, classes=10)
    images = np.random.default_rng(0).integers(0, 256, (4, *shape), np.uint8)
    model, binary = benchmark.made(network, 1)
    learned = [parameter for parameter in network.graph.parameters() if parameter.learned]
    sizes = {binary: sum(math.prod(p.shape) for p in learned if p.binary == binary) for binary in (False, True)}
    assert sum(one.weight.numel() for one in binary) == sizes[True]
    assert sum(p.numel() for p in model.parameters()) == sizes[True] + sizes[False]
    benchmark.make_step(network, 1)(images, np.arange(4, dtype=np.int32))
    assert benchmark.make_prediction(network, 1)(images).shape == (4, 10)


def test_the_shape_of_a_residual_is_that_of_its_body():
    for network in (lc.models.build(name, input_shape=(32, 32, 3), classes=10) for name in ("resnete18", "bireal18")):
        shape, places = network.input.shape, iter(network.graph.nodes)
        for layer in network.layers[1:]:
            shape = layer.output_shape(shape)
            wanted = "add" if isinstance(layer, Residual) else layer.kind
            assert shape == next(node.output.shape for node in places if node.layer.kind == wanted)
    wired = Residual((Sign(), BinaryConv2D(4), BatchNorm().after("stem")))
    with pytest.raises(lc.SpecError, match="a residual wired by names has a shape when it is placed"):
        wired.output_shape((8, 8, 4))
