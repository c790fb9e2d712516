"""Every part of stress.py, with few calls: threads, forks, processes, pickles and copies.

Each in an interpreter of its own: what its children do as they end is not to depend on what other tests have loaded.
"""

import subprocess
import sys

import pytest
import stress

CALLS = {"a pool of spawned processes": 4, "copies": 6}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", stress.PARTS)
def test_each_part(name):
    command = [sys.executable, stress.__file__, "--calls", str(CALLS.get(name, 20)), name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 faults" in done.stdout and " 0 calls" not in done.stdout
