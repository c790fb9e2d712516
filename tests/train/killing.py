"""Kills training at random moments, until each run is at its end; resumes each time. A script: FOLDER SEED KILLS.

It loads linocut once and forks a process for each attempt, which takes milliseconds where an interpreter takes a
second. Every other kill comes after a random time; the others, as the first of each run, when a file has been written
and has not taken its name. Runs go through all policies, schedules and networks, micro-batches, budgets, augmentation
and validation. Prints, as JSON, how many kills there were, how many of them left such a file, and of each run what it
came to.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from linocut import SGD, Adam, Bop, Network, Trainer, data, models
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryConv2D,
    Concat,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    ReLU,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
)
from linocut.policies import POLICIES
from linocut.schedules import Plateau, Step

EPOCHS, SAVE_EVERY = 10, 2
MORE = 1.1  # time for the next attempt, so that a run comes to its end on a machine that is slow today
BRANCHED = Network(
    "branched",
    (
        *(Input((8, 8, 1)), BinaryConv2D(4, 3, 2), BatchNorm().named("stem"), Sign().named("signs")),
        *(BinaryConv2D(4, 1).after("signs"), BatchNorm().named("left")),
        *(BinaryConv2D(4).after("signs"), BatchNorm(scale=True).named("right")),
        *(Add().after("left", "right", "stem"), Conv2D(5, 1, bias=True).named("real"), ReLU()),
        *(Concat().after("relu1", "left"), Slice(1, 7), GlobalAveragePool(), Dense(10), SoftmaxCrossEntropy()),
    ),
)
# Of lengths without a common divisor, but the policies' and schedules': a few runs have all, and other pairs each time.
NETWORKS = (models.mlp((8, 8, 1), 10, (24,)), BRANCHED, models.mlp((8, 8, 1), 10, (9, 9)))
SCHEDULES = ("cosine", Plateau(patience=1), "constant", Step(3))
SIZES = (
    {"batch_size": 20},
    {"batch_size": 20, "micro_batch": 5, "augment": "shift"},
    {"budget": "40KiB"},
    {"batch_size": 20, "augment": "shift"},
    {"batch_size": 24, "budget": "40KiB"},
)
VALIDATION = (0.2, None)
OPTIMIZERS = (
    Adam(0.01),
    SGD(0.05),
    Adam(0.01, weight_decay=0.01),
    Bop(0.01, 1e-2, 1e-6),
    Adam(0.003),
    SGD(0.1),
    Adam(),
)


def of(several, number):
    return several[number % len(several)]


def begun(number):
    return Trainer(
        of(NETWORKS, number),
        of(list(POLICIES), number),
        of(OPTIMIZERS, number),
        seed=number,
        threads=1,
        schedule=of(SCHEDULES, number + number // len(SCHEDULES)),
        **of(SIZES, number),
    )


def trained(folder, number):
    """Train, or go on, to the end; what the run came to."""
    examples = data.take(data.load("digits")[0], 120)
    trainer = None if (folder / "checkpoint.safetensors").exists() else begun(number)
    trainer = trainer or Trainer.resume(folder, threads=1)
    validation = of(VALIDATION, number)
    history = trainer.fit(examples, EPOCHS, examples, folder, save_every=SAVE_EVERY, validation=validation)
    lasting = [(e.epoch, e.loss, e.train_accuracy, e.accuracy, e.flip_ratio, e.saturated) for e in history]
    counted = [(e.dead_channels, e.warnings, e.validation_loss, e.validation_accuracy) for e in history]
    settings = trainer.settings
    model = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    how = [settings.network.name, settings.policy.name, settings.schedule.kind, settings.micro_batch]
    return {"run": how, "state": trainer.session.state_sha256(), "history": lasting, "counted": counted, "model": model}


def kill_at_replacement(number):
    """Kill this process when it has written so many files, with the last one still under the name of a part."""
    left, replace = [number], os.replace

    def replaced(*paths):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*paths)

    os.replace = replaced


def attempt(folder, number, replacement=None):
    """A process that trains, and kills itself at the writing of a file if that is asked for."""
    child = os.fork()
    if child:
        return child
    try:
        if replacement:
            kill_at_replacement(replacement)
        trained(folder, number)
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def killed(child):
    """Whether it was killed while it was at work. It must not have failed by itself."""
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("training failed after a kill")
    return os.WIFSIGNALED(status)


def main(root, seed, kills):
    chance = random.Random(seed)
    found: dict[str, Any] = {"kills": 0, "halves": 0, "runs": []}
    while found["kills"] < kills or len(found["runs"]) < len(POLICIES):
        number = len(found["runs"])
        begin = time.monotonic()
        whole = trained(root / f"{number}-whole", number)
        longest = (time.monotonic() - begin) / 2  # so that it takes several attempts
        folder, working, at_file = root / str(number), True, False
        while working:
            at_file = not at_file
            child = attempt(folder, number, chance.randint(1, 3) if at_file else None)
            if not at_file:
                time.sleep(chance.uniform(0, longest))
                os.kill(child, signal.SIGKILL)
            working = killed(child)
            found["kills"] += working
            found["halves"] += any(folder.glob(".*.part"))
            longest *= MORE
        found["runs"].append([trained(folder, number), whole, sorted(os.listdir(folder))])
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
