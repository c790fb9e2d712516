"""convnet: its counts by hand, and what it asks of pictures."""

import pytest

import linocut as lc


def test_counts():
    """3 x 3 kernels over 3, 32, 64, 128 channels, at 64, 32, 16, 8 pixels a side; then 4 x 4 x 128 to the classes."""
    weights = [9 * 3 * 32, 9 * 32 * 64, 9 * 64 * 128, 9 * 128 * 128, 16 * 128 * 7]
    sides = [64, 32, 16, 8, 1]
    costs = [node.cost for node in lc.models.convnet(classes=7).graph.nodes]
    assert sum(cost.binary_parameters for cost in costs) == sum(weights)
    macs = sum(cost.binary_macs + cost.real_macs for cost in costs)
    assert macs == sum(count * side**2 for count, side in zip(weights, sides, strict=True))
    assert sum(cost.real_parameters for cost in costs) == 3 * (32 + 64 + 128 + 128 + 7)  # shift, mean and deviation


@pytest.mark.parametrize("shape", [(16, 16, 1), (64, 64, 3), (50, 70, 3)])
def test_pictures_of_other_sizes(shape):
    network = lc.models.build("convnet", input_shape=shape, classes=3)
    assert network.graph.nodes[-1].input.shape == (3,)


def test_smaller_pictures_are_refused():
    with pytest.raises(lc.SpecError, match="a window of 2 x 2 is larger than its input"):
        lc.models.convnet((15, 15, 3))
