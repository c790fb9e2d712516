"""The errors that linocut raises on purpose: each message names the value, the bound and the mend."""

from __future__ import annotations

from collections.abc import Collection


class LinocutError(Exception):
    """Base of all errors that a user can mend; the command line prints it as one line, without a traceback.

    `exit_status` is what the command line returns: 2 for bad usage or input, 1 for what failed: a machine, or
    a training that diverges.
    """

    exit_status = 2


class SpecError(LinocutError, ValueError):
    """A network, policy, optimizer or program that is described wrongly (shapes, names, ranges)."""


class DataError(LinocutError, ValueError):
    """A data set, file or array that is missing, damaged, or not what the network takes."""


class RunError(LinocutError):
    """A run folder or checkpoint that cannot be used as asked."""


class DivergenceError(LinocutError, ArithmeticError):
    """Training came to values that are not finite, or a loss beyond any sense; what was kept before is still good."""

    exit_status = 1


class MachineError(LinocutError, OSError):
    """The machine failed: a full or read-only disk, no memory, no network."""

    exit_status = 1


LONG_LIST = 300  # characters of names, behind which a hint is not looked for
MOST_SHOWN = 600  # characters of a message that quotes what a file says


def one_line(message: object, most: int = MOST_SHOWN) -> str:
    """A message in printable characters on one line, cut where it would be long: it may quote any file."""
    text = str(message)
    plain = printable(text[: most + 1])
    return plain if len(plain) <= most else f"{plain[:most]}..."


def printable(text: str) -> str:
    """A text whose other characters are escaped, such as those that steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def nearest(name: object, known: Collection[str]) -> str | None:
    """The name among `known` that is most like another, whatever the case of letters; None where none is like it."""
    import difflib  # late: only mistakes need it

    folded = {one.casefold(): one for one in reversed([*known])}
    close = difflib.get_close_matches(str(name).casefold(), folded, 1)
    return folded[close[0]] if close else None


def unknown_name(what: str, name: object, known: Collection[str]) -> SpecError:
    """The error for a `what` (policy, optimizer, ...) that is called by a name which is none of `known`."""
    close, listed = nearest(name, known), f"there are {', '.join(known)}"
    if close is None:
        return SpecError(f"no {what} is called {name!r}; {listed}")
    if len(listed) > LONG_LIST:  # behind which nobody would find it, or it would be cut off
        return SpecError(f"no {what} is called {name!r}; did you mean {close}? {listed}")
    return SpecError(f"no {what} is called {name!r}; {listed}; did you mean {close}?")
