"""Trains on a disk whose n-th write, sync or rename fails, for every n. A script: FOLDER, with failing.so preloaded.

Each training is `linocut train`. Prints a JSON object a line: the error, the call that failed, what the command line
said and with what status, what it left, and what a resumed run came to.
"""

import contextlib
import ctypes
import errno
import io
import json
import os
import shutil
import sys
from pathlib import Path

from linocut import Trainer, load
from linocut.cli import main

SETTINGS = ["--data", "digits", "--limit", "120", "--hidden", "16", "--batch", "20", "--epochs", "1"]
MACHINE = ["--threads", "1", "--save-every", "3"]
disk = ctypes.CDLL(os.environ["LD_PRELOAD"])
disk.fail_at.argtypes = ctypes.c_char_p, ctypes.c_long, ctypes.c_int
NEVER = -1


def train(folder, nth, number, options):
    """The command line, with the n-th call on the folder's files failing."""
    disk.fail_at(os.fsencode(folder), nth, number)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = main(["train", *options, *MACHINE, "--out", str(folder)])
    calls = disk.calls_seen()
    disk.fail_at(b"", NEVER, 0)
    return {"status": status, "said": said.getvalue(), "calls": calls}


def left_behind(folder):
    """What the failed run left can be resumed and, once there is one, its model loaded."""
    files = sorted(os.listdir(folder)) if folder.exists() else []
    if "checkpoint.safetensors" not in files:
        return {"files": files, "step": None}
    trainer = Trainer.resume(folder, threads=1)
    if "model.safetensors" in files:
        load(folder, threads=1)
    return {"files": files, "step": trainer.progress.epoch * 6 + trainer.progress.step}


def state(folder):
    return Trainer.resume(folder, threads=1).session.state_sha256()


def tried(folder, nth, number):
    found = train(folder, nth, number, SETTINGS) | {"nth": nth, "error": number} | left_behind(folder)
    found["again"] = train(folder, NEVER, 0, SETTINGS if found["step"] is None else ["--resume"])["status"]
    found["state"] = state(folder)
    shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    root = Path(sys.argv[1])
    whole = train(root / "whole", NEVER, 0, SETTINGS)
    print(json.dumps(whole | {"state": state(root / "whole")}))
    for number in (errno.ENOSPC, errno.EIO):
        for nth in range(whole["calls"]):
            print(json.dumps(tried(root / f"{number}-{nth}", nth, number)))
