"""A batch that fills a budget is bounded by the data when training begins; what was written before stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.layers import BatchNorm, BinaryDense, Input, Network, Sign, SoftmaxCrossEntropy
from linocut.train.export import export_steps

LAYERS = (Input((4,), "f32", -1, 1), BinaryDense(16), BatchNorm(), Sign(), BinaryDense(3), BatchNorm())
NETWORK = Network("own", (*LAYERS, SoftmaxCrossEntropy()))
X = np.random.default_rng(0).uniform(-1, 1, (80, 4)).astype(np.float32)
Y = np.arange(80) % 3


@pytest.mark.parametrize("policy", ["standard", "lean"])
def test_what_was_written_stays(policy: str) -> None:
    trainer = lc.Trainer(NETWORK, policy, lc.SGD(1e-30), budget="1MiB")
    assert trainer.settings.batch_size > 80
    rng = np.random.default_rng(1)
    given = {
        name: rng.choice([-0.5, 0.25], array.shape) for name, array in trainer.state.items() if "running" not in name
    }
    trainer.state.update(given)
    before = dict(trainer.state)
    seen: list[dict[str, np.ndarray]] = []
    trainer.fit((X, Y), epochs=1, callbacks=[lambda event: seen.append(dict(trainer.state))])
    assert trainer.settings.batch_size == 80
    assert all(np.array_equal(seen[0][name], before[name]) for name in before)


def test_nothing_changes_where_fit_is_refused(tmp_path: Path) -> None:
    other = lc.Trainer(NETWORK, batch_size=20)
    other.save(tmp_path / "other")
    trainer = lc.Trainer(NETWORK, budget="1MiB")
    size, session, before = trainer.settings.batch_size, trainer.session, trainer.session.state_sha256()
    for wrong in ({"epochs": 0}, {"out": tmp_path / "other"}, {"save_every": 0}, {"callbacks": print}):
        with pytest.raises(lc.LinocutError):
            trainer.fit((X, Y), **wrong)
        assert trainer.settings.batch_size == size
        assert trainer.session is session and session.state_sha256() == before


def test_exported_steps_are_of_the_batch_that_fit_takes(tmp_path: Path) -> None:
    trainer = lc.Trainer(NETWORK, budget="1MiB")
    assert export_steps(trainer, (X, Y), tmp_path / "steps") == 1
    assert trainer.settings.batch_size == 80


def test_a_callback_that_saves_elsewhere_does_not_lead_the_run_there(tmp_path: Path) -> None:
    trainer = lc.Trainer(NETWORK, batch_size=20)
    trainer.fit((X, Y), epochs=1, out=tmp_path / "a", callbacks=[lambda event: trainer.save(tmp_path / "b")])
    assert trainer.folder == tmp_path / "a"
    trainer.fit((X, Y), epochs=2)
    assert lc.Trainer.resume(tmp_path / "a").progress.epoch == 2


def test_divergence_names_what_its_own_folder_keeps(tmp_path: Path) -> None:
    trainer = lc.Trainer(NETWORK, "standard", batch_size=20)

    def break_it(event: object) -> None:
        if isinstance(event, lc.train.Stepped) and event.step == 2:
            trainer.save(tmp_path / "b")
            trainer.session.array("batch_norm1.beta")[...] = np.nan

    with pytest.raises(lc.DivergenceError, match=r"a keeps 0 of 1 epochs"):
        trainer.fit((X, Y), epochs=1, out=tmp_path / "a", callbacks=[break_it])
    assert lc.Trainer.resume(tmp_path / "a").progress.step == 0
    assert lc.Trainer.resume(tmp_path / "b").progress.step == 2
