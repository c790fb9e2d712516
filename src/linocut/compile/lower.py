"""Lowering: a network, a policy, an optimizer and a batch size become a Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from linocut.compile.arena import place
from linocut.compile.builder import Builder, Initial
from linocut.compile.lifetimes import Lifetime, lifetimes, live_bytes
from linocut.compile.program import Program
from linocut.errors import SpecError
from linocut.layers import Network
from linocut.layers.residual import lower_chain
from linocut.layers.values import Value
from linocut.optimizers import Optimizer
from linocut.policies import Policy

TRAIN, PREDICT = "train", "predict"
MOST_BATCH = 2**20


@dataclass(frozen=True)
class Compiled:
    """A Program with what it was compiled from.

    `initial` says how its persistent buffers start, `blocks` from when to when each buffer's bytes are in use.
    """

    network: Network
    policy: Policy
    optimizer: Optimizer
    batch: int
    program: Program
    initial: Mapping[str, Initial]
    blocks: tuple[Lifetime, ...]


def check_batch(batch: int) -> None:
    """SpecError unless a batch can have so many examples."""
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MOST_BATCH:
        raise SpecError(f"batch size is {batch!r}, must be a whole number from 1 to {MOST_BATCH:,}")


def compile_network(
    network: Network, policy: Policy, optimizer: Optimizer, batch: int, *, training: bool = True
) -> Compiled:
    """Sections "train" (one step) and "predict" (logits, loss and right answers of one batch), over one arena.

    Without `training` there is only "predict", and its arena is as small as that allows.
    """
    check_batch(batch)
    builder = Builder(policy, optimizer, batch)
    if training:
        _train(builder, network)
    _predict(builder, network)
    builder.drop_unused()
    blocks = lifetimes(builder.buffers, builder.instructions, builder.held)
    offsets, arena = place(blocks)
    buffers = []
    for index, buffer in enumerate(builder.buffers):
        own = index if buffer.base is None else buffer.base
        buffers.append(replace(buffer, offset=offsets.get(own, 0)))
    bound = max(live_bytes(blocks))
    program = Program(tuple(buffers), tuple(builder.instructions), tuple(builder.sections), arena, bound)
    program.check()
    return Compiled(network, policy, optimizer, batch, program, builder.initial, tuple(blocks))


def _train(builder: Builder, network: Network) -> None:
    builder.section(TRAIN, training=True)
    beta1, beta2 = builder.optimizer.decays
    clock = {"control": builder.control, "random": builder.random}
    builder.emit("optimizer_tick", clock, {"beta1": beta1, "beta2": beta2})
    _forward(builder, network)
    builder.finish()


def _predict(builder: Builder, network: Network) -> None:
    builder.section(PREDICT, training=False)
    _forward(builder, network)
    builder.finish()


def _forward(builder: Builder, network: Network) -> None:
    lower_chain(builder, network.tree, Value())
