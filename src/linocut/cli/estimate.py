"""linocut estimate: what a network costs on a device, before anybody owns one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from linocut.cli.choices import CACHING, ESTIMATED, OPTIMIZER, POLICY, PRECISION, ChoiceOption
from linocut.cli.command import Command, at_least
from linocut.cli.described import network_at
from linocut.cli.options import PATH, device_option, dimensions, find_network, json_option, widths
from linocut.cli.outputs import check_out, force_option
from linocut.cli.precision import precision_options, with_precisions
from linocut.errors import one_line
from linocut.json_text import written

if TYPE_CHECKING:
    from linocut.devices.rows import Estimate
    from linocut.graph.network import Network


@click.command(
    cls=Command,
    examples=(
        "linocut estimate --model vgg16 --on coral-usb",
        "linocut estimate --model binarynet --on edgetpu-v2 --precision mixed --plot roofline.png",
        "linocut estimate --model resnet50 --compare",
        "linocut estimate --on coral-usb --calibrate times.csv --out mine.toml",
    ),
)
@click.option(
    "--model",
    cls=ChoiceOption,
    type=ESTIMATED,
    default="mlp",
    show_default=True,
    help="{names}, a FILE.toml that describes a network, or the folder of a run; of recurrent ones a model file.",
)
@click.option("--hidden", metavar="N,N,...", callback=widths, help="Widths of an mlp's hidden layers, as 256,256.")
@precision_options
@click.option("--input", "shape", metavar="HxWxC", callback=dimensions, help="Examples of this shape.")
@click.option("--classes", type=int, callback=at_least(1), help="So many classes.")
@device_option
@click.option(
    "--precision",
    cls=ChoiceOption,
    type=PRECISION,
    help="{names}: of weights, as they are sent to the device; mixed: those of binary layers as bits.  "
    "[default: the device's]",
)
@click.option(
    "--caching",
    cls=ChoiceOption,
    type=CACHING,
    default="partial",
    show_default=True,
    help="Which weights stay on the device: {names}, the choice of whole layers that takes least time.",
)
@click.option("--batch", type=int, default=1, show_default=True, callback=at_least(1), help="Examples at a time.")
@click.option("--train", is_flag=True, help="On this machine: estimate a training step instead of a prediction.")
@click.option(
    "--policy", cls=ChoiceOption, type=POLICY, help="Of --train, the number formats: {names}.  [default: lean]"
)
@click.option("--optimizer", cls=ChoiceOption, type=OPTIMIZER, help="Of --train: {names}.  [default: adam]")
@click.option("--compare", is_flag=True, help="Show all accelerators side by side.")
@click.option(
    "--calibrate",
    metavar="FILE.csv",
    type=PATH,
    help="Fit the device's constants to measured times, in columns model and ms, and show how well they fit.",
)
@click.option("--out", metavar="FILE.toml", type=PATH, help="Of --calibrate: write the fitted device into this file.")
@force_option
@click.option("--plot", type=PATH, help="Draw the roofline of the layers into this file.")
@json_option
@click.pass_context
def estimate(
    context: click.Context,
    /,
    model: str,
    hidden: tuple[int, ...] | None,
    keep_float: str | None,
    bits: str | None,
    shape: tuple[int, ...] | None,
    classes: int | None,
    device: str,
    precision: str | None,
    caching: str,
    batch: int,
    train: bool,
    policy: str | None,
    optimizer: str | None,
    compare: bool,
    calibrate: Path | None,
    out: Path | None,
    force: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Estimate time and energy of a prediction on a device, layer by layer.

    By an own analytic model of published parameters: it is not cycle accurate, and says whether its constants were
    fitted to measured times.
    """
    from linocut.devices.estimate import Training
    from linocut.devices.estimate import estimate as estimated
    from linocut.devices.kinds import EDGE_TPU, SYSTOLIC
    from linocut.devices.table import described
    from linocut.report import estimate_table, figures

    if calibrate is not None:
        _refuse(context, "--calibrate", ("model", "hidden", "shape", "classes", "precision", "caching", "batch"))
        _refuse(context, "--calibrate", ("train", "policy", "optimizer", "compare", "plot", "keep_float", "bits"))
        _calibrate(device, calibrate, out, force, as_json)
        return
    if out is not None or force:
        raise click.UsageError("--out and --force are for --calibrate; give that too, or leave them out", context)
    if not train and (policy is not None or optimizer is not None):
        raise click.UsageError("--policy and --optimizer are of --train; give that too, or leave them out", context)
    if compare and train:
        raise click.UsageError("--compare is of predictions; leave out --train", context)
    if compare and (plot is not None or precision is not None):
        raise click.UsageError("--compare is of all precisions, and has no picture; leave out the others", context)
    for flag, given, what in (
        ("--plot", plot is not None, "draws rooflines of accelerators"),
        ("--compare", compare, "shows accelerators side by side"),
    ):
        if given and (on := described(device)).kind not in (EDGE_TPU, SYSTOLIC):
            raise click.UsageError(f"{flag} {what}, not {on.name}, a device of kind {on.kind}; leave it out", context)
    if plot is not None:
        figures.check(plot)
    network = with_precisions(_network(model, hidden, shape, classes), keep_float, bits)
    if compare:
        found = list(_all(network, device, caching, batch))
        told = written(estimate_table.compared(found)) if as_json else estimate_table.side_by_side(found)
        click.echo(told)
        return
    step = Training(policy or "lean", optimizer or "adam") if train else None
    one = estimated(network, device, precision, caching, batch, step)
    click.echo(written(one.to_json()) if as_json else estimate_table.by_node(one))
    if plot is not None:
        from linocut.report.roofline_plot import plot as draw

        draw(one, plot)
        click.echo(f"wrote {one_line(plot)}", err=True)


def _calibrate(device: str, csv: Path, out: Path | None, force: bool, as_json: bool) -> None:
    from linocut.devices import load
    from linocut.devices.calibrate import calibrate
    from linocut.devices.times import read_times
    from linocut.devices.write import write_device

    check_out(out, force, ".toml", "a device")
    on = load(device)
    if out is not None:
        dataclasses.replace(on, name=out.stem)  # before the work: not all names of files are names of devices
    found = calibrate(on, read_times(csv), one_line(csv.name))
    click.echo(written(found.to_json()) if as_json else str(found))
    if out is not None:
        write_device(dataclasses.replace(found.device, name=out.stem), out)
        click.echo(f"wrote {one_line(out)}; estimate with it: --on {one_line(out)}", err=True)


def _refuse(context: click.Context, flag: str, names: tuple[str, ...]) -> None:
    words = {"shape": "input"}
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{words.get(name, name).replace('_', '-')} does not go with {flag}; leave one of them out", context
            )


def _all(network: Network, device: str, caching: str, batch: int) -> Iterator[Estimate]:
    """On every accelerator that linocut knows, and on one of a file, with weights of 8 bits and of one."""
    from linocut.devices import accelerators, estimate, load

    on = accelerators()  # in the order of names
    for name in (*on, *([device] if device.endswith(".toml") else [])):
        for precision in ("int8", "1"):
            yield estimate.estimate(network, load(name), precision, caching, batch)


def _network(model: str, hidden: tuple[int, ...] | None, shape: tuple[int, ...] | None, classes: int | None) -> Network:
    """The model of that name or file, or the network of a run or a model file."""
    found = network_at(model)
    if found is None:
        return find_network(model, hidden, None, shape, classes, ("give --input HxWxC", "give --classes"))
    if hidden is not None or shape is not None or classes is not None:
        raise click.UsageError(
            f"{one_line(model)} is a trained network: leave out --hidden, --input and --classes, it says its own"
        )
    return found
