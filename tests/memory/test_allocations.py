"""Nothing is allocated during a step, and opening a session allocates what was planned, to the byte."""

import json

import pytest

SEEN = """
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.calloc.restype = libc.aligned_alloc.restype = ctypes.c_void_p
def calls(function, *arguments):
    function(*arguments)
    begin(); function(*arguments); return end()
import mmap
print(calls(lambda: None), calls(libc.malloc, 100), calls(libc.calloc, 10, 10), calls(libc.aligned_alloc, 64, 640),
      calls(bytearray, 100_000), calls(mmap.mmap, -1, 4096), counter.count_new_in_a_thread())
"""

# Some are others with more of the same layers, or with other widths; recurrent models take sequences.
MODELS = """
import linocut as lc
ALIKE = "resnet32", "resnet56", "resnet34", "xnor_vgg19", "real_resnet18", "real_nin", "complex_nin_mean"
MODELS = [model for model in lc.models.MODELS if model not in ALIKE and "lstm" not in model]
"""

STEPS = """
import dataclasses, json
import linocut as lc
from linocut.compile.placement import offsets
from linocut.compile.lower import compile_network
from linocut.layers import BinaryConv2D, BinaryDense, Conv2D, Network, Residual
from linocut.optimizers import OPTIMIZERS
from linocut.policies import POLICIES
from linocut.run import initialise, open_session

def narrow(layer):
    match layer:
        case BinaryConv2D() | Conv2D():
            return dataclasses.replace(layer, filters=layer.filters // 8)
        case BinaryDense():
            return dataclasses.replace(layer, units=layer.units // 8)
        case Residual():
            return dataclasses.replace(layer, body=tuple(map(narrow, layer.body)),
                                       shortcut=tuple(map(narrow, layer.shortcut)))
    return layer

def network(model):
    if model == "mlp":
        return lc.models.mlp((8, 8, 1), 10, (64, 64))
    *most, last, norm, loss = lc.models.build(model, input_shape=(32, 32, 3), classes=10).layers
    return Network(model, (*map(narrow, most), last, norm, loss))

offsets.MOST_TRIES = 0  # the first plan will do here
found = {}
for model in MODELS:
    for policy in POLICIES.values():
        for optimizer in OPTIMIZERS if model == "mlp" else ("adam",):
            compiled = compile_network(network(model), policy, OPTIMIZERS[optimizer](), 4)
            for threads in (1, 2):
                session = open_session(compiled.program, threads=threads)
                initialise(session, compiled.initial, 0)
                session.array("control")[0] = 1e-3
                for section in ("train", "predict"):
                    session.run(section)
                    begin(); session.run(section); calls = end()
                    found[f"{model} {policy.name} {optimizer} {threads} {section}"] = calls
print(json.dumps(found))
"""

OPENED = """
import json
import linocut as lc
from linocut.compile import lower
from linocut.compile.placement import offsets
from linocut.compile.binary import encode
from linocut.optimizers import OPTIMIZERS
from linocut.policies import POLICIES
from linocut import _native

offsets.MOST_TRIES = 0  # the first plan will do here
planned = lower.place

def stacked(blocks):  # a planner that takes no time: what it comes to must be allocated just so
    ends = [0]
    for block in blocks:
        ends.append(ends[-1] + block.size)
    return {block.buffer: begin for block, begin in zip(blocks, ends)}, ends[-1]

found = {}
for model in MODELS:
    classes = {"input_shape": (32, 32, 3), "classes": 10} if model != "mlp" else {}
    for policy in POLICIES.values():
        for optimizer in OPTIMIZERS:
            lower.place = stacked if "18" in model and optimizer != "adam" else planned
            network = lc.models.build(model, **classes)
            program = lower.compile_network(network, policy, OPTIMIZERS[optimizer](), 3).program
            loaded, isa = _native.Program(encode(program)), _native.isas()[0]
            begin(); session = _native.Session(loaded, 2, isa); end()
            taken = session.arena.nbytes, counter.count_mapped_bytes(), counter.count_heap_bytes()
            found[f"{model} {policy.name} {optimizer}"] = [program.arena_bytes, 2 * program.workspace_bytes, *taken]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def steps(counted):
    return json.loads(counted(MODELS + STEPS))


def test_an_allocation_is_seen(counted):
    nothing, *kinds = map(int, counted(SEEN).split())
    assert nothing == 0
    assert all(calls > 0 for calls in kinds), kinds


def test_nothing_is_allocated_during_a_step(steps):
    assert len(steps) >= 60
    assert {name: calls for name, calls in steps.items() if calls} == {}


def test_what_was_planned_is_allocated_to_the_byte(counted):
    found = json.loads(counted(MODELS + OPENED))
    assert len(found) >= 45
    for name, (arena, workspaces, given, mapped, beside) in found.items():
        assert given == arena, name
        assert mapped == arena + workspaces, name
        assert beside < 2**20, name  # the session's own tables: operands, instructions
