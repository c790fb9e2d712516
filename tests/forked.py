"""What a forked child does with what its parent had."""

import os
import signal
from collections.abc import Callable


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a forked child that does `work`; negative where a signal ended it."""
    child = os.fork()
    if not child:
        status = 1
        signal.alarm(30)
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
