"""A picture of the arena: every buffer as a box, from its first to its last instruction, at its place in memory."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from linocut.compile.lower import Compiled
from linocut.errors import MachineError, SpecError

KIB = 1024


def plot(compiled: Compiled, path: Path) -> None:
    """Draw the arena of a program into a file, whose suffix decides on its form (needs matplotlib).

    SpecError without matplotlib or for a suffix that is not known, MachineError where the file cannot be written.
    """
    try:
        figures: Any = importlib.import_module("matplotlib.figure")  # it has no window, so it needs no screen
        colours: Any = importlib.import_module("matplotlib").colormaps["tab20"]
    except ImportError:
        raise SpecError("--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'") from None
    figure = figures.Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots()
    program = compiled.program
    roles = sorted({buffer.role for buffer in program.buffers})
    for block in compiled.blocks:
        buffer = program.buffers[block.buffer]
        colour = colours(roles.index(buffer.role) % colours.N)
        where, width = (block.first, buffer.offset / KIB), block.last + 1 - block.first
        axes.add_patch(_box(where, width, buffer.nbytes / KIB, colour))
    for number, role in enumerate(roles):
        axes.plot([], [], "s", color=colours(number % colours.N), label=role)
    axes.set(xlim=(0, len(program.instructions)), ylim=(0, program.arena_bytes / KIB))
    axes.set(xlabel="instruction", ylabel="KiB", title=_title(compiled))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    try:
        figure.savefig(path)
    except ValueError as error:
        raise SpecError(f"{path} cannot be drawn: {error}; give a name that ends in .png, .svg or .pdf") from None
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}; give another place") from None


def _box(where: tuple[float, float], width: float, height: float, colour: Any) -> Any:
    patches: Any = importlib.import_module("matplotlib.patches")
    return patches.Rectangle(where, width, height, facecolor=colour, edgecolor="white", linewidth=0.3)


def _title(compiled: Compiled) -> str:
    what = f"{compiled.network.name}, {compiled.policy.name}, {compiled.optimizer.kind}, batch {compiled.batch:,}"
    return f"{what}: {compiled.program.arena_bytes / KIB:,.0f} KiB"
