"""The reports of `linocut plan` that set all policies side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from linocut.cli.options import PATH, combined, widths

if TYPE_CHECKING:
    from linocut.graph.network import Network
    from linocut.optimizers import Optimizer
    from linocut.plan.batches import BatchReport
    from linocut.plan.comparison import Comparison
    from linocut.plan.energy import EnergyReport

report_options = combined(
    click.option("--compare", is_flag=True, help="Show all policies side by side, in both accounts."),
    click.option(
        "--batches", metavar="N,N,...", callback=widths, help="Show memory at these batch sizes, for all policies."
    ),
    click.option("--energy", is_flag=True, help="Estimate the energy of a training step, for all policies."),
    click.option(
        "--energies",
        metavar="FILE",
        type=PATH,
        help="Energies of operations and accesses, for --energy.  [default: 45 nm, Horowitz 2014]",
    ),
)

FLAGS = {"compare": "--compare", "batches": "--batches", "energy": "--energy"}
OF_ONE_PLAN = ("policy", "account", "budget", "micro_batch", "layers", "listing")


def find_report(
    context: click.Context,
    network: Network,
    optimizer: Optimizer,
    batch: int,
    compare: bool,
    batches: tuple[int, ...] | None,
    energy: bool,
    energies: Path | None,
) -> Comparison | BatchReport | EnergyReport | None:
    """The report that was asked for, None if none was; UsageError for options that do not go with it."""
    asked = [name for name in FLAGS if _given(context, name)]
    if energies is not None and "energy" not in asked:
        raise click.UsageError("--energies is for --energy; give that too, or leave it out", context)
    if not asked:
        return None
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(FLAGS[name] for name in asked)} are two reports; ask for one", context)
    _refuse(context, FLAGS[asked[0]], (*OF_ONE_PLAN, "plot" if batches is None else "batch"))
    if batches is not None:
        from linocut.plan.batches import batch_report

        return batch_report(network, optimizer, batches)
    if energy:
        from linocut.devices.energies import OWN, read_energies
        from linocut.plan.energy import energy_report

        return energy_report(network, optimizer, batch, read_energies(energies or OWN))
    from linocut.plan.comparison import comparison

    return comparison(network, optimizer, batch)


def plot_report(report: Comparison | BatchReport | EnergyReport, path: Path) -> None:
    """Draw memory against the size of the batch, the one report that has a picture."""
    from linocut.plan.batches import BatchReport
    from linocut.report.batches_plot import plot

    assert isinstance(report, BatchReport)
    plot(report, path)


def _refuse(context: click.Context, flag: str, names: tuple[str, ...]) -> None:
    for name in names:
        if _given(context, name):
            raise click.UsageError(f"--{name} does not go with {flag}; leave one of them out", context)


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE
