"""The sound files that forging starts from: small networks of every kind, by every policy and optimizer."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import branched
import tomli
from random_graphs import random_network
from random_inference_graphs import random_graph
from readers import OLD_MODEL, TOML, branching, run

import linocut as lc
from linocut.errors import SpecError
from linocut.export import packed
from linocut.policies import POLICIES

ROOT = Path(__file__).parents[2]
V01 = ROOT / "tests" / "export" / "v01"
SEEDS = 24
FRESH = 0.15  # of checkpoints whose tensors are made for their description
LARGE = 40_000  # bytes, above which a file is too slow to try often
OPTIMIZERS = (lc.Adam(weight_decay=0.01), lc.SGD(), lc.Bop(), lc.Adam())
SCHEDULES = ("constant", "cosine", lc.schedules.Plateau(patience=1), lc.schedules.Step(2))


def described():
    """Networks: chains, branches, floats, sequences."""
    yield lc.models.mlp((6, 6, 1), 4, (24,))
    yield from (branched.REAL, branched.ONE)
    yield from (random_network(seed, 3 + seed % 4) for seed in range(SEEDS))


def of_kind(number, network):
    """A trainer of a network, the number of which chooses all else."""
    settings = {
        "policy": list(POLICIES)[number % len(POLICIES)],
        "optimizer": OPTIMIZERS[number // 2 % len(OPTIMIZERS)],
        "schedule": SCHEDULES[number // 3 % len(SCHEDULES)],
        "batch_size": 6,
        "micro_batch": (6, 3, 2)[number % 3],
        "threads": 1,
        "seed": number,
    }
    if len(network.input.shape) == 3 and network.input.dtype == "u8" and network.input.shape[-1] in (1, 3):
        settings["augment"] = ("shift", "flip", "shift,flip")[number % 3]
    return lc.Trainer(network, **settings)


def saved(number, network):
    """Its checkpoint, after two epochs of a few steps where examples are to be had."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = of_kind(number, network)
        if number % 2:
            trainer.fit(branched.examples(network, 13), 2, out=folder)
        else:
            trainer.save(folder)
        return (Path(folder) / "checkpoint.safetensors").read_bytes()


@cache
def checkpoints():
    """Of this version, and of version 1."""
    found = [run("checkpoint.safetensors"), (V01 / "mlp" / "checkpoint.safetensors").read_bytes()]
    for number, network in enumerate(described()):
        try:
            found.append(saved(number, network))
        except (SpecError, lc.DivergenceError):  # which these settings cannot train
            continue
    return [data for data in found if len(data) < LARGE]


@cache
def models():
    """Inference graphs of every node, and what older versions wrote."""
    found = [run("model.safetensors"), branching(), OLD_MODEL.read_bytes()]
    found += [path.read_bytes() for path in sorted(V01.glob("*.safetensors"))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / packed.NAME
        for seed in range(SEEDS):
            packed.save(path, packed.PackedModel(random_graph(seed)[0]))
            found.append(path.read_bytes())
    return [data for data in found if len(data) < LARGE]


@cache
def networks():
    """Descriptions in TOML, as trees."""
    examples = [tomli.loads(path.read_text()) for path in sorted((ROOT / "examples").glob("*.toml"))]
    return [tomli.loads(TOML.decode()), *examples, *(network.to_dict() for network in (*described(), branched.CELL))]
