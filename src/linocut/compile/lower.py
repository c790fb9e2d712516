"""Lowering: a network, a policy, an optimizer and a batch size become a Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from linocut.compile.arena import place
from linocut.compile.batch import check_norms, find_micro_batch
from linocut.compile.builder import Builder, Initial
from linocut.compile.draft import Draft
from linocut.compile.lifetimes import Lifetime, live_bytes
from linocut.compile.program import Buffer, Program
from linocut.compile.tiling import TILE_BYTES, tile
from linocut.errors import SpecError
from linocut.layers import Network
from linocut.layers.residual import lower_chain
from linocut.layers.values import Value
from linocut.optimizers import Optimizer
from linocut.policies import Policy

TRAIN, PREDICT = "train", "predict"
MOST_ARENA = 2**47  # bytes: what a 64-bit process can address, and the native core takes


@dataclass(frozen=True)
class Compiled:
    """A Program with what it was compiled from.

    A step takes `batch` examples, `micro_batch` at a time. `initial` says how its persistent buffers start, `blocks`
    from when to when each buffer's bytes are in use.
    """

    network: Network
    policy: Policy
    optimizer: Optimizer
    batch: int
    program: Program
    initial: Mapping[str, Initial]
    blocks: tuple[Lifetime, ...]
    micro_batch: int


def compile_network(
    network: Network,
    policy: Policy,
    optimizer: Optimizer,
    batch: int,
    micro_batch: int | None = None,
    *,
    training: bool = True,
    tile_bytes: int | None = TILE_BYTES,
) -> Compiled:
    """Sections "train" and "predict" (logits, loss and right answers), over one arena.

    "train" is a step; with a `micro_batch` smaller than the batch, it is one of the micro-batches that make a step,
    and both sections are over so many examples. Without `training` there is only "predict", and its arena is as small
    as that allows. `tile_bytes` is how large the tiles of a buffer are where an integer policy's program is tiled; None
    leaves it whole, with the same results. SpecError for what cannot be.
    """
    micro_batch = find_micro_batch(batch, micro_batch)
    builder = _lowered(network, policy, optimizer, batch, micro_batch, training)
    draft = _divided(builder, tile_bytes)
    blocks = draft.blocks()
    offsets, arena = place(blocks)
    if arena > MOST_ARENA:
        raise SpecError(
            f"{network.name} takes {arena:,} B at a batch of {micro_batch:,}, more than the {MOST_ARENA:,} B that a "
            "process can address; take a smaller batch or narrower layers"
        )
    program = _program(draft, blocks, offsets, arena)
    return Compiled(network, policy, optimizer, batch, program, builder.initial, tuple(blocks), micro_batch)


def lower_bound(
    network: Network, policy: Policy, optimizer: Optimizer, batch: int, micro_batch: int | None = None
) -> int:
    """The lower bound of the arena, without the search for offsets: what compiling takes is mostly that."""
    builder = _lowered(network, policy, optimizer, batch, find_micro_batch(batch, micro_batch), True)
    draft = _divided(builder, TILE_BYTES)
    blocks = draft.blocks()
    return _program(draft, blocks, {}, max(live_bytes(blocks))).lower_bound_bytes


def _lowered(
    network: Network, policy: Policy, optimizer: Optimizer, batch: int, micro_batch: int, training: bool
) -> Builder:
    builder = Builder(policy, optimizer, micro_batch, batch // micro_batch if training else 1)
    if training:
        check_norms(network, micro_batch)
        _train(builder, network)
    _predict(builder, network)
    return builder


def _divided(builder: Builder, tile_bytes: int | None) -> Draft:
    """What was lowered, in tiles where that lowers the peak."""
    draft = builder.draft()
    if builder.policy.integer and tile_bytes is not None:
        draft = tile(draft, tile_bytes)
    return draft.without_unused()


def _program(draft: Draft, blocks: list[Lifetime], offsets: Mapping[int, int], arena: int) -> Program:
    """The program, checked, with each buffer at its offset."""

    def moved(index: int, buffer: Buffer) -> Buffer:
        return replace(buffer, offset=offsets.get(draft.own(index), 0) + buffer.offset)

    buffers = tuple(moved(index, buffer) for index, buffer in enumerate(draft.buffers))
    program = Program(buffers, draft.instructions, draft.sections, arena, max(live_bytes(blocks)))
    program.check()
    return program


def _train(builder: Builder, network: Network) -> None:
    builder.section(TRAIN, training=True)
    beta1, beta2 = builder.optimizer.decays
    clock = {"control": builder.control, "random": builder.random, "micro": builder.micro}
    builder.emit("optimizer_tick", clock, {"beta1": beta1, "beta2": beta2, "micro_batches": builder.micro_batches})
    _forward(builder, network)
    builder.finish()


def _predict(builder: Builder, network: Network) -> None:
    builder.section(PREDICT, training=False)
    _forward(builder, network)
    builder.finish()


def _forward(builder: Builder, network: Network) -> None:
    lower_chain(builder, network.tree, Value())
