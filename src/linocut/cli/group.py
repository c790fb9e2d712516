"""Group: commands by name, each imported when it is called, with a hint for one that is misspelt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from linocut.errors import nearest


@dataclass(frozen=True)
class Entry:
    """A command of a group: its module, what it is called there, and the line about it in the group's help."""

    module: str
    function: str
    help: str

    def command(self) -> click.Command:
        """The command, imported."""
        found: click.Command = getattr(import_module(self.module), self.function)
        return found


class Stopped(BaseException):
    """Ctrl-C, by another name than the one at which click writes an empty line."""


class Group(click.Group):
    """A click group that lists its commands in the order they were added, and suggests the nearest name.

    Those of `entries` come first. They are imported when they are called: a process that trains holds no other command.
    """

    def __init__(self, *arguments: Any, entries: Mapping[str, Entry] | None = None, **named: Any) -> None:
        """No command is imported."""
        super().__init__(*arguments, **named)
        self.entries = dict(entries or {})

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        """Stopped for Ctrl-C."""
        try:
            return super().make_context(*arguments, **named)
        except KeyboardInterrupt:
            raise Stopped from None

    def invoke(self, context: click.Context) -> Any:
        """Stopped for Ctrl-C."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            raise Stopped from None

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order of the table, then of `add_command`."""
        return [*self.entries, *self.commands]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command, imported where it is in the table; None where there is none."""
        return self.entries[name].command() if name in self.entries else super().get_command(context, name)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The lines of the table, without importing what they are about."""
        rows = [(name, entry.help) for name, entry in self.entries.items()]
        rows += [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; UsageError with the nearest name where there is none."""
        name = args[0]
        if self.get_command(context, name) is None and not name.startswith("-"):
            known = self.list_commands(context)
            close = nearest(name, known)
            hint = "" if close is None else f"; did you mean {close}?"
            raise click.UsageError(f"no command is called {name!r}; there are {', '.join(known)}{hint}", context)
        return super().resolve_command(context, args)
