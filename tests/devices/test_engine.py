"""This machine as a device: laws that are known come back from profiles, and rows are those of the program."""

import dataclasses

import pytest

import linocut as lc
from linocut.compile.lower import TRAIN, compile_network
from linocut.devices import engine
from linocut.devices.device import InstructionLaw
from linocut.devices.engine_fit import fit_laws
from linocut.devices.estimate import Training
from linocut.run.profile import KINDS, Profile, Timed

RATES = {"xnor": 1e12, "int8": 2e11, "float": 5e10}
BANDWIDTH = 3e10
NETWORKS = (lc.models.mlp((8, 8, 1), 10, (64, 128)), lc.models.cnv(), lc.models.mlp((20, 20, 1), 10, (96,)))


@pytest.fixture(scope="module")
def kept():
    """The laws that linocut brings, with peaks that no run changes."""
    return dataclasses.replace(lc.devices.load("this"), rates=tuple(RATES.items()), bandwidth=BANDWIDTH)


def profiled(program, law_of, threads):
    """A profile whose times are those of laws."""
    span = program.section(TRAIN)
    timed = []
    for instruction in program.instructions[span.begin : span.end]:
        computing, moving = engine.terms(program, instruction, RATES, BANDWIDTH)
        law = law_of(engine.key_of(program, instruction))
        seconds = (law.times * computing + law.passes * moving) / threads + law.call_s
        timed.append(Timed(instruction.op.name, "", "", 0, seconds))
    return Profile(TRAIN, "none", threads, 1, tuple(timed), 0.0, RATES)


def test_laws_that_are_known_come_back(kept):
    def known(key):
        return InstructionLaw(*key, 1.0 + len(key[0]) % 3, 2.0, 3e-6)

    programs = [
        compile_network(network, lc.lean, lc.Adam(), batch).program for network in NETWORKS for batch in (4, 30)
    ]
    profiles = [(program, profiled(program, known, 2)) for program in programs]
    device = dataclasses.replace(kept, laws=fit_laws(profiles, BANDWIDTH))
    for program, profile in profiles:
        seconds = sum(one.seconds for one in profile.instructions)
        assert sum(row.ms for row in engine.rows(device, program, TRAIN, 2)) == pytest.approx(seconds * 1e3, rel=0.01)


@pytest.mark.parametrize("policy", ["standard", "wang2021", "lean"])
def test_rows_of_a_step(kept, policy):
    found = lc.estimate(NETWORKS[1], kept, batch=8, training=Training(policy, "sgd", threads=1))
    program = compile_network(NETWORKS[1], getattr(lc, policy), lc.SGD(), 8).program
    span = program.section(TRAIN)
    assert [row.kind for row in found.rows] == [one.op.name for one in program.instructions[span.begin : span.end]]
    assert found.peak_bytes == program.arena_bytes and "a training step" in found.what
    assert all(row.ms >= 0 and row.uj >= 0 and (row.utilisation or 0) <= 1.5 for row in found.rows)
    more = lc.estimate(NETWORKS[1], kept, batch=64, training=Training(policy, "sgd", threads=1))
    assert 2 < more.total_ms / found.total_ms < 10


def test_a_prediction(kept):
    found = lc.estimate(NETWORKS[0], kept)
    assert found.what.startswith("a prediction") and found.total_ms < 1 and "not cycle accurate" in found.about
    two, one = (lc.estimate(NETWORKS[1], kept, batch=50, training=Training(threads=n)).total_ms for n in (2, 1))
    assert one / 2 <= two < one


def test_what_cannot_be(kept):
    for settings in ({"precision": "int8"}, {"caching": "knapsack"}):
        with pytest.raises(lc.SpecError, match="this runs networks as they are described, without"):
            lc.estimate(NETWORKS[0], kept, **settings)
    with pytest.raises(lc.SpecError, match="depthwise_conv2d1: a depthwise_conv2d cannot be trained"):
        lc.estimate(lc.models.build("mobilenet_v1", input_shape=(32, 32, 3), classes=4), kept)
    with pytest.raises(lc.SpecError, match="give that, not its graph"):
        lc.estimate(NETWORKS[0].graph, kept)
    with pytest.raises(lc.SpecError, match="a device of kind engine needs laws"):
        lc.estimate(NETWORKS[0], dataclasses.replace(kept, laws=()))
    for name in ("coral-usb", "cortex-m4"):
        with pytest.raises(
            lc.SpecError, match=f"a step is estimated for this machine, not for {name}; take the device this"
        ):
            lc.estimate(NETWORKS[0], name, training=Training())


def test_peaks_are_measured():
    rates = dict(lc.devices.load("this").rates)
    assert set(rates) == set(KINDS) and min(rates.values()) > 1e7
