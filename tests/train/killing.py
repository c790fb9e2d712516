"""Kills training at random moments, until the run is at its end; resumes each time. A script: FOLDER SEED KILLS.

It loads linocut once and forks a process for each attempt, which takes milliseconds where an interpreter takes a
second. Half of the kills come after a random time, half at a random file that is being written. Prints, as JSON, how
many kills there were, how many of them left a half-written file, and of each run what it came to.
"""

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from linocut import Adam, Trainer, data, models

EPOCHS, SAVE_EVERY = 10, 2


def begun(seed):
    network = models.mlp((8, 8, 1), 10, (24,))
    return Trainer(network, optimizer=Adam(0.01), batch_size=20, seed=seed, threads=1, schedule="cosine")


def trained(folder, seed):
    """Train, or go on, to the end; what the run came to."""
    examples = data.take(data.load("digits")[0], 120)
    trainer = begun(seed) if folder is None or not (folder / "checkpoint.safetensors").exists() else None
    trainer = trainer or Trainer.resume(folder, threads=1)
    history = trainer.fit(examples, EPOCHS, examples, folder, save_every=SAVE_EVERY)
    lasting = [(e.epoch, e.loss, e.train_accuracy, e.accuracy, e.flip_ratio, e.saturated) for e in history]
    return {"state": trainer.session.state_sha256(), "history": lasting}


def attempt(folder, seed):
    """A process that trains."""
    child = os.fork()
    if child:
        return child
    try:
        trained(folder, seed)
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def wait(child, folder, chance, longest):
    """Let time go by, or files be written."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, longest))
        return
    seen, wanted, end = set(), chance.randrange(1, 20), time.monotonic() + longest
    while len(seen) < wanted and time.monotonic() < end:
        with contextlib.suppress(OSError):
            seen.update(entry.inode() for entry in os.scandir(folder) if entry.name.endswith(".part"))


def killed(child):
    """Kill it; whether it was still at work. It must not have failed by itself."""
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("training failed after a kill")
    return os.WIFSIGNALED(status)


def main(root, seed, kills):
    chance = random.Random(seed)
    found: dict[str, Any] = {"kills": 0, "halves": 0, "runs": []}
    begin = time.monotonic()
    os.waitpid(attempt(root / "timed", 0), 0)
    longest = (time.monotonic() - begin) / 4  # so that it takes several attempts to the end
    while found["kills"] < kills:
        number = len(found["runs"])
        folder = root / str(number)
        working = True
        while working and found["kills"] < kills:
            child = attempt(folder, number)
            wait(child, folder, chance, longest)
            working = killed(child)
            found["kills"] += working
            found["halves"] += any(folder.glob(".*.part"))
        found["runs"].append([trained(folder, number), trained(None, number)])
        found["runs"][-1].append(sorted(os.listdir(folder)))
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
