"""Branched networks of every layer as runs: kept, cut short and resumed, and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from branched import NETWORKS, OPTIMIZERS, examples

import linocut as lc
from linocut.train.events import Event, Stepped

COUNT, BATCH, EPOCHS = 26, 6, 2


class _Cut(Exception):
    pass


def cut(event: Event) -> None:
    """Stop in the middle of the second epoch."""
    if isinstance(event, Stepped) and (event.epoch, event.step) == (2, 3):
        raise _Cut


RUNS = [
    *((network, "lean", "adam with decay", None) for network in NETWORKS),
    *((network, "lean8", "sgd with both", None) for network in ("cell", "sequence")),
    *((network, "standard", "sgd with both", 3) for network in ("sequence", "one")),
]


@pytest.mark.parametrize(("network", "policy", "optimizer", "micro_batch"), RUNS)
def test_a_run_that_is_cut_short_ends_in_the_same_bits(
    network: str, policy: str, optimizer: str, micro_batch: int | None, tmp_path: Path
) -> None:
    settings = {"batch_size": BATCH, "micro_batch": micro_batch, "threads": 1}
    own, data = NETWORKS[network], examples(NETWORKS[network], COUNT)
    whole = lc.Trainer(own, policy, OPTIMIZERS[optimizer], **settings)
    whole.fit(data, EPOCHS)
    apart = lc.Trainer(own, policy, OPTIMIZERS[optimizer], **settings)
    with pytest.raises(_Cut):
        apart.fit(data, EPOCHS, out=tmp_path / "run", callbacks=[cut], save_every=2)
    resumed = lc.Trainer.resume(tmp_path / "run", threads=2)
    assert resumed.network == own and resumed.settings.optimizer == OPTIMIZERS[optimizer]
    assert (resumed.progress.epoch, resumed.progress.step) == (1, 2)
    resumed.fit(data, EPOCHS)
    assert resumed.session.state_sha256() == whole.session.state_sha256()
    loaded, expected = lc.load(tmp_path / "run").predict(data[0]), whole.predict(data[0])
    assert abs(loaded.outputs - expected.outputs).max() <= (1e-5 if policy == "standard" else 0.0)
