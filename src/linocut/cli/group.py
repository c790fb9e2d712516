"""Group: commands by name, with a hint for one that is misspelt."""

from __future__ import annotations

from typing import Any

import click


class Stopped(BaseException):
    """Ctrl-C, by another name than the one at which click writes an empty line."""


class Group(click.Group):
    """A click group that lists its commands in the order they were added, and suggests the nearest name."""

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
        """In the order of `add_command`."""
        return list(self.commands)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; UsageError with the nearest name where there is none."""
        name = args[0]
        if self.get_command(context, name) is None and not name.startswith("-"):
            import difflib  # late: only mistakes need it

            close = difflib.get_close_matches(name, self.commands, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise click.UsageError(
                f"no command is called {name!r}; there are {', '.join(self.commands)}{hint}", context
            )
        return super().resolve_command(context, args)
