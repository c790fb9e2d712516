"""Networks whose times are published: parameters, with norms folded into a bias a filter, and MACs, all exact."""

import math

import pytest

import linocut as lc
from linocut.graph.asked import asked
from linocut.layers.operations import Product

PUBLISHED = {
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "resnet50": (25_530_472, 7_211_875_072),
    "resnet152_v2": (60_117_096, 20_886_485_760),
    "inception_v1": (6_618_649, 1_498_377_216),
    "mobilenet_v1": (4_222_057, 568_741_376),
    "mobilenet_v2": (3_489_097, 300_775_552),
    "densenet121": (7_905_448, 2_834_161_664),
    "squeezenet": (1_248_424, 777_221_152),  # 1.0, its paper's 1.2 million
    "squeezenet11": (1_235_496, 349_151_936),
    "inception_v4": (42_649_769, 12_253_976_160),
    "efficientnet_edgetpu_s": (5_413_953, 1_788_732_288),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts(name):
    graph = lc.models.build(name).graph
    products = [one.operation for one in asked(graph) if isinstance(one.operation, Product)]
    counted = sum(one.weights + one.outputs for one in products), sum(one.macs for one in products)
    assert counted == PUBLISHED[name]
    assert counted[1] == sum(node.cost.real_macs for node in graph.nodes)
    assert lc.Network.from_dict(lc.models.build(name).to_dict()).graph.nodes == graph.nodes


def test_all_counted_networks_are_tested():
    assert set(PUBLISHED) == set(lc.models.COUNTED)


def test_a_depthwise_convolution_is_not_trained():
    with pytest.raises(lc.SpecError, match="depthwise_conv2d1: a depthwise_conv2d cannot be trained or run"):
        lc.plan(lc.models.build("mobilenet_v1", input_shape=(32, 32, 3), classes=10), batch_size=2)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("squeezenet11", 1_235_496), ("inception_v4", 42_679_816), ("efficientnet_edgetpu_s", 5_438_392)],
)
def test_parameters_as_other_libraries_count_them(name, parameters):
    """1000 classes, and two numbers a channel of each norm, learned; as torchvision and timm have them."""
    graph = lc.models.build(name, classes=1000).graph
    learned = [math.prod(one.shape) for one in graph.parameters() if one.learned]
    assert sum(learned) == parameters
