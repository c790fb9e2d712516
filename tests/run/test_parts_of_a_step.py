"""However a branched network's step is compiled, its bits are the same: in tiles, in sections, with captured edges."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from branched import NETWORKS, OPTIMIZERS, batches, opened, steps
from everything_divided import compile_divided
from traces import started, traced

from linocut.compile.captured import CAPTURED
from linocut.compile.lower import PREDICT, STEP, TRAIN, WHOLE, Compiled, compile_network
from linocut.errors import SpecError
from linocut.graph.state import State
from linocut.ops.bits import Array
from linocut.optimizers import Adam
from linocut.policies import POLICIES
from linocut.run import REFERENCE, Session

STEPS, BATCH = 3, 6
SMALLEST = 1  # bytes of a tile: four images, or 64 channels
Sections = tuple[str, ...]


@cache
def compiled(network: str, policy: str, optimizer: str = "adam", batch: int = BATCH, **how: Any) -> Compiled:
    return compile_network(NETWORKS[network], POLICIES[policy], OPTIMIZERS[optimizer], batch, **how)


def after(program: Compiled, sections: Sections = (TRAIN,), count: int = STEPS, **how: object) -> Session:
    session = opened(program, **how)
    steps(session, program.network, count, sections)
    return session


def outcome(session: Session) -> dict[str, bytes]:
    """The bytes of everything that lasts, by its name: its order in the arena is each program's own."""
    return {buffer.name: session.state_bytes(buffer.name).tobytes() for buffer in session.program.persistent()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_tiled_and_whole_have_the_same_bits(network: str, optimizer: str) -> None:
    whole = compiled(network, "lean", optimizer, tile_bytes=None)
    tiled = compiled(network, "lean", optimizer, tile_bytes=SMALLEST)
    divided = compile_divided(NETWORKS[network], OPTIMIZERS[optimizer], BATCH, SMALLEST)
    more = len(divided.program.instructions) - len(whole.program.instructions)
    assert more > 0 or network != "cell", "something is divided"
    expected = outcome(after(whole, threads=1))
    for program in (tiled, divided):
        assert outcome(after(program, backend=REFERENCE)) == expected
        assert outcome(after(program, threads=2)) == expected


CUT = [
    *(("lean", optimizer, 1) for optimizer in OPTIMIZERS),
    *(("lean8", "adam", 1), ("standard", "adam", 1), ("standard", "sgd with both", 1), ("wang2021", "bop", 1)),
    *(("lean", "adam with decay", 2), ("lean8", "sgd", 2), ("lean", "bop", 2), ("standard", "sgd with both", 2)),
]


@pytest.mark.parametrize(("policy", "optimizer", "parts"), CUT)
@pytest.mark.parametrize("network", ["cell", "sequence"])
def test_sections_end_in_the_bits_of_a_whole_step(network: str, policy: str, optimizer: str, parts: int) -> None:
    sizes = {"batch": parts * BATCH, "micro_batch": BATCH}
    whole, apart = (compiled(network, policy, optimizer, **sizes, sections=sections) for sections in (WHOLE, STEP))
    count = 2 * parts
    assert outcome(after(apart, STEP, count, threads=2)) == outcome(after(whole, count=count, threads=1))
    assert outcome(after(apart, STEP, count, backend=REFERENCE)) == outcome(
        after(whole, count=count, backend=REFERENCE)
    )


def used_gradients(program: Compiled) -> dict[str, Array]:
    """What each update of a whole step was given, by its parameter; those that are fused with it are left out."""
    session = started(program, seed=3)
    ((images, truth),) = batches(program.network, BATCH, 1)
    session.array("input")[...], session.array("labels")[...] = images, truth
    return {step.name: step.before["dw"].data for step in traced(session, TRAIN) if step.op == "adam"}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_that_are_held_are_those_that_a_whole_step_uses(network: str, policy: str) -> None:
    apart = compiled(network, policy, sections=STEP)
    session = after(apart, STEP[:2], count=1, backend=REFERENCE)
    updates = apart.program.section(STEP[2])
    names = {}
    for instruction in apart.program.instructions[updates.begin : updates.end]:
        if instruction.op.name == "adam":
            w, dw = (apart.program.buffers[instruction.operand(name)].name for name in ("w", "dw"))
            names[w] = dw
    learned = {parameter.name for parameter in apart.graph.parameters() if parameter.learned}
    assert names.keys() == learned, "each is updated once, from a gradient that is held"
    held = {w: session.array(dw) for w, dw in names.items()}
    used = used_gradients(compiled(network, policy))
    assert used and (POLICIES[policy].integer or used.keys() == learned)
    for name, gradient in used.items():
        assert np.array_equal(gradient, held[name].reshape(gradient.shape)), name
    moved = {name for name, gradient in held.items() if np.any(gradient)}
    assert len(moved) > 0.7 * len(held)  # of many levels the first exponents are too large for any mantissa
    without = after(compiled(network, policy, sections=STEP[:2]), STEP[:2], count=1, backend=REFERENCE)
    for name, dw in names.items():
        assert np.array_equal(without.array(dw), held[name]), f"{name} without a section that updates it"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_captured_edges_change_no_bit(network: str, policy: str) -> None:
    names = tuple(node.name for node in NETWORKS[network].graph.nodes)
    plain, kept = compiled(network, policy), compiled(network, policy, capture=names)
    for how in ({"backend": REFERENCE}, {"threads": 2}):
        assert outcome(after(kept, **how)) == outcome(after(plain, **how))


@pytest.mark.parametrize("section", [TRAIN, PREDICT])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_captured_edges_are_what_the_reference_gives(network: str, policy: str, section: str) -> None:
    nodes = NETWORKS[network].graph.nodes
    kept = compiled(network, policy, capture=tuple(node.name for node in nodes))
    judge, found = (after(kept, (section,), count=1, **how) for how in ({"backend": REFERENCE}, {"threads": 2}))
    for node in nodes:
        name = f"{section}.{CAPTURED}.{node.name}"
        buffer = kept.program.buffer(name)
        assert buffer.shape == (BATCH, *node.output.shape)
        one, other = found.array(name), judge.array(name)
        assert np.any(other), f"{name} is all zeros"
        if POLICIES[policy].integer or buffer.format in ("bit", "u8"):
            assert np.array_equal(one, other), name
        else:
            assert np.abs(one.astype(np.float64) - other).max() <= 1e-3 * np.abs(other.astype(np.float64)).max(), name


def test_the_first_sections_can_be_asked_for_alone() -> None:
    forward = compiled("cell", "lean", sections=("forward",))
    assert [section.name for section in forward.program.sections] == ["forward"]
    assert forward.program.arena_bytes < compiled("cell", "lean").program.arena_bytes
    both = compiled("cell", "lean", sections=("forward", "backward", PREDICT))
    assert [section.name for section in both.program.sections] == ["forward", "backward", PREDICT]
    for sections in (("backward",), ("backward", "forward"), ("forward", "update"), (TRAIN, "forward"), ()):
        with pytest.raises(
            SpecError, match=r"sections are .*, must be train, or of forward, backward, update the first"
        ):
            compiled("cell", "lean", sections=sections)
    with pytest.raises(SpecError, match=r"no section is called 'fordward'; .*did you mean forward"):
        compiled("cell", "lean", sections=("fordward",))


def test_a_captured_name_must_exist() -> None:
    with pytest.raises(SpecError, match=r"no layer of cell is called 'node8'; .*did you mean node"):
        compiled("cell", "lean", capture=("node8",))


@pytest.mark.parametrize(("policy", "unit"), [("lean", 2.0**-15), ("lean8", 0.02)])
def test_decay_lowers_weights_and_flips_no_sign(policy: str, unit: float) -> None:
    """With a rate at which gradients move next to nothing, and a decay of a tenth in each step."""
    count, rate = 12, 1e-7
    decaying = compile_network(NETWORKS["cell"], POLICIES[policy], Adam(rate, weight_decay=0.1 / rate), BATCH)
    session = opened(decaying, threads=2)
    state = State(decaying.layout, session.array)
    before = dict(state)
    steps(session, decaying.network, count)
    for parameter in decaying.graph.parameters():
        old, new = before[parameter.name], state[parameter.name]
        if parameter.use == "weight":
            assert np.array_equal(old >= 0, new >= 0) or not parameter.binary, f"{parameter.name} flipped"
            wanted = 0.9**count * np.abs(old).mean()
            assert np.abs(new).mean() == pytest.approx(wanted, rel=0.05, abs=unit if parameter.binary else 0.0)
        elif parameter.learned:
            assert np.abs(new - old).max() <= count * rate, f"{parameter.name} decayed"
    assert session.array("counters")[2] == 0
