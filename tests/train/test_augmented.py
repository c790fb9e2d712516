"""Training on augmented examples: the same bits however it is run, kept with the run, refused where senseless."""

import json

import numpy as np
import pytest
from checksums import joined, mended, split
from small_training import STEPS, examples, interrupt_at, lasting, trainer

import linocut as lc
from linocut.data import Augmentation

BOTH = Augmentation(0.35, True)  # 6 pixels are shifted by up to 2


def test_an_interrupted_run_ends_in_the_same_bits(tmp_path):
    whole = trainer(augment=BOTH)
    expected = whole.fit(examples(), 3, examples(1))
    plain = trainer()
    plain.fit(examples(), 3)
    assert whole.session.state_sha256() != plain.session.state_sha256()
    with pytest.raises(lc.Interrupted):
        trainer(augment=BOTH).fit(examples(), 3, examples(1), tmp_path, [interrupt_at(STEPS + 2)])
    second = lc.Trainer.resume(tmp_path, backend="reference")
    assert second.settings.augmentation == BOTH
    assert lasting(second.fit(examples(), 3, examples(1))) == lasting(expected)
    assert second.session.state_sha256() == whole.session.state_sha256()


def test_evaluation_is_of_the_examples_as_they_are():
    one = trainer(augment=BOTH)
    history = one.fit(examples(), 1, examples(1))
    assert one.evaluate(examples(1)).accuracy == history[-1].accuracy
    images, labels = examples(1)
    assert (one.predict(images).classes == labels).mean() == history[-1].accuracy


def test_examples_are_left_as_they_were():
    """The arrays of the user are never written."""
    images, labels = examples()
    before = images.copy()
    trainer(augment="shift,flip").fit((images, labels), 1)
    assert np.array_equal(images, before)


def test_a_checkpoint_of_before_has_none(tmp_path):
    """Runs from before there was augmentation go on without."""
    trainer().fit(examples(), 1, out=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    header, tensors = split(path.read_bytes())
    description = json.loads(header["__metadata__"]["description"])
    assert description["settings"].pop("augmentation") == {"shift": 0.0, "flip": False, "crop": False}
    header["__metadata__"]["description"] = json.dumps(description)
    path.write_bytes(mended(joined(header, tensors)))
    assert not lc.Trainer.resume(tmp_path, backend="reference").settings.augmentation


def test_is_refused_where_it_makes_no_sense():
    """When the trainer is made, or when fit begins."""
    vectors = lc.models.mlp((36,), 4, (24,))
    with pytest.raises(lc.SpecError, match=r"augmentation is shift, but the network takes examples of shape \(36,\)"):
        lc.Trainer(vectors, augment="shift", backend="reference")
    with pytest.raises(lc.SpecError, match="no augmentation is called 'mirror'"):
        trainer(augment="mirror")
    with pytest.raises(lc.DataError, match="arrays has no images to crop"):
        trainer(augment="crop").fit(examples(), 1)
    digits = lc.data.load("digits")[0]
    one = lc.Trainer(lc.models.mlp(digits.shape, 10, (8,)), augment="flip", backend="reference")
    with pytest.raises(lc.DataError, match="mirrored examples of digits are none of their class"):
        one.fit(digits, 1)
