"""Pickle, deepcopy and copy of what users hold: another of the same, or a refusal that says what to do instead."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_training import examples, trainer

import linocut as lc

WAYS = [lambda thing: pickle.loads(pickle.dumps(thing)), copy.deepcopy, copy.copy]
ways = pytest.mark.parametrize("again", WAYS, ids=["pickle", "deepcopy", "copy"])


@ways
def test_an_interrupt_keeps_what_it_tells(again):
    """As of a process of a pool, which hands it to its parent."""
    for folder in ("runs/mine", None):
        found = again(lc.Interrupted(signal.SIGTERM, folder))
        assert type(found) is lc.Interrupted
        assert (found.number, found.folder) == (signal.SIGTERM, folder)
        assert str(found) == str(lc.Interrupted(signal.SIGTERM, folder))


@ways
@pytest.mark.parametrize("kind", ["DataError", "DivergenceError", "MachineError", "RunError", "SpecError"])
def test_errors(again, kind):
    found = again(getattr(lc, kind)("what, the bound; and the mend"))
    assert (type(found), str(found)) == (getattr(lc, kind), "what, the bound; and the mend")
    assert found.exit_status == getattr(lc, kind).exit_status


@ways
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_what_lives_in_an_arena_is_refused(again, backend):
    one = trainer(backend=backend)
    one.fit(examples(), 1)
    with pytest.raises(lc.RunError, match=r"a session cannot be pickled or copied; open another, open_session\("):
        again(one.session)
    loaded = lc.Predictor(one.inference_graph(), backend=backend)
    for state in (one.state, one.state.moments, loaded.state):
        with pytest.raises(lc.SpecError, match=r"a state cannot be pickled or copied; take its arrays: dict\(state\)"):
            again(state)
        found = again(dict(state))
        assert list(found) == list(state)
        for name, array in found.items():
            assert_array_equal(array, state[name])


@ways
def test_programs(again):
    one = trainer()
    found = again(one.compiled)
    assert found.program.instructions == one.compiled.program.instructions
    assert str(found.program) == str(one.compiled.program)
    assert found.program.instructions[0].op is one.compiled.program.instructions[0].op


def idx_files(folder: Path) -> Path:
    folder.mkdir()
    for part, count in (("train", 20), ("t10k", 10)):
        for kind, sizes in (("images", (count, 8, 8)), ("labels", (count,))):
            head = bytes((0, 0, 8, len(sizes))) + b"".join(size.to_bytes(4, "big") for size in sizes)
            content = head + bytes((n * 7 + n // 64) % 10 for n in range(int(np.prod(sizes))))
            (folder / f"{part}-{kind}-idx{len(sizes)}-ubyte").write_bytes(content)
    return folder


def cifar_files(folder: Path) -> Path:
    folder.mkdir()
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        records = np.random.default_rng(len(name)).integers(0, 10, (4, 3073), np.uint8)
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    return folder


def content(dataset: lc.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """All of a data set."""
    images, labels = np.empty((len(dataset), *dataset.shape), np.uint8), np.empty(len(dataset), np.int32)
    dataset.read(np.arange(len(dataset)), images, labels)
    return images, labels


@ways
@pytest.mark.parametrize("files", [idx_files, cifar_files])
def test_data_sets_of_open_files(tmp_path, again, files):
    """The number of an open file means another file, or none, once the data set that opened it is gone."""
    dataset = lc.data.load(files(tmp_path / "own"))[0]
    expected, facts = content(dataset), (dataset.name, dataset.classes, dataset.handed, dataset.shape)
    found = again(dataset)
    del dataset
    (tmp_path / "other").write_bytes(bytes(10**5))
    with open(tmp_path / "other", "rb"):  # which takes the number that is free now
        for one, other in zip(content(found), expected, strict=True):
            assert_array_equal(one, other)
    assert (found.name, found.classes, found.handed, found.shape) == facts


def test_a_data_set_in_a_process_that_is_spawned(tmp_path):
    dataset = lc.data.take(lc.data.load(idx_files(tmp_path / "own"))[0], 12)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply_async(content, (dataset,)).get(30)
    for one, other in zip(found, content(dataset), strict=True):
        assert_array_equal(one, other)
