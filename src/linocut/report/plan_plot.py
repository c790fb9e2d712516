"""A picture of the arena: every buffer as a box, from its first to its last instruction, at its place in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from linocut.compile.lower import PREDICT, TRAIN, Compiled
from linocut.compile.placement.lifetimes import live_bytes
from linocut.report import figures
from linocut.report.words import ROLE_WORDS, buffer_words
from linocut.roles import ROLES
from linocut.sizes import UNITS, show_size

INCHES = (14, 8)
LETTER, LINE = 0.0055, 0.014  # how wide and how high text is, as parts of the picture
FONT = 6.5
SECTIONS = {TRAIN: "a training step", PREDICT: "prediction"}
DARK = 1.4  # red, green and blue summed, of 3
LARGE = 8  # from so many of a unit on, sizes are in it


def plot(compiled: Compiled, path: Path) -> None:
    """Draw the arena of a program into a file, whose suffix decides on its form (needs matplotlib).

    Boxes that have room for it bear the name of their buffer; where most bytes are live is marked, and where one
    section ends and the next begins. SpecError without matplotlib or for a suffix that is not known, MachineError where
    the file cannot be written.
    """
    figure = figures.module("matplotlib.figure").Figure(figsize=INCHES, layout="constrained")
    above, axes = figure.subplots(2, sharex=True, height_ratios=(1, 5))
    program = compiled.program
    unit, scale = next((entry for entry in UNITS[1:] if program.arena_bytes >= LARGE * entry[1]), UNITS[-1])
    axes.set(xlim=(0, len(program.instructions)), ylim=(0, program.arena_bytes / scale))
    axes.set(xlabel="instruction, in the order in which they run", ylabel=f"place in the arena, {unit}")
    above.set(ylabel=f"in use, {unit}")
    above.set_title(_title(compiled), loc="left", pad=18)
    _draw_live_bytes(above, compiled, scale)
    _draw_buffers(axes, compiled, scale)
    _mark_sections(above, axes, compiled)
    _mark_peak(above, axes, compiled)
    above.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figures.save(figure, path)


def _draw_buffers(axes: Any, compiled: Compiled, scale: int) -> None:
    program, colours = compiled.program, figures.module("matplotlib").colormaps["tab20"]
    there = {program.buffers[block.buffer].role for block in compiled.blocks}
    whole = program.arena_bytes / scale
    for block in compiled.blocks:
        buffer = program.buffers[block.buffer]
        colour = colours(ROLES.index(buffer.role) % colours.N)  # the same one in every picture
        labels = buffer_words(buffer.name, buffer.role, buffer.format)
        for part in block.parts:
            where = part.first, (buffer.offset + part.at) / scale
            width, height = part.last + 1 - part.first, part.size / scale
            axes.add_patch(_box(where, width, height, colour))
            shares = width / len(program.instructions), height / whole
            _write(axes, labels, where, width, height, *shares, dark=sum(colour[:3]) < DARK)
    for number, role in enumerate(ROLES):
        if role in there:
            axes.plot([], [], "s", color=colours(number % colours.N), label=ROLE_WORDS[role])


def _write(
    axes: Any,
    texts: tuple[str, ...],
    where: tuple[float, float],
    width: float,
    height: float,
    wide: float,
    high: float,
    dark: bool,
) -> None:
    """The first text that has room within a box which is so `wide` and `high` as a part of the picture, if any has."""
    along = [text for text in texts if len(text) * LETTER <= wide] if high > LINE else []
    across, slope = wide > LINE * INCHES[1] / INCHES[0], INCHES[0] / INCHES[1]
    upwards = [text for text in texts if len(text) * LETTER * slope <= high] if across else []
    if not (along or upwards):
        return
    text, turned = (along[0], 0) if along else (upwards[0], 90)
    middle = where[0] + width / 2, where[1] + height / 2
    axes.text(
        *middle, text, ha="center", va="center", fontsize=FONT, rotation=turned, color="white" if dark else "black"
    )


def _draw_live_bytes(axes: Any, compiled: Compiled, scale: int) -> None:
    levels = [level / scale for level in live_bytes(compiled.blocks)]
    axes.stairs(levels, range(len(levels) + 1), fill=True, color="lightgrey")
    axes.set(ylim=(0, compiled.program.arena_bytes / scale))


def _mark_sections(above: Any, axes: Any, compiled: Compiled) -> None:
    place = above.get_xaxis_transform()  # instructions across, parts of the picture upwards
    for section in compiled.program.sections:
        for part in (above, axes):
            part.axvline(section.begin, color="black", linewidth=0.8)
        above.text(
            (section.begin + section.end) / 2,
            1.04,
            SECTIONS.get(section.name, section.name),
            transform=place,
            ha="center",
        )


def _mark_peak(above: Any, axes: Any, compiled: Compiled) -> None:
    levels = live_bytes(compiled.blocks)
    at = levels.index(max(levels))
    name = compiled.program.instructions[at].op.name
    label = f"peak: {show_size(levels[at])} in use at\ninstruction {at} ({name})"
    for part in (above, axes):
        part.axvline(at + 0.5, color="black", linewidth=1, linestyle="--", label=label if part is above else None)


def _box(where: tuple[float, float], width: float, height: float, colour: Any) -> Any:
    patches = figures.module("matplotlib.patches")
    return patches.Rectangle(where, width, height, facecolor=colour, edgecolor="white", linewidth=0.3)


def _title(compiled: Compiled) -> str:
    what = f"{compiled.network.name}, {compiled.policy.name}, {compiled.optimizer.kind}, batch {compiled.batch:,}"
    return f"{what}: {show_size(compiled.program.arena_bytes)}"
