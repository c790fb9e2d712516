"""columns: columns of a phase diagram in processes of their own, each of one thread.

NumPy's products take all processors from a size on, and several at once then wait for each other: what environment
variables say to a process before it loads NumPy keeps each to one. A worker reads a line of JSON for each column from
its standard input and writes one for what came out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from linocut.errors import MachineError

ALONE = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")}

Column = Mapping[str, Any]  # the arguments of separations


def in_processes(columns: Sequence[Column], workers: int) -> Iterator[tuple[int, list[float]]]:
    """The number and the distances of each column, as they are done; MachineError where a process ends early."""
    waiting: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, list[float]] | BaseException] = SimpleQueue()
    for number in range(len(columns)):
        waiting.put(number)
    started = [_started() for _ in range(min(workers, len(columns)))]
    threads = [Thread(target=_fed, args=(one, columns, waiting, done), daemon=True) for one in started]
    try:
        for thread in threads:
            thread.start()
        for _ in columns:
            found = done.get()
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        for one in started:
            one.kill()
            one.communicate()


def _started() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    pipe = subprocess.PIPE
    try:
        # A session of its own: Ctrl-C in the terminal is for who waits, and ends it.
        return subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, **ALONE}, start_new_session=True
        )
    except OSError as error:
        raise MachineError(f"no process can be had for a column of the phase diagram: {error}") from None


def _fed(
    worker: subprocess.Popen[str],
    columns: Sequence[Column],
    waiting: SimpleQueue[int],
    done: SimpleQueue[tuple[int, list[float]] | BaseException],
) -> None:
    """Give a worker one column after the other, until none waits."""
    assert worker.stdin is not None and worker.stdout is not None
    try:
        while True:
            number = waiting.get_nowait()
            worker.stdin.write(json.dumps(columns[number]) + "\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
            if not line:
                done.put(MachineError(f"a process of the phase diagram ended in column {number}; is memory left?"))
                return
            done.put((number, json.loads(line)))
    except Empty:
        return
    except (OSError, ValueError) as error:  # the pipe of a process that was killed
        done.put(MachineError(f"a process of the phase diagram ended: {error}"))


def main() -> None:
    """A worker's loop."""
    from linocut.dynamics.distances import separations

    for line in sys.stdin:
        print(json.dumps(separations(**json.loads(line)).tolist()), flush=True)
