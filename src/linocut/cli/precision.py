"""Precisions of layers on the command line: `--keep-float NAME,...` and `--bits NAME=2,...`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from linocut.cli.options import combined

if TYPE_CHECKING:
    from linocut.graph.network import Network

OPTIONS = {"keep_float", "bits"}

precision_options = combined(
    click.option(
        "--keep-float",
        metavar="NAME,...",
        help="Layers in full precision, by names with commas, or patterns as shells have them, in quotes.",
    ),
    click.option(
        "--bits",
        metavar="NAME=BITS,...",
        help="Layers of other bits, such as conv8=2,conv9=2; names may be patterns, BITS float. Shortcuts follow.",
    ),
)


def with_precisions(network: Network, keep_float: str | None, bits: str | None) -> Network:
    """The network with layers in the precisions that were asked for; UsageError for what does not say NAME=BITS."""
    if keep_float is None and bits is None:
        return network
    asked = dict.fromkeys(_listed("--keep-float", keep_float), "float")
    for one in _listed("--bits", bits):
        name, equals, to = one.partition("=")
        if not equals or not name or not to:
            raise click.BadParameter(f"{one!r} is not NAME=BITS, such as conv8=2", param_hint="--bits")
        if name in asked:
            raise click.UsageError(f"{name} is given two precisions, {asked[name]} and {to}; leave out one of them")
        asked[name] = to
    return network.with_precision(_spelt_out(network, asked))


def _listed(option: str, given: str | None) -> list[str]:
    names = [] if given is None else [name.strip() for name in given.split(",")]
    if "" in names:
        raise click.BadParameter(f"{given!r} has an empty name; separate names by single commas", param_hint=option)
    return names


def _spelt_out(network: Network, asked: dict[str, str]) -> dict[str, str]:
    """Patterns as the names that they mean; what means none stays, for the network to refuse."""
    from linocut.graph.precision import precision_of

    there = [node.name for node in network.graph.nodes if precision_of(node.layer) is not None]
    if not there:
        raise click.UsageError(
            f"{network.name} has no layer whose precision can be chosen, which are convolutions and dense layers of "
            "real numbers; leave out --keep-float and --bits"
        )
    found: dict[str, str] = {}
    for name, to in asked.items():
        matching = [one for one in there if fnmatchcase(one, name)] if name not in there else [name]
        found |= dict.fromkeys(matching or [name], to)
    return found
