"""choose: the precision of each layer that brings most within a budget of bytes, energy or time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linocut.devices.one_of_each import Front, best_of_each
from linocut.errors import SpecError, unknown_name
from linocut.graph.network import Network
from linocut.graph.precision import FLOAT, ONE, choosable, precision_of
from linocut.hybrid.analysis import Analysis, find_choices
from linocut.hybrid.costs import Budget
from linocut.hybrid.options import options_of

PCA, SENSITIVITY, BOTH = "pca", "sensitivity", "both"
BY = (PCA, SENSITIVITY, BOTH)


@dataclass(frozen=True)
class Point:
    """A choice: precisions by layer, what the network costs in units of the budget, at most, and the gain."""

    precisions: dict[str, str]
    cost: int
    gain: float

    @property
    def raised(self) -> dict[str, str]:
        """The layers of more than one bit."""
        return {name: to for name, to in self.precisions.items() if to != ONE}


@dataclass(frozen=True)
class Chosen:
    """What a budget allows: the network, its precisions by layer, what it costs, and the choices that nothing beats.

    `least` and `most` are what the network costs as it is, in the precisions `own`, and with every layer raised as far
    as the choices go.
    `exact` says whether sums were followed as they are, or rounded up to a thousandth.
    """

    network: Network
    budget: Budget
    by: str
    point: Point
    cost: int
    least: int
    most: int
    front: tuple[Point, ...]
    exact: bool
    own: Mapping[str, str]

    def raised(self, point: Point) -> dict[str, str]:
        """The layers that a choice gives another precision than they have."""
        return {name: to for name, to in point.precisions.items() if to != self.own[name]}

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut hybrid --json` prints of it."""
        return {
            "model": self.network.name,
            "budget": dataclasses.asdict(self.budget),
            "by": self.by,
            "precisions": self.point.precisions,
            "gain": self.point.gain,
            "cost": self.cost,
            "least": self.least,
            "most": self.most,
            "exact": self.exact,
            "front": [dataclasses.asdict(point) for point in self.front],
        }


def choose(
    network: Network,
    analysis: Analysis,
    budget: str | int | Budget,
    by: str = SENSITIVITY,
    choices: Sequence[str | int] | None = None,
) -> Network:
    """The network with the precisions that bring most within a budget: "64KiB" or bytes, "5uJ", "3ms@coral-usb".

    Errors as those of `choice`, which says more.
    """
    return choice(network, analysis, budget, by, choices).network


def choice(
    network: Network,
    analysis: Analysis,
    budget: str | int | Budget,
    by: str = SENSITIVITY,
    choices: Sequence[str | int] | None = None,
) -> Chosen:
    """The exact best choice of a precision for each layer of a binary network, within a budget.

    `by` says what a layer gains: "sensitivity" the fall of the loss, "pca" the rise of its count of components, where
    that is above 0, "both" the sum of its ranks in the two. `choices` are the precisions to take beside "1", by default
    those that were analysed. Shortcuts follow their layers. SpecError for a budget below the network's own cost or
    above that of all layers raised, for an analysis of other layers, and for names that there are not.
    """
    if by not in BY:
        raise unknown_name("by", by, BY)
    limit = budget if isinstance(budget, Budget) else Budget.of(budget)
    tried = find_choices(choices) if choices is not None else analysis.choices
    known = {layer.name for layer in analysis.layers}
    if known.isdisjoint(choosable(network.graph)):
        raise SpecError(
            f"{network.name} has no layer of few bits that was analysed; analyse it, or a plain one of its kind"
        )
    options = {name: of for name, of in _options(network, tried).items() if name in known}
    names = tuple(options)
    gains = _gains(analysis, options, by)
    least, costs = limit.cost(network), _costs(network, options, limit)
    raised = _dearest(options, costs)
    most = limit.cost(network.with_precision(raised))
    _check_budget(limit, least, most, raised)
    front = best_of_each([costs[name] for name in names], [gains[name] for name in names])
    own = limit.in_parts(network)
    points = tuple(_points(front, options, own, limit))
    point, made, cost = _within(network, front, points, limit, own)
    own_precisions = {name: of[0] for name, of in options.items()}
    return Chosen(made, limit, by, point, cost, least, most, points, front.exact, own_precisions)


def check_budget(network: Network, budget: Budget, choices: Sequence[str | int] | None = None) -> None:
    """SpecError for a budget within which nothing of a network can be chosen, before anything is analysed."""
    tried = find_choices(choices)
    options = _options(network, tried)
    raised = _dearest(options, _costs(network, options, budget))
    _check_budget(budget, budget.cost(network), budget.cost(network.with_precision(raised)), raised)


def _options(network: Network, tried: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What each layer can have; SpecError, with a reason, where none can have any."""
    reasons: list[str] = []
    found = options_of(network, tried, reasons.append)
    if not found:
        why = f": {reasons[0]}" if reasons else ", as it has none of few bits that can be raised"
        raise SpecError(f"no layer of {network.name} can have {' or '.join(tried)}{why}")
    return found


def _dearest(options: Mapping[str, Sequence[str]], costs: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """The dearest precision of each layer."""
    return {name: of[max(range(len(of)), key=lambda at: costs[name][at])] for name, of in options.items()}


def _gains(analysis: Analysis, options: Mapping[str, Sequence[str]], by: str) -> dict[str, list[float]]:
    falls = {
        name: [0.0, *(analysis.layer(name).falls.get(to, math.nan) for to in of[1:])] for name, of in options.items()
    }
    rises = {
        name: [0.0] + [max(0.0, float(analysis.layer(name).rise or 0))] * (len(of) - 1) for name, of in options.items()
    }
    if by == PCA:
        return rises
    for name, of in falls.items():
        for to, fall in zip(options[name], of, strict=True):
            if math.isnan(fall):
                raise SpecError(
                    f"the analysis does not say how sensitive {name} is to {to}; analyse with it, or choose by {PCA}"
                )
    if by == SENSITIVITY:
        return falls
    ranked = _ranks(falls), _ranks(rises)
    return {name: [a + b for a, b in zip(ranked[0][name], ranked[1][name], strict=True)] for name in options}


def _ranks(gains: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """The place of each gain among those above 0, from 1 on, the same for equal ones; 0 of what is not above 0."""
    order = sorted({gain for of in gains.values() for gain in of if gain > 0})
    rank = {gain: float(place) for place, gain in enumerate(order, start=1)}
    return {name: [rank.get(gain, 0.0) for gain in of] for name, of in gains.items()}


def _costs(network: Network, options: Mapping[str, Sequence[str]], limit: Budget) -> dict[str, list[int]]:
    """What each option adds, in parts of the budget's unit, rounded up."""
    own = limit.in_parts(network)
    found = {}
    for name, of in options.items():
        found[name] = [0, *(limit.in_parts(network.with_precision({name: to})) - own for to in of[1:])]
    return found


def _check_budget(limit: Budget, least: int, most: int, raised: Mapping[str, str]) -> None:
    """SpecError for a budget out of range; `raised` are the precisions that cost the most."""
    if limit.limit < least:
        given, taken = _told(limit, least)
        raise SpecError(
            f"budget is {given}, but the network as it is takes {taken}; give {limit.exactly(least)} or more"
        )
    if limit.limit > most:
        given, taken = _told(limit, most)
        if least == most:
            raise SpecError(
                f"budget is {given}, but the network takes {taken} in whichever of these precisions, so nothing is to "
                f"choose; give bytes or an energy, or {limit.exactly(most)}"
            )
        option = "--keep-float" if set(raised.values()) == {FLOAT} else "--bits"
        raise SpecError(
            f"budget is {given}, but all layers raised take {taken}, so nothing is to choose; give "
            f"{limit.exactly(most)} or less, or train that: {option}"
        )


def _told(limit: Budget, cost: int) -> tuple[str, str]:
    """A budget and a cost for people; exactly where they would read the same."""
    given, taken = str(limit), limit.shown(cost)
    return (given, taken) if given != taken else (limit.exactly(math.floor(limit.limit)), limit.exactly(cost))


def _points(front: Front, options: Mapping[str, Sequence[str]], own: int, limit: Budget) -> Iterator[Point]:
    for cost, gain, picks in zip(front.costs.tolist(), front.gains.tolist(), front.picks.tolist(), strict=True):
        precisions = {name: of[pick] for (name, of), pick in zip(options.items(), picks, strict=True)}
        yield Point(precisions, -(-(own + cost) // limit.parts), gain)


def _within(
    network: Network, front: Front, points: Sequence[Point], limit: Budget, own: int
) -> tuple[Point, Network, int]:
    """The best of the front whose network costs no more than the limit, where times are no sums of layers' too.

    `own` is what the network itself costs, in parts of the budget's unit.
    """
    room = math.floor(round(limit.limit * limit.parts, 3)) - own
    while (place := front.within(room)) is not None:
        made = network.with_precision(points[place].raised)
        cost = limit.cost(made)
        if cost <= limit.limit:
            return points[place], made, cost
        room = int(front.costs[place]) - 1
    unchanged = {name: str(precision_of(network.graph.node(name).layer)) for name in points[0].precisions}
    least = limit.cost(network)
    return Point(unchanged, least, 0.0), network, least
