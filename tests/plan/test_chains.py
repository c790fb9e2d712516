"""The paper's account of chains of layers: its published figures."""

from __future__ import annotations

import pytest

from linocut import models
from linocut.errors import SpecError
from linocut.optimizers import SGD, Adam, Bop
from linocut.plan.paper import paper_account
from linocut.policies import POLICIES, lean, standard, wang2021

MIB = 2**20
MLP = models.mlp()


@pytest.mark.parametrize(("policy", "published"), [(standard, "7.40"), (wang2021, "2.66")], ids=lambda p: str(p))
def test_the_papers_perceptron(policy, published: str) -> None:
    """Wang et al.: MLP, MNIST, Adam, batch 100."""
    account = paper_account(MLP, policy, Adam(), 100)
    assert f"{account.total_bytes / MIB:.2f}" == published
    assert f"{published} MiB" in str(account).splitlines()[-1]
    assert account.lower_bound_bytes == account.total_bytes == sum(row.bytes for row in account.rows)


def test_every_row_of_the_papers_perceptron() -> None:
    weights = 784 * 256 + 3 * 256 * 256 + 256 * 10
    channels = 4 * 256 + 10
    rows = {row.role: (row.format, row.bytes) for row in paper_account(MLP, wang2021, Adam(), 100).rows}
    assert rows == {
        "X": ("bit", (784 + 4 * 256) * 100 // 8),
        "dX, Y": ("f16", 784 * 100 * 2),
        "dY": ("f16", 784 * 100 * 2),
        "mu, psi": ("f16", 2 * channels * 2),
        "W": ("f16", weights * 2),
        "momenta": ("f16", 2 * weights * 2),
        "dW": ("bit", weights // 8),
        "beta": ("f16", channels * 2),
        "dbeta": ("f16", 256 * 2),
    }


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_papers_account_has_no_largest_sum(policy) -> None:
    """A batch of 4096 at 224 x 224, as the paper has it, is beyond the sums of a step of ours."""
    small, large = (paper_account(models.resnete18(), policy, Adam(), batch) for batch in (1024, 4096))
    assert 3.9 < large.total_bytes / small.total_bytes < 4
    with pytest.raises(SpecError, match="batch size is 0, must be a whole number from 1"):
        paper_account(MLP, policy, Adam(), 0)


@pytest.mark.parametrize(
    ("optimizer", "weights", "moments"), [(Adam(), "W", 2), (SGD(), "W", 1), (Bop(), "W^", 1)], ids=lambda o: str(o)
)
def test_moments_and_weights_are_the_optimizers(optimizer, weights: str, moments: int) -> None:
    account = paper_account(MLP, standard, optimizer, 100)
    count = 399_872
    assert account.bytes_of("momenta") == moments * count * 4
    assert account.bytes_of(weights) == (count * 4 if weights == "W" else count // 8)
    assert account.bytes_of("dW") == count * 4


def test_lean_in_the_papers_account_uses_its_own_formats() -> None:
    rows = {row.role: row.format for row in paper_account(MLP, lean, Adam(), 100).rows}
    assert (rows["W"], rows["momenta"], rows["dY"], rows["dX, Y"]) == ("q15", "q7", "i8", "i32")
    assert paper_account(MLP, lean, Adam(), 100).bytes_of("momenta") == 399_872  # one moment of 8 bits


def published_rows(policy, optimizer, batch: int) -> dict[str, float]:
    """The account of BinaryNet on CIFAR-10 in MiB."""
    account = paper_account(models.binarynet(), policy, optimizer, batch)
    return {row.role: row.bytes / MIB for row in account.rows} | {"total": account.total_bytes / MIB}


def test_binarynet_as_published() -> None:
    """The paper's account, to the paper's two decimals (masks of pooling to one) and 0.2% of the totals."""
    full, half = published_rows(standard, Adam(), 100), published_rows(wang2021, Adam(), 100)
    published = {"X": (111.33, 3.48), "dX, Y": (50, 25), "dY": (50, 25), "W": (53.49, 26.74), "dW": (53.49, 1.67)}
    published |= {"momenta": (106.98, 53.49)}
    for role, pair in published.items():
        assert (round(full[role], 2), round(half[role], 2)) == pytest.approx(pair, abs=0.006), role
    assert (full["pooling mask"], half["pooling mask"]) == pytest.approx((87.5, 2.73), abs=0.005)
    assert (full["total"], half["total"]) == pytest.approx((512.81, 138.15), rel=2e-3)


@pytest.mark.parametrize(
    ("optimizer", "batch", "published"),
    [(SGD(), 100, (459.33, 111.39)), (Adam(), 1000, (3202, 644.1))],
    ids=["sgd", "large"],
)
def test_binarynet_under_sgd_and_in_large_batches(optimizer, batch: int, published) -> None:
    totals = [published_rows(policy, optimizer, batch)["total"] for policy in (standard, wang2021)]
    assert totals == pytest.approx(published, rel=2e-3)


def test_cnv_as_published_but_for_its_pooling_masks() -> None:
    """The paper's 134.05 MiB charge the masks for images of 30 x 30 and 12 x 12, its 32.16 MiB charge none."""
    full = paper_account(models.cnv(), standard, Adam(), 100)
    half = paper_account(models.cnv(), wang2021, Adam(), 100)
    masks = (30 * 30 * 64 + 12 * 12 * 128) * 100 * 4
    assert (full.total_bytes - full.bytes_of("pooling mask") + masks) / MIB == pytest.approx(134.05, rel=2e-3)
    assert (half.total_bytes - half.bytes_of("pooling mask")) / MIB == pytest.approx(32.16, rel=2e-3)


@pytest.mark.parametrize("batch", [100, 3])
def test_pooling_masks_of_integers_are_two_bits_an_output(batch: int) -> None:
    """As the arena keeps them: the first of each four inputs."""
    outputs = batch * (16 * 16 * 128 + 8 * 8 * 256 + 4 * 4 * 512)
    account = paper_account(models.binarynet(), POLICIES["lean"], Adam(), batch)
    assert account.bytes_of("pooling mask") == outputs // 4


def test_pooling_masks_of_a_format_of_their_own() -> None:
    """As the ablation counts them before they are bits: a number for each input of BinaryNet's pools."""
    elements = 100 * (32 * 32 * 128 + 16 * 16 * 256 + 8 * 8 * 512)
    found = {
        masks: paper_account(models.binarynet(), wang2021, Adam(), 100, masks) for masks in (None, "bit", "f16", "f32")
    }
    assert {masks: account.bytes_of("pooling mask") for masks, account in found.items()} == {
        None: elements // 8,
        "bit": elements // 8,
        "f16": elements * 2,
        "f32": elements * 4,
    }
    assert found["f16"].total_bytes - found[None].total_bytes == elements * 2 - elements // 8
