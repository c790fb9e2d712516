"""linocut nasbench search: the best cell within a time on a device, and its network as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from linocut.cli.command import Command
from linocut.cli.nasbench.options import accuracy_option, caching_option, swept
from linocut.cli.options import PATH, device_option, json_option
from linocut.cli.outputs import check_out, force_option
from linocut.errors import one_line
from linocut.json_text import written


@click.command(
    cls=Command,
    examples=(
        "linocut nasbench search --on coral-usb --max-ms 3 --accuracy nasbench_only108.tfrecord --out best.toml",
        "linocut nasbench search --on edgetpu-v1 --max-ms 0.1 --binary --out best.toml",
    ),
)
@device_option
@click.option("--max-ms", type=float, required=True, help="Milliseconds that an image may take.")
@caching_option
@accuracy_option
@click.option(
    "--by",
    type=click.Choice(("macs", "parameters")),
    default="macs",
    show_default=True,
    help="Without --accuracy: what is to be large, which is no accuracy.",
)
@click.option("--binary", is_flag=True, help="Write the network with binary convolutions.")
@click.option("--out", type=PATH, metavar="FILE.toml", help="Write the network, for linocut train --model.")
@force_option
@json_option
@click.pass_context
def search(
    context: click.Context,
    /,
    device: str,
    max_ms: float,
    caching: str,
    accuracy: Path | None,
    by: str,
    binary: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Find the cells that no other beats in time and accuracy, and the most accurate of them within --max-ms.

    Without accuracies the largest network is taken instead, by its multiply-accumulates or parameters. Times are those
    of 8-bit weights, by an own analytic model that is not cycle accurate.
    """
    from linocut.devices.search import ACCURACY
    from linocut.devices.search import search as find
    from linocut.networks import nasbench
    from linocut.networks.toml_file import write_network
    from linocut.report.nasbench_tables import front_table

    if accuracy is not None and context.get_parameter_source("by") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--by is of searches without --accuracy; leave one of them out", context)
    check_out(out, force, ".toml", "a network")
    accuracies = None if accuracy is None else nasbench.read_accuracies(accuracy)
    costs = swept((device,), caching)
    found = find(costs, costs.devices[0], max_ms, by if accuracies is None else ACCURACY, accuracies)
    if as_json:
        facts: dict[str, Any] = {"device": costs.devices[0], "max_ms": max_ms, "by": found.by, "caching": caching}
        facts["chosen"] = _fact(costs, found, found.chosen)
        facts["pareto"] = [_fact(costs, found, int(place)) for place in found.front]
        click.echo(written({**facts, "looked_at": len(found.looked_at), "about": costs.about, "out": out and str(out)}))
    else:
        click.echo(front_table(costs, found, max_ms))
    if out is not None:
        write_network(nasbench.network(found.cell, binary), out)
        click.echo(f"wrote {one_line(out)}", err=True)


def _fact(costs: Any, found: Any, place: int) -> dict[str, Any]:
    cell = costs.cells[place]
    figures = {"ms": float(costs.ms[place, 0]), "uj": float(costs.uj[place, 0])}
    return {"cell": f"{cell['bits']}:{cell['labels']}", **figures, found.by: found.quality_of(place)}
