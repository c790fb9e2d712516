"""Tables of hybrid networks: what layers deserve and cost, a choice within a budget, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from linocut.graph.precision import FLOAT
from linocut.hybrid.analysis import Analysis, LayerAnalysis
from linocut.hybrid.choosing import Chosen, Point
from linocut.report.estimate_table import milliseconds
from linocut.sizes import show_size
from linocut.tables import factor, table

MOST_SHOWN = 12  # points of a front
BITS = {FLOAT: "float", "1": "1 bit"}


def analysis_table(found: Analysis) -> str:
    """Components and sensitivity by layer, then what more bits cost."""
    choices = found.choices
    falls = tuple(f"loss falls, {_bits(to)}" for to in choices) if found.loss is not None else ()
    head = ("layer", "bits", "channels", "components", "ratio", "rise", "significant", *falls)
    rows = [(*_components(layer), *(_fall(layer, to) for to in choices if falls)) for layer in found.layers]
    of = "what its block gives" if found.tap == "block" else "its own products"
    how = f"{found.threshold:.3g} of the variance, {found.examples:,} examples"
    title = f"{found.model}: principal components of {of}, {how}"
    loss = "" if found.loss is None else f"; loss {found.loss:.4f}"
    named = ", ".join(found.significant) or "none"
    lines = [title, *table([head, *rows], left=2, rules=(1,)), f"significant, by a rise of {found.rise}: {named}{loss}"]
    return "\n".join([*lines, "", *_costs(found)])


def _components(layer: LayerAnalysis) -> tuple[str, ...]:
    rise = "" if layer.rise is None else f"{layer.rise:+d}"
    numbers = f"{layer.channels}", f"{layer.count}", f"{layer.ratio:.2f}", rise, "yes" if layer.significant else ""
    return (layer.name, layer.precision, *numbers)


def _fall(layer: LayerAnalysis, to: str) -> str:
    return f"{layer.falls[to]:+.4f}" if to in layer.falls else ""


def _costs(found: Analysis) -> Iterator[str]:
    units: list[tuple[str, str, Callable[[float], str]]] = [
        ("bytes", "KiB", lambda value: f"{value / 1024:.2f}"),
        ("pj", "uJ", lambda value: f"{value / 1e6:.3f}"),
    ]
    if found.device is not None:
        units.append(("ms", "ms", lambda value: f"{value:.4f}"))
    shown = [(key, unit, to, show) for key, unit, show in units for to in found.choices]
    head = ("more with this layer alone in", *(f"{_bits(to)}, {unit}" for _, unit, to, _ in shown))
    rows = [
        (layer.name, *(show(costs[to]) if to in (costs := getattr(layer, key)) else "" for key, _, to, show in shown))
        for layer in found.layers
        if layer.bytes
    ]
    if rows:
        yield from table([head, *rows], left=1, rules=(1,))
    on = "" if found.ms is None else f", {milliseconds(found.ms)} ms on {found.device}"
    yield f"the network as it is: {show_size(found.bytes)}, {found.pj / 1e6:.2f} uJ a prediction{on}"


def _bits(to: str) -> str:
    return BITS.get(to, f"{to} bits")


def choice_table(found: Chosen) -> str:
    """The precision of each layer, what that costs, and the choices that nothing beats."""
    budget, point = found.budget, found.point
    rows = [("layer", "precision"), *((name, _bits(to)) for name, to in point.precisions.items())]
    raised = ", ".join(f"{name}={to}" for name, to in found.raised(point).items()) or "none: nothing that fits gains"
    cost, least, most = (budget.shown(one) for one in (found.cost, found.least, found.most))
    how = "exact" if found.exact else "of costs rounded up to thousandths"
    lines = [
        f"{found.network.name} within {budget}, by {found.by}",
        *table(rows, left=2, rules=(1,)),
        f"raised: {raised}",
        f"costs {cost} of {budget}; as it is {least}, all raised {most}; gain {point.gain:.4g}",
        "",
        f"choices that nothing beats ({how})",
        *_front(found),
    ]
    return "\n".join(lines)


def _front(found: Chosen) -> list[str]:
    points = found.front
    step = max(1, -(-len(points) // MOST_SHOWN))
    chosen = [number for number, point in enumerate(points) if point == found.point]
    shown = sorted({*range(0, len(points), step), len(points) - 1, *chosen})
    rows = [_point(found, points[number], number in chosen) for number in shown]
    return table([("cost", "gain", "layers raised", ""), *rows], left=0, rules=(1,))


def _point(found: Chosen, point: Point, chosen: bool) -> tuple[str, ...]:
    return (
        found.budget.shown(point.cost),
        f"{point.gain:.4g}",
        f"{len(found.raised(point))}",
        "chosen" if chosen else "",
    )


@dataclass(frozen=True)
class Compared:
    """A network beside others: its accuracy on the test data (a part of one, None where unknown), and its costs.

    Bytes of its parameters, bits of weights alone, and microjoules a prediction.
    """

    name: str
    accuracy: float | None
    bytes: int
    weight_bits: int
    uj: float


def compared_table(rows: Sequence[Compared]) -> list[str]:
    """Networks side by side; the last is the one in full precision, beside which compression is."""
    full = rows[-1]
    head = ("", "test accuracy", "parameters", "compression of weights", "uJ a prediction", "times less")
    cells = [
        (
            one.name,
            "-" if one.accuracy is None else f"{one.accuracy:.2%}",
            show_size(one.bytes),
            factor(full.weight_bits, one.weight_bits),
            f"{one.uj:.2f}",
            factor(full.uj, one.uj),
        )
        for one in rows
    ]
    return table([head, *cells], left=1, rules=(1,))
