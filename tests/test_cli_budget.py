"""Budgets of memory and micro-batches on the command line."""

import json
from pathlib import Path

import pytest
import tomllib

import linocut as lc
from linocut.cli.budget import Sizes, Training, explained, largest_batch, largest_within, sizes_within

SMALL = ["--data", "digits", "--limit", "120", "--hidden", "16", "--backend", "reference", "--epochs", 1]
MLP = Training(lc.models.mlp((8, 8, 1), 10, (128, 128)), lc.lean, lc.Adam())

pytestmark = pytest.mark.usefixtures("elsewhere")


def arena(batch, micro=None, policy="lean", optimizer="adam"):
    return lc.Trainer(MLP.network, policy, optimizer, batch, micro_batch=micro).plan.total_bytes


def plan(linocut, *arguments):
    status, out, err = linocut("plan", "--hidden", "128,128", "--input", "8x8x1", *arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_by_bisection_of_the_lower_bound_first():
    asked = []

    def total(batch):
        asked.append(batch)
        return 10 * batch + 7  # 7 are lost to fragmentation

    for budget, most, expected in ((1005, 2**20, 99), (1007, 2**20, 100), (1005, 50, 50), (27, 99, 2), (31, 99, 2)):
        asked.clear()
        assert largest_batch(total, budget, 2, most, lambda batch: 10 * batch) == expected
        assert len(asked) <= 6
    assert largest_batch(lambda n: 10 * n + 300 * (n > 5), 1005, 2, 2**20, lambda n: 10 * n) == 70
    with pytest.raises(lc.SpecError, match=r"a batch of 2 takes 27 B \(27 B\); give at least 27 B"):
        largest_batch(total, 26, 2)
    with pytest.raises(lc.SpecError, match=r"a batch of 2 takes 27 B"):
        largest_batch(total, 26, 2, 99, lambda batch: 10 * batch)  # which the lower bound would let pass


def test_the_largest_batch_is_no_larger_than_the_data():
    budget = arena(300)
    assert largest_within(MLP, budget) >= 300
    assert largest_within(MLP, budget, 120) == 120
    largest = largest_within(MLP, budget)
    assert arena(largest) <= budget < arena(largest + 1)


def test_a_batch_that_does_not_fit_goes_in_the_largest_parts_that_do():
    assert sizes_within(MLP, arena(96), 96) == Sizes(96, 96)
    for micro in (48, 32, 24, 16, 12, 8):
        assert sizes_within(MLP, arena(96, micro), 96) == Sizes(96, micro)
    with pytest.raises(lc.SpecError, match=r"a batch of 96 in micro-batches of 8 takes .* fewer than 8 rows"):
        sizes_within(MLP, arena(96, 8) - 1, 96)
    assert sizes_within(MLP, arena(96, 4), 96, 4) == Sizes(96, 4)
    with pytest.raises(lc.SpecError, match=r"a batch of 96 in micro-batches of 48 takes .*; or --micro-batch 8;"):
        sizes_within(MLP, arena(96, 8), 96, 48)


def test_sums_of_gradients_may_take_more_than_a_split_spares():
    """`standard` keeps sums of all its gradients in micro-batches: whole, a small batch takes less."""
    training = Training(MLP.network, lc.standard, lc.Adam())
    whole, parts = arena(16, None, "standard"), arena(16, 8, "standard")
    assert whole < parts
    with pytest.raises(
        lc.SpecError, match=f"but a batch of 16 takes .* give at least {whole:,} B; or a batch of at most"
    ):
        sizes_within(training, whole - 1, 16)


def test_plan_of_a_batch_in_parts(linocut):
    found = plan(linocut, "--batch", 96, "--budget", arena(96, 24))
    assert (found["batch"], found["micro_batch"], found["total_bytes"]) == (96, 24, arena(96, 24))
    assert arena(found["largest_batch"]) <= arena(96, 24)
    assert plan(linocut, "--micro-batch", 25)["total_bytes"] == arena(100, 25)
    assert "micro_batch" not in plan(linocut)
    _, out, _ = linocut("plan", "--hidden", "128,128", "--input", "8x8x1", "--batch", 96, "--budget", arena(96, 24))
    assert "batch 96 in micro-batches of 24: the arena" in out
    assert "a step is 4 micro-batches of 24: gradients are of all 96 examples, but batch norm is over the 24 of" in out
    assert "a budget is for the arena, here" in out and "the process takes about" in out


def test_plan_with_data_takes_no_more_than_there_are(linocut):
    _, out, _ = linocut("plan", "--data", "digits", "--budget", "64MiB", "--json")
    assert json.loads(out)["largest_batch"] == len(lc.data.load("digits")[0])


def test_what_else_would_fit(linocut):
    bop = arena(2, None, "lean4", "bop")
    _, _, err = linocut("plan", "--hidden", "128,128", "--input", "8x8x1", "--budget", bop)
    assert f"give at least {arena(2):,} B; within the budget are --policy lean4 --optimizer bop (" in err
    status, _, err = linocut("plan", "--hidden", "128,128", "--input", "8x8x1", "--budget", bop - 1)
    assert status == 2
    assert (
        f"no policy and optimizer fits: the least is {bop:,} B with --policy lean4 --optimizer bop at a batch of 2"
        in err
    )
    assert "of it weights, moments and what else is kept between steps" in err


def test_train_within_a_budget(linocut):
    network = lc.models.mlp((8, 8, 1), 10, (16,))
    budget = lc.Trainer(network, batch_size=40, micro_batch=10).plan.total_bytes
    status, out, err = linocut("train", *SMALL, "--batch", 40, "--budget", budget, "--out", "run", "--json")
    assert status == 0
    assert json.loads(out.splitlines()[0])["arena_bytes"] == budget
    assert "a step is 4 micro-batches of 10" in err
    with open("run/config.toml", "rb") as file:
        assert {k: v for k, v in tomllib.load(file)["run"].items() if "batch" in k} == {
            "batch_size": 40,
            "micro_batch": 10,
        }
    again = ["train", "--resume", "--out", "run", "--backend", "reference"]
    assert linocut(*again, "--epochs", 2, "--micro-batch", 10)[0] == 0
    assert "holds a run of micro-batch 10, not 20" in linocut(*again, "--micro-batch", 20)[2]
    assert "--budget is for a new run" in linocut(*again, "--budget", "1MiB")[2]


def test_train_with_the_largest_batch_of_a_budget(linocut):
    status, out, _ = linocut("train", *SMALL, "--budget", "64MiB", "--out", "run")
    assert status == 0
    assert "a step takes the largest batch within 64.00 MiB, 120 examples; an epoch is 1 of them" in out
    assert "policy lean, batch 120; " in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "1"], "batch is 1, and batch_norm1 of mlp sees one row of it, which has no variance"),
        (["--batch", "10", "--micro-batch", "1"], "batch is 1, and batch_norm1 of mlp sees one row"),
        (["--micro-batch", "30"], "micro-batch is 30, must divide the batch of 100; take 25 or 50"),
        (["--budget", "-5MiB"], "'-5MiB' is not a size such as 64MiB: it is negative"),
        (["--budget", "0"], "'0' is not a size such as 64MiB: it must be 1 B to 8,191 PiB"),
        (["--budget", "9" * 400], "is not a size such as 64MiB: it must be 1 B"),
        (["--budget", "1KiB", "--batch", "20"], "of it weights, moments and what else is kept between steps"),
        (
            ["--policy", "wang2021", "--optimizer", "bop", "--micro-batch", "50"],
            "take whole batches, or another policy",
        ),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["train", "--data", "digits", "--hidden", "16"]])
def test_mistakes_get_one_line(linocut, command, arguments, message):
    status, out, err = linocut(*command, *arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert message in err
    assert not Path("runs").exists()


def test_the_papers_account_knows_no_micro_batches(linocut):
    assert "--account paper knows no micro-batches" in linocut("plan", "--account", "paper", "--micro-batch", 50)[2]
    found = json.loads(linocut("plan", "--account", "paper", "--budget", "64MiB", "--json")[1])
    assert found["batch"] == found["largest_batch"] > 100
    assert "sees one row" in linocut("plan", "--account", "paper", "--batch", 1)[2]


def test_what_micro_batches_mean_is_said_only_of_them():
    assert explained(Sizes(100, 100)) == ""
    assert "batch norm is over the 20" in explained(Sizes(100, 20))
