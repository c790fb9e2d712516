"""What small trainings and predictions come to, in a process or a thread of it that has little stack.

`python small_stacks.py ISA [BYTES]` prints it: in the main thread, or in one with a stack of so many bytes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np

import linocut as lc
from linocut.digest import sha256
from linocut.policies import POLICIES

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))
from small import CLASSES, NETWORKS

EXAMPLES = 10


def results(isa: str) -> dict[str, list[str]]:
    """Hashes by policy, network and threads: of the state after a fit, and of two ways to predict."""
    ways = product(POLICIES, NETWORKS, (1, 2))
    with patch.dict(os.environ, LINOCUT_ISA=isa):  # tests that follow in this process have their own
        return {f"{policy} {name} {threads}": _result(policy, name, threads) for policy, name, threads in ways}


def _result(policy: str, name: str, threads: int) -> list[str]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (EXAMPLES, *NETWORKS[name].input.shape)).astype(np.uint8)
    labels = rng.integers(0, CLASSES, EXAMPLES)
    trainer = lc.Trainer(NETWORKS[name], policy=policy, batch_size=EXAMPLES // 2, threads=threads, augment=None)
    trainer.fit((images, labels), 1)
    predictor = lc.Predictor(trainer.inference_graph(), threads=threads)
    outputs = predictor.predict(images).outputs, predictor(images[0])
    return [trainer.session.state_sha256(), *(_hash(np.ascontiguousarray(one)) for one in outputs)]


def _hash(array: np.ndarray) -> str:
    digest = sha256()
    digest.update(array.data.cast("B"))
    return digest.hexdigest()


def _in_a_thread(stack_bytes: int, isa: str) -> dict[str, list[str]]:
    found: list[dict[str, list[str]]] = []
    threading.stack_size(stack_bytes)
    thread = threading.Thread(target=lambda: found.append(results(isa)))
    thread.start()
    thread.join()
    return found[0]


if __name__ == "__main__":
    isa, *stack = sys.argv[1:]
    print(json.dumps(_in_a_thread(int(stack[0]), isa) if stack else results(isa)))
