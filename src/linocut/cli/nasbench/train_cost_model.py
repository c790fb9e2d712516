"""linocut nasbench train-cost-model: a graph network that answers what cells cost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.command import Command, at_least
from linocut.cli.nasbench.options import caching_option, on_option, swept, vertices_option
from linocut.cli.options import PATH, json_option
from linocut.cli.outputs import check_out, force_option
from linocut.errors import one_line
from linocut.json_text import written

if TYPE_CHECKING:
    from linocut.devices.costmodel import Trained

_SEED, _THREADS = at_least(0, 2**63 - 1), at_least(1, 256)  # beyond these PyTorch fails, or the process


@click.command(
    "train-cost-model",
    cls=Command,
    examples=(
        "linocut nasbench train-cost-model --out cost.safetensors",
        "linocut nasbench train-cost-model --examples 10000 --on coral-usb --out coral.safetensors",
        "linocut nasbench train-cost-model --curve --plot curve.png --out cost.safetensors",
    ),
)
@on_option
@caching_option
@vertices_option
@click.option("--examples", type=int, callback=at_least(2), help="Cells to train on.  [default: 60% of all, 254,174]")
@click.option("--epochs", type=int, callback=at_least(1), help="Times through them.  [default: by their number]")
@click.option("--seed", type=int, default=0, show_default=True, callback=_SEED, help="Of the split and weights.")
@click.option("--threads", type=int, default=1, show_default=True, callback=_THREADS, help="Threads of PyTorch.")
@click.option("--curve", is_flag=True, help="Train on 100, 1,000 and 10,000 cells too: the learning curve.")
@click.option("--plot", "picture", type=PATH, help="With --curve: draw it into this file.")
@click.option("--out", type=PATH, required=True, metavar="FILE.safetensors", help="The file of the model.")
@force_option
@json_option
@click.pass_context
def train_cost_model(
    context: click.Context,
    /,
    devices: tuple[str, ...],
    caching: str,
    vertices: int,
    examples: int | None,
    epochs: int | None,
    seed: int,
    threads: int,
    curve: bool,
    picture: Path | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Train a graph network on the times of a sweep (needs PyTorch), and score it on 20% of the cells, unseen.

    It learns what the analytic model says, and is compared with the law that is linear in parameters and MACs.
    """
    from linocut.devices import costmodel
    from linocut.devices.costmodel.fit import pytorch
    from linocut.report import figures
    from linocut.report.nasbench_tables import trained_row, trained_title

    if curve and (examples is not None or epochs is not None):
        raise click.UsageError("--curve has its own numbers of cells; leave --examples and --epochs out", context)
    if picture is not None:
        if not curve:
            raise click.UsageError("--plot draws the learning curve; give --curve too", context)
        figures.check(picture)
    check_out(out, force, ".safetensors", "a cost model")
    found = swept(devices, caching, vertices)
    costmodel.check(found, examples, epochs)
    pytorch().set_num_threads(threads)

    def tell(epoch: int, loss: float) -> None:
        if not as_json and not curve:
            click.echo(f"epoch {epoch}  loss {loss:.6f}", err=True)

    def show(one: Trained) -> None:
        scored = {name: [asdict(score) for score in getattr(one, name)] for name in ("validation", "test", "linear")}
        numbers = {
            name: getattr(one, name)
            for name in ("examples", "epochs", "seconds", "cpu_seconds", "answer_ms", "answers_per_s")
        }
        click.echo(
            written({**numbers, **scored, "out": str(out), "about": found.about}) if as_json else trained_row(one)
        )

    if not as_json:
        click.echo(trained_title())
    done = []
    for one in costmodel.curve(found, seed=seed) if curve else [costmodel.train(found, examples, epochs, seed, tell)]:
        show(one)
        done.append(one)
    if not as_json:
        click.echo(
            f"one answer takes {done[-1].answer_ms:.2g} ms; of many there are {done[-1].answers_per_s:,.0f} a second"
        )
        click.echo(f"learned from {found.about}")
    done[-1].model.save(out)
    click.echo(f"wrote {one_line(out)}", err=True)
    if picture is not None:
        from linocut.report.learning_plot import plot

        plot(done, found.about, picture)
        click.echo(f"wrote {one_line(picture)}", err=True)
