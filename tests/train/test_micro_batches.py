"""Training in micro-batches: against whole batches of that size, put together in float64; and as any other run."""

from __future__ import annotations

import numpy as np
import pytest
from small_training import examples, interrupt_at, lasting, network, trainer

import linocut as lc
from linocut.compile.lower import TRAIN, compile_network
from linocut.data import ArrayDataset
from linocut.layers import Dense, Flatten, Input, Network, SoftmaxCrossEntropy
from linocut.policies import find_policy
from linocut.run import NATIVE, REFERENCE, initialise, open_session

BATCH, MICRO = 12, 4
PARTS = BATCH // MICRO


class Unchecked(ArrayDataset):
    """Labels as they are given."""

    def __init__(self, images, labels):
        super().__init__(images, np.zeros_like(labels), "0123")
        self._given = labels

    def read(self, indices, images, labels):
        super().read(indices, images, labels)
        labels[...] = self._given[indices]


def stepped(policy, optimizer, batch, micro, rows, earlier=None):
    """The session after it ran over so many examples in order, and its bytes before that by buffer.

    The exponents of gradients follow what they were in an `earlier` session.
    """
    compiled = compile_network(network(), policy, optimizer, batch, micro)
    session = open_session(compiled.program, backend=REFERENCE)
    initialise(session, compiled.initial, seed=5)
    session.array("control")[0] = optimizer.learning_rate
    for name in [b.name for b in compiled.program.persistent() if b.name.endswith(".scale") and earlier is not None]:
        session.array(name)[...] = earlier.array(name)
    before = {b.name: session.array(b.name).copy() for b in compiled.program.persistent()}
    images, labels = examples()
    for begin in range(rows.start, rows.stop, micro):
        session.array("input")[...] = images[begin : begin + micro]
        session.array("labels")[...] = labels[begin : begin + micro]
        session.run(TRAIN)
    return session, before


@pytest.mark.parametrize("policy", [lc.standard, lc.wang2021.replace(dW="f16")])
def test_gradients_in_numbers_are_those_of_the_whole_batch(policy):
    """One step of SGD without momentum is w - lr g: the g of micro-batches, each run alone, are averaged in float64."""
    policy = policy.replace(beta="f32", **({} if policy.W == "f32" else {"W": "f32", "momenta": "f32"}))
    optimizer = lc.SGD(1e-3, 0.0)
    found, start = stepped(policy, optimizer, BATCH, MICRO, range(BATCH))
    names = [name for name in start if name.endswith((".weights", ".beta"))]
    alone = [stepped(policy, optimizer, MICRO, MICRO, range(n, n + MICRO))[0] for n in range(0, BATCH, MICRO)]
    moved = 0.0
    for name in names:
        parts = [one.array(name).astype(np.float64) - start[name] for one in alone]
        expected, got = np.mean(parts, axis=0), found.array(name).astype(np.float64) - start[name]
        assert np.abs(got - expected).max() <= 2**-23
        moved = max(moved, np.abs(expected).max())
    assert moved > 1e-5
    assert found.array("control")[1] == 1.0


@pytest.mark.parametrize(("policy", "spreads"), [(lc.lean, 3), (lc.lean.replace(dW="bit"), 1)])
def test_moments_are_the_mean_of_those_of_the_micro_batches(policy, spreads):
    """With no memory of earlier steps a moment is the mean of the gradients, but for a rounding each."""
    optimizer = lc.Adam(1e-3, beta1=0.0)
    found, start = stepped(policy, optimizer, BATCH, MICRO, range(BATCH))
    alone, last = [], None
    for n in range(0, BATCH, MICRO):
        last, _ = stepped(policy, optimizer, MICRO, MICRO, range(n, n + MICRO), last)
        alone.append(last)
    for layer in ("binary_dense1", "binary_dense2"):
        each = np.array([one.array(f"{layer}.m").astype(float) for one in alone])
        assert (set(np.unique(each)) == {-127.0, 127.0}) == (spreads == 1)
        assert np.abs(found.array(f"{layer}.m") - each.mean(axis=0)).max() <= PARTS
        step = found.array(f"{layer}.m").astype(float) * spreads * 1e-3 * 32767 / 127
        moved = start[f"{layer}.weights"].astype(float) - found.array(f"{layer}.weights")
        assert np.abs(moved - step).max() <= 1


@pytest.mark.parametrize("policy", ["lean", "wang2021", "standard"])
def test_running_statistics_forget_as_much_in_a_step_as_without(policy):
    found, _ = stepped(find_policy(policy), lc.Adam(), BATCH, MICRO, range(BATCH))
    name = "batch_norm1.running"
    assert found.program.buffer(name).format == "f32"
    attributes = next(i for i in found.program.instructions if i.op.name == "norm_statistics").attributes
    assert attributes[1] ** PARTS == pytest.approx(0.9)


def test_one_micro_batch_is_no_other_run():
    """The same instructions, the same state, the same bits."""
    plain, one = trainer(), trainer(micro_batch=10)
    assert plain.compiled.program == one.compiled.program
    assert "micro" not in plain.compiled.program.index
    for each in (plain, one):
        each.fit(examples(), 2)
    assert plain.session.state_sha256() == one.session.state_sha256()


@pytest.mark.parametrize("policy", ["lean", "wang2021", "standard"])
def test_a_run_counts_steps_examples_and_flips_as_any_other(policy):
    events = []
    one = trainer(policy=policy, micro_batch=5)
    history = one.fit(examples(), 20, examples(1), callbacks=[events.append])
    steps = [event for event in events if type(event).__name__ == "Stepped"]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5] * 20
    assert {step.batch_size for step in steps} == {10}
    assert one.session.array("control")[1] == 100
    assert history[-1].accuracy > 0.9 and history[-1].loss < history[0].loss
    assert 0 < history[0].flip_ratio < 1


@pytest.mark.parametrize("policy", ["lean", "wang2021", "standard"])
def test_an_interrupted_run_ends_in_the_same_bits(tmp_path, policy):
    whole = trainer(policy=policy, micro_batch=5, augment="shift")
    expected = whole.fit(examples(), 2, examples(1))
    with pytest.raises(lc.Interrupted):
        trainer(policy=policy, micro_batch=5, augment="shift").fit(
            examples(), 2, examples(1), tmp_path, [interrupt_at(7)]
        )
    second = lc.Trainer.resume(tmp_path, backend="reference")
    assert (second.progress.step, second.settings.micro_batch) == (2, 5)
    assert lasting(second.fit(examples(), 2, examples(1))) == lasting(expected)
    assert second.session.state_sha256() == whole.session.state_sha256()


def test_a_step_that_failed_half_way_is_begun_anew():
    """Its second micro-batch has a label that is none: the next run begins with a first micro-batch again."""
    images, labels = examples(count=10)
    one = trainer(micro_batch=5, seed=0)
    broken = labels.copy()
    broken[lc.data.epoch_order(0, 0, 10)[7]] = 9
    with pytest.raises(lc.DataError, match="a label is 9"):
        one.fit(Unchecked(images, broken), 1)
    assert one.session.array("micro").tolist() == [1, 2]
    one.fit((images, labels), 1)
    assert one.session.array("micro").tolist() == [2, 2]


def test_what_was_trained_predicts_alike_in_batches_of_any_size(tmp_path):
    one = trainer(micro_batch=5)
    one.fit(examples(), 3, out=tmp_path)
    found = one.evaluate(examples(1))
    for batch in (1, 7, 53):
        again = lc.load(tmp_path, batch_size=batch, backend="reference").evaluate(examples(1))
        assert (again.accuracy, again.examples) == (found.accuracy, found.examples)
        assert again.loss == pytest.approx(found.loss, rel=1e-12)


def test_a_run_from_before_there_were_micro_batches():
    settings = trainer().settings
    old = settings.to_dict()
    del old["micro_batch"]
    assert type(settings).from_dict(old) == settings


@pytest.mark.parametrize("batch", [1, 3])
def test_the_smallest_sizes_are_read_again(batch):
    """Of a network without norms, which a single example can train."""
    layers = (Input((6, 6, 1), "f32"), Flatten(), Dense(4), SoftmaxCrossEntropy())
    settings = trainer(network=Network("small", layers), policy="standard", batch_size=batch, micro_batch=1).settings
    assert (settings.batch_size, settings.micro_batch) == (batch, 1)
    assert type(settings).from_dict(settings.to_dict()) == settings


@pytest.mark.parametrize("backend", [REFERENCE, NATIVE])
@pytest.mark.parametrize("optimizer", [lc.SGD(1.0), lc.Adam(1.0)])
def test_a_step_of_the_most_micro_batches(backend, optimizer):
    """The weights move in the last of 2**20, and in none before; each of them counts as one of so many."""
    layers = (lc.layers.Input((3,), "f32"), lc.layers.Dense(2), lc.layers.SoftmaxCrossEntropy())
    most = 2**20
    compiled = compile_network(lc.layers.Network("own", layers), lc.standard, optimizer, most, 1)
    session = open_session(compiled.program, backend=backend, threads=1)
    initialise(session, compiled.initial, seed=5)
    session.array("control")[...] = (optimizer.learning_rate, 1.0, 0.9, 0.999)
    session.array("input")[...] = 1.0
    session.array("labels")[...] = 1
    session.array("micro")[...] = (most - 2, most)
    weights, total = session.array("dense1.weights"), session.array("dense1.gradient")
    total[0], total[1] = most, -most
    before, summed = weights.copy(), total.copy()
    session.run(TRAIN)
    assert session.array("micro").tolist() == [most - 1, most]
    assert np.array_equal(weights, before) and not np.array_equal(total, summed)
    session.run(TRAIN)
    assert session.array("micro").tolist() == [most, most]
    assert not np.array_equal(weights, before)
    assert np.allclose(total[0], 1, rtol=1e-5) and np.allclose(total[1], -1, rtol=1e-5)  # the mean of all
    session.run(TRAIN)
    assert session.array("micro").tolist() == [1, most]
    with pytest.raises(lc.SpecError, match=r"batch size is 1048577, must be a whole number from 1 to 1,048,576"):
        compile_network(lc.layers.Network("own", layers), lc.standard, optimizer, most + 1, 1)
