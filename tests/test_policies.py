"""Policies: the table of docs/design/numbers.md, and which mixtures of columns make sense."""

from __future__ import annotations

import json

import pytest

from linocut import roles
from linocut.compile.lower import compile_network
from linocut.errors import SpecError
from linocut.layers import BatchNorm, BinaryConv2D, BinaryDense, Flatten, Input, Network, Sign, SoftmaxCrossEntropy
from linocut.optimizers import Adam
from linocut.policies import POLICIES, find_policy, lean, standard, wang2021


def test_the_table() -> None:
    columns = ("norm", "X", "Y", "dX", "dY", "W", "dW", "momenta", "beta", "statistics")
    table = {name: tuple(getattr(policy, column) for column in columns) for name, policy in POLICIES.items()}
    assert table == {
        "standard": ("l2", *["f32"] * 9),
        "wang2021": ("l1", "bit", "f16", "f16", "f16", "f16", "bit", "f16", "f16", "f16"),
        "lean": ("scaled_l1", "bit", "integer", "i8", "i8", "q15", "q7", "q7", "f32", "f32"),
        "lean8": ("scaled_l1", "bit", "integer", "i8", "i8", "q7", "q7", "q7", "f32", "f32"),
        "lean4": ("scaled_l1", "bit", "integer", "i4", "i4", "q15", "q7", "q7", "f32", "f32"),
    }
    assert [policy.integer for policy in POLICIES.values()] == [False, False, True, True, True]
    dense = {name: policy.of_dy(64, dense=True) for name, policy in POLICIES.items()}
    assert dense == {"standard": "f32", "wang2021": "f16", "lean": "i8", "lean8": "i8", "lean4": "i8"}


@pytest.mark.parametrize(("channels", "form"), [(16, "i8"), (64, "i8"), (127, "i8"), (128, "i4"), (256, "i4")])
def test_gradients_of_thin_maps_have_eight_bits(channels: int, form: str) -> None:
    assert (POLICIES["lean4"].of_dx(channels), POLICIES["lean4"].of_dy(channels, dense=False)) == (form, form)
    assert (standard.of_dx(channels), standard.of_dy(channels, dense=False)) == ("f32", "f32")
    block = BinaryConv2D(channels), BatchNorm(), Sign()
    network = Network(
        "maps", (Input((8, 8, 3)), *block, *block, Flatten(), BinaryDense(10), BatchNorm(), SoftmaxCrossEntropy())
    )
    buffers = compile_network(network, POLICIES["lean4"], Adam(), 4).program.buffers
    of_maps = {b.format for b in buffers if b.role in (roles.DX, roles.DY) and len(b.shape) == 4 and b.base is None}
    assert of_maps == {form}


def test_one_column_may_be_replaced() -> None:
    mixed = wang2021.replace(dW="f32")
    assert (mixed.dW, mixed.X, mixed.name) == ("f32", "bit", "wang2021+dW=f32")
    assert wang2021.dW == "bit"
    assert standard.replace(W="f16", momenta="f16").name == "standard+W=f16+momenta=f16"
    assert lean.replace(name="mine", momenta="q15").name == "mine"


@pytest.mark.parametrize(
    ("policy", "changes", "reason"),
    [
        ("standard", {"W": "f64"}, "W is 'f64', must be q15 or q7 or f16 or f32"),
        ("standard", {"norm": "l3"}, "norm is 'l3', must be l1 or scaled_l1 or l2"),
        ("wang2021", {"dw": "f32"}, "a policy has no column 'dw'; there are name, norm, X"),
        ("wang2021", {"norm": "l2"}, "the l2 norm needs X in floats; take norm l1, or X f16 or f32"),
        ("standard", {"X": "bit"}, "the l2 norm needs X in floats"),
        ("lean", {"norm": "l2"}, "integer gradients need an l1 norm, X bit and dW bit or q7, not norm l2"),
        ("lean", {"dW": "f32"}, "integer gradients need .*dW f32"),
        ("lean", {"X": "f16"}, "integer gradients need .*X f16"),
        ("lean", {"W": "f32"}, "mixes integers .* with floats \\(W=f32\\)"),
        ("wang2021", {"dY": "i8"}, "mixes integers \\(dY=i8\\) with floats"),
        ("lean4", {"dense_dY": "f32"}, "mixes integers .* with floats \\(dense_dY=f32\\)"),
        ("lean", {"dense_dY": "i16"}, "dense_dY is 'i16', must be i4 or i8 or f16 or f32"),
        ("standard", {"momenta": "q7"}, "mixes integers \\(momenta=q7\\)"),
    ],
)
def test_columns_that_do_not_go_together_are_refused(policy: str, changes: dict[str, str], reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        POLICIES[policy].replace(**changes)


@pytest.mark.parametrize("policy", [*POLICIES.values(), wang2021.replace(dW="f32")], ids=lambda p: p.name)
def test_a_policy_reads_back_from_its_dictionary(policy) -> None:
    assert find_policy(json.loads(json.dumps(policy.to_dict()))) == policy


@pytest.mark.parametrize("change", [{"color": "red"}, {"W": None}], ids=["too much", "too little"])
def test_a_wrong_dictionary_is_refused(change) -> None:
    data = {k: v for k, v in {**lean.to_dict(), **change}.items() if v is not None}
    with pytest.raises(SpecError, match=f"a policy's description has, or lacks, {next(iter(change))}"):
        find_policy(data)


def test_find_policy() -> None:
    assert find_policy("lean") is lean
    assert find_policy(wang2021) is wang2021
    with pytest.raises(
        SpecError,
        match="no policy is called 'leen'; there are standard, wang2021, lean, lean8, lean4; did you mean lean",
    ):
        find_policy("leen")
    with pytest.raises(SpecError, match=r"no policy is called 'zz'; there are standard, wang2021, lean, lean8, lean4$"):
        find_policy("zz")
