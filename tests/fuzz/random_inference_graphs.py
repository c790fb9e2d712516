"""Inference graphs at random: any nodes, wired in any way that the rules allow, with any tensors."""

from __future__ import annotations

import dataclasses

import numpy as np

from linocut.errors import SpecError
from linocut.graph.inference import (
    PLANES,
    SIGNS,
    Activation,
    Add,
    Affine,
    BinaryProduct,
    Concat,
    Flatten,
    InferenceGraph,
    InputCoding,
    LevelsProduct,
    Logits,
    Pool,
    Quantise,
    RealProduct,
    Slice,
    Threshold,
)
from linocut.graph.inference_rules import rule_of
from linocut.layers.window import Window
from linocut.ops.bits import pack

SHAPES = [
    (1,),
    (64,),
    (70,),
    (9, 3),
    (5, 65),
    (6, 5, 1),
    (7, 7, 3),
    (4, 4, 64),
    (3, 3, 65),
    (2, 3, 2, 2),
    (2, 2, 2, 2, 3),
]
WIDTHS = [1, 2, 5, 63, 64, 65]
OUTPUTS = 3
NONE = np.empty(0, np.float32)  # for a tensor that is made when its shape is known
MOST_TRIES = 80


class Growing:
    """A graph that grows node by node; `chance` is a NumPy generator."""

    def __init__(self, chance):
        self.chance = chance
        dtype = self.one_of(["u8", "f32"])
        coded = dtype == "f32" and chance.random() < 0.5
        gives = "floats" if dtype == "f32" and not coded else "bytes"
        self.nodes = {"input": InputCoding("input", (), self.one_of(SHAPES), gives, dtype, -1.0, 1.0, coded)}
        self.unread = ["input"]

    def one_of(self, several):
        return several[self.chance.integers(len(several))]

    def add(self, kind, inputs, shape=(), **settings):
        """A node; SpecError where the rules do not allow it."""
        tensors = {part: NONE for part in kind.tensors if part not in settings}
        bare = kind(f"{kind.kind}{len(self.nodes)}", tuple(inputs), shape, "", **settings, **tensors)
        rule = rule_of(bare, [self.nodes[name] for name in inputs])
        optional = {field.name for field in dataclasses.fields(kind) if field.default is None and kind is not Quantise}
        made = {
            part: self.tensor(part, *rule.tensors[part], settings.get("depth"))
            if part in rule.tensors and (part not in optional or self.chance.random() < 0.5)
            else None
            for part in kind.tensors
        }
        node = dataclasses.replace(bare, shape=rule.shape, gives=rule.gives, **made)
        self.nodes[node.name] = node
        self.unread = [name for name in self.unread if name not in inputs] + [node.name]
        return node

    def tensor(self, part, shape, form, depth):
        if form == np.uint64:
            return pack(self.chance.random((*shape[:-1], depth)) < 0.5)
        if form == np.int32:
            most = 20 if self.chance.random() < 0.9 else 2**31 - 1
            return self.chance.integers(-most, most, shape).astype(np.int32)
        values = self.chance.normal(size=shape)
        return (np.abs(values) * (self.chance.random(shape) < 0.9) if part == "deviation" else values).astype(form)

    def bounds(self, giver):
        """Integers have theirs, which are made when their shape is known."""
        return {"least": None} if giver.gives == "floats" else {}

    def window(self, flat):
        size = (1 if flat else self.one_of([1, 2, 3, 4]), self.one_of([1, 2, 3, 5]))
        return Window("any size", size, self.one_of([1, 1, 2, 3]), self.one_of(["same", "valid"]), flat)

    def grow(self):
        """Try one more node."""
        giver = self.nodes[self.unread[-1] if self.chance.random() < 0.6 else self.one_of(list(self.nodes))]
        name, flat = giver.name, len(giver.shape) == 2
        window = None if len(giver.shape) == 1 else self.window(flat)
        product = {"shape": (self.one_of(WIDTHS),), "depth": giver.shape[-1], "window": window}
        like = [node.name for node in self.nodes.values() if node.shape == giver.shape]
        beside = [n.name for n in self.nodes.values() if n.shape[:-1] == giver.shape[:-1] and n.gives == giver.gives]
        several = int(self.chance.integers(2, 4))
        count = int(self.chance.integers(1, giver.shape[-1] + 1))
        begin = int(self.chance.integers(0, giver.shape[-1] - count + 1))
        ways = [
            lambda: self.add(BinaryProduct, [name], **product),
            lambda: self.add(BinaryProduct, [name], **product),
            lambda: self.add(RealProduct, [name], **product, binary=bool(self.chance.random() < 0.5)),
            lambda: self.add(LevelsProduct, [name], **product, bits=self.one_of([1, 2, 4])),
            lambda: self.add(Threshold, [name]),
            lambda: self.add(Quantise, [name], bits=self.one_of([2, 4]), **self.bounds(giver)),
            lambda: self.add(Affine, [name]),
            lambda: self.add(Pool, [name], function=self.one_of(["max", "average"]), window=self.window(flat)),
            lambda: self.add(Add, [self.one_of(like) for _ in range(several)]),
            lambda: self.add(Concat, [self.one_of(beside) for _ in range(several)]),
            lambda: self.add(Activation, [name], function=self.one_of(["relu", "tanh", "sigmoid"])),
            lambda: self.add(Flatten, [name]),
            lambda: self.add(Slice, [name], (count,), begin=begin),
        ]
        self.one_of(ways)()

    def ended(self):
        """The graph, all that nothing reads yet brought to three outputs and added."""
        ends = []
        for name in list(self.unread):
            node = self.nodes[name]
            if node.gives == "integers":
                node = self.add(Threshold, [node.name])
            if len(node.shape) > 1:
                node = self.add(Flatten, [node.name])
            product = {"shape": (OUTPUTS,), "depth": node.shape[-1], "window": None}
            if node.gives in PLANES:
                kind, bits = (BinaryProduct, {}) if node.gives == SIGNS else (LevelsProduct, {"bits": 2})
                node = self.add(Affine, [self.add(kind, [node.name], **product, **bits).name])
            else:
                node = self.add(RealProduct, [node.name], **product, binary=False)
            ends.append(node.name)
        if len(ends) > 1:
            ends = [self.add(Add, ends).name]
        function = self.one_of(["softmax", "sigmoid", "identity"])
        self.add(Logits, ends, function=function)
        return InferenceGraph("random", tuple(self.nodes.values()), 0 if function == "identity" else OUTPUTS)


def random_graph(seed):
    """A graph of up to a dozen nodes and its ends, and examples of its input (4, *shape)."""
    growing = Growing(np.random.default_rng(seed))
    chance = growing.chance
    size = int(chance.integers(2, 13))
    for _ in range(MOST_TRIES):
        if len(growing.nodes) < size:
            try:
                growing.grow()
            except SpecError:
                continue
    graph = growing.ended()
    shape = (4, *graph.input.shape)
    if graph.input.dtype == "u8":
        return graph, chance.integers(0, 256, shape).astype(np.uint8)
    return graph, chance.uniform(-1, 1, shape).astype(np.float32)
