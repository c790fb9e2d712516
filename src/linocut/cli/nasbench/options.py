"""Options that the commands of NASBench-101 share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from linocut.cli.choices import DEVICE, Choice, ChoiceOption
from linocut.cli.options import PATH
from linocut.errors import unknown_name

if TYPE_CHECKING:
    from linocut.devices.device import Device
    from linocut.devices.sweep import Sweep

CLASSES = ("edgetpu-v1", "edgetpu-v2", "edgetpu-v3")
VERTICES = click.IntRange(2, 7)


def _caching(name: str) -> None:
    from linocut.devices.sweep import STREAMED

    if name not in STREAMED:
        raise unknown_name("caching of a sweep", name, tuple(STREAMED))


on_option = click.option(
    "--on",
    "devices",
    cls=ChoiceOption,
    type=DEVICE,
    multiple=True,
    default=CLASSES,
    show_default=True,
    help="A device, may be given several times: {names}, or a FILE.toml.",
)
caching_option = click.option(
    "--caching",
    cls=ChoiceOption,
    type=Choice("linocut.devices.sweep", "STREAMED", _caching),
    default="partial",
    show_default=True,
    help="Which weights stay on the device: {names}; all: all of them or none.",
)
accuracy_option = click.option(
    "--accuracy",
    type=PATH,
    metavar="FILE",
    help="Accuracies of cells: nasbench_only108.tfrecord, CSV with the columns cell and accuracy, or JSON.",
)
vertices_option = click.option(
    "--vertices", type=VERTICES, default=7, show_default=True, help="Cells of up to so many vertices."
)


def loaded(devices: Sequence[str]) -> list[Device]:
    """The devices of these names and files, each once."""
    from linocut.devices.table import load

    return [load(name) for name in dict.fromkeys(devices)]


def swept(devices: Sequence[str], caching: str, vertices: int = 7) -> Sweep:
    """All cells of up to so many vertices on these devices."""
    from linocut.devices.sweep import sweep
    from linocut.networks.nasbench import cells

    return sweep(cells(vertices), loaded(devices), caching)
