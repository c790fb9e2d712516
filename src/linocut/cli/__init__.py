"""The command line: `linocut train`, `plan`, `eval`, `predict`, `data` and `info`; one file a command.

Heavy modules are imported inside the commands, so that `linocut --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from linocut import __version__
from linocut.cli.data import data
from linocut.cli.evaluate import evaluate
from linocut.cli.group import Group
from linocut.cli.info import info
from linocut.cli.plan import plan
from linocut.cli.predict import predict
from linocut.cli.train import train
from linocut.errors import LinocutError

INTERRUPTED, FAILED = 130, 1


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="linocut %(version)s")
@click.pass_context
def linocut(context: click.Context) -> None:
    """Train binary neural networks where the data is, in a memory promised beforehand."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (train, plan, evaluate, predict, data, info):
    linocut.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 failed, 2 bad usage or input, 130 interrupted."""
    try:
        status = linocut.main(arguments, prog_name="linocut", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        return _failed(_usage(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _failed("interrupted", INTERRUPTED)
    except LinocutError as error:
        return _failed(str(error), error.exit_status)
    except MemoryError:
        return _failed("the machine has no memory for this; see linocut plan --budget for a batch that fits", FAILED)
    except BrokenPipeError:  # whoever read our output has gone: there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _failed(f"the machine failed: {error}", FAILED)


def _failed(message: str, status: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return status


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message}; see: {context.command_path} --help" if context else message
