"""The command line: `linocut train`, `plan`, `eval`, `predict`, `export`, `pack` and others; one file a command.

A command is imported when it is called, and heavy modules inside it, so that `linocut --help` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from linocut import __version__
from linocut.cli.command import Mistakes
from linocut.cli.group import Entry, Group, Stopped
from linocut.errors import LinocutError, printable

INTERRUPTED, FAILED = 130, 1
DEBUG = "LINOCUT_DEBUG"
LONGEST = 2000  # characters of a message
NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EAGAIN)


COMMANDS = {
    "train": Entry("linocut.cli.train", "train", "Train a network on a data set, and keep it in a run folder."),
    "tune": Entry("linocut.cli.tune", "tune", "Find how to train a network on a data set, by short trainings."),
    "plan": Entry("linocut.cli.plan", "plan", "Show the memory that training would take."),
    "eval": Entry("linocut.cli.evaluate", "evaluate", "Evaluate a trained network on test data."),
    "log": Entry("linocut.cli.log", "log", "Show what each epoch of runs came to, as a table or as curves."),
    "predict": Entry("linocut.cli.predict", "predict", "Name the class of each image, and how sure the network is."),
    "accelerate": Entry(
        "linocut.cli.accelerate", "accelerate", "Find the engine of a network on an FPGA, and its rates."
    ),
    "estimate": Entry("linocut.cli.estimate", "estimate", "Estimate time and energy of a prediction, layer by layer."),
    "analyse": Entry("linocut.cli.analyse", "analyse", "Find which layers of a trained network deserve more bits."),
    "hybrid": Entry("linocut.cli.hybrid", "hybrid", "Train a network with the best precisions within a budget."),
    "blocks": Entry("linocut.cli.blocks", "blocks", "Find a recurrent network's best circulant blocks in a budget."),
    "prune": Entry("linocut.cli.prune", "prune", "Prune a trained network by structure, and train the rest."),
    "nasbench": Entry(
        "linocut.cli.nasbench", "nasbench", "Count, estimate and search NASBench-101's 423,624 networks."
    ),
    "sixteen-bits": Entry(
        "linocut.cli.sixteen_bits", "sixteen_bits", "Write a recurrent network in 16-bit integers, fitted to data."
    ),
    "export": Entry("linocut.cli.export", "export", "Write a trained network as C, ONNX and others."),
    "pack": Entry("linocut.cli.pack", "pack", "Write a run for a device that trains it without Python."),
    "unpack": Entry("linocut.cli.unpack", "unpack", "Bring home the run that a device trained."),
    "data": Entry("linocut.cli.data", "data", "List data sets, or get the files of one."),
    "reproduce": Entry("linocut.cli.reproduce", "reproduce", "Set the published figures of a paper beside linocut's."),
    "models": Entry("linocut.cli.models", "models", "List trained networks to start from, or get the file of one."),
    "bench": Entry("linocut.cli.bench", "bench", "Time each instruction of a step on random examples."),
    "info": Entry("linocut.cli.info", "info", "Show the version, this machine's instruction sets and cache."),
}


@click.group(
    cls=Group,
    entries=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="linocut %(version)s")
@click.pass_context
def linocut(context: click.Context) -> None:
    """Train binary neural networks where the data is, in a memory promised beforehand."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    0 done, 1 failed, 2 bad usage or input, 130 interrupted; training that a signal ended 128 and the signal's number.
    """
    status = _status(arguments)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:  # the first failure is the one to tell
        _drop_output()
        if not status:
            return FAILED if isinstance(error, BrokenPipeError) else _failed(_machine(error), FAILED)
    return status


def _status(arguments: Sequence[str] | None) -> int:
    try:
        status = linocut.main(arguments, prog_name="linocut", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except Mistakes as error:
        for message in error.messages[:-1]:
            _failed(message, error.exit_code)
        return _failed(_hinted(error.messages[-1], error), error.exit_code)
    except click.ClickException as error:
        return _failed(_hinted(error.format_message().rstrip("."), error), error.exit_code)
    except (click.Abort, KeyboardInterrupt, Stopped):
        return _failed("interrupted", INTERRUPTED)
    except LinocutError as error:
        return _failed(str(error), error.exit_status)
    except MemoryError as error:
        return _failed(_no_memory(error), FAILED)
    except BrokenPipeError:  # whoever read our output has gone: there is nobody to tell
        _drop_output()
        return FAILED
    except OSError as error:
        return _failed(_machine(error), FAILED)
    except Exception as error:  # a mistake of ours: still one line, for whoever has to report it
        return _failed(_unexpected(error), FAILED)


def _failed(message: str, status: int) -> int:
    with suppress(OSError):  # standard error may be full or closed: the status tells
        click.echo(f"error: {_one_line(message)}", err=True)
    return status


def _one_line(message: str) -> str:
    """The message in printable characters; of a long one, as with a path of thousands, the beginning and the end."""
    words = " ".join(message.split())
    if len(words) > LONGEST:
        words = f"{words[: LONGEST // 2]} ... {words[-LONGEST // 2 :]}"
    return printable(words)


def _no_memory(error: MemoryError) -> str:
    amount = str(error).partition(";")[0] or "the machine has no memory for this"
    return f"{amount}; take a smaller batch or narrower layers; see linocut plan"


def _machine(error: OSError) -> str:
    if error.errno in NO_OUTPUT and error.filename is None:  # our own files fail as MachineError, with their names
        _drop_output()
        return f"cannot write to standard output: {error.strerror}"
    return f"the machine failed: {error}"


def _drop_output() -> None:
    """Let what is left of the output go nowhere, so that Python does not fail on it at exit."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or no file at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _unexpected(error: Exception) -> str:
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
        return f"unexpected {type(error).__name__}: {error}; please report it"
    return f"unexpected {type(error).__name__}: {error}; please report it, with {DEBUG}=1 for the traceback"


def _hinted(message: str, error: click.ClickException) -> str:
    """A message, and where the right usage is shown."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message}; see: {context.command_path} --help" if context else message
