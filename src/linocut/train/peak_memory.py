"""The most memory that this process has held."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_rss_bytes() -> int:
    """Peak resident bytes.

    Linux's own count for this program image; elsewhere that of getrusage, which on Linux would also count
    what the process that started this one had held.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return _usage()
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return _usage()


def _usage() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
