"""Pipelines on FPGAs: the search against going through everything, published rates, and what does not fit."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

import linocut as lc
from linocut.devices.pipeline import measured, resources, synthesis
from linocut.devices.pipeline.accelerate import accelerate, design, rows
from linocut.devices.pipeline.clstm import graph_of
from linocut.devices.pipeline.graph import Operator, OperatorGraph, Part, memory
from linocut.devices.pipeline.options import Limits
from linocut.devices.pipeline.resources import Resources
from linocut.devices.pipeline.search import _buffers, _cuts, search
from linocut.devices.table import described
from linocut.errors import SpecError
from linocut.graph.lstm_shapes import LstmShape

GOOGLE, SMALL = LstmShape("lstm1", 153, 1024, 512), LstmShape("lstm1", 39, 512, peepholes=False)


def chain(rng: np.random.Generator) -> OperatorGraph:
    """A few operators in three phases or fewer, of random work and resources."""
    operators: list[Operator] = []
    for n in range(4):
        before = operators[-1].name if operators else ""
        whole = bool(before) and rng.random() < 0.6
        each = Resources(int(rng.integers(0, 4)), int(rng.integers(1, 30)), 0, 0)
        reads = ((before,), (before,) if whole else ()) if before else ((), ())
        bits = int(rng.choice([0, 100])), int(rng.choice([0, 40000]))
        operators.append(Operator(f"o{n}", "kind", int(rng.integers(1, 9)), each, *reads, *bits))
    return OperatorGraph("chain", "random", (Part("part", tuple(operators), 1000),))


def everything(graph: OperatorGraph, limits: Limits) -> tuple[int, int, int, int] | None:
    """The best interval, stages, DSP and LUT of all cuts and all copies."""
    (part,) = graph.parts
    best = None
    for copies in itertools.product(*(range(1, one.work + 1) for one in part.operators)):
        taken = Resources()
        for one, count in zip(part.operators, copies, strict=True):
            taken = taken + one.taken(count)
        cycles = [
            max(one.cycles(count) for one, count in zip(part.operators, copies, strict=True) if one in phase)
            for phase in part.phases
        ]
        for cut in _cuts(len(part.phases)):
            bram = taken.bram36 + _buffers(part, cut)
            if taken.dsp > limits.dsp or taken.lut > limits.lut or bram > limits.bram36:
                continue
            interval = max(sum(cycles[first:last]) for first, last in cut)
            found = (interval, len(cut), taken.dsp, taken.lut)
            best = found if best is None else min(best, found)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_what_going_through_everything_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = chain(rng)
    limits = Limits(int(rng.integers(4, 40)), int(rng.integers(60, 400)), int(rng.integers(8, 40)))
    expected = everything(graph, limits)
    if expected is None:
        with pytest.raises(SpecError, match="does not fit"):
            search(graph, limits)
        return
    found = search(graph, limits)
    assert (found.interval, len(found.stages), found.taken.dsp) == expected[:3]
    assert found.taken.lut <= limits.lut and found.taken.bram36 <= limits.bram36


# Frames a second on a KU060 at 200 MHz: of interleaved streams, as published, and one alone.
@pytest.mark.parametrize(
    ("shape", "block", "dsp", "copies", "cycles", "published", "alone"),
    [
        (GOOGLE, 8, 600, 42, 1024, 195_313, 65_104),
        (GOOGLE, 16, 600, 20, 538, 371_095, 123_916),
        (SMALL, 8, 420, 30, 589, 337_838, 113_186),
        (SMALL, 16, 420, 14, 320, 628_379, 208_333),
    ],
)
def test_published_rates(
    shape: LstmShape, block: int, dsp: int, copies: int, cycles: int, published: int, alone: int
) -> None:
    device = described("ku060")
    found = design(graph_of("lstm", [replace(shape, block=block)], device.family), device, dsp=dsp, stages=3)
    gates = next(row for row in rows(found.design) if row.operator == "lstm1.gates")
    assert (gates.copies, found.design.interval) == (copies, cycles)
    assert found.frames_per_second == pytest.approx(published, rel=0.01)
    assert round(found.one_stream_per_second) == alone
    assert found.latency_s == pytest.approx(3 * cycles / 200e6)
    freer = design(found.graph, device, dsp=dsp)
    assert freer.design.interval == cycles and len(freer.design.stages) == 2  # the rest of the device joins two stages


def test_weights_take_the_memory_of_their_copies() -> None:
    gates = next(one for one in graph_of("lstm", [GOOGLE], "xcup").parts[0].operators if one.name == "lstm1.gates")
    assert gates.taken(42).bram36 == 168 and memory(16 * 8, 1024) == 4


def test_the_table_has_what_the_page_measured() -> None:
    assert resources.of("product", 8, "xcup").dsp == 14
    for k in (2, 4, 8, 16):
        assert resources.of("product", k, "xcup").dsp == 2 * k - 2
    with pytest.raises(SpecError, match=r"no product of blocks of 32, only of 1, 2, 4, 8, 16"):
        resources.of("product", 32, "xcup")
    with pytest.raises(SpecError, match="not of family 'ice40'"):
        resources.of("product", 8, "ice40")


# What yosys 0.23 prints at the end of `stat` for the operator "cell".
STATISTICS = """
   Number of processes:              0
   Number of cells:                185
     CARRY4                         11
     DSP48E2                         2
     FDRE                           65
     FDSE                           15
     LUT2                           49
     LUT3                            2
     LUT4                           31
     LUT6                           10

   Estimated number of LCs:         51
"""


def test_statistics_of_yosys_come_to_what_the_table_has() -> None:
    found = synthesis.counted(STATISTICS.rpartition("Number of cells")[2])
    assert found == Resources(dsp=2, lut=49 + 2 + 31 + 10, flip_flops=65 + 15) == resources.of("cell", 1, "xcup")


@pytest.mark.skipif(bool(synthesis.missing()), reason=synthesis.missing() or "it is there")
def test_an_operator_counted_anew_is_as_in_the_table() -> None:
    if synthesis.version() != "Yosys 0.23":
        pytest.skip("the table is of yosys 0.23, other versions count otherwise")
    (one,) = measured.measure([("biased", 1)], "xcup")
    assert one.found == one.in_table == Resources(lut=40, flip_flops=48) and one.seconds > 0


def twice(operator: str, block: int, family: str) -> Resources:
    """In the place of yosys: each operator takes two more DSP, and twice the LUT, than in the table."""
    known = resources.of(operator, block, "xcup")
    return Resources(known.dsp + 2, 2 * known.lut, known.flip_flops)


def test_the_search_takes_what_yosys_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "synthesised", twice)
    monkeypatch.setattr(synthesis, "version", lambda: "Yosys 9")
    network, told = lc.models.build("lstm", cells=32, projection=16), []
    device = replace(described("ku060"), family="xc7")
    found = accelerate(network, device, synthesise=True, told=lambda *one: told.append(one))
    assert [(number, count) for _, number, count in told] == [(n + 1, 9) for n in range(9)]
    assert {one for one, _, _ in told} == set(found.counted)
    gates = next(one for stage in found.design.stages for one, _ in stage.copies if one.kind == "product")
    assert gates.each.dsp == 16
    json_found = found.to_json()
    assert json_found["counted_by"] == "Yosys 9"
    by_name = {(one["operator"], one["block"]): one for one in json_found["counted"]}
    assert by_name["product", 8] | {"seconds": 0} == {
        **{"operator": "product", "block": 8, "family": "xc7", "dsp": 16, "lut": 1480, "flip_flops": 1024},
        **{"seconds": 0, "table": None},
    }
    beside = accelerate(network, "ku060", synthesise=True).to_json()["counted"]
    assert next(one for one in beside if one["operator"] == "cell")["table"] == {"dsp": 2, "lut": 92, "flip_flops": 80}
    plain = accelerate(network, "ku060").to_json()
    assert (plain["counted_by"], plain["counted"]) == ("the committed table", [])
    with pytest.raises(SpecError, match="the table of operators is of xcup, not of family 'xc7'"):
        accelerate(network, device)


def test_what_cannot_be_is_refused_before_yosys_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "synthesised", lambda *_: pytest.fail("yosys was asked"))
    monkeypatch.setattr(synthesis, "version", lambda: "Yosys 9")
    network = lc.models.build("lstm")
    for settings, says in (({"stages": 9}, "stages is 9"), ({"dsp": 9999}, "dsp is 9999"), ({"watts": 0.0}, "watts")):
        with pytest.raises(SpecError, match=says):
            accelerate(network, "ku060", synthesise=True, **settings)


def test_a_network_is_accelerated_and_told_as_json() -> None:
    network = lc.models.build("lstm", cells=32, projection=16)
    found = accelerate(network, "7v3", clock_hz=150e6)
    told = json.loads(json.dumps(found.to_json()))
    assert told["frames_per_second"] == pytest.approx(150e6 / told["interval_cycles"])
    assert told["one_stream_frames_per_second"] == pytest.approx(told["frames_per_second"] / told["streams"])
    assert told["uj_per_frame"] == pytest.approx(23e6 / told["frames_per_second"])
    assert sum(row["dsp"] for row in told["operators"]) == told["taken"]["dsp"] <= 3600
    assert sum(row["lut"] for row in told["operators"]) == told["taken"]["lut"] <= 433_200


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"stages": 9}, "stages is 9, must be 1 to 4, the phases of lstm"),
        ({"dsp": 13}, r"one copy of lstm1.gates takes 14 DSP where there are 13; take a larger device, or more --dsp"),
        ({"dsp": 2761}, "dsp is 2,?761, must be 1 to 2,760, which ku060 has"),
        ({"clock_hz": 1.0}, r"clock is 1 Hz, must be 1e\+06 to 2e\+09"),
        ({"watts": 0.0}, "watts is 0, must be above 0"),
        ({"layer": "lstm9"}, "no layer that is accelerated is called 'lstm9'"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        accelerate(lc.models.build("lstm"), "ku060", **settings)


def test_devices_and_networks_that_do_not_fit_are_told_what_is_missing() -> None:
    small = replace(described("ku060"), name="small", dsp=20, lut=5000)
    with pytest.raises(SpecError, match=r"does not fit: one copy of each operator takes .* DSP where there are 20"):
        accelerate(lc.models.build("lstm"), small)
    with pytest.raises(SpecError, match=r"google_lstm does not fit: .* BRAM36 where there are 1,080"):
        accelerate(lc.models.build("google_lstm", block=1), "ku060")
    with pytest.raises(SpecError, match="no engine builds mlp: there are engines for block-circulant LSTM"):
        accelerate(lc.models.mlp(), "ku060")
    with pytest.raises(SpecError, match="coral-usb is of kind systolic, no FPGA"):
        accelerate(lc.models.build("lstm"), "coral-usb")
    with pytest.raises(SpecError, match=r"ku060 is an FPGA, for which a pipeline is built: linocut accelerate"):
        lc.estimate(lc.models.mlp(), "ku060")
    with pytest.raises(SpecError, match=r"cells is 100, must be a multiple of the block 8; the next is 104"):
        LstmShape("lstm1", 3, 100)
