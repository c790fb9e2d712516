"""Sizes of batches: what divides them, what batch norms need, and what no process can address."""

from __future__ import annotations

import pytest
from networks import NETWORKS

import linocut as lc
from linocut import roles
from linocut.compile.batch import divisors, least_batch, steady_batch
from linocut.compile.lower import compile_network, lower_bound
from linocut.errors import SpecError
from linocut.policies import POLICIES

SMALL = lc.models.mlp((6, 6, 1), 4, (24,))
PIXELS = lc.models.cnv()


def test_divisors() -> None:
    assert divisors(1) == [1]
    assert divisors(36) == [1, 2, 3, 4, 6, 9, 12, 18, 36]


@pytest.mark.parametrize(
    ("batch", "micro", "message"),
    [
        (100, 30, "micro-batch is 30, must divide the batch of 100; take 25 or 50"),
        (100, 200, "micro-batch is 200, must divide the batch of 100; take 100"),
        (100, 0, "micro-batch is 0, must divide the batch of 100; take 1"),
        (100, -5, "micro-batch is -5, must"),
        (100, 2.0, "micro-batch is 2.0, must"),
        (0, None, "batch size is 0, must be a whole number from 1"),
    ],
)
def test_sizes_that_cannot_be(batch: int, micro: int, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        compile_network(SMALL, lc.lean, lc.Adam(), batch, micro)


@pytest.mark.parametrize(("network", "name"), [(SMALL, "batch_norm1"), (PIXELS, "batch_norm6")])
@pytest.mark.parametrize(("batch", "micro"), [(1, None), (10, 1)])
def test_one_row_has_no_variance_to_train_with(network: lc.Network, name: str, batch: int, micro: int) -> None:
    message = (
        f"batch is 1, and {name} of {network.name} sees one row of it, which has no variance .* at least 2, better 8"
    )
    with pytest.raises(SpecError, match=message):
        compile_network(network, lc.lean, lc.Adam(), batch, micro)
    assert compile_network(network, lc.lean, lc.Adam(), 1, sections=("predict",)).program.sections[0].name == "predict"


def test_the_least_batches() -> None:
    assert [(least_batch(n.graph), steady_batch(n.graph)) for n in (SMALL, PIXELS)] == [(2, 8)] * 2


def test_an_arena_that_no_process_can_address() -> None:
    wide = lc.models.mlp((2**10,), 10, (2**20 - 1,) * 12)
    with pytest.raises(SpecError, match=r"takes [\d,]+ B at a batch of 1,048,576, more than .* take a smaller batch"):
        compile_network(wide, lc.standard, lc.Adam(), 2**20)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("micro", [20, 10])
def test_the_lower_bound_is_that_of_the_program(policy: str, micro: int) -> None:
    what = SMALL, POLICIES[policy], lc.Adam(), 20, micro
    assert lower_bound(*what) == compile_network(*what).program.lower_bound_bytes


@pytest.mark.parametrize("optimizer", [lc.Adam(), lc.SGD(), lc.Bop()], ids=["adam", "sgd", "bop"])
@pytest.mark.parametrize("network", ["shallow", "floats"])
def test_under_lean_micro_batches_keep_no_gradient_of_weights(network: str, optimizer: lc.Optimizer) -> None:
    """Only the means of the shifts' gradients are new, beside the place in the step."""
    whole, parts = (compile_network(NETWORKS[network], lc.lean, optimizer, 20, micro) for micro in (20, 10))
    names = {b.name: b for b in parts.program.persistent()}
    new = set(names) - {b.name for b in whole.program.persistent()}
    shifts = {f"{n.name}.beta.gradient" for n in NETWORKS[network].graph.nodes if n.layer.kind == "batch_norm"}
    assert new == {"micro"} | shifts
    assert not [b.name for b in parts.program.buffers if b.role == "dW"]
    assert (parts.batch, parts.micro_batch) == (20, 10)
    assert parts.program.buffer("labels").shape == (10,)


def test_gradients_in_numbers_are_summed_in_f32() -> None:
    for policy in (lc.standard, lc.wang2021.replace(dW="f16")):
        program = compile_network(SMALL, policy, lc.Adam(), 20, 10).program
        found = {b.name: (b.role, b.format) for b in program.persistent() if b.name.endswith(".gradient")}
        assert {found[f"binary_dense{n}.gradient"] for n in (1, 2)} == {(roles.DW, "f32")}
        assert {found[f"batch_norm{n}.beta.gradient"] for n in (1, 2)} == {(roles.BETA, "f32")}


@pytest.mark.parametrize(
    ("policy", "optimizer", "batch", "micro", "message"),
    [
        (
            lc.wang2021,
            lc.Bop(),
            20,
            10,
            "is 2 micro-batches, but moments of bop in f16 .* at most 1: .* another policy",
        ),
        (lc.wang2021, lc.Adam(), 120, 2, "is 60 micro-batches, but .* adam in f16 .* at most 51: .* of at least 3"),
        (lc.wang2021, lc.SGD(0.1), 120, 2, "is 60 micro-batches, but .* sgd in f16 .* at most 51: .* of at least 3"),
        (lc.wang2021, lc.SGD(0.1, 0.97), 40, 2, "is 20 micro-batches, but .* sgd in f16 .* at most 15: .* at least 3"),
        (lc.lean, lc.Bop(), 1000, 2, "is 500 micro-batches, but .* bop in q7 .* at most 104: .* of at least 10"),
    ],
)
def test_more_micro_batches_than_a_moment_can_tell_apart(
    policy: lc.Policy, optimizer: lc.Optimizer, batch: int, micro: int, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        compile_network(SMALL, policy, optimizer, batch, micro)


@pytest.mark.parametrize("policy", [lc.lean, lc.wang2021], ids=lambda p: p.name)
def test_nesterov_looks_ahead_by_a_whole_step_alone(policy: lc.Policy) -> None:
    optimizer = lc.SGD(0.1, nesterov=True)
    with pytest.raises(
        SpecError, match=r"sgd nesterov looks ahead .* which 2 micro-batches of .* gradients do not keep"
    ):
        compile_network(SMALL, policy, optimizer, 20, 10)
    compile_network(SMALL, policy, optimizer, 20)
    compile_network(SMALL, lc.standard, optimizer, 20, 10)  # whose gradients are summed
