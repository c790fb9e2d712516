"""All policies side by side."""

from __future__ import annotations

from linocut import models
from linocut.optimizers import Adam
from linocut.plan.comparison import comparison

MLP = models.mlp()


def test_policies_side_by_side() -> None:
    text = str(comparison(MLP, Adam(), 100))
    paper_part, arena_part = text.split("\n\n")
    rows = {line.split("  ")[0]: line.split() for line in paper_part.splitlines()}
    assert rows["role"] == [
        "role",
        "standard",
        "wang2021",
        "factor",
        "lean",
        "factor",
        "lean8",
        "factor",
        "lean4",
        "factor",
    ]
    assert rows["X"] == ["X", "706.25", "KiB", "22.07", "KiB", *["32.00x", "22.07", "KiB"] * 3, "32.00x"]
    assert rows["total"][:6] == ["total", "7.40", "MiB", "2.66", "MiB", "2.78x"]
    total = arena_part.splitlines()[-1].split()
    assert total[0] == "total" and total[5] == "2.20x" and total[8] == "4.06x"
    dw = next(line for line in arena_part.splitlines() if line.startswith("dW"))
    assert dw.split() == ["dW", "784.00", "KiB", "-", "-", "-", "-"]  # no factor where nothing is left
