"""Memory: the paper's published numbers, the arena to the byte, the object for programs, the tables for people."""

from __future__ import annotations

import json
import math

import pytest

from linocut import models
from linocut.compile.lifetimes import aligned
from linocut.compile.lower import compile_network
from linocut.errors import SpecError
from linocut.optimizers import OPTIMIZERS, SGD, Adam, Bop, find_optimizer
from linocut.policies import POLICIES, lean, standard, wang2021
from linocut.report.memory import arena_account, comparison, paper_account

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
    """DESIGN section 4, to the paper's two decimals (masks of pooling to one) and 0.2% of the totals."""
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


def test_full_precision_layers_count_in_the_format_of_numbers() -> None:
    """ResNetE-18's stem, projections and head: their inputs and gradients are no bits."""
    network = models.resnete18((32, 32, 3), 10)
    rows = {(row.role, row.format): row.bytes for row in paper_account(network, wang2021, Adam(), 100).rows}
    real = 32 * 32 * 3 + 4 * 4 * 64 + 2 * 2 * 128 + 256 + 512
    weights = 7 * 7 * 3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 10
    assert (rows["X", "f16"], rows["dW", "f16"]) == (real * 100 * 2, weights * 2)
    assert rows["dW", "bit"] == 10_985_472 // 8


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("policy", POLICIES)
def test_arena_to_the_byte(policy: str, optimizer: str) -> None:
    compiled = compile_network(MLP, POLICIES[policy], find_optimizer(optimizer), 100)
    account, program = arena_account(compiled), compiled.program
    assert account.total_bytes == program.arena_bytes == sum(row.bytes for row in account.rows)
    assert account.lower_bound_bytes == program.lower_bound_bytes
    lost = account.bytes_of("fragmentation")
    assert sum(row.bytes for row in account.rows) - lost == program.lower_bound_bytes
    persistent = sum(row.bytes for row in account.rows if row.lifetime == "persistent")
    assert persistent == sum(b.nbytes for b in program.buffers if b.persistent and b.base is None)
    assert all(row.bytes > 0 for row in account.rows)
    assert 0 <= account.bytes_of("alignment") < 64 * len(program.buffers)


def test_arena_at_its_peak_by_hand() -> None:
    """A network of one layer: what is live during the first product, under lean."""
    compiled = compile_network(models.mlp((64,), 10, ()), lean, SGD(), 1000)
    account = arena_account(compiled)
    assert "real_matmul in train" in account.peak or "norm" in account.peak
    assert account.bytes_of("W") == 10 * 64 * 2
    assert account.bytes_of("momenta") == 10 * 64
    assert account.bytes_of("input") == 1000 * 64  # once, though the flattened view of it is live too
    assert account.bytes_of("labels") == 4000
    persistent = [b for b in compiled.program.persistent()]
    assert account.bytes_of("alignment") >= sum(aligned(b.nbytes) - b.nbytes for b in persistent)


def test_json_is_the_object_of_the_command_line() -> None:
    account = arena_account(compile_network(MLP, lean, Adam(), 100))
    data = json.loads(json.dumps(account.to_json()))
    assert list(data) == [
        "model",
        "policy",
        "optimizer",
        "batch",
        "account",
        "total_bytes",
        "lower_bound_bytes",
        "rows",
    ]
    assert [data[k] for k in ("model", "policy", "optimizer", "batch", "account")] == [
        "mlp",
        "lean",
        "adam",
        100,
        "arena",
    ]
    assert all(list(row) == ["role", "format", "lifetime", "bytes"] for row in data["rows"])
    assert {row["lifetime"] for row in data["rows"]} == {"persistent", "transient"}
    assert {"role": "W", "format": "q15", "lifetime": "persistent", "bytes": 399_872 * 2} in data["rows"]


def test_tables_are_aligned_and_end_in_the_total() -> None:
    account = arena_account(compile_network(MLP, lean, Adam(), 100))
    lines = str(account).splitlines()
    assert lines[0] == "mlp, lean, adam, batch 100: the arena"
    assert lines[1].split() == ["role", "format", "lifetime", "memory", "share"]
    body = [line for line in lines[1:-1] if not line.startswith("-")]
    assert lines[-1].startswith("lower bound 1.36 MiB, live at instruction 2 (real_matmul in train)")
    assert body[-1].split() == ["total", "1.36", "MiB"]
    ends = {len(line[: line.rindex("iB") + 2]) for line in body if "iB" in line}
    assert len(ends) == 1
    shares = [float(line.split()[-1].rstrip("%")) for line in body[1:-1]]
    assert math.isclose(sum(shares), 100, abs_tol=1)


def test_policies_side_by_side() -> None:
    text = str(comparison(MLP, Adam(), 100))
    paper_part, arena_part = text.split("\n\n")
    rows = {line.split("  ")[0]: line.split() for line in paper_part.splitlines()}
    assert rows["role"] == ["role", "standard", "wang2021", "factor", "lean", "factor", "lean8", "factor"]
    assert rows["X"] == ["X", "706.25", "KiB", "22.07", "KiB", *["32.00x", "22.07", "KiB"] * 2, "32.00x"]
    assert rows["total"][:6] == ["total", "7.40", "MiB", "2.66", "MiB", "2.78x"]
    total = arena_part.splitlines()[-1].split()
    assert total[0] == "total" and total[5] == "2.20x" and total[8] == "4.06x"
    dw = next(line for line in arena_part.splitlines() if line.startswith("dW"))
    assert dw.split() == ["dW", "784.00", "KiB", "-", "-", "-"]  # no factor where nothing is left


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
