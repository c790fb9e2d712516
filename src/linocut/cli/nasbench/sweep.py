"""linocut nasbench sweep: all cells on devices."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click

from linocut.cli.command import Command
from linocut.cli.nasbench.options import caching_option, on_option, swept, vertices_option
from linocut.cli.options import PATH, json_option
from linocut.cli.outputs import check_out, force_option
from linocut.errors import one_line
from linocut.json_text import written


@click.command(
    cls=Command,
    examples=(
        "linocut nasbench sweep",
        "linocut nasbench sweep --on coral-usb --on edgetpu-v2 --out cells.npz",
        "linocut nasbench sweep --caching all",
    ),
)
@on_option
@caching_option
@vertices_option
@click.option("--out", type=PATH, metavar="FILE.npz", help="Write the costs of every cell into this .npz file.")
@force_option
@json_option
def sweep(devices: tuple[str, ...], caching: str, vertices: int, out: Path | None, force: bool, as_json: bool) -> None:
    """Estimate time and energy of every cell's network on devices, by the formulas of linocut estimate.

    By an own analytic model of published parameters: it is not cycle accurate.
    """
    from linocut.devices.findings import by_size, correlations, distributions
    from linocut.report.nasbench_tables import findings

    check_out(out, force, ".npz", "a sweep")
    begun = time.perf_counter()
    found = swept(devices, caching, vertices)
    seconds = time.perf_counter() - begun
    if out is not None:
        from linocut.devices.sweep_file import save

        save(found, out)
        click.echo(f"wrote {one_line(out)}", err=True)
    if as_json:
        facts = {
            "cells": len(found.cells),
            "devices": [asdict(one) for one in distributions(found)],
            "caching": caching,
            "by_size": [asdict(one) for one in by_size(found)],
            "correlations": correlations(found),
            "seconds": seconds,
            "about": found.about,
        }
        click.echo(written(facts))
        return
    click.echo(findings(found))
    click.echo(f"{len(found.cells):,} cells on {len(found.devices)} devices in {seconds:.2f} s")
