"""Predicting one image starts no thread, allocates nothing, and takes the arena that was planned."""

import json

ONE = """
import json, os
import numpy as np
import linocut as lc
from linocut.run.profile import untrained_graph

found = {}
for model in ("mlp", "cnv", "binarynet", "resnete18"):
    sizes = {"input_shape": (32, 32, 3), "classes": 10} if model != "mlp" else {}
    network = lc.models.build(model, **sizes)
    predictor = lc.Predictor(untrained_graph(network, lc.lean), threads=2)
    image = np.full(network.input.shape, 7, np.uint8)
    threads = len(os.listdir("/proc/self/task"))
    before = float(predictor(image).sum())
    begin(); predictor(image); calls = end()
    same = float(predictor(image).sum()) == before
    found[model] = [calls, len(os.listdir("/proc/self/task")) - threads, same]
print(json.dumps(found))
"""


def test_one_image_allocates_nothing_and_starts_no_thread(counted):
    found = json.loads(counted(ONE))
    assert found == {model: [0, 0, True] for model in ("mlp", "cnv", "binarynet", "resnete18")}
