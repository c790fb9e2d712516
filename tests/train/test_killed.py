"""Training that is killed again and again, in the writing of its files too, ends in the bits of one that was not."""

import json
import subprocess
import sys
from pathlib import Path

from linocut.policies import POLICIES

KILLS = 16  # at least; 200 and more were tried (docs/threat-model.md)
FILES = ["checkpoint.safetensors", "config.toml", "log.jsonl", "model.safetensors"]


def test_kills_change_no_bit(tmp_path):
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run([sys.executable, script, tmp_path, "0", str(KILLS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] >= KILLS
    assert found["halves"] >= KILLS // 8  # kills that came while a file was being written
    assert len(found["runs"]) <= found["kills"] // 2  # so most attempts went on with what a killed one had left
    for killed, undisturbed, files in found["runs"]:
        assert killed == undisturbed
        assert files == FILES
    runs = [killed["run"] for killed, _, _ in found["runs"]]
    assert {policy for _, policy, _, _ in runs} == set(POLICIES)
    assert len({network for network, _, _, _ in runs}) > 1 and len({schedule for _, _, schedule, _ in runs}) > 1
