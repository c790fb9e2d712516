"""linocut accelerate: the pipeline of a network on an FPGA: frames a second, latency, energy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.choices import DEVICE, ChoiceOption
from linocut.cli.command import Command, at_least
from linocut.cli.options import find_network, json_option
from linocut.json_text import written

if TYPE_CHECKING:
    from linocut.graph.network import Network

UNITS = {"ghz": 1e9, "mhz": 1e6, "khz": 1e3, "hz": 1.0}


def clock(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Callback: Hz of a clock such as 200MHz, or 2e8."""
    if value is None:
        return None
    text = value.strip().lower()
    unit = next((unit for unit in UNITS if text.endswith(unit)), "")
    try:
        return float(text.removesuffix(unit)) * UNITS.get(unit, 1.0)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no clock such as 200MHz") from None


@click.command(
    cls=Command,
    examples=(
        "linocut accelerate google_lstm --on ku060 --layer lstm1 --dsp 600 --stages 3   # as published",
        "linocut accelerate RUN --on 7v3 --clock 150MHz",
        "linocut accelerate RUN --on mine.toml --json",
    ),
)
@click.argument("model", metavar="RUN")
@click.option(
    "--on",
    "device",
    cls=ChoiceOption,
    type=DEVICE,
    default="ku060",
    show_default=True,
    help="The FPGA, one of {names}, or a FILE.toml that describes one.",
)
@click.option("--clock", metavar="200MHz", callback=clock, help="The clock.  [default: the device's]")
@click.option(
    "--dsp", type=int, callback=at_least(1), help="DSP of the products of the gates, at most.  [default: all there are]"
)
@click.option(
    "--stages",
    type=int,
    callback=at_least(1),
    help="So many stages a layer, as 3 of the paper's.  [default: whatever is fastest]",
)
@click.option("--layer", metavar="NAME", help="One layer alone, by its name.")
@click.option("--one-direction", is_flag=True, help="Of layers that go both ways, one direction.")
@click.option(
    "--block", type=int, callback=at_least(1), help="Of a model by its name, the size of blocks.  [default: 8]"
)
@click.option("--watts", type=float, help="What the board takes.  [default: what is published of the device]")
@json_option
def accelerate(
    model: str,
    device: str,
    clock: float | None,
    dsp: int | None,
    stages: int | None,
    layer: str | None,
    one_direction: bool,
    block: int | None,
    watts: float | None,
    as_json: bool,
) -> None:
    """Find the pipeline of RUN on an FPGA: the folder of a run, a FILE.toml of a network, or the name of a model.

    Cuts into stages and copies of operators are searched exhaustively under the device's DSP, LUT and BRAM: the least
    interval between frames, then the least latency, then the fewest DSP. There are engines for block-circulant LSTMs.
    """
    from linocut.devices.pipeline.accelerate import accelerate as accelerated
    from linocut.report import pipeline_table

    found = accelerated(
        _network(model, block),
        device,
        clock_hz=clock,
        dsp=dsp,
        stages=stages,
        layer=layer,
        watts=watts,
        one_direction=one_direction,
    )
    click.echo(written(found.to_json()) if as_json else pipeline_table.by_operator(found))


def _network(model: str, block: int | None) -> Network:
    """Of a run, a file or a name."""
    if block is not None:
        from linocut import networks

        if Path(model).exists():
            raise click.UsageError("--block is for models by their names: a run and a file have blocks of their own")
        return networks.build(model, block=block)
    if not Path(model).is_dir():
        return find_network(model, None, None)
    from linocut.train.run_folder import RunFolder

    return RunFolder(Path(model)).read()[0].settings.network
