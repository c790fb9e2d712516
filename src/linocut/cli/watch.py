"""Watchers: what people and programs see of a training. They are called with the Trainer's events."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

import click

from linocut.errors import one_line
from linocut.sizes import show_loss
from linocut.train.events import Done, EpochEnded, Event, Stepped, to_json


def print_json(event: Event) -> None:
    """One object a line, for programs; steps are left out."""
    if not isinstance(event, Stepped):
        click.echo(json.dumps(to_json(event)))
        sys.stdout.flush()


# Loss and accuracy come first, as a narrow terminal cuts the end off; the rate has room in a wide one only.
WIDE, NARROW = "{desc} |{bar}| {percentage:.0f}% [{elapsed}<{remaining}, {rate_fmt}]", "{desc} |{bar}| {remaining}"
LEAST_WIDE, USUAL = 90, 80  # columns


class ProgressBar:
    """For people: a line on standard output for each epoch, and a bar on standard error where that is a terminal.

    In a `with` statement the bar is taken away also when training ends early.
    """

    def __init__(self) -> None:
        """No bar before the first step."""
        self._bar: Any = None
        self._wanted = sys.stderr.isatty()
        self._epochs = 0

    def __enter__(self) -> ProgressBar:
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bar away."""
        self._close()

    def __call__(self, event: Event) -> None:
        """Show what the event tells."""
        if isinstance(event, Stepped):
            self._epochs = event.epochs
            if self._wanted:
                try:
                    self._move(event)
                except OSError:  # the terminal has closed: nobody looks
                    self._wanted, self._bar = False, None
        elif isinstance(event, EpochEnded):
            self._show("\n".join([self._line(event), *(f"  warning: {one_line(text)}" for text in event.warnings)]))
        elif isinstance(event, Done):
            self._close()

    def _move(self, event: Stepped) -> None:
        images = ((event.epoch - 1) * event.steps + event.step) * event.batch_size
        right = "" if event.train_accuracy is None else f" accuracy {event.train_accuracy:.1%}"
        text = f"epoch {event.epoch}/{event.epochs} loss {event.loss:.3f}{right}"
        columns = max(1, _columns() - 1)  # in the last one some terminals begin another line
        form = WIDE if columns >= LEAST_WIDE else NARROW
        if self._bar is None:  # imported late: it costs 5 MB, and only terminals show it
            from tqdm import tqdm

            total = event.epochs * event.steps * event.batch_size
            shown: dict[str, Any] = {"desc": text, "bar_format": form, "ncols": columns, "unit": " images"}
            self._bar = tqdm(total=total, initial=images, unit_scale=True, leave=False, **shown)
        self._bar.ncols, self._bar.bar_format, self._bar.desc = columns, form, text
        self._bar.update(images - self._bar.n)

    def _line(self, event: EpochEnded) -> str:
        trained = "" if event.train_accuracy is None else f"train {event.train_accuracy:6.2%}  "
        loss, right = event.validation_loss, event.validation_accuracy
        accuracy = "" if right is None else f" {right:6.2%}"
        accuracy += "" if event.validation_error_rate is None else f" error rate {event.validation_error_rate:6.2%}"
        chosen = "" if loss is None else f"validation{accuracy} (loss {show_loss(loss)})  "
        tested = "" if event.accuracy is None else f"test {event.accuracy:6.2%}  "
        tested += "" if event.error_rate is None else f"test error rate {event.error_rate:6.2%}  "
        step = "" if event.step_ms is None else f", {event.step_ms:.2f} ms a step"
        return (
            f"epoch {event.epoch:{len(str(self._epochs))}}/{self._epochs or event.epoch}  "
            f"loss {show_loss(event.loss)}  {trained}{chosen}{tested}"
            f"flips {event.flip_ratio:.3%}  {event.seconds:.1f} s{step}"
        )

    def _show(self, line: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        click.echo(line)
        sys.stdout.flush()
        if self._bar is not None:
            self._bar.refresh()

    def _close(self) -> None:
        if self._bar is not None:
            with suppress(OSError):
                self._bar.close()
            self._bar = None


def _columns() -> int:
    """Those of the terminal that the bar is on, as it is now; the usual ones where it does not say."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL
    except (OSError, ValueError, AttributeError):  # no terminal at all, or one of a notebook
        return USUAL
