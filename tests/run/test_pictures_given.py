"""Pictures as people have them: each is predicted as the same picture read from its file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import linocut as lc
from linocut.layers import BatchNorm, BinaryDense, Flatten, Input, Network, SoftmaxCrossEntropy


def predictor(shape, resizing="whole"):
    layers = (Input(shape), Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy())
    trainer = lc.Trainer(Network("small", layers), batch_size=10, seed=2)
    rng = np.random.default_rng(0)
    trainer.fit((rng.integers(0, 256, (40, *shape)).astype(np.uint8), np.arange(40) % 4), 1)
    return lc.Predictor(trainer.inference_graph(), resizing=resizing)


COLOUR, GREY, CROPPED = predictor((8, 12, 3)), predictor((8, 12, 1)), predictor((8, 12, 3), "crop")
NETWORKS = {"colour": COLOUR, "grey": GREY, "cropped": CROPPED}
RNG = np.random.default_rng(1)
ARRAYS = {
    "of the network's size": RNG.integers(0, 256, (8, 12, 3)).astype(np.uint8),
    "larger": RNG.integers(0, 256, (31, 40, 3)).astype(np.uint8),
    "grey": RNG.integers(0, 256, (31, 40)).astype(np.uint8),
    "grey of the network's size": RNG.integers(0, 256, (8, 12)).astype(np.uint8),
    "with opacity": RNG.integers(0, 256, (20, 9, 4)).astype(np.uint8),
    "one pixel": np.full((1, 1, 3), 9, np.uint8),
}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_path_a_picture_and_an_array_are_the_same(name, kind, tmp_path):
    network, array, path = NETWORKS[name], ARRAYS[kind], tmp_path / "picture.png"
    Image.fromarray(array).save(path)
    expected = network.predict(network.read_image(path)[None])
    with Image.open(path) as lazy:
        for given in (path, str(path), lazy, Image.fromarray(array), array, np.asfortranarray(array)):
            found = network.predict(given)
            assert np.array_equal(found.outputs, expected.outputs)
            assert found.outputs.shape == (1, 4)
    with_channel = array[..., None] if array.ndim == 2 else array
    assert np.array_equal(network.predict(with_channel).outputs, expected.outputs)


def test_several_pictures_of_any_kind(tmp_path):
    paths = []
    for number, array in enumerate(ARRAYS.values()):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(array).save(paths[-1])
    expected = np.concatenate([COLOUR.predict(path).outputs for path in paths])
    mixed = [str(paths[0]), Image.open(paths[1]), *list(ARRAYS.values())[2:]]
    for given in (paths, tuple(paths), mixed, list(ARRAYS.values()), lc.data.find_pictures(tmp_path)):
        assert np.array_equal(COLOUR.predict(given).outputs, expected)


def test_batches_are_examples_as_before():
    batch = RNG.integers(0, 256, (5, 8, 12)).astype(np.uint8)
    assert np.array_equal(GREY.predict(batch).outputs, GREY.predict(batch[..., None]).outputs)
    assert GREY.predict(batch[:3]).outputs.shape == (3, 4)  # (3, 8, 12), no picture
    colour = RNG.integers(0, 256, (5, 8, 12, 3)).astype(np.uint8)
    assert np.array_equal(COLOUR.predict(list(colour)).outputs, COLOUR.predict(colour).outputs)


def test_what_cameras_note_is_applied_and_the_picture_left_as_it_is(tmp_path):
    path, exif = tmp_path / "turned.jpg", Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ARRAYS["larger"]).save(path, exif=exif, quality=100)
    with Image.open(path) as image:
        outputs = COLOUR.predict(image).outputs
        assert image.size == (40, 31) and image.format == "JPEG"
    assert np.array_equal(outputs, COLOUR.predict(COLOUR.read_image(path)[None]).outputs)
    path = tmp_path / "turned.png"
    Image.fromarray(ARRAYS["larger"]).save(path, exif=exif)
    with Image.open(path) as image:
        image.load()  # its pixels are at hand
        assert np.array_equal(COLOUR.predict(image).outputs, COLOUR.predict(path).outputs)


def test_of_an_animation_the_frame_that_is_shown(tmp_path):
    path, first, second = tmp_path / "two.gif", Image.new("L", (12, 8), 0), Image.fromarray(ARRAYS["grey"][:8, :12])
    first.save(path, save_all=True, append_images=[second])
    with Image.open(path) as image:
        begun = GREY.predict(image).outputs
        image.seek(1)
        assert np.array_equal(GREY.predict(image).outputs, GREY.predict(second).outputs)
        assert np.array_equal(begun, GREY.predict(path).outputs) and not np.array_equal(
            begun, GREY.predict(image).outputs
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Path("nowhere.png"), "nowhere.png does not exist; check the path"),
        (["nowhere.png"], "nowhere.png does not exist; check the path"),
        (Image.new("F", (8, 8)), "has floats as pixels; give it as bytes"),
        ([Image.new("L", (8, 8)), np.zeros((8, 8))], r"a picture is an array of float64 \(8, 8\), must be uint8"),
        ([Image.new("L", (8, 8)), 3], r"a picture is an array of int64 \(\), must be uint8"),
        (np.zeros((4, 9, 9, 3), np.uint8), "has examples of shape 9 x 9 x 3, network small takes 8 x 12 x 3"),
        (np.zeros((9, 9, 2), np.uint8), "shape 9 x 2 x 1, network small takes 8 x 12 x 3"),
        (np.zeros((5, 8 * 12 * 3), np.uint8), "has examples of shape 288, network small takes 8 x 12 x 3"),  # made flat
        (np.ma.array(ARRAYS["grey"], mask=ARRAYS["grey"] > 9), "have masked elements; fill them"),
        ([], "images have dtype float64|none of them 0"),
    ],
)
def test_what_is_no_picture_is_refused(given, message):
    with pytest.raises(lc.DataError, match=message):
        COLOUR.predict(given)


def test_a_truncated_picture_of_pillows_is_refused(tmp_path):
    path = tmp_path / "cut.png"
    Image.fromarray(ARRAYS["larger"]).save(path)
    path.write_bytes(path.read_bytes()[:-900])
    with Image.open(path) as image, pytest.raises(lc.DataError, match=r"cut\.png is damaged"):
        COLOUR.predict(image)


def test_a_network_of_vectors_takes_no_pictures():
    layers = (Input((6,)), BinaryDense(2), BatchNorm(), SoftmaxCrossEntropy())
    network = lc.Predictor(lc.Trainer(Network("vectors", layers), batch_size=5).inference_graph())
    with pytest.raises(lc.DataError, match=r"takes examples of shape \(6,\), an image has"):
        network.predict(Image.new("L", (2, 3)))
    assert network.predict(np.zeros(6, np.uint8)).outputs.shape == (1, 2)
