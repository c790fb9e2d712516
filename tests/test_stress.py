"""Every part of stress.py, with few calls: threads, forks, processes, pickles and copies."""

import pytest
import stress

CALLS = {"a pool of spawned processes": 4, "copies": 6}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", stress.PARTS)
def test_each_part(name):
    outcome = stress.run(name, CALLS.get(name, 20))
    assert outcome.calls and not outcome.faults
