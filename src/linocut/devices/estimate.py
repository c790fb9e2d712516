"""estimate: what a network costs on a device, node by node, before anybody owns one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linocut import fields
from linocut.devices import accelerator
from linocut.devices.device import MIXED, PARTIAL, PRECISIONS, Device
from linocut.devices.kinds import EDGE_TPU, ENGINE, FPGA, MICROCONTROLLER, SYSTOLIC
from linocut.devices.mend import mends
from linocut.devices.rows import Estimate
from linocut.devices.runnable import MOST_BATCH, check_runs
from linocut.devices.table import load
from linocut.errors import SpecError, unknown_name
from linocut.graph.asked import Asked, asked
from linocut.graph.graph import Graph
from linocut.graph.network import Network
from linocut.layers.operations import Product
from linocut.optimizers import Optimizer
from linocut.policies import Policy


def estimate(
    network: Network | Graph,
    device: Device | str | Path,
    precision: str | None = None,
    caching: str = PARTIAL,
    batch: int = 1,
    training: Training | None = None,
) -> Estimate:
    """What a network's prediction of a batch costs on a device, given by name, as a TOML file, or as a Device.

    `precision` is "int8", "mixed" (weights of binary layers are sent as bits, and unpacked on the device), or "1" (so
    are all weights); by default the device's own. `caching` says which weights stay on the device: "partial" as many
    bytes as fit, "all" all or none, "knapsack" the choice of whole layers that takes least time. On this machine, the
    device "this", and on microcontrollers networks run as they are described; with `training` a step of it is
    estimated, on this machine alone. It is an own analytic model, not cycle accurate (docs/estimate.md). SpecError for
    unknown names and for layers that the device cannot run.
    """
    graph = network.graph if isinstance(network, Network) else network
    if not isinstance(graph, Graph):
        raise SpecError(f"a network or its graph is estimated, not {fields.shown(network)}; lc.models.build makes one")
    on = device if isinstance(device, Device) else load(device)
    of_weights = on.kind in (EDGE_TPU, SYSTOLIC)  # others run networks as they are described
    chosen = (on.precision if of_weights else MIXED) if precision is None else precision
    if chosen not in PRECISIONS:
        raise unknown_name("precision", chosen, PRECISIONS)
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MOST_BATCH:
        raise SpecError(f"batch is {fields.shown(batch)}, must be a whole number from 1 to {MOST_BATCH:,}")
    if training is not None and not isinstance(training, Training):
        raise SpecError(f"training is {fields.shown(training)}, must be None for a prediction, or a devices.Training")
    nodes = asked(graph)
    check_runs(on, graph, nodes)
    if on.kind == FPGA:
        raise SpecError(f"{on.name} is an FPGA, for which a pipeline is built: linocut accelerate --on {on.name}")
    if training is not None and on.kind != ENGINE:
        raise SpecError(f"a step is estimated for this machine, not for {on.name}; take the device this, --on this")
    if of_weights:
        return _of_accelerator(graph, nodes, on, chosen, caching, batch)
    if chosen != MIXED or caching != PARTIAL:
        given = f"precision {chosen}" if chosen != MIXED else f"caching {caching}"
        raise SpecError(f"{on.name} runs networks as they are described, without {given}; leave it out")
    if on.kind == MICROCONTROLLER:
        return _of_microcontroller(graph, nodes, on, batch)
    if not isinstance(network, Network):
        raise SpecError(f"{on.name} runs programs, which are made of a network; give that, not its graph")
    return _of_engine(network, on, batch, training)


@dataclass(frozen=True)
class Training:
    """What a step is estimated of: a policy, an optimizer. `threads`, None for the processors at hand."""

    policy: str | Policy = "lean"
    optimizer: str | Optimizer = "adam"
    threads: int | None = None


def _of_accelerator(
    graph: Graph, nodes: Sequence[Asked], device: Device, precision: str, caching: str, batch: int
) -> Estimate:
    inputs = math.prod(graph.input.shape)
    bits = accelerator.one_bit(nodes, precision)

    def found(bits: frozenset[str]) -> Estimate:
        kept = accelerator.stored(device, nodes, bits, caching, batch)
        rows = accelerator.corrected(device, nodes, accelerator.rows(device, nodes, kept, inputs, batch), kept, batch)
        total = sum(kept.weights.values())
        return Estimate(graph.name, device, precision, caching, batch, rows, total, kept.room, kept.peak)

    first = found(bits)
    weights = {node.name: node.operation.weights for node in nodes if isinstance(node.operation, Product)}
    kept = accelerator.stored(device, nodes, bits, caching, batch)
    advice = mends(weights, kept, bits, first.total_ms, lambda more: found(more).total_ms)
    return dataclasses.replace(first, mends=advice, xnor_ms=_xnor_ms(graph, nodes, first, kept, bits, batch))


def _xnor_ms(
    graph: Graph,
    nodes: Sequence[Asked],
    first: Estimate,
    kept: accelerator.Stored,
    bits: frozenset[str],
    batch: int,
) -> float | None:
    """The time if one-bit products, of signs by bits, had lanes of their own; all but the first may be of signs."""
    device = first.device
    start = next(node.name for node in nodes if node.macs)
    one = {node.name for node in nodes if first.precision != "mixed" or node.weight_bits == node.input_bits == 1}
    faster = {node.name for node in nodes if node.name in bits and node.name in one and node.name != start}
    if not device.xnor or not faster:
        return None
    inputs = math.prod(graph.input.shape)
    lanes = accelerator.rows(accelerator.xnor_device(device), nodes, kept, inputs, batch)
    own = first.rows[: len(lanes)]  # what a residual model adds stands behind, and is the same part of either
    law = sum(row.ms for row in own)
    found = sum(lane.ms if row.name in faster else row.ms for row, lane in zip(own, lanes, strict=True))
    return found * (first.total_ms / law) if device.residual is not None else found


def _of_engine(network: Network, device: Device, batch: int, training: Training | None) -> Estimate:
    """Of the program that linocut compiles for a step, or for a prediction by what lean trains.

    Programs of predictions tell nothing of weights, so that none are made.
    """
    from linocut.compile.inference import compile_inference
    from linocut.compile.lower import PREDICT, TRAIN, compile_network
    from linocut.devices import engine
    from linocut.graph.blank import blank
    from linocut.optimizers import find_optimizer
    from linocut.policies import find_policy
    from linocut.run.session import find_threads

    device = device if device.rates else engine.measured(device)
    asked_for = training or Training()
    policy, threads = find_policy(asked_for.policy), find_threads(asked_for.threads)
    if training is None:
        program, section, what = (
            compile_inference(blank(network.graph), batch).program,
            PREDICT,
            "a prediction",
        )
    else:
        rule = find_optimizer(training.optimizer)
        program, section = compile_network(network, policy, rule, batch).program, TRAIN
        what = f"a training step, {policy.name}, {rule.kind}"
    what = f"{what}, {threads} threads"
    rows = engine.rows(device, program, section, threads)
    arena, unknown = program.arena_bytes, engine.unmeasured(device, program, section)
    return Estimate(network.name, device, MIXED, PARTIAL, batch, rows, 0, 0, arena, what=what, unknown=unknown)


def _of_microcontroller(graph: Graph, nodes: Sequence[Asked], device: Device, batch: int) -> Estimate:
    """Of exported C: instructions, and the flash that weights take."""
    from linocut.devices import frames, microcontroller

    if frames.hears_frames(nodes):
        return _of_frames(graph, device, batch)
    rows = microcontroller.rows(device, nodes, graph.input.dtype, batch)
    flash = microcontroller.flash_bytes(nodes)
    peak = microcontroller.scratch_bytes(nodes)
    return Estimate(graph.name, device, MIXED, PARTIAL, batch, rows, flash, flash, peak)


def _of_frames(graph: Graph, device: Device, batch: int) -> Estimate:
    """Of exported C of a recurrent network, in 16 bits: instructions, flash and arena, both to the byte."""
    from linocut.compile.flash import apart
    from linocut.compile.inference import compile_stream
    from linocut.devices import frames

    exported, steps = frames.exported(graph), graph.input.shape[0]
    rows, memory = frames.rows(device, exported, batch * steps), apart(compile_stream(exported))
    flash, what = memory.flash_bytes, f"a prediction of {steps:,} frames, in 16 bits"
    arena = memory.arena_bytes
    return Estimate(graph.name, device, MIXED, PARTIAL, batch, rows, flash, flash, arena, what=what, frames=steps)
