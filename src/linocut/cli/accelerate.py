"""linocut accelerate: a network on an FPGA: frames a second, latency, energy; of binary networks Verilog too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.choices import DEVICE, ChoiceOption
from linocut.cli.command import Command, at_least
from linocut.cli.described import network_at
from linocut.cli.options import PATH, find_network, json_option
from linocut.cli.word_engine import DEFAULT_IMAGES, Wanted, shape
from linocut.cli.word_engine import accelerate as accelerate_words
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
        "linocut accelerate RUN --on ku060 --synthesise                        # its operators counted anew",
        "linocut accelerate complex_nin_plain --on u280 --fps 5882             # of a binary network",
        "linocut accelerate RUN --on u280 --out engine --simulate",
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
@click.option("--fps", type=float, help="Of a binary network, so many frames a second at least.  [default: the most]")
@click.option(
    "--shape", metavar="8x18x20", callback=shape, help="Of its engine, pixels, outputs and lanes.  [default: the best]"
)
@click.option(
    "--out", type=PATH, metavar="DIR", help="Write its engine into this folder: Verilog, weights, test bench."
)
@click.option("--name", help="What the engine's module is called.  [default: as the network]")
@click.option("--force", is_flag=True, help="Replace the folder --out.")
@click.option("--simulate", is_flag=True, help="Run it under Verilator on test images.")
@click.option(
    "--synthesise",
    is_flag=True,
    help="Count its resources, or of an LSTM each operator's, by yosys: a minute or more.",
)
@click.option(
    "--images", type=int, callback=at_least(1), help=f"So many images in the test bench.  [default: {DEFAULT_IMAGES}]"
)
@click.option("--data-dir", type=PATH, help="Where data sets lie.")
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
    fps: float | None,
    shape: tuple[int, int, int] | None,
    out: Path | None,
    name: str | None,
    force: bool,
    simulate: bool,
    synthesise: bool,
    images: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Find the engine of RUN on an FPGA: the folder of a run, a FILE.toml of a network, or the name of a model; of
    recurrent networks a model file too.

    Of block-circulant LSTMs it is a pipeline: cuts into stages and copies of operators are searched exhaustively under
    the device's DSP, LUT and BRAM: the least interval between frames, then the least latency, then the fewest DSP. Of
    binary networks, complex or real, it is an engine of words, whose pixels, outputs and lanes are searched: with --fps
    the fewest products a cycle, else the most frames. It is written as Verilog with --out, which --simulate runs.
    What operators of LSTMs take is of a table, or with --synthesise counted anew by yosys.
    """
    network = _network(model, block)
    of_words = {
        "--fps": fps is not None,
        "--shape": shape is not None,
        "--out": out is not None,
        "--name": name is not None,
        "--force": force,
        "--simulate": simulate,
        "--images": images is not None,
        "--data-dir": data_dir is not None,
    }
    of_pipelines = {
        "--dsp": dsp is not None,
        "--stages": stages is not None,
        "--layer": layer is not None,
        "--one-direction": one_direction,
        "--watts": watts is not None,
    }
    words = _is_binary(network)
    given = [option for option, is_given in (of_pipelines if words else of_words).items() if is_given]
    if given:
        whose = "pipelines of LSTMs" if words else "binary networks"
        raise click.UsageError(f"{', '.join(given)}: of {whose}, which {model} is not; leave it out")
    if words:
        wanted = Wanted(device, clock, fps, shape, out, name, force, simulate, synthesise, images, data_dir)
        accelerate_words(model, network, wanted, as_json=as_json)
        return
    from linocut.devices.pipeline.accelerate import accelerate as accelerated
    from linocut.report import pipeline_table

    found = accelerated(
        network,
        device,
        clock_hz=clock,
        dsp=dsp,
        stages=stages,
        layer=layer,
        watts=watts,
        one_direction=one_direction,
        synthesise=synthesise,
        told=lambda *counted: click.echo(pipeline_table.progress(*counted), err=True),
    )
    click.echo(written(found.to_json()) if as_json else pipeline_table.by_operator(found))


def _is_binary(network: Network) -> bool:
    """Whether the word engine is for it: it has a layer of signs times binary weights, and no pipeline is for it."""
    from linocut.devices.pipeline.engines import ENGINES
    from linocut.graph.queries import multiplies_signs

    graph = network.graph
    return not any(engine.parts(graph) for engine in ENGINES) and multiplies_signs(graph)


def _network(model: str, block: int | None) -> Network:
    """Of a run, a file or a name."""
    found = network_at(model)
    if block is None:
        return found or find_network(model, None, None)
    if found is not None or Path(model).exists():
        raise click.UsageError("--block is for models by their names: a run and a file have blocks of their own")
    return find_network(model, None, None, block=block)
