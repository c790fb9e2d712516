"""What version 0.1 wrote is read, predicts as it did there, and trains on to the same state (v01/make.py)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from checksums import CHECKSUM, joined, split

import linocut as lc

FOLDER = Path(__file__).parent / "v01"
KNOWN = np.load(FOLDER / "known.npz")
FILES = {
    "mlp": FOLDER / "mlp" / "model.safetensors",
    **{file.stem: file for file in FOLDER.glob("*.safetensors")},
}
BITS = ("mlp", "pools", "floats_lean")  # whose sums are of integers


def test_every_model_is_there():
    assert FILES.keys() == {"mlp", "pools", "residual", "floats_standard", "floats_lean"}


def check(predictor, name):
    found, expected = predictor.predict(KNOWN[f"{name}.images"]), KNOWN[f"{name}.outputs"]
    assert np.array_equal(found.classes, expected.argmax(axis=1))
    if name in BITS:
        assert np.array_equal(found.outputs, expected)
    else:
        np.testing.assert_allclose(found.outputs, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("batch_size", [1, 5, 64])
@pytest.mark.parametrize("name", FILES)
def test_a_model_of_version_2_predicts_as_it_did(name, batch_size, backend):
    check(lc.load(FILES[name], batch_size=batch_size, backend=backend), name)


@pytest.mark.parametrize("name", FILES)
def test_a_model_of_version_1_had_no_checksum(tmp_path, name):
    header, tensors = split(FILES[name].read_bytes())
    del header["crc32"]
    header["__metadata__"]["version"] = "1"
    (tmp_path / "model.safetensors").write_bytes(joined(header, tensors[:-CHECKSUM]))
    check(lc.load(tmp_path), name)


@pytest.mark.parametrize("name", FILES)
def test_one_example_at_a_time(name):
    predictor = lc.load(FILES[name])
    together = predictor.predict(KNOWN[f"{name}.images"]).outputs
    for image, expected in zip(KNOWN[f"{name}.images"], together, strict=True):
        assert np.array_equal(predictor(image), expected)


def test_a_run_goes_on_to_the_same_state(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(FOLDER / "mlp", run)
    check(lc.load(run), "mlp")
    resumed = lc.Trainer.resume(run)
    assert (resumed.progress.epoch, resumed.progress.step) == (1, 2)
    resumed.fit((KNOWN["mlp.examples"], KNOWN["mlp.labels"]), 3)
    assert resumed.session.state_sha256() == (FOLDER / "resumed.txt").read_text().strip()
    header, _ = split((run / "model.safetensors").read_bytes())
    assert json.loads(header["__metadata__"]["version"]) == 3
    assert np.array_equal(
        lc.load(run).predict(KNOWN["mlp.images"]).outputs, resumed.predict(KNOWN["mlp.images"]).outputs
    )


@pytest.mark.parametrize("name", FILES)
def test_pictures_are_seen_whole_as_its_arrays_were(name):
    """These files do not say how pictures came to size; of arrays, and of data sets known by name, it is known."""
    predictor = lc.load(FILES[name])
    assert (predictor.data, predictor.resizing, predictor.resizing_known) == ("arrays", "whole", True)


def test_a_checkpoint_says_whole_too():
    assert lc.Trainer.resume(FOLDER / "mlp").data.resizing == "whole"
