"""NASBench-101: cells counted against brute force, sizes against placed networks, networks against PyTorch."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from linocut import Predictor, Trainer
from linocut.devices.costmodel.model import CostModel, shapes
from linocut.devices.sweep import sweep
from linocut.errors import SpecError
from linocut.networks import nasbench
from linocut.networks.nasbench import Cell
from linocut.networks.nasbench.cell import CELL, adjacency, digits, slots
from linocut.networks.nasbench.channels import channels
from linocut.networks.toml_file import read_network, write_network

README = Cell(7, 1771019, 83)  # the cell of NASBench-101's README, as it is written there
CUMULATIVE = (1, 7, 91, 2532, 64542, 423624)


def test_all_cells_are_counted() -> None:
    cells = nasbench.cells()
    assert [int((cells["V"] <= vertices).sum()) for vertices in range(2, 8)] == list(CUMULATIVE)
    assert [len(nasbench.cells(vertices)) for vertices in range(2, 7)] == list(CUMULATIVE[:-1])
    order = list(zip(cells["V"].tolist(), cells["bits"].tolist(), cells["labels"].tolist(), strict=True))
    assert order == sorted(set(order))
    assert np.array_equal(nasbench.indices(cells[::1000]), np.arange(0, len(cells), 1000))


def _brute_force(vertices: int) -> set[tuple[int, int]]:
    """Every labelled graph as the smallest of all its relabellings, by sets of edges and not by bits."""
    all_slots, interior = slots(vertices), range(1, vertices - 1)
    found = set()
    for count in range(1, 10):
        for edges in itertools.combinations(all_slots, count):
            if {x for x, _ in edges} != set(range(vertices - 1)) or {y for _, y in edges} != set(range(1, vertices)):
                continue
            for labels in itertools.product(range(3), repeat=len(interior)):
                forms = []
                for order in itertools.permutations(interior):
                    to = {0: 0, vertices - 1: vertices - 1, **dict(zip(interior, order, strict=True))}
                    moved = [(to[x], to[y]) for x, y in edges]
                    if all(x < y for x, y in moved):
                        bits = sum(1 << (x + y * (y - 1) // 2) for x, y in moved)
                        place = dict(zip(order, labels, strict=True))
                        forms.append((bits, sum(place[v] * 3 ** (vertices - 2 - v) for v in interior)))
                found.add(min(forms))
    return found


@pytest.mark.parametrize("vertices", [2, 3, 4, 5])
def test_the_kept_cells_are_those_of_brute_force(vertices: int) -> None:
    cells = nasbench.cells(vertices)
    own = cells[cells["V"] == vertices]
    assert set(zip(own["bits"].tolist(), own["labels"].tolist(), strict=True)) == _brute_force(vertices)


def test_the_published_cell() -> None:
    assert README.edges == ((0, 1), (0, 2), (0, 3), (3, 4), (0, 5), (1, 6), (2, 6), (4, 6), (5, 6))
    assert README.operations == ("conv1x1", "conv3x3", "conv3x3", "conv3x3", "maxpool3x3")
    assert README.kept == Cell(7, 1523787, 45)
    array = nasbench.as_array([README, README.kept])
    assert nasbench.parameters(array).tolist() == [2_694_282] * 2
    assert nasbench.macs(array).tolist() == [402_002_944] * 2


def test_what_is_kept_is_its_own_and_that_of_any_relabelling() -> None:
    some = nasbench.cells()[::97]
    assert np.array_equal(nasbench.kept(some), some)
    random = np.random.default_rng(0)
    for record in random.choice(some, 10):
        cell = nasbench.read_cell(record)
        for order in itertools.permutations(range(1, cell.vertices - 1)):
            to = (0, *order, cell.vertices - 1)
            moved = [(to[x], to[y]) for x, y in cell.edges]
            if all(x < y for x, y in moved):
                digit = digits(cell.vertices)[cell.labels]
                labels = sum(int(digit[v - 1]) * 3 ** (cell.vertices - 2 - to[v]) for v in range(1, cell.vertices - 1))
                other = Cell(cell.vertices, sum(1 << (x + y * (y - 1) // 2) for x, y in moved), labels)
                assert other.kept == cell


def test_sizes_of_all_cells_have_the_published_extremes() -> None:
    cells = nasbench.cells()
    parameters = nasbench.parameters(cells)
    assert (parameters.min(), parameters.max()) == (227_274, 49_979_274)


def _sample(count: int) -> np.ndarray:
    cells = nasbench.cells()
    extremes = cells[[nasbench.parameters(cells).argmin(), nasbench.parameters(cells).argmax()]]
    return np.concatenate([cells[:8], extremes, np.random.default_rng(1).choice(cells, count)]).astype(CELL)


@pytest.mark.parametrize("binary", [False, True])
def test_sizes_are_those_of_the_placed_networks(binary: bool) -> None:
    """Gamma is what a binary network's norms have not."""
    sample = _sample(12)
    for record, parameters, macs in zip(sample, nasbench.parameters(sample), nasbench.macs(sample), strict=True):
        graph = nasbench.network(record, binary).graph
        assert sum(node.cost.real_macs + node.cost.binary_macs for node in graph.nodes) == macs
        learned = [math.prod(parameter.shape) for parameter in graph.parameters() if parameter.learned]
        norms = sum(node.output.shape[-1] for node in graph.nodes if node.layer.kind == "batch_norm")
        assert sum(learned) == parameters - (norms if binary else 0)


def test_channels_are_shared_by_the_vertices_before_the_output() -> None:
    """128 over three vertices are 43, 43 and 42; a vertex before two of them has the larger."""
    cell = nasbench.read_cell(
        {
            "module_adjacency": [
                [0, 1, 0, 0, 0, 0],
                [0, 0, 1, 1, 1, 0],
                [0, 0, 0, 0, 0, 1],
                [0, 0, 0, 0, 0, 1],
                [0, 0, 0, 0, 0, 1],
                [0, 0, 0, 0, 0, 0],
            ],
            "module_operations": ["input", "conv3x3-bn-relu", *["conv1x1-bn-relu"] * 3, "output"],
        }
    )
    edges = adjacency(cell.vertices, np.array([cell.bits]))
    assert channels(edges, 128).tolist() == [[0, 43, 43, 43, 42, 128]]


# --- networks ---


def test_networks_train_and_come_back_from_files(tmp_path) -> None:
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (8, 32, 32, 3), np.uint8), random.integers(0, 10, 8)
    for binary in (False, True):
        network = nasbench.network("571:4", binary, stem=8, repeats=1)
        write_network(network, tmp_path / "cell.toml")
        assert read_network(tmp_path / "cell.toml", (32, 32, 3), 10) == network
        trainer = Trainer(network, batch_size=8, seed=1)
        before = {name: np.array(trainer.state[name]) for name in trainer.state}
        (epoch,) = trainer.fit((images, labels), epochs=1)
        assert np.isfinite(epoch.loss)
        moved = [name for name, array in before.items() if not np.array_equal(array, trainer.state[name])]
        assert {name.partition(".")[0] for name in moved} >= {"conv2d1", "dense1"}
    with pytest.raises(SpecError, match=r"must end in \.toml"):
        write_network(network, tmp_path / "cell.txt")


@pytest.mark.parametrize("place", [0, 3000, 100_000, 359_715])
def test_networks_compute_what_the_rules_say(place: int) -> None:
    """Held against a transcription of the rules that walks the matrix, in PyTorch."""
    torch = pytest.importorskip("torch")
    cell = nasbench.read_cell(nasbench.cells()[place])
    network = nasbench.network(cell, stem=7, repeats=1)
    trainer = Trainer(network, policy="standard", batch_size=2, seed=place)
    images = np.random.default_rng(place).integers(0, 256, (2, 32, 32, 3), np.uint8)
    outputs = Predictor(trainer.inference_graph()).predict(images).outputs
    expected = _by_rules(torch, cell, trainer.state, network, images)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def _by_rules(torch, cell: Cell, state, network, images):
    """The convolutions take their weights in the order in which the network has them."""
    weights = iter([p.name for p in network.graph.parameters() if p.part == "weights"])

    def conv(x):
        w = torch.from_numpy(np.array(state[next(weights)])).permute(0, 3, 1, 2)
        y = torch.nn.functional.conv2d(x, w, padding=w.shape[2] // 2)
        return torch.relu(y / np.sqrt(1 + 1e-5))  # fresh norms: mean 0, variance 1

    matrix = np.array(nasbench.to_json(cell)["module_adjacency"])
    last = cell.vertices - 1
    x = conv((2 * torch.from_numpy(images).float() - 255).permute(0, 3, 1, 2) / 255)
    for stack in range(3):
        if stack:
            x = torch.nn.functional.max_pool2d(x, 2)
        x = _cell(torch, conv, matrix, cell.operations, last, x, 7 << stack)
    x = x.mean(dim=(2, 3))
    w = torch.from_numpy(np.array(state[next(weights)])).reshape(10, -1)
    return (x @ w.T + torch.from_numpy(np.array(state["dense1.bias"]))).numpy()


def _widths(matrix, last, outputs):
    """Channels as the rules have them, from the last vertex to the first."""
    ends = [vertex for vertex in range(1, last) if matrix[vertex, last]]
    widths = {vertex: outputs // len(ends) + (place < outputs % len(ends)) for place, vertex in enumerate(ends)}
    for vertex in range(last - 1, 0, -1):
        if vertex not in widths:
            widths[vertex] = max(widths[other] for other in range(vertex + 1, last) if matrix[vertex, other])
    return widths


def _cell(torch, conv, matrix, operations, last, given, outputs):
    projected = {vertex: conv(given) for vertex in range(1, last + 1) if matrix[0, vertex]}
    widths, values = _widths(matrix, last, outputs), {}
    for vertex in range(1, last):
        width = widths[vertex]
        arms = [projected[vertex]] if vertex in projected else []
        arms += [values[other][:, :width] for other in range(1, vertex) if matrix[other, vertex]]
        x = sum(arms[1:], arms[0])
        pooled = operations[vertex - 1] == "maxpool3x3"
        values[vertex] = torch.nn.functional.max_pool2d(x, 3, 1, 1) if pooled else conv(x)
    ends = [values[vertex] for vertex in range(1, last) if matrix[vertex, last]]
    if not ends:
        return projected[last]
    joined = torch.cat(ends, dim=1)
    return joined + projected[last] if last in projected else joined


# --- bad input ---


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("1523787:999", "labels are 999, must be 0 to 242"),
        ("99999999:0", "bits are 99999999, must be 1 to 2097151"),
        ("1048576:0", "vertex 0 of a cell of 7 has no edge to a later one"),
        ("2097151:0", "21 edges, must have 9 or fewer"),
        ("nothing", "is no cell; give bits:labels such as 1523787:45"),
        ("{", "is not JSON"),
        ("[1, 2, 3]", "must be a matrix and operations"),
        ("missing.json", "missing.json cannot be read"),
        (7, "a cell is given as 7"),
        ({"matrix": [[0, "1"], [0, 0]], "ops": ["input", "output"]}, "has '1' in row 0, must be 0 or 1"),
        ({"matrix": 3, "ops": 3}, "must be a square of 2 to 7 rows"),
        ({"module_adjacency": [[0, 1], [0, 0]]}, "lacks module_operations"),
        ({"matrix": [[0, 1], [1, 0]], "ops": ["input", "output"]}, "an edge from 1 to 0"),
        ({"matrix": [[0, 2], [0, 0]], "ops": ["input", "output"]}, "has 2 in row 0, must be 0 or 1"),
        ({"matrix": [[0, 0], [0, 0]], "ops": ["input", "output"]}, "no way from its input to its output"),
        ({"matrix": [[0, 1]], "ops": ["input"]}, "must be a square of 2 to 7 rows"),
        ({"matrix": [[0, 1], [0, 0]], "ops": ["output", "input"]}, "must be input and output"),
        ({"matrix": [[0, 1], [0, 0]], "ops": ["input"]}, "must be a list of 2 names"),
        (
            {"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", "conv3x3-bn-rleu", "output"]},
            "did you mean conv3x3-bn-relu",
        ),
    ],
)
def test_what_is_no_cell_is_refused(given: object, message: str, elsewhere) -> None:
    with pytest.raises(SpecError) as caught:
        nasbench.read_cell(given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cells_are_read_from_all_their_forms(tmp_path) -> None:
    json = '{"module_adjacency": [[0,1,1],[0,0,1],[0,0,0]], "module_operations": ["input","maxpool3x3","output"]}'
    (tmp_path / "cell.json").write_text(json)
    expected = Cell(3, 7, 2)
    for given in (
        json,
        tmp_path / "cell.json",
        str(tmp_path / "cell.json"),
        "7:2",
        expected,
        nasbench.to_json(expected),
    ):
        assert nasbench.read_cell(given) == expected
    assert nasbench.read_cell(nasbench.as_array([expected])[0]) == expected


def test_vertices_on_no_way_are_left_out() -> None:
    matrix = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert nasbench.read_cell({"matrix": matrix, "ops": ["input", "conv1x1", "conv3x3", "output"]}) == Cell(3, 5, 1)


def test_networks_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match=r"bits of a cell are 1\.5, must be a whole number"):
        Cell(2, 1.5)
    with pytest.raises(SpecError, match="stem is 3, must be 4 or more"):
        nasbench.network(README, stem=3)
    with pytest.raises(SpecError, match="binary of a NASBench network is 'no', must be True or False"):
        nasbench.network(README, binary="no")
    with pytest.raises(SpecError, match="repeats of a NASBench network is 0"):
        nasbench.network(README, repeats=0)
    with pytest.raises(SpecError, match="up to 8 vertices were asked for, must be 2 to 7"):
        nasbench.cells(8)
    with pytest.raises(SpecError, match="not among NASBench-101's"):
        nasbench.indices(nasbench.as_array([README]))


@pytest.mark.parametrize(
    "given", ["7:0", None, [], np.zeros(3), ["7:0"], nasbench.cells(3)[0], nasbench.cells(3)[:, None]]
)
def test_what_is_no_array_of_cells_is_refused(given: object) -> None:
    for of in (
        nasbench.parameters,
        nasbench.macs,
        nasbench.depth,
        nasbench.width,
        nasbench.mix,
        nasbench.kept,
        nasbench.indices,
        lambda cells: sweep(cells, ["coral-usb"]),
        lambda cells: CostModel(("a",), "partial", {n: np.zeros(s) for n, s in shapes(1).items()}, {}).predict(cells),
    ):
        with pytest.raises(SpecError, match=r"must be an array \(cells,\) of V, bits and labels"):
            of(given)


def test_rows_that_are_no_cells_are_refused_as_cells_are() -> None:
    """All of four vertices: an array is refused where one of its rows is, by what refuses one."""
    for vertices, bits in itertools.product((1, 4, 8), range(1 << 6)):
        row = np.array([(vertices, bits, 0)], nasbench.CELL)
        try:
            nasbench.Cell(vertices, bits)
        except SpecError as error:
            with pytest.raises(SpecError) as caught:
                nasbench.parameters(row)
            assert str(error) in str(caught.value)
        else:
            nasbench.parameters(row)
