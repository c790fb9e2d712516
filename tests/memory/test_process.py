"""What a process holds beside the arena, measured by the operating system in a process of its own."""

import subprocess
import sys

import pytest

from linocut.cli import COMMANDS

PREAMBLE = """
import sys
from pathlib import Path
import linocut as lc

def status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))

def large():  # a state of 24 MiB, standard's weights and two moments of 2**21 of them
    network = lc.models.mlp((32, 32, 2), 10, (1024,))
    return lc.Trainer(network, policy="standard", batch_size=2, threads=1)

folder = sys.argv[1]
"""
SAVE = """
trainer = large()
state = sum(buffer.nbytes for buffer in trainer.compiled.program.persistent())
trainer.session.arena[...] |= 0  # every page is taken
before = status("VmHWM")
trainer.save(folder)
print(state, status("VmHWM") - before)
"""
RESUME = """
trainer = large()
state = sum(buffer.nbytes for buffer in trainer.compiled.program.persistent())
before, arena = status("VmRSS"), trainer.compiled.program.arena_bytes
again = lc.Trainer.resume(folder, threads=1)
print(state, status("VmHWM") - before - arena)
"""
MODULES = """
from linocut.cli import main
assert main(["train", "--data", "digits", "--limit", "200", "--epochs", "1", "--out", folder, "--json"]) == 0
print(*sorted(sys.modules))
"""
NOT_FOR_TRAINING = {
    *("hashlib", "_hashlib"),  # OpenSSL, 3.5 MB
    *("numpy.ma", "numpy.random", "numpy.fft", "numpy.polynomial"),
    *(entry.module for name, entry in COMMANDS.items() if name != "train"),
    *("linocut.cli.numbers", "linocut.cli.reports", "linocut.cli.resume"),  # parts of others
    "click.shell_completion",
    *("PIL", "matplotlib", "pooch", "requests", "safetensors", "tqdm", "multiprocessing", "concurrent", "ssl"),
}

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


def printed(code, folder):
    done = subprocess.run([sys.executable, "-c", PREAMBLE + code, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@linux
def test_no_second_copy_of_the_state_is_made_when_it_is_written_and_read(tmp_path):
    for code in (SAVE, RESUME):
        state, more = map(int, printed(code, tmp_path / "run").split())
        assert state >= 24 * 2**20
        assert more < state / 6  # the largest of its buffers alone is a third


def test_training_loads_nothing_that_it_does_not_need(tmp_path):
    loaded = set(printed(MODULES, tmp_path / "run").split())
    assert "linocut.train.trainer" in loaded
    assert not loaded & NOT_FOR_TRAINING
