"""Peng et al., binary complex networks on an FPGA: counts, rates beside the published ones, pruned and not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from linocut import networks
from linocut.graph.blank import blank
from linocut.reproduce import complex as paper
from linocut.reproduce.row import Row


@pytest.fixture(scope="module")
def found() -> list[Row]:
    return list(paper.modelled())


def of(found: list[Row], table: str) -> list[float]:
    return [row.ours for row in found if row.table == table and row.ours is not None]


def test_counts_are_those_of_the_page(found: list[Row]) -> None:
    assert of(found, paper.NUMBERS) == [804_388, 805_292, 11_037_860, 11_041_250]
    assert of(found, paper.WORK) == [84_170_752, 281_908_992]
    windows = [
        paper.windows_of(blank(networks.build(name).graph)) for name in ("complex_nin_plain", "complex_resnet18")
    ]
    assert windows == [30_967_808, 34_322_176]
    assert [round(rate) for rate in of(found, paper.WINDOWS)] == [5_677, 5_122]


def test_engines_reach_the_published_rates_with_nine_tenths_in_use(found: list[Row]) -> None:
    rates = [row for row in found if row.table == paper.RATES]
    assert [row.published for row in rates] == [5882, 4938]
    assert all((row.ours or 0) >= (row.published or 0) for row in rates)
    assert all(used > 90 for used in of(found, paper.USED))
    assert all(lut < 0.15 * 1_303_680 for lut in of(found, paper.TAKEN))


def test_pruning_is_faster_where_whole_words_go(found: list[Row]) -> None:
    pruned = {row.row.split(",")[0]: row.ours or 0 for row in found if row.table == paper.PRUNED}
    whole = of(found, paper.RATES)
    for model, rate in zip(("complex_nin", "complex_resnet18"), whole, strict=True):
        assert pruned[f"{model} by kernel"] == rate  # no word of an engine is empty
        assert pruned[f"{model} by tile"] > pruned[f"{model} by word"] > rate
    assert all(row.command for row in found)
    tables = [row.table for row in found]
    assert len(set(tables)) == 1 + sum(a != b for a, b in pairwise(tables))
