"""linocut nasbench describe: one cell, its sizes, what it costs, and its network as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from linocut.cli.command import Command
from linocut.cli.nasbench.options import accuracy_option, caching_option, loaded, on_option
from linocut.cli.options import PATH, json_option
from linocut.cli.outputs import check_out, force_option
from linocut.errors import one_line
from linocut.json_text import written


@click.command(
    cls=Command,
    examples=(
        "linocut nasbench describe 1523787:45",
        "linocut nasbench describe cell.json --on coral-usb --out cell.toml",
        "linocut nasbench describe 1523787:45 --binary --out binary.toml",
    ),
)
@click.argument("cell")
@on_option
@caching_option
@accuracy_option
@click.option("--cost-model", type=PATH, metavar="FILE", help="Show what a trained cost model answers, too.")
@click.option("--binary", is_flag=True, help="With --out: binary convolutions, not full-precision ones.")
@click.option("--out", type=PATH, metavar="FILE.toml", help="Write the network, for linocut train --model.")
@force_option
@json_option
def describe(
    cell: str,
    devices: tuple[str, ...],
    caching: str,
    accuracy: Path | None,
    cost_model: Path | None,
    binary: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show a cell and its network: parameters, multiply-accumulates, milliseconds and microjoules on devices.

    CELL is bits:labels, labels 0 where they are left out, the matrix and operations of NASBench-101 in JSON, or a file
    of that.
    """
    from linocut.devices.costmodel import predict
    from linocut.devices.costmodel.model import load
    from linocut.devices.sweep import sweep
    from linocut.networks import nasbench
    from linocut.networks.toml_file import write_network
    from linocut.report.nasbench_tables import described

    check_out(out, force, ".toml", "a network")
    found = nasbench.read_cell(cell)
    array = nasbench.as_array([found])
    costs = sweep(array, loaded(devices), caching)
    place = int(nasbench.indices(nasbench.kept(array))[0])
    facts: dict[str, Any] = {
        "cell": str(found),
        "kept": str(found.kept),
        "index": place,
        "vertices": found.vertices,
        "edges": found.edges,
        "operations": found.operations,
        "parameters": int(nasbench.parameters(array)[0]),
        "macs": int(nasbench.macs(array)[0]),
        "weight_bytes": int(costs.weight_bytes[0]),
        "peak_bytes": int(costs.peak_bytes[0]),
        "caching": caching,
        "about": costs.about,
    }
    rows = zip(costs.devices, costs.ms[0], costs.uj[0], costs.streamed_bytes[0], strict=True)
    facts["devices"] = [
        {"device": name, "ms": float(ms), "uj": float(uj), "streamed_bytes": int(streamed)}
        for name, ms, uj, streamed in rows
    ]
    if cost_model is not None:
        model = load(cost_model)
        facts["predicted_ms"] = dict(zip(model.devices, predict(model, array)[0].tolist(), strict=True))
    if accuracy is not None:
        given = nasbench.read_accuracies(accuracy)
        known = given.accuracy[given.cells == place]
        facts["accuracy"] = float(known[0]) if len(known) else None
    click.echo(written(facts) if as_json else described(facts, nasbench.to_json(found)))
    if out is not None:
        write_network(nasbench.network(found, binary), out)
        click.echo(f"wrote {one_line(out)}", err=True)
