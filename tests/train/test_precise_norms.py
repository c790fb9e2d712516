"""Precise norms: what batch norms predict by is of the weights that there are, and no weight is another for it."""

from dataclasses import replace

import numpy as np
import pytest
from branched import CELL, ONE, SEQUENCE
from branched import examples as examples_of
from small_training import STEPS, examples, interrupt_at, lasting, network, trainer

import linocut as lc
from linocut.data.batches import epoch_order
from linocut.train.settings import Settings


@pytest.mark.parametrize(
    ("given", "policy", "more"),
    [
        (network((24, 16)), "lean", {}),
        (network((24, 16)), "wang2021", {"micro_batch": 5}),
        (network(), "lean4", {"freeze": ["batch_norm1"]}),
        (CELL, "lean", {}),
        (SEQUENCE, "standard", {"optimizer": "bop"}),
        (ONE, "lean8", {"optimizer": "sgd"}),
    ],
)
def test_training_comes_to_the_same_weights_and_moments(given, policy, more):
    """Another state has the running statistics of norms that learn, and nothing else."""
    shape = given.input.shape
    data = examples(1, 40) if shape == (6, 6, 1) else examples_of(given, 40)
    own = {"network": given, "policy": policy, "batch_size": 10, "threads": 1, "backend": "native", **more}
    without, precise = lc.Trainer(**own), lc.Trainer(**own, precise_norms=3)
    histories = [lasting(one.fit(data, 2))[0] for one in (without, precise)]
    assert histories[0] == histories[1]
    for state in ("state", "state.moments"):
        before, after = (dict(_get(one, state)) for one in (without, precise))
        assert before.keys() == after.keys()
        other = {name for name in before if not np.array_equal(before[name], after[name])}
        running = {name for name in before if name.endswith(".running")}
        frozen = {f"{name}.running" for name in more.get("freeze", ())}
        assert other == (running - frozen if state == "state" else set())


def _get(one, path):
    for name in path.split("."):
        one = getattr(one, name)
    return one


@pytest.mark.parametrize("micro_batch", [10, 5])
def test_statistics_are_the_means_over_the_first_batches(micro_batch):
    """Of the first norm, whose inputs are known: signs of weights times pixels from -1 to 1."""
    images, labels = examples(2)
    own = trainer(network=network(), policy="standard", precise_norms=2, micro_batch=micro_batch)
    own.fit((images, labels), 1)
    signs = np.where(own.state["binary_dense1.weights"] >= 0, 1.0, -1.0)
    x = (2.0 * images.reshape(len(images), -1) - 255.0) / 255.0
    batches = (x @ signs.T)[epoch_order(3, 0, len(images))[:20]].reshape(-1, micro_batch, len(signs))
    expected = np.stack([batches.mean(axis=(0, 1)), batches.var(axis=1).mean(axis=0)])
    np.testing.assert_allclose(own.state["batch_norm1.running"], expected, rtol=1e-5, atol=1e-5)


def test_more_batches_than_there_are_is_all_of_them_and_both_backends_agree():
    data, states = examples(3), []
    for batches, backend in ((STEPS, "native"), (STEPS, "reference"), (99, "native")):
        own = trainer(precise_norms=batches, backend=backend, threads=2)
        own.fit(data, 1)
        states.append(own.session.state_sha256())
    assert len(set(states)) == 1


@pytest.mark.parametrize("step", [2, STEPS, STEPS + 3])
def test_an_interrupted_run_ends_in_the_same_bits(tmp_path, step):
    data, test = examples(4), examples(5, 20)
    whole = trainer(precise_norms=2)
    history = whole.fit(data, 3, test=test)
    with pytest.raises(lc.Interrupted):
        trainer(precise_norms=2).fit(data, 3, test=test, out=tmp_path / "run", callbacks=[interrupt_at(step)])
    assert "precise_norms = 2\n" in (tmp_path / "run" / "config.toml").read_text().partition("[data]")[0]
    again = lc.Trainer.resume(tmp_path / "run", backend="reference")
    assert again.settings.precise_norms == 2
    assert lasting(again.fit(data, 3, test=test)) == lasting(history)
    assert again.session.state_sha256() == whole.session.state_sha256()
    kept = lc.load(tmp_path / "run").evaluate(test).accuracy
    assert kept == again.evaluate(test).accuracy == history[-1].accuracy


def test_interrupted_while_they_are_found_averages_are_as_before():
    from linocut.train.precise_norms import recompute

    data, own = lc.data.ArrayDataset(*examples(6), list("abcd"), "noise", shape=(6, 6, 1)), trainer(precise_norms=3)
    own.fit(data, 1)
    session, feed = own._ready.opened()
    before, calls = session.state_sha256(), []

    def stop():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    settings = replace(own.settings, seed=own.settings.seed + 1)  # other batches, which would give other statistics
    with pytest.raises(KeyboardInterrupt):
        recompute(session, feed, own.compiled, settings, data, stop)
    assert session.state_sha256() == before
    recompute(session, feed, own.compiled, settings, data)
    assert session.state_sha256() != before


def test_what_cannot_be():
    for given in (-1, 1.5, True, "2"):
        with pytest.raises(lc.SpecError, match=r"precise_norms is .*, must be a whole number, 0 or more"):
            trainer(precise_norms=given)
    own = trainer(precise_norms=np.int64(4)).settings
    assert Settings.from_dict(own.to_dict()) == own
    assert "precise_norms" not in trainer().settings.to_dict()
