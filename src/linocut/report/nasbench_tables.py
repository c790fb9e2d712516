"""NASBench-101 as tables for people: a cell, what a sweep found, Pareto fronts, trainings of cost models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from linocut.devices.costmodel import Trained
from linocut.devices.findings import Group, by_size, correlations, distributions, groups, structures
from linocut.devices.search import ACCURACY, Found
from linocut.devices.sweep import Sweep
from linocut.sizes import show_size
from linocut.tables import percent, table

MOST_ROWS = 20  # of a Pareto set


def described(facts: Mapping[str, Any], published: Mapping[str, Any]) -> str:
    """What is known of a cell, its matrix with operations, and a line for each device."""
    rows = [
        ("cell", f"{facts['cell']}, {facts['vertices']} vertices, {len(facts['edges'])} edges"),
        ("kept as", f"{facts['kept']}, number {facts['index']:,} of the enumeration"),
        ("parameters", f"{facts['parameters']:,}"),
        ("MACs", f"{facts['macs']:,}"),
        ("8-bit weights", show_size(facts["weight_bytes"])),
        ("activations", f"{show_size(facts['peak_bytes'])} at most"),
    ]
    if "accuracy" in facts:
        rows.append(("accuracy", percent(facts["accuracy"]) if facts["accuracy"] is not None else "not in the file"))
    names = published["module_operations"]
    matrix = [("  ".join(map(str, row)), name) for row, name in zip(published["module_adjacency"], names, strict=True)]
    predicted = facts.get("predicted_ms", {})
    costs = [("device", "ms", "uJ", "streamed", *(("predicted ms",) if predicted else ()))]
    for one in facts["devices"]:
        guess = (_number(predicted[one["device"]]) if one["device"] in predicted else "-",) if predicted else ()
        costs.append((one["device"], _number(one["ms"]), _energy(one["uj"]), _bytes(one["streamed_bytes"]), *guess))
    parts = table(rows, 2, ()), table(matrix, 2, ()), table(costs, 1, (1,))
    return "\n".join(
        [line for part in parts for line in (*part, "")] + [f"caching {facts['caching']}: {facts['about']}"]
    )


def findings(sweep: Sweep) -> str:
    """Distributions, bins of size, structure and rank correlations, each as a table."""
    parts = [_distributions(sweep), *_by_size(sweep), *_structures(sweep), _correlations(sweep)]
    return "\n".join([line for part in parts for line in (*part, "")] + [f"caching {sweep.caching}: {sweep.about}"])


def front_table(sweep: Sweep, found: Found, max_ms: float) -> str:
    """The Pareto set, thinned where it is long, and the cell that was chosen."""
    name = "accuracy" if found.by == ACCURACY else found.by
    some = found.front
    if len(some) > MOST_ROWS:
        some = some[np.unique(np.linspace(0, len(some) - 1, MOST_ROWS).round().astype(int))]
    some = np.unique(np.append(some, found.chosen))
    some = some[np.argsort(sweep.ms[some, 0], kind="stable")]
    rows = [("cell", "ms", "uJ", name, "")]
    for place in some.tolist():
        cell, quality = sweep.cells[place], found.quality_of(place)
        shown = percent(quality) if found.by == ACCURACY else f"{quality:,.0f}"
        mark = f"<- the best within {max_ms:g} ms" if place == found.chosen else ""
        costs = _number(sweep.ms[place, 0]), _energy(sweep.uj[place, 0])
        rows.append((f"{cell['bits']}:{cell['labels']}", *costs, shown, mark))
    head = f"{len(found.front):,} of {len(found.looked_at):,} cells are not beaten on {sweep.devices[0]}"
    notes = [] if found.by == ACCURACY else [f"without accuracies {found.by} stand for them, and are none"]
    return "\n".join([head, *table(rows, 1, (1,)), *notes, f"caching {sweep.caching}: {sweep.about}"])


def trained_title() -> str:
    """The head of `trained_row`."""
    return f"{'cells':>8}  {'epochs':>6}  {'seconds':>8}  {'of CPU':>7}  accuracy, Spearman on unseen cells"


def trained_row(trained: Trained) -> str:
    """A training: its size, and accuracy and Spearman on unseen cells by device, beside those of the linear law."""
    head = f"{trained.examples:>8,}  {trained.epochs:>6,}  {trained.seconds:>8.1f}  {trained.cpu_seconds:>7.1f}"
    lines = []
    for number, (own, law) in enumerate(zip(trained.test, trained.linear, strict=True)):
        scores = f"{own.device}  {own.accuracy:.2%}, {_rank(own.spearman, 4)}"
        linear = f"linear law {law.accuracy:.2%}, {_rank(law.spearman, 4)}"
        lines.append(f"{head if number == 0 else ' ' * len(head)}  {scores}  ({linear})")
    return "\n".join(lines)


def _distributions(sweep: Sweep) -> list[str]:
    rows: list[tuple[str, ...]] = [
        ("device", "mean ms", "least", "median", "most", "mean uJ", "median", "cells that stream")
    ]
    for one in distributions(sweep):
        times = one.ms, one.least_ms, one.median_ms, one.most_ms
        spent = _energy(one.uj), _energy(one.median_uj)
        rows.append((one.device, *map(_number, times), *spent, percent(one.streaming)))
    return table(rows, 1, (1,))


def _by_size(sweep: Sweep) -> Iterator[list[str]]:
    """A table of mean times, one of the cells on which a device is fastest, one of those that stream."""
    found = list(by_size(sweep))
    parts = {
        "ms": [tuple(map(_number, one.ms)) for one in found],
        "fastest": [tuple(map(percent, one.fastest)) for one in found],
        "streams": [tuple(map(percent, one.streaming)) for one in found],
    }
    for name, figures in parts.items():
        rows = [("parameters", "cells", *(f"{device} {name}" for device in sweep.devices))]
        for one, cells in zip(found, figures, strict=True):
            rows.append((f"{one.begin / 1e6:g} to {one.end / 1e6:g} M", f"{one.cells:,}", *cells))
        yield table(rows, 1, (1,))


def _structures(sweep: Sweep) -> Iterator[list[str]]:
    for name, values in structures(sweep).items():
        rows = [(name, "cells", "mean GMACs", *(f"{device} ms" for device in sweep.devices))]
        rows += [_group(one) for one in groups(sweep, values)]
        yield table(rows, 1, (1,))


def _group(one: Group) -> tuple[str, ...]:
    return str(one.value), f"{one.cells:,}", f"{one.macs / 1e9:.3f}", *map(_number, one.ms)


def _correlations(sweep: Sweep) -> list[str]:
    rows: list[Sequence[str]] = [("rank correlation of ms with", *sweep.devices)]
    rows += [(name, *(_rank(rank) for rank in ranks)) for name, ranks in correlations(sweep).items()]
    return table(map(tuple, rows), 1, (1,))


def _rank(value: float, places: int = 3) -> str:
    """A correlation, of which there is none where all values are equal."""
    return f"{value:.{places}f}" if math.isfinite(value) else "-"


def _number(value: float) -> str:
    """Four digits behind the point or more, two of what is large."""
    return f"{value:,.2f}" if value >= 10 else f"{value:.4f}" if value >= 1e-3 else f"{value:.3g}"


def _energy(uj: float) -> str:
    """Microjoules; of a device that says nothing of energy there are none."""
    return f"{uj:,.1f}" if uj else "-"


def _bytes(count: int) -> str:
    return show_size(count) if count else "-"
