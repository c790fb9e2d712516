"""linocut export: a trained network as files for other runtimes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.cli.choices import FORM_OF_WEIGHTS, FORMAT, ChoiceOption
from linocut.cli.command import Command
from linocut.cli.options import json_option, quoted

if TYPE_CHECKING:
    from linocut.export.exported import Exported
    from linocut.train import Trainer


@click.command(
    cls=Command,
    examples=(
        "linocut export runs/digits --to c --out device",
        "linocut export runs/digits --to onnx --out digits.onnx",
        "linocut export runs/digits --to c --train --out device",
    ),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", cls=ChoiceOption, type=FORMAT, default="c", show_default=True, help="The format: {names}.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Where to: of c a folder, of other formats a file."
)
@click.option(
    "--name", help="What the network is called there.  [default: as here, in C with _ for what no identifier has]"
)
@click.option(
    "--weights",
    cls=ChoiceOption,
    type=FORM_OF_WEIGHTS,
    help="The form of weights, where a format has several: {names}.",
)
@click.option("--finn", is_flag=True, help="Of qonnx, the form that FINN reads.")
@click.option("--train", is_flag=True, help="Of c, what trains on a microcontroller.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@click.option("--report", metavar="FILE", type=click.Path(path_type=Path), help="Write what each node takes, as JSON.")
@json_option
def export(
    run: Path,
    to: str,
    out: Path,
    name: str | None,
    weights: str | None,
    finn: bool,
    train: bool,
    force: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Write the trained network of the folder RUN, or of a model file, for runtimes other than linocut.

    To c: NAME.h, NAME.c and NAME_test.c in the folder --out, C99 without a library that computes the same bits. To onnx
    and qonnx: a model in the file --out, which needs the extra `onnx`. To tflite: a model for Larq Compute Engine in
    the file --out, which needs the extra `tflite`. With --train, to c: the network as it trains, from where the run is,
    with the kernels that it uses in the folder c99 of --out.
    """
    from linocut.export.exported import export as write
    from linocut.files import check_new, write_text

    if report is not None:
        check_new(report, force, "--report")
    found = write(
        _trainer(run, to) if train else run,
        to,
        out=out,
        name=name,
        weights=weights,
        finn=finn,
        train=train,
        force=force,
    )
    if report is not None:
        write_text(report, json.dumps(found.report(), indent=2) + "\n")
    click.echo(json.dumps(found.to_json()) if as_json else _told(found))


def _trainer(run: Path, to: str) -> Path | Trainer:
    """The run in its folder, to be gone on with; for formats that cannot train, just its name."""
    from linocut.train import Trainer

    return Trainer.resume(run, threads=1) if to == "c" else run


def _told(found: Exported) -> str:
    """For people: the files, what they take, and how they are tried."""
    from linocut.cli.sixteen_bits import clipped_numbers  # late, as what other commands do not load
    from linocut.sizes import show_size

    shown = [str(path) for path in found.files if path.parent == found.files[0].parent]
    kernels = len(shown) < len(found.files)
    if kernels:
        more = len(found.files) - len(shown)
        shown.append(f"{found.files[-1].parent} ({more} {'file' if more == 1 else 'files'})")
    lines = [f"wrote {', '.join(shown)}"]
    lines += [f"{what.removesuffix('_bytes')}: {show_size(nbytes)}" for what, nbytes in found.sizes.items()]
    lines += clipped_numbers(found.saturated)
    folder, name = quoted(found.files[0].parent), found.name
    if found.to == "hls":
        lines.append(f"try it: cd {folder} && g++ -I stand_in {name}.cpp {name}_main.cpp -o {name} && ./{name}")
    if found.to == "c":
        rounds = " -lm" if "arena_bytes" in found.sizes else ""
        sources = f"{name}.c {name}_test.c{' c99/[a-z]*.c' * kernels}{rounds}"
        lines.append(f"try it: cd {folder} && cc -O2 -ffp-contract=off {sources} -o {name}_test && ./{name}_test")
    return "\n".join(lines)
