"""linocut nasbench plot: the pictures of a sweep."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from linocut.cli.command import Command
from linocut.cli.nasbench.options import caching_option, on_option, swept
from linocut.cli.options import PATH
from linocut.cli.outputs import force_option
from linocut.errors import one_line


@click.command(
    cls=Command,
    examples=(
        "linocut nasbench plot --out pictures",
        "linocut nasbench plot --from cells.npz --out pictures",
    ),
)
@on_option
@caching_option
@click.option("--from", "source", type=PATH, metavar="FILE.npz", help="A sweep that was written, with all it says.")
@click.option("--out", type=PATH, required=True, help="The folder of the pictures; it is made.")
@force_option
@click.pass_context
def plot(
    context: click.Context, /, devices: tuple[str, ...], caching: str, source: Path | None, out: Path, force: bool
) -> None:
    """Draw distributions, time against size, which device is fastest where, structure, and Pareto fronts."""
    from linocut.devices.sweep_file import load
    from linocut.report import nasbench_plots

    if source is not None:
        for name in ("devices", "caching"):
            if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
                raise click.UsageError("--from has its own devices and caching; leave --on and --caching out", context)
    nasbench_plots.check(out, force)
    found = swept(devices, caching) if source is None else load(source)
    for path in nasbench_plots.draw(found, out):
        click.echo(f"wrote {one_line(path)}", err=True)
