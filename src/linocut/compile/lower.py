"""Compiling: a network becomes a Program: lowered layer by layer, fused, tiled, and placed in an arena."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from linocut.compile.batch import check_norms, find_micro_batch
from linocut.compile.builder import Builder
from linocut.compile.captured import capture as keep_captured
from linocut.compile.draft import Draft
from linocut.compile.passes.close_rows import close_rows
from linocut.compile.passes.in_place import in_place
from linocut.compile.passes.tiling import TILE_BYTES, tile
from linocut.compile.placement.lifetimes import Lifetime, live_bytes
from linocut.compile.placement.offsets import place
from linocut.compile.program import Buffer, Program
from linocut.errors import SpecError, unknown_name
from linocut.graph.frozen import find_frozen, reached
from linocut.graph.graph import Graph, Node
from linocut.graph.network import Network
from linocut.graph.state import Layout
from linocut.layers.numbers import as_numbers
from linocut.layers.parameters import Initial
from linocut.layers.values import Normed, Value
from linocut.optimizers import Optimizer
from linocut.policies import Policy

TRAIN, PREDICT = "train", "predict"
FORWARD, BACKWARD, UPDATE = "forward", "backward", "update"  # the parts of a training step
WHOLE = (TRAIN, PREDICT)
STEP = (FORWARD, BACKWARD, UPDATE)
MOST_ARENA = 2**47  # bytes: what a 64-bit process can address, and the native core takes


@dataclass(frozen=True)
class Compiled:
    """A Program with what it was compiled from.

    A step takes `batch` examples, `micro_batch` at a time. `initial` says how its persistent buffers start, `blocks`
    from when to when each buffer's bytes are in use, `layout` where the network's state is. `frozen` layers stay;
    of layers that are `pruned` some weights are 0, and the words of those that are True are joined.
    `watching` are the buffers of what measures look at while a step runs, by node and what it is, and of exponents.
    """

    network: Network
    policy: Policy
    optimizer: Optimizer
    batch: int
    program: Program
    initial: Mapping[str, Initial]
    blocks: tuple[Lifetime, ...]
    micro_batch: int
    layout: Layout
    frozen: frozenset[str] = frozenset()
    watching: Mapping[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)
    pruned: Mapping[str, bool] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The network's."""
        return self.network.graph


def compile_network(
    network: Network,
    policy: Policy,
    optimizer: Optimizer,
    batch: int,
    micro_batch: int | None = None,
    *,
    sections: Sequence[str] = WHOLE,
    capture: Sequence[str] = (),
    tile_bytes: int | None = TILE_BYTES,
    frozen: Collection[str] = (),
    pruned: Mapping[str, bool] | None = None,
) -> Compiled:
    """`sections` over one arena, by default "train" and "predict" (logits, loss and right answers).

    "train" is a step; with a `micro_batch` smaller than the batch, it is one of the micro-batches that make a step,
    and both sections are over so many examples. In its place "forward", "backward" and "update" can be asked for, as
    many of them in this order as are wanted: they are run one after the other, and gradients of parameters may be
    looked at between. What the nodes called `capture` give is kept to the end of each section that computes it, in
    buffers SECTION.captured.NODE. `tile_bytes` is how large the tiles of a buffer are where an integer policy's program
    is tiled; None leaves it whole, with the same results. Layers that are `frozen` are not moved, and their batch norms
    use the running statistics. Of layers that are `pruned` some weights are 0, by bits that the state has; the words
    of those that are True are joined (ops/keep_words.py). SpecError for what cannot be.
    """
    micro_batch = find_micro_batch(batch, micro_batch)
    builder = _lowered(network.graph, policy, optimizer, batch, micro_batch, sections, capture, frozen, pruned or {})
    draft = _divided(builder, tile_bytes)
    blocks = draft.blocks()
    offsets, arena = place(blocks)
    check_arena(network.name, micro_batch, arena)
    program = finished(draft, blocks, offsets, arena)
    initial, layout = builder.initial, builder.layout
    sizes = batch, program, initial, tuple(blocks), micro_batch
    return Compiled(network, policy, optimizer, *sizes, layout, builder.frozen, builder.watching, builder.pruned)


def lower_bound(
    network: Network,
    policy: Policy,
    optimizer: Optimizer,
    batch: int,
    micro_batch: int | None = None,
    frozen: Collection[str] = (),
    pruned: Mapping[str, bool] = MappingProxyType({}),
) -> int:
    """The lower bound of the arena, without the search for offsets: what compiling takes is mostly that."""
    micro_batch = find_micro_batch(batch, micro_batch)
    builder = _lowered(network.graph, policy, optimizer, batch, micro_batch, WHOLE, (), frozen, pruned)
    draft = _divided(builder, TILE_BYTES)
    blocks = draft.blocks()
    return finished(draft, blocks, {}, max(live_bytes(blocks))).lower_bound_bytes


def check_arena(network: str, batch: int, arena: int) -> None:
    """SpecError for an arena that no process can have."""
    if arena > MOST_ARENA:
        raise SpecError(
            f"{network} takes {arena:,} B at a batch of {batch:,}, more than the {MOST_ARENA:,} B that a process can "
            "address; take a smaller batch or narrower layers"
        )


def _divided(builder: Builder, tile_bytes: int | None) -> Draft:
    """What was lowered, bits that wait close together, and in tiles where that lowers the peak."""
    draft = close_rows(builder.draft())
    if builder.policy.integer:
        draft = in_place(draft)
        if tile_bytes is not None:
            draft = tile(draft, tile_bytes)
    return draft.without_unused()


def finished(draft: Draft, blocks: Sequence[Lifetime], offsets: Mapping[int, int], arena: int) -> Program:
    """The program, checked, with each buffer at its offset."""

    def moved(index: int, buffer: Buffer) -> Buffer:
        return replace(buffer, offset=offsets.get(draft.own(index), 0) + buffer.offset)

    buffers = tuple(moved(index, buffer) for index, buffer in enumerate(draft.buffers))
    program = Program(buffers, draft.instructions, draft.sections, arena, max(live_bytes(blocks)))
    program.check()
    return program


def _lowered(
    graph: Graph,
    policy: Policy,
    optimizer: Optimizer,
    batch: int,
    micro_batch: int,
    sections: Sequence[str],
    captured: Sequence[str],
    frozen: Collection[str],
    pruned: Mapping[str, bool] = MappingProxyType({}),
) -> Builder:
    step = _check_sections(sections)
    for name in captured:
        _ = graph.node(name)
    parts = batch // micro_batch
    still = frozenset(find_frozen(graph, frozen))
    builder = Builder(
        graph=graph,
        policy=policy,
        optimizer=optimizer,
        batch=micro_batch,
        micro_batches=parts,
        frozen=still,
        pruned=pruned,
    )
    if step:
        check_norms(graph, micro_batch, still)
        builder.updates_wait = step[0] != TRAIN or bool(optimizer.clip_norm)
        _lower_step(builder, step, captured)
    if PREDICT in sections:
        builder.section(PREDICT, training=False)
        _forward(builder, captured)
    builder.finish()
    return builder


def _check_sections(sections: Sequence[str]) -> list[str]:
    """The sections that train, in order; SpecError for what cannot be asked for."""
    for name in sections:
        if name not in (*WHOLE, *STEP):
            raise unknown_name("section", name, (*WHOLE, *STEP))
    step = [name for name in sections if name != PREDICT]
    if not sections or (step and step not in ([TRAIN], list(STEP[: len(step)]))):
        raise SpecError(
            f"sections are {', '.join(sections) or 'none'}, must be {TRAIN}, or of {', '.join(STEP)} the first in this "
            f"order, and {PREDICT} if wanted"
        )
    return step


def _lower_step(builder: Builder, step: Sequence[str], captured: Sequence[str]) -> None:
    """A training step, as one section or in its parts."""
    builder.section(step[0], training=True)
    beta1, beta2 = builder.optimizer.decays
    clock = {"control": builder.control, "random": builder.random, "micro": builder.micro}
    builder.emit("optimizer_tick", clock, {"beta1": beta1, "beta2": beta2, "micro_batches": builder.micro_batches})
    _forward(builder, captured)
    for name in step[1:2]:
        builder.section(name, training=True)
    if step != [FORWARD]:
        builder.lower_backward()
    for name in step[2:]:
        builder.section(name, training=True)
    if step == [TRAIN] or step[2:]:
        builder.lower_updates()


def _forward(builder: Builder, captured: Sequence[str]) -> None:
    """Lower each node; what it gives is formed at once, unless its only reader may want less than numbers."""
    values: dict[str, Value] = {}
    learning = reached(builder.graph, builder.frozen)
    for node in builder.graph.nodes:
        inputs = [values.get(edge.node, Value()) for edge in node.inputs]
        if node.name in learning:
            value = _lowered_node(builder, node, inputs)
        else:
            with builder.as_in_prediction():
                value = _lowered_node(builder, node, inputs)
            value.wanted = False
        if node.name in captured:
            keep_captured(builder, node.name, value)
        values[node.name] = value


def _lowered_node(builder: Builder, node: Node, inputs: Sequence[Value]) -> Value:
    value = node.layer.lower_all(builder, node.name, inputs)
    if isinstance(value, Normed) and _is_formed(builder.graph, node):
        return as_numbers(builder, node.name, value)
    return value


def _is_formed(graph: Graph, node: Node) -> bool:
    reader = graph.only_reader(node.name)
    return node is not graph.nodes[-1] and (reader is None or not reader.layer.forms_norms)
