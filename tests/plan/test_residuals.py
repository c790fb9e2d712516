"""The paper's account of networks with shortcuts: its figures for ResNetE-18, and every row of them by hand."""

from __future__ import annotations

import pytest

from linocut import models
from linocut.errors import SpecError
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    Network,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.optimizers import OPTIMIZERS, SGD, Adam, Bop
from linocut.plan.account import Account
from linocut.plan.paper import paper_account
from linocut.plan.residuals import MOMENTA
from linocut.policies import POLICIES, lean, lean8, standard, wang2021

MIB, GIB = 2**20, 2**30
BATCH = 4096
RESNETE18 = models.resnete18()  # 224 x 224 x 3, 1000 classes

# Of one image at 224 x 224: the sides of the four stages, and their channels.
SIDES, CHANNELS = (56, 28, 14, 7), (64, 128, 256, 512)
STEM, HEAD = (224 * 224 * 3, 112 * 112 * 64), (512, 1000)
SHORTCUTS_IN = 28 * 28 * 64 + 14 * 14 * 128 + 7 * 7 * 256  # behind pools of 2 x 2
SHORTCUTS_OUT = 28 * 28 * 128 + 14 * 14 * 256 + 7 * 7 * 512
OUTPUTS = 4 * sum(side * side * channels for side, channels in zip(SIDES, CHANNELS, strict=True))
# Three layers of a stage read what the stage gives, the first one what the stage before it gave.
INPUTS = OUTPUTS - OUTPUTS // 4 + 56 * 56 * 64 + 56 * 56 * 64 + 28 * 28 * 128 + 14 * 14 * 256
BINARY_WEIGHTS, REAL_WEIGHTS = 10_985_472, 7 * 7 * 3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1000
REAL_IN, REAL_OUT = STEM[0] + SHORTCUTS_IN + HEAD[0], STEM[1] + SHORTCUTS_OUT + HEAD[1]
BIASES = 64 + 4 * (64 + 128 + 256 + 512) + (128 + 256 + 512) + 1000


def rows(account: Account) -> dict[str, tuple[str, str, int]]:
    found = {row.role: (row.format, row.lifetime, row.bytes) for row in account.rows}
    assert len(found) == len(account.rows)  # a row for each role, so that nothing hides behind another
    assert sum(row.bytes for row in account.rows) == account.total_bytes == account.lower_bound_bytes
    return found


@pytest.mark.parametrize(
    ("optimizer", "published"),
    [(Adam(), (59_234.6, 18_983.0)), (SGD(), (59_190.1, 18_960.8)), (Bop(), (59_145.5, 18_938.5))],
    ids=lambda o: getattr(o, "kind", ""),
)
def test_resnete18_as_published(optimizer, published: tuple[float, float]) -> None:
    """To the tenth of a MiB, which is all that was given: 57.85 GiB, 18.54 GiB and 3.12 times with Adam."""
    totals = [paper_account(RESNETE18, policy, optimizer, BATCH).total_bytes for policy in (standard, wang2021)]
    assert tuple(round(total / MIB, 1) for total in totals) == published
    if optimizer.kind == Adam.kind:
        assert [f"{total / GIB:.2f}" for total in totals] == ["57.85", "18.54"]
        assert f"{totals[0] / totals[1]:.2f}" == "3.12"


def test_the_table_ends_in_the_published_total() -> None:
    assert str(paper_account(RESNETE18, standard, Adam(), BATCH)).splitlines()[-1].split() == ["total", "57.85", "GiB"]


def test_every_row_of_resnete18() -> None:
    assert (56 * 56 * 64 * BATCH, STEM[1] * BATCH, BIASES) == (822_083_584, 3_288_334_336, 5_800)
    assert rows(paper_account(RESNETE18, standard, Adam(), BATCH)) == {
        "X": ("bit", "persistent", INPUTS * BATCH // 8),
        "Y": ("f32", "persistent", OUTPUTS * BATCH * 4),
        "X, full precision": ("f32", "persistent", REAL_IN * BATCH * 4),
        "Y, full precision": ("f32", "persistent", REAL_OUT * BATCH * 4),
        "dX": ("f32", "transient", 822_083_584 * 4),
        "dY": ("f32", "transient", 3_288_334_336 * 4),
        "W": ("f32", "persistent", BINARY_WEIGHTS * 4),
        "momenta": ("f32", "persistent", 2 * BINARY_WEIGHTS * 4),
        "dW": ("f32", "persistent", BINARY_WEIGHTS * 4),
        "W, full precision": ("f32", "persistent", REAL_WEIGHTS * 4),
        "momenta, full precision": ("f32", "persistent", 2 * REAL_WEIGHTS * 4),
        "dW, full precision": ("f32", "persistent", REAL_WEIGHTS * 4),
        "bias": ("f32", "persistent", BIASES * 4),
    }
    assert rows(paper_account(RESNETE18, wang2021, SGD(), BATCH)) == {
        "X": ("bit", "persistent", INPUTS * BATCH // 8),
        "Y": ("bit", "persistent", OUTPUTS * BATCH // 8),
        "X, full precision": ("f16", "persistent", REAL_IN * BATCH * 2),
        "Y, full precision": ("f16", "persistent", REAL_OUT * BATCH * 2),
        "dX": ("f16", "transient", 822_083_584 * 2),
        "dY": ("f16", "transient", 3_288_334_336 * 2),
        "W": ("f16", "persistent", BINARY_WEIGHTS * 2),
        "momenta": ("f16", "persistent", BINARY_WEIGHTS * 2),
        "dW": ("bit", "persistent", BINARY_WEIGHTS // 8),
        "W, full precision": ("f16", "persistent", REAL_WEIGHTS * 2),
        "momenta, full precision": ("f16", "persistent", REAL_WEIGHTS * 2),
        "dW, full precision": ("f16", "persistent", REAL_WEIGHTS * 2),
        "bias": ("f16", "persistent", BIASES * 2),
    }


@pytest.mark.parametrize("policy", [standard, wang2021], ids=lambda p: p.name)
def test_bop_has_one_number_for_each_weight(policy) -> None:
    found = rows(paper_account(RESNETE18, policy, Bop(), BATCH))
    assert "momenta" not in found and "momenta, full precision" not in found
    assert found["W"][2] == BINARY_WEIGHTS * (4 if policy is standard else 2)


def test_moments_are_known_of_every_optimizer() -> None:
    assert set(MOMENTA) == set(OPTIMIZERS)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_later_edition_charges_the_pool_of_standard_training(policy) -> None:
    """12.25 GiB: a 32-bit number for each input of the max-pool behind the stem; 70.11 GiB as it prints the sum."""
    plain = paper_account(RESNETE18, policy, Adam(), BATCH)
    later = paper_account(RESNETE18, policy, Adam(), BATCH, later_edition=True)
    more = {role: row for role, row in rows(later).items() if role not in rows(plain)}
    assert later.total_bytes - plain.total_bytes == sum(row[2] for row in more.values())
    if policy is standard:
        assert more == {"pooling mask": ("f32", "persistent", STEM[1] * BATCH * 4)}
        assert (STEM[1] * BATCH * 4 / GIB, later.total_bytes / GIB) == (12.25, pytest.approx(70.11, abs=0.015))
    else:
        assert not more


@pytest.mark.parametrize("policy", [standard, wang2021], ids=lambda p: p.name)
def test_of_chains_both_editions_have_the_same(policy) -> None:
    network = models.binarynet()
    assert paper_account(network, policy, Adam(), 100, later_edition=True) == paper_account(
        network, policy, Adam(), 100
    )


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_bireal18_has_the_same_rows(policy) -> None:
    accounts = [paper_account(network, policy, Adam(), 100) for network in (RESNETE18, models.bireal18())]
    assert accounts[0].rows == accounts[1].rows


@pytest.mark.parametrize("policy", [lean, lean8], ids=lambda p: p.name)
def test_lean_has_its_own_formats_by_the_same_rules(policy) -> None:
    """Layers in full precision have f16, their weights and moments f32; binary ones what the policy has."""
    found = {role: row[0] for role, row in rows(paper_account(RESNETE18, policy, Adam(), BATCH)).items()}
    assert {role: found[role] for role in ("X", "Y", "dX", "W", "momenta", "dW", "dY", "bias")} == {
        **{"X": "bit", "Y": "bit", "dX": "i8", "W": policy.W, "momenta": "q7", "dW": "q7"},
        **{"dY": "f16", "bias": "f32"},  # the stem's, and shifts
    }
    precise = {role: form for role, form in found.items() if "full precision" in role}
    assert {role: form for role, form in precise.items() if form != "f32"} == {
        "X, full precision": "f16",
        "Y, full precision": "f16",
    }
    account = paper_account(RESNETE18, policy, Adam(), BATCH)
    assert account.bytes_of("momenta") == BINARY_WEIGHTS
    assert account.bytes_of("momenta, full precision") == 2 * REAL_WEIGHTS * 4


def own(*layers) -> Network:
    return Network(
        "own", (Input((8, 8, 4)), *layers, GlobalAveragePool(), Dense(10), BatchNorm(), SoftmaxCrossEntropy())
    )


def test_it_is_the_structure_that_decides() -> None:
    """A network of one's own: with a shortcut by these rules, without by those of chains, whatever it is called."""
    block = (Sign(), BinaryConv2D(4), BatchNorm())
    stem = (Conv2D(4, 3), BatchNorm())
    with_shortcut = paper_account(own(*stem, Residual(block), ReLU()), standard, Adam(), 16)
    chain = paper_account(own(*stem, *block, ReLU()), standard, Adam(), 16)
    found = rows(with_shortcut)
    assert found["X"] == ("bit", "persistent", 8 * 8 * 4 * 16 // 8)
    assert found["Y"] == ("f32", "persistent", 8 * 8 * 4 * 16 * 4)
    assert found["bias"][2] == (4 + 4 + 10) * 4
    assert "bias" not in {row.role for row in chain.rows} and "dX, Y" in {row.role for row in chain.rows}


def test_shortcuts_may_nest() -> None:
    inner = Residual((Sign(), BinaryConv2D(4), BatchNorm()))
    account = paper_account(own(Conv2D(4, 3), BatchNorm(), Residual((inner, BatchNorm())), ReLU()), wang2021, Adam(), 8)
    assert rows(account)["X"][2] == 8 * 8 * 4 * 8 // 8


def test_a_batch_that_cannot_be() -> None:
    with pytest.raises(SpecError, match="batch size is 0, must be a whole number from 1"):
        paper_account(RESNETE18, standard, Adam(), 0)
