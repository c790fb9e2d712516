"""Choices: options whose values are names in a table: help, completion and refusals are all made from that table.

The tables are in modules that import NumPy, so each is read when its names are needed, not when the command line is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linocut.errors import LinocutError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    AnyType = click.ParamType[Any]  # older clicks have no such brackets
else:
    AnyType = click.ParamType


class Choice(AnyType):
    """Names in the table `attribute` of `module`; `check` refuses a value with a LinocutError.

    `others` are names before the table's, such as none, `more` are behind them. `lists` says that several may be given,
    with commas between;
    `paths`, "file" or "dir", that a value may also be a path, which is completed as one.
    """

    name = "text"

    def __init__(
        self,
        module: str,
        attribute: str,
        check: Callable[[str], object] | None = None,
        *,
        others: tuple[str, ...] = (),
        more: tuple[str, ...] = (),
        lists: bool = False,
        paths: str | None = None,
    ) -> None:
        self._module, self._attribute, self._check = module, attribute, check
        self._others, self._more, self._lists, self._paths = others, more, lists, paths

    def names(self) -> tuple[str, ...]:
        """All that there are, in the order of the table."""
        table: Collection[str] = getattr(import_module(self._module), self._attribute)
        return (*self._others, *table, *self._more)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """The value as it is, once `check` has let it pass."""
        if self._check is not None and (param is None or value != param.default):
            try:
                self._check(value)
            except LinocutError as error:
                self.fail(str(error), param, context)
        return value

    def shell_complete(self, context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so; of a list, for what stands behind its last comma."""
        from click.shell_completion import CompletionItem  # late: a command that runs completes nothing

        before, comma, last = incomplete.rpartition(",") if self._lists else ("", "", incomplete)
        taken = (*before.split(","), *self._others) if comma else ()  # none stands alone
        names = (name for name in self.names() if name.startswith(last) and name not in taken)
        found = [CompletionItem(before + comma + name) for name in names]
        return found + ([CompletionItem(incomplete, type=self._paths)] if self._paths else [])


class ChoiceOption(click.Option):
    """An option of a Choice, in whose help {names} stands for what there is."""

    @property
    def help(self) -> str | None:
        """The text with the names of the table, read now."""
        if self._text is None or "{names}" not in self._text:
            return self._text
        assert isinstance(self.type, Choice)
        return self._text.replace("{names}", ", ".join(self.type.names()))

    @help.setter
    def help(self, text: str | None) -> None:
        self._text = text


def _policy(name: str) -> object:
    from linocut.policies import find_policy

    return find_policy(name)


def _optimizer(name: str) -> object:
    from linocut.optimizers import find_optimizer

    return find_optimizer(name)


def _schedule(name: str) -> object:
    from linocut.schedules import find_schedule

    return find_schedule(name)


def _augmentation(names: str) -> object:
    from linocut.data import find_augmentation

    return find_augmentation(names)


def _model(name: str) -> None:
    from linocut.errors import unknown_name
    from linocut.networks import COMPLEX, COUNTED, MODELS

    if name not in {*MODELS, *COMPLEX, *COUNTED} and Path(name).suffix != ".toml":
        raise unknown_name("model", name, (*MODELS, *COMPLEX, *COUNTED))


def _model_or_run(name: str) -> None:
    from linocut.cli.described import is_trained

    if not is_trained(name):
        _model(name)


def _device(name: str) -> None:
    from linocut.devices.table import check_name

    check_name(name)


def _data(name: str) -> None:
    from linocut.data.registry import check_name

    check_name(name)


def _format(name: str) -> object:
    from linocut.export.formats import find_format

    return find_format(name)


def _paper(name: str) -> object:
    from linocut.reproduce.papers import find_paper

    return find_paper(name)


def _backend(name: str) -> None:
    from linocut.run.session import find_backend

    find_backend(name)


def _precision(name: str) -> None:
    from linocut.devices.device import PRECISIONS
    from linocut.errors import unknown_name

    if name not in PRECISIONS:
        raise unknown_name("precision", name, PRECISIONS)


def _caching(name: str) -> None:
    from linocut.devices.device import CACHINGS
    from linocut.errors import unknown_name

    if name not in CACHINGS:
        raise unknown_name("caching", name, CACHINGS)


COMPLEX = (  # a table of these would import them
    *("complex_nin", "complex_nin_mean", "complex_nin_plain", "real_nin"),
    *("complex_resnet18", "real_resnet18", "complex_radio", "real_radio"),
)
MODEL = Choice("linocut.networks", "MODELS", _model, more=COMPLEX, paths="file")
POLICY = Choice("linocut.policies", "POLICIES", _policy)
OPTIMIZER = Choice("linocut.optimizers", "OPTIMIZERS", _optimizer)
SCHEDULE = Choice("linocut.schedules", "SCHEDULES", _schedule)
AUGMENTATION = Choice("linocut.data.augmentation", "NAMES", _augmentation, others=("none",), lists=True)
_OWN = ("digits", "fsdd", "fsdd-strings")
DATA = Choice("linocut.data.sources", "SOURCES", _data, others=_OWN, more=("modulation",), paths="file")
SOURCE = Choice("linocut.data.sources", "SOURCES")
FORMAT = Choice("linocut.export.formats", "FORMATS", _format)
FORM_OF_WEIGHTS = Choice("linocut.export.formats", "WEIGHTS")
TASK = Choice("linocut.networks.classifier", "TASKS")
ACCOUNT = Choice("linocut.plan.account", "ACCOUNTS")
BACKEND = Choice("linocut.run.session", "BACKENDS", _backend)
ESTIMATED = Choice("linocut.networks", "ESTIMATED", _model_or_run, paths="file")
DEVICE = Choice("linocut.devices.table", "DEVICES", _device, paths="file")
PAPER = Choice("linocut.reproduce.papers", "PAPERS", _paper)
PRECISION = Choice("linocut.devices.device", "PRECISIONS", _precision)
CACHING = Choice("linocut.devices.device", "CACHINGS", _caching)
