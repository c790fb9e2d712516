"""The sweep over all cells, against the formulas written out and estimates node by node; what is made of it."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from pathlib import Path

import numpy as np
import pytest

from linocut import devices
from linocut.devices import sweep_file
from linocut.devices.device import Device, InstructionLaw, Picojoules
from linocut.devices.estimate import estimate
from linocut.devices.findings import by_size, correlations, distributions, fastest, groups, structures
from linocut.devices.pareto import pareto
from linocut.devices.search import search
from linocut.devices.sweep import Sweep, sweep
from linocut.errors import DataError, SpecError
from linocut.json_text import written
from linocut.networks import nasbench
from linocut.networks.nasbench.accuracies import Accuracies
from linocut.networks.nasbench.network import KINDS
from linocut.report import nasbench_plots, nasbench_tables

CLASSES = ("edgetpu-v1", "edgetpu-v2", "edgetpu-v3")
README = "1523787:45"


@pytest.fixture(scope="module")
def everything() -> Sweep:
    begun = time.process_time()
    found = sweep(nasbench.cells(), [devices.load(name) for name in CLASSES])
    assert time.process_time() - begun < 5  # what was asked for: seven times what an EPYC takes, with counting
    return found


def _some(count: int) -> np.ndarray:
    """The first cells, the largest three, and others."""
    cells = nasbench.cells()
    large = np.argsort(nasbench.parameters(cells))[-3:]
    return cells[np.concatenate([np.arange(4), large, np.random.default_rng(2).integers(0, len(cells), count)])]


def test_known_costs(everything: Sweep) -> None:
    """Of the cell in NASBench-101's README and of the smallest, and means over all, as computed independently."""
    cell, smallest = (
        everything.ms[nasbench.indices(nasbench.as_array([nasbench.read_cell(c)]))] for c in (README, "1:0")
    )
    assert cell[0] == pytest.approx([0.12816, 0.21175, 0.18005], rel=5e-5)
    assert smallest[0] == pytest.approx([0.024966, 0.046111, 0.046111], rel=5e-5)
    place = nasbench.indices(nasbench.as_array([nasbench.read_cell(README)]))
    assert everything.uj[place][0] == pytest.approx([268.50] * 3, rel=5e-5)
    assert everything.ms.mean(axis=0) == pytest.approx([0.186, 0.415, 0.402], abs=5e-4)


def test_all_or_nothing_costs_the_largest_networks_v1s_lead() -> None:
    cells = nasbench.cells()
    found = sweep(cells, [devices.load(name) for name in CLASSES], "all")
    assert found.ms.mean(axis=0) == pytest.approx([0.210, 0.465, 0.454], abs=1e-3)
    large = nasbench.parameters(cells) > 32e6
    assert (fastest(found)[large] != 0).mean() == pytest.approx(0.70, abs=0.01)
    assert not (fastest(found)[~large] != 0).any()


@pytest.mark.parametrize("caching", ["partial", "all"])
def test_sweeps_are_estimates_of_the_networks(caching: str) -> None:
    on = [devices.load(name) for name in (*CLASSES, "coral-usb")]
    some = _some(5)
    found = sweep(some, on, caching)
    for row, record in enumerate(some):
        network = nasbench.network(record)
        for column, device in enumerate(on):
            one = estimate(network, device, caching=caching)
            assert found.ms[row, column] == pytest.approx(one.total_ms, rel=1e-9)
            assert found.uj[row, column] == pytest.approx(one.total_uj, rel=1e-9)
            assert found.streamed_bytes[row, column] == one.streamed_bytes
            assert (found.weight_bytes[row], found.peak_bytes[row]) == (one.weight_bytes, one.peak_bytes)


@pytest.mark.parametrize("caching", ["partial", "all"])
def test_sweeps_are_the_formulas_written_out(caching: str) -> None:
    """A transcription of the model in plain Python, operation by operation, that shares no code with the sweep."""
    on = [devices.load(name) for name in CLASSES]
    some = _some(12)
    found = sweep(some, on, caching)
    for row, record in enumerate(some):
        operations = list(_operations(nasbench.read_cell(record)))
        for column, device in enumerate(on):
            ms, uj = _written_out(operations, device, caching)
            assert found.ms[row, column] == pytest.approx(ms, rel=1e-9)
            assert found.uj[row, column] == pytest.approx(uj, rel=1e-9)


def _operations(cell):
    """("conv", k, ci, co, h) and ("each", channels, inputs, h) of a network, in order."""
    yield "conv", 3, 3, 128, 32
    given = 128
    for stack, side in enumerate((32, 16, 8)):
        outputs = 128 << stack
        if stack:
            yield "each", given, 1, side
        for _ in range(3):
            yield from _cell(cell, given, outputs, side)
            given = outputs
    yield "each", 512, 64, 1
    yield "conv", 1, 512, 10, 1


def _cell(cell, given, outputs, side):
    last = cell.vertices - 1
    ends = [x for x, y in cell.edges if y == last and x]
    width = {v: outputs // len(ends) + (n < outputs % len(ends)) for n, v in enumerate(ends)}
    for vertex in reversed(range(1, last)):
        if vertex not in width:
            width[vertex] = max(width[y] for x, y in cell.edges if x == vertex)
    for vertex, operation in enumerate(cell.operations, start=1):
        entering = [x for x, y in cell.edges if y == vertex]
        if 0 in entering:
            yield "conv", 1, given, width[vertex], side
        if len(entering) > 1:
            yield "each", width[vertex], len(entering), side
        if operation == "maxpool3x3":
            yield "each", width[vertex], 9, side
        else:
            yield "conv", int(operation[4]), width[vertex], width[vertex], side
    if (0, last) in cell.edges:
        yield "conv", 1, given, outputs, side
        if ends:
            yield "each", outputs, 2, side


def _written_out(operations, device: Device, caching: str) -> tuple[float, float]:
    (across, down), clock, pj = device.grid, device.clock_hz, device.energy
    convs = [one[1:] for one in operations if one[0] == "conv"]
    total = sum(k * k * ci * co + 4 * co for k, ci, co, _ in convs)
    room = max(0, across * down * device.pe_bytes - max((ci + co) * h * h for _, ci, co, h in convs))
    streamed = max(0, total - room) if caching == "partial" else total if total > room else 0
    seconds, spent = 3072 / device.bandwidth, streamed * pj.dram_byte
    for kind, *sizes in operations:
        if kind == "each":
            channels, count, h = sizes
            elements = channels * h * h
            seconds += elements * count / (across * down * device.cores * device.lanes) / clock + 1e-6
            spent += elements * (count if count <= 9 else 1) * pj.pe_byte
            continue
        k, ci, co, h = sizes
        shared = [g for g in (1, 2, 4, 8, 16) if g <= device.cores]
        cycles = min(
            math.ceil(math.ceil(h / down) / (device.cores / g))
            * math.ceil(h / across)
            * math.ceil(co / (g * device.lanes))
            * math.ceil(ci / 4)
            * k**2
            for g in shared
        )
        weights, macs = k * k * ci * co + 4 * co, k * k * ci * co * h * h
        seconds += max(cycles / clock, streamed * weights / total / device.bandwidth) + 1e-6
        spent += macs * pj.mac + macs / 16 * pj.core_byte + (weights + (ci + co) * h * h) * pj.pe_byte
    return 1e3 * seconds, spent / 1e6


def test_what_a_sweep_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no caching of a sweep is called 'knapsak'; there are partial, all"):
        sweep(nasbench.cells(3), [devices.load("edgetpu-v1")], "knapsak")
    laws = (InstructionLaw("adam", "float", "", 1.0, 0.0, 0.0),)
    engine = Device("mine", "engine", "a test", 1e9, 1e9, laws=laws)
    with pytest.raises(SpecError, match="mine is of kind engine, a sweep takes"):
        sweep(nasbench.cells(3), [engine])
    with pytest.raises(SpecError, match="must be a list of one or more"):
        sweep(nasbench.cells(3), [])
    with pytest.raises(SpecError, match="must be a list of one or more"):
        sweep(nasbench.cells(3), "coral-usb")
    with pytest.raises(SpecError, match="a device is given as 3"):
        sweep(nasbench.cells(3), [3])  # type: ignore[list-item]  # wrong on purpose
    poor = dataclasses.replace(devices.load("coral-usb"), lacks=("sigmoid", "max_pool2d"))
    with pytest.raises(SpecError, match="coral-usb cannot run max_pool2d, which networks of NASBench-101 are made of"):
        sweep(nasbench.cells(2), [poor])
    with pytest.raises(SpecError, match="two devices of a sweep are called coral-usb"):
        sweep(nasbench.cells(3), ["coral-usb", devices.load("coral-usb")])


def test_kinds_of_layers_are_those_of_the_networks() -> None:
    added, cut = nasbench.network("7:0"), nasbench.network("915:0")  # vertices of 43, 43 and 42 channels
    assert {node.layer.kind for one in (added, cut) for node in one.graph.nodes} == set(KINDS)


def test_devices_are_given_by_name_too() -> None:
    some = nasbench.cells(3)
    assert np.array_equal(sweep(some, ["coral-usb"]).ms, sweep(some, [devices.load("coral-usb")]).ms)


# --- findings ---


def test_findings_are_of_the_arrays(everything: Sweep) -> None:
    sizes = nasbench.parameters(everything.cells)
    bins = list(by_size(everything))
    assert sum(one.cells for one in bins) == len(everything.cells)
    own = (sizes >= bins[2].begin) & (sizes < bins[2].end)
    assert bins[2].ms == pytest.approx(everything.ms[own].mean(axis=0))
    assert all(sum(one.fastest) == pytest.approx(1) for one in bins)
    assert [one.device for one in distributions(everything)] == list(CLASSES)
    found = structures(everything)
    deep = list(groups(everything, found["depth"]))
    assert [one.value for one in deep] == [1, 2, 3, 4, 5, 6]
    assert sum(one.cells for one in deep) == len(everything.cells)
    assert [one.ms[0] for one in deep] == sorted(one.ms[0] for one in deep)


def test_depth_and_width_are_those_of_brute_force() -> None:
    some = _some(20)
    for record, deep, wide in zip(some, nasbench.depth(some), nasbench.width(some), strict=True):
        cell = nasbench.read_cell(record)

        def longest(vertex: int, cell=cell) -> int:
            return max((1 + longest(y) for x, y in cell.edges if x == vertex), default=0)

        interior = range(1, cell.vertices - 1)
        cuts = []
        for chosen in range(1 << len(interior)):
            side = {0, *(v for v in interior if chosen >> v - 1 & 1)}
            cuts.append(sum(x in side and y not in side for x, y in cell.edges))
        assert (deep, wide) == (longest(0), max(cuts))


# --- files ---


def test_sweeps_come_back_from_files(tmp_path: Path) -> None:
    found = sweep(nasbench.cells(4), [devices.load("edgetpu-v2"), devices.load("coral-usb")], "all")
    sweep_file.save(found, tmp_path / "sweep.npz")
    again = sweep_file.load(tmp_path / "sweep.npz")
    assert (again.devices, again.caching, again.about) == (found.devices, found.caching, found.about)
    assert "calibrated: coral-usb on six rows of Coral's published benchmarks; not cycle accurate" in again.about
    plain = dataclasses.replace(found, calibrated=())
    sweep_file.save(plain, tmp_path / "older.npz")
    assert "calibrated" not in sweep_file.load(tmp_path / "older.npz").about
    for name in ("cells", "ms", "uj", "streamed_bytes", "weight_bytes", "peak_bytes"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    kept = np.load(tmp_path / "sweep.npz")
    assert np.array_equal(kept["parameters"], nasbench.parameters(found.cells))


def _broken(value: float) -> np.ndarray:
    found = np.ones((91, 2))
    found[5, 1] = value
    return found


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ms": np.zeros((90, 2))}, "ms is float64"),
        ({"ms": np.zeros((91, 2), np.float32)}, "ms is float32"),
        ({"caching": np.array("some")}, "has the caching 'some'"),
        ({"devices": np.array([1, 2])}, "does not say for which devices"),
        ({"V": np.zeros((3, 3), np.uint8)}, "V is uint8"),
        ({"bits": None}, "has no array 'bits'"),
        ({"V": np.full(91, 200, np.uint8)}, "row 0 of the cells is none of NASBench-101's: a cell has 200 vertices"),
        ({"labels": np.full(91, 255, np.uint8)}, "row 0 of the cells is none .* labels are 255"),
        ({"bits": np.zeros(91, np.uint32)}, "row 0 of the cells is none .* vertex 0 of a cell of 2 has no edge"),
        ({"bits": np.full(91, 2**31, np.uint32)}, "row 0 of the cells is none .* bits are 2147483648"),
        ({"ms": _broken(np.nan)}, "ms of cell 5 is nan, must be from 1e-12 to"),
        ({"ms": _broken(np.inf)}, "ms of cell 5 is inf"),
        ({"ms": _broken(0.0)}, "ms of cell 5 is 0"),
        ({"uj": _broken(-1.0)}, "uj of cell 5 is -1, must be from 0"),
        ({"streamed_bytes": _broken(-1).astype(np.int64)}, "streamed_bytes of cell 5 is -1"),
        ({"streamed_bytes": _broken(2**39).astype(np.int64)}, "cell 5 streams more bytes than its weights have"),
        ({"weight_bytes": np.zeros(91, np.int64)}, "weight_bytes of cell 0 is 0"),
        ({"devices": np.array(["a\x1b[31m", "b"])}, r"a device is called 'a\\x1b"),
        ({"calibrated": np.array(["a"])}, "does not say in a line for each device"),
        ({"calibrated": np.array(["a", "b\n"])}, "does not say in a line for each device"),
        ({"calibrated": np.array([1, 2])}, "does not say in a line for each device"),
        ({"devices": np.array(["a", "a"])}, "must have a name of its own"),
        ({"devices": np.array(["a", ""])}, "a device is called ''"),
    ],
)
def test_files_that_are_no_sweeps_are_named(tmp_path: Path, changed: dict[str, np.ndarray], message: str) -> None:
    found = sweep(nasbench.cells(4), [devices.load("edgetpu-v2"), devices.load("coral-usb")])
    sweep_file.save(found, tmp_path / "sweep.npz")
    arrays = {**np.load(tmp_path / "sweep.npz"), **changed}
    sweep_file.write(tmp_path / "odd.npz", {name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(DataError, match=message):
        sweep_file.load(tmp_path / "odd.npz")
    with pytest.raises(DataError, match=r"no \.npz file"):
        (tmp_path / "odd.npz").write_bytes(b"odd")
        sweep_file.load(tmp_path / "odd.npz")
    with pytest.raises(DataError, match="cannot be read"):
        sweep_file.load(tmp_path / "absent.npz")


@pytest.mark.filterwarnings("error")
def test_sweeps_of_little_are_drawn_and_told(tmp_path: Path) -> None:
    """Of one cell, and of a device whose energy is not known."""
    pytest.importorskip("matplotlib")
    plain = dataclasses.replace(devices.load("coral-usb"), energy=Picojoules())
    found = sweep(nasbench.cells(2), [plain])
    assert not found.uj.any()
    assert len(list(nasbench_plots.draw(found, tmp_path))) == 5
    assert "not cycle accurate" in nasbench_tables.findings(found)
    assert json.loads(written(correlations(found)))["depth"] == [None]


def test_no_picture_is_left_of_a_sweep_that_cannot_be_drawn(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("matplotlib")

    def broken(_: Sweep) -> None:
        raise SpecError("no")

    monkeypatch.setitem(nasbench_plots.PICTURES, "fronts", broken)
    with pytest.raises(SpecError):
        list(nasbench_plots.draw(sweep(nasbench.cells(2), ["coral-usb"]), tmp_path / "pictures"))
    assert not (tmp_path / "pictures").exists()


# --- search ---


def test_nothing_beats_what_is_in_the_pareto_set() -> None:
    random = np.random.default_rng(4)
    cost, quality = random.integers(1, 30, 200), random.integers(1, 30, 200)
    front = pareto(cost, quality).tolist()
    for place in range(200):
        beaten = (
            (cost <= cost[place]) & (quality >= quality[place]) & ((cost < cost[place]) | (quality > quality[place]))
        )
        equal = (cost == cost[place]) & (quality == quality[place])
        assert (place in front) == (not beaten.any() and np.flatnonzero(equal)[0] == place)
    assert cost[front].tolist() == sorted(set(cost[front].tolist()))
    assert pareto(np.zeros(0), np.zeros(0)).tolist() == []


def test_searches_find_the_best_within_a_time(everything: Sweep) -> None:
    found = search(everything, "edgetpu-v2", 0.2, "macs")
    work = nasbench.macs(everything.cells)
    fast = everything.ms[:, 1] <= 0.2
    assert work[found.chosen] == work[fast].max() == found.quality_of(found.chosen)
    assert everything.ms[found.chosen, 1] <= 0.2
    places = np.array([0, 5, 359_715])
    known = search(everything, "edgetpu-v1", 0.2, "accuracy", Accuracies(places, np.array([0.7, 0.8, 0.94]), 3))
    assert (known.chosen, str(known.cell), known.quality_of(known.chosen)) == (359_715, README, 0.94)


def test_small_times_are_shown_and_unknown_energies_are_not(everything: Sweep) -> None:
    quick = dataclasses.replace(devices.load("edgetpu-v1"), clock_hz=1e13, overhead_s=0, elementwise_overhead_s=0)
    found = sweep(nasbench.cells(2), [dataclasses.replace(quick, bandwidth=1e14, energy=Picojoules())])
    line = nasbench_tables.findings(found).splitlines()[2].split()
    assert float(line[1]) == pytest.approx(float(found.ms[0, 0]), rel=1e-2) and line[5:7] == ["-", "-"]


def test_searches_that_cannot_be_are_refused(everything: Sweep) -> None:
    with pytest.raises(SpecError, match=r"no cell takes 0.01 ms or less on edgetpu-v1, the fastest takes 0.02497"):
        search(everything, "edgetpu-v1", 0.01, "macs")
    with pytest.raises(SpecError, match=r"the fastest takes 0.04612; allow as much"):  # 0.046111: not less than it
        search(everything, "edgetpu-v2", 0.04611, "macs")
    assert str(search(everything, "edgetpu-v2", 0.04612, "macs").cell) == "1:0"
    with pytest.raises(SpecError, match="did you mean edgetpu-v2"):
        search(everything, "edgetpuv2", 1, "macs")
    with pytest.raises(SpecError, match="max_ms is nan"):
        search(everything, "edgetpu-v1", float("nan"), "macs")
    with pytest.raises(SpecError, match="did you mean macs"):
        search(everything, "edgetpu-v1", 1, "mac")
    with pytest.raises(SpecError, match="needs the accuracies of cells"):
        search(everything, "edgetpu-v1", 1, "accuracy")
