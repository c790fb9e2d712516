"""linocut nasbench enumerate: all cells, counted exactly."""

from __future__ import annotations

import time
from pathlib import Path

import click

from linocut.cli.command import Command
from linocut.cli.nasbench.options import vertices_option
from linocut.cli.options import PATH, json_option
from linocut.cli.outputs import check_out, force_option
from linocut.errors import one_line
from linocut.json_text import written


@click.command(
    "enumerate",
    cls=Command,
    examples=(
        "linocut nasbench enumerate",
        "linocut nasbench enumerate --out cells.npz",
    ),
)
@vertices_option
@click.option(
    "--out",
    type=PATH,
    metavar="FILE.npz",
    help="Write V, bits, labels, parameters and MACs of every cell into this .npz file.",
)
@force_option
@json_option
def enumerate_cells(vertices: int, out: Path | None, force: bool, as_json: bool) -> None:
    """Count the unique cells of NASBench-101: 423,624 of up to seven vertices.

    Cells that differ by the order of their vertices alone are counted once.
    """
    from linocut.networks.nasbench import cells, macs, parameters

    check_out(out, force, ".npz", "arrays of cells")
    begun = time.perf_counter()
    found = cells(vertices)
    seconds = time.perf_counter() - begun
    cumulative = [int((found["V"] <= count).sum()) for count in range(2, vertices + 1)]
    if as_json:
        click.echo(written({"cells": len(found), "cumulative": cumulative, "seconds": seconds}))
    else:
        for count, total in enumerate(cumulative, start=2):
            click.echo(f"up to {count} vertices  {total:>7,} cells")
        click.echo(f"counted in {seconds:.2f} s")
    if out is not None:
        from linocut.devices.sweep_file import write

        columns = {name: found[name] for name in ("V", "bits", "labels")}
        write(out, {**columns, "parameters": parameters(found), "macs": macs(found)})
        click.echo(f"wrote {one_line(out)}", err=True)
