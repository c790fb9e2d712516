"""Command: a command that tells every mistake in what it was given at once, and shows examples in its help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import click
from click.core import iter_params_for_processing

from linocut.errors import LinocutError

Check = Callable[[Mapping[str, Any]], Iterable[str]]


class Mistakes(click.UsageError):
    """Several mistakes in one command; `messages` has a line on each, in the order in which they were given."""

    def __init__(self, messages: list[str], context: click.Context) -> None:
        super().__init__("; ".join(messages), context)
        self.messages = messages


class Command(click.Command):
    """`examples` are whole commands, with a comment each; `check` yields what is wrong with values taken together.

    `check` gets the values by name; those that are wrong by themselves have been told already, and are None there.
    """

    def __init__(self, *arguments: Any, examples: tuple[str, ...], check: Check | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.epilog = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])
        self.examples, self._check = examples, check

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What click does; UsageError for one mistake, Mistakes for several."""
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError:
            found = self._mistakes(ctx, given)
            if len(found) < 2:
                raise
        else:
            found = [] if ctx.resilient_parsing or self._check is None else [*self._check(ctx.params)]
            if not found:
                return rest
            if len(found) == 1:
                raise click.UsageError(found[0], ctx)
        raise Mistakes(found, ctx)

    def _mistakes(self, ctx: click.Context, args: list[str]) -> list[str]:
        """All that is wrong with `args`: what cannot be parsed is taken out, and the rest looked at value by value."""
        found: list[str] = []
        while True:
            parser = self.make_parser(ctx)
            try:
                values, rest, order = parser.parse_args(args=list(args))
                break
            except (click.NoSuchOption, click.BadOptionUsage) as error:
                found.append(_text(error))
                shorter = self._without(args, error.option_name)
                if len(shorter) == len(args):
                    return found
                args = shorter
        ctx.params.clear()
        for parameter in iter_params_for_processing(order, self.get_params(ctx)):
            try:
                _, rest = parameter.handle_parse_result(ctx, values, rest)
            except click.UsageError as error:
                found.append(_text(error))
                ctx.params[parameter.name or ""] = None
        for name, value in ctx.params.items():
            if isinstance(value, Enum):  # how newer clicks say for a while that nothing was given
                ctx.params[name] = None
        if rest:
            found.append(f"Got unexpected extra {'argument' if len(rest) == 1 else 'arguments'} ({' '.join(rest)})")
        if self._check is not None:
            found += self._check(ctx.params)
        return found

    def _without(self, args: list[str], option: str) -> list[str]:
        """`args` without an option, and without the word behind it that would be its value."""
        for place, word in enumerate(args):
            if word.startswith("-") and word.partition("=")[0] == option:
                valued = "=" not in word and args[place + 1 : place + 2] and not args[place + 1].startswith("-")
                takes = not any(isinstance(one, click.Argument) for one in self.params)
                return args[:place] + args[place + (2 if valued and takes else 1) :]
        return args


def refused(attempt: Callable[[], object]) -> Iterable[str]:
    """The message with which a call fails; nothing where it does not."""
    try:
        attempt()
    except LinocutError as error:
        yield str(error)


def checked(check: Callable[[Any], object]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Callback: a value that `check` lets pass, unless it is None; BadParameter, in its words, for another."""

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value is not None:
            for message in refused(lambda: check(value)):
                raise click.BadParameter(message, context, parameter)
        return value

    return callback


def at_least(least: int, most: int | None = None) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Callback: a whole number from `least` on, to `most` where that is given, or None; BadParameter for others."""

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value is not None and (value < least or (most is not None and value > most)):
            bound = f", {least} or more" if most is None else f" from {least:,} to {most:,}"
            raise click.BadParameter(f"{parameter.name} is {value}, must be a whole number{bound}", context, parameter)
        return value

    return callback


def _text(error: click.UsageError) -> str:
    return error.format_message().rstrip(".")
