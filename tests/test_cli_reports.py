"""`linocut plan --compare`, `--batches` and `--energy`."""

import json
import sys

import pytest

from linocut.devices.energies import OWN
from linocut.policies import POLICIES

SMALL = ("plan", "--hidden", "64")


def test_compare(linocut):
    status, out, _ = linocut(*SMALL, "--compare", "--batch", 10, "--json")
    found = json.loads(out)
    assert (status, list(found)) == (0, ["model", "optimizer", "batch", "accounts"])
    names = [(account["account"], account["policy"]) for account in found["accounts"]]
    assert names == [(kind, policy) for kind in ("paper", "arena") for policy in POLICIES]
    for account in found["accounts"]:
        _, one, _ = linocut(
            *SMALL, "--batch", 10, "--policy", account["policy"], "--account", account["account"], "--json"
        )
        assert json.loads(one) == account
    status, out, _ = linocut(*SMALL, "--compare")
    assert status == 0 and "factor" in out and "the arena at its peak" in out


def test_batches(linocut):
    status, out, _ = linocut(*SMALL, "--batches", "2,10", "--optimizer", "sgd", "--json")
    found = json.loads(out)
    assert (status, found["optimizer"]) == (0, "sgd")
    assert [(row["batch"], row["policy"]) for row in found["rows"]] == [(n, p) for n in (2, 10) for p in POLICIES]
    _, out, _ = linocut(*SMALL, "--batches", "2,10")
    assert "mlp, adam: the arena\n" in out


def test_energy(linocut, tmp_path):
    path = tmp_path / "energies.toml"
    path.write_text(OWN.read_text().replace('source = "', 'source = "ours, like ').replace("1300.0", "2600.0"))
    found = []
    for more in ((), ("--energies", path)):
        status, out, _ = linocut("plan", "--energy", "--json", *more)  # the arena is in DRAM
        assert status == 0
        found.append(json.loads(out))
    assert found[1]["source"].startswith("ours, like ")
    one, other = (sum(r["picojoules"] for r in f["policies"][0]["rows"] if r["unit"] == "bytes") for f in found)
    assert other == pytest.approx(2 * one)
    _, out, _ = linocut(*SMALL, "--energy")
    assert "the step" in out


def test_a_picture_of_batches(linocut, tmp_path):
    pytest.importorskip("matplotlib")
    status, _, err = linocut(*SMALL, "--batches", "2,10", "--plot", tmp_path / "batches.png")
    assert (status, err) == (0, f"wrote {tmp_path / 'batches.png'}\n")
    assert (tmp_path / "batches.png").stat().st_size > 1000


def test_a_picture_without_matplotlib(linocut, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for more in ((), ("--batches", "2,10")):
        status, _, err = linocut(*SMALL, *more, "--plot", tmp_path / "plan.png")
        assert status == 2
        assert "--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--compare", "--energy"), "--compare and --energy are two reports; ask for one"),
        (("--compare", "--policy", "lean"), "--policy does not go with --compare; leave one of them out"),
        (("--energy", "--account", "paper"), "--account does not go with --energy"),
        (("--energy", "--budget", "1MiB"), "--budget does not go with --energy"),
        (("--compare", "--plot", "x.png"), "--plot does not go with --compare"),
        (("--batches", "1", "--batch", "2"), "--batch does not go with --batches"),
        (("--batches", "1", "--listing"), "--listing does not go with --batches"),
        (("--batches", "1,x"), "'1,x' is not a list of whole numbers"),
        (("--batches", "0,1"), "batch size is 0, must be a whole number from 1"),
        (("--energies", "x"), "--energies is for --energy; give that too"),
        (("--energy", "--energies", "nowhere"), "nowhere cannot be read: No such file"),
    ],
)
def test_what_does_not_go_together(linocut, arguments, message):
    status, out, err = linocut(*SMALL, *arguments)
    assert (status, out) == (2, "")
    assert message in err and len(err.splitlines()) == 1


def test_the_papers_account_of_a_residual_network(linocut):
    """The model's own input and classes: 224 x 224 x 3 and 1000."""
    command = ("plan", "--account", "paper", "--model", "resnete18", "--batch", 4096, "--policy")
    _, standard, _ = linocut(*command, "standard")
    _, method, _ = linocut(*command, "wang2021")
    assert [out.splitlines()[-1].split()[1:] for out in (standard, method)] == [["57.85", "GiB"], ["18.54", "GiB"]]
    _, later, _ = linocut(*command, "standard", "--later-edition", "--json")
    masks = [row for row in json.loads(later)["rows"] if row["role"] == "pooling mask"]
    assert masks == [{"role": "pooling mask", "format": "f32", "lifetime": "persistent", "bytes": 13_153_337_344}]
    status, _, err = linocut("plan", "--later-edition")
    assert (status, "--later-edition is for --account paper" in err) == (2, True)
