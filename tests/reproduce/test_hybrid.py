"""Chakraborty et al.: every figure of the tables to the digit, and the trainings on little data."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from linocut.data import load
from linocut.data.arrays import ArrayDataset
from linocut.devices.hybrid_energy import hybrid_energy, read_bit_energies
from linocut.errors import RunError, SpecError
from linocut.graph.network import Network
from linocut.graph.precision import weights_only_bits
from linocut.hybrid.costs import model_bytes
from linocut.networks.binary_vgg import vgg
from linocut.networks.mlp import mlp
from linocut.networks.resnet import resnet
from linocut.report import hybrid_order_plot
from linocut.reproduce import hybrid, hybrid_order
from linocut.reproduce.asked import Asked
from linocut.reproduce.figures import read_figures
from linocut.reproduce.hybrid_training import FULL, TWO_BITS, WITHIN_BUDGET, HybridTraining, Variant

# head: no shortcuts, weights; then float shortcuts: weights, scale, bias and norm and running statistics
TABLE = {
    (): (29.58, 23.60, 23.45, 22.89),
    (512,): (29.61, 23.68, 23.53, 22.97),
    (512, 512): (29.64, 23.76, 23.61, 23.06),
    (1024,): (27.67, 22.49, 22.36, 21.86),
    (4096, 4096): (24.16, 21.85, 21.79, 21.54),
}
ENERGY = {
    "VGG-19, full precision": 2896.8,
    "VGG-19, binary": 138.95,
    "VGG-19, float shortcuts": 175.13,
    "ResNet-20, full precision": 169.72,
    "ResNet-20, binary shortcuts": 11.378,
    "ResNet-20, float shortcuts": 14.268,
    "ResNet-20, float shortcuts, 2 bits on 8, 9, 14, 15": 15.219,
    "ResNet-20, float shortcuts, last stage in floats": 71.17,
    "ResNet-32, full precision": 284.97,
    "ResNet-32, binary shortcuts": 17.723,
    "ResNet-32, float shortcuts": 20.613,
    "ResNet-32, float shortcuts, last stage in floats": 118.56,
}
RATIOS = {
    "ResNet-20, binary shortcuts": 18.125,
    "ResNet-20, float shortcuts": 15.592,
    "ResNet-20, float shortcuts, 2 bits on 8, 9, 14, 15": 13.900,
    "ResNet-20, float shortcuts, last stage in floats": 1.292,
    "ResNet-32, binary shortcuts": 22.062,
    "ResNet-32, float shortcuts": 19.763,
    "ResNet-32, float shortcuts, last stage in floats": 1.295,
}


def digits(value: float, like: float) -> float:
    """A value with as many decimals as another has."""
    return round(value, len(str(like).partition(".")[2]))


def test_compression_of_vgg_by_head_and_account() -> None:
    for head, expected in TABLE.items():
        (_, plain), (_, widened), _ = hybrid._parts(head)
        assert (widened.shortcuts, widened.filters) == (172_032, 5_504)
        every = [widened.ratio(account) for account in ("weights", "scale", "bias, norm and running statistics")]
        for found, like in zip((plain.ratio("weights"), *every), expected, strict=True):
            assert digits(found, like) == like


def test_of_all_accounts_five_come_near_the_published_ratio() -> None:
    every = dict(hybrid.accounts())
    assert len(every) == 120
    near = sorted(round(ratio, 2) for ratio in every.values() if abs(ratio - 21.8) <= hybrid.NEAR)
    assert near == [21.76, 21.79, 21.85, 21.86, 21.88]
    more = [ratio for title, ratio in every.items() if hybrid.EVERY_STAGE in title]
    assert (round(min(more), 1), round(max(more), 1)) == (17.1, 19.3)
    assert read_figures(hybrid.OWN)["ratio"] == 21.8


def test_counts_of_the_networks() -> None:
    _, plain = next(hybrid._parts(()))
    assert plain.floats - 512 * 100 == 1_728 and plain.floats - 512 * 100 + plain.binary == 20_018_880
    for depth, weights, macs in ((20, 276_656, 40_818_944), (32, 470_192, 69_130_496)):
        full = hybrid.full_precision(resnet(depth, classes=100))
        assert weights_only_bits(full.graph) == 32 * weights
        assert sum(node.cost.real_macs for node in full.graph.nodes) == macs
    found = dict(hybrid.hybrids(20))
    bits = [weights_only_bits(network.graph) for network in found.values()]
    assert bits[:4] == [8_852_992, 488_448, 567_808, 636_928]


def test_energies_and_compression_of_hybrids() -> None:
    energies = {row.row: row.ours for row in hybrid._energies(read_bit_energies()) if row.unit == "uJ"}
    assert {title: digits(energies[title], like) for title, like in ENERGY.items()} == ENERGY
    assert set(energies) == set(ENERGY)
    ratios = {row.row: row.ours for row in hybrid._resnets()}
    assert {title: digits(ratios[title], like) for title, like in RATIOS.items()} == RATIOS
    less = {row.row: round(row.ours, 1) for row in hybrid._energies(read_bit_energies()) if row.unit == "times"}
    assert less["VGG-19, binary"] == 20.8 and less["ResNet-20, float shortcuts"] == 11.9
    assert less["ResNet-32, float shortcuts, last stage in floats"] == 2.4


def test_the_energy_of_a_layer_is_accesses_and_multiplications() -> None:
    graph = resnet(20, classes=100).with_precision({"conv9": "2"}).graph
    found = hybrid_energy(graph, read_bit_energies())
    weights, inputs, macs = 9 * 32 * 32, 16 * 16 * 32, 16 * 16 * 9 * 32 * 32
    assert found["conv9"].memory_pj == pytest.approx(5.0 * (weights + inputs))
    assert found["conv9"].mac_pj == pytest.approx((3.1 * 2 / 32 + 0.1) * macs)
    assert found["conv10"].memory_pj == pytest.approx(2.5 * (weights + inputs))
    assert found["conv1"].memory_pj == pytest.approx(80.0 * (9 * 3 * 16 + 32 * 32 * 3))  # the input has 32 bits too


def test_energies_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('source = "mine"\naccess_pj_per_bit = 1.0\nmac_pj = 0.0\nmac_pj_at_32 = 32.0\n')
    own = read_bit_energies(file)
    assert (own.source, own.access(2), own.mac(4)) == ("mine", 2.0, 4.0)
    file.write_text('source = "mine"\nmac_pj = 0.0\n')
    with pytest.raises(SpecError, match=r"access_pj_per_bit of own.toml is None, must be a finite number"):
        read_bit_energies(file)


def test_the_rule_on_the_authors_counts() -> None:
    rows = list(hybrid._rule(read_figures(hybrid.OWN)["counts"]))
    assert [row.row.partition(",")[0] for row in rows if "significant" in row.row] == [
        f"layer {number}" for number in (8, 9, 14, 15)
    ]
    assert len(rows) == 18 and TWO_BITS.bits == tuple((f"conv{number}", "2") for number in (8, 9, 14, 15))


def test_sections_in_full_precision() -> None:
    last = resnet(20, classes=100, float_last=2)
    assert [last.graph.node(f"conv{n}").layer.kind for n in (17, 18, 19)] == ["binary_conv2d", "conv2d", "conv2d"]
    assert vgg(19, float_stages=(1, 5)).graph.node("conv2").layer.kind == "conv2d"
    for settings, message in (
        ({"float_stages": 3}, "float_stages is 3, must be a list of stages, 1 to 3"),
        ({"float_stages": (4,)}, "resnet20 has no stage 4 to keep in floats; there are 1 to 3"),
        ({"float_last": 19}, "float_last is 19, must be 0 to the 18 binary convolutions of resnet20"),
        ({"shortcut": "3"}, "resnet shortcut is '3', must be 'float', 'binary', 'none', '2', '4'"),
        ({"depth": 44}, "resnet depth is 44, must be 20, 32, 56, 18, 34"),
    ):
        with pytest.raises(SpecError, match=message):
            resnet(**settings)
    with pytest.raises(SpecError, match="vgg depth is 11, must be 16 or 19"):
        vgg(11)
    with pytest.raises(SpecError, match="vgg shortcut is '2', must be 'none', 'float', 'binary'"):
        vgg(16, shortcut="2")


class Small(Variant):
    """A variant that trains at once."""

    def network(self, shape: tuple[int, ...], classes: int, depth: int = 20) -> Network:
        return mlp(shape, classes, (16 + len(self.name),))


def pictures(count: int = 100) -> ArrayDataset:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, count)
    images = random.integers(0, 120, (count, 8, 8, 1)) + (labels * 13)[:, None, None, None]
    return ArrayDataset(images.astype(np.uint8), labels.astype(np.int32), [str(n) for n in range(10)], "pictures")


def test_a_training_is_kept_and_goes_on(tmp_path: Path) -> None:
    asked, data = Asked(True, 1, tmp_path, None, 1, lambda text: None), pictures()
    training = HybridTraining(Small("binary", "of four classes", "binary"), 1, 0)
    first = training.run(asked, data, data)
    assert len(first.curve.accuracies) == len(first.curve.losses) == 1 and first.curve.seconds > 0
    assert training.run(asked, data, data) == first  # read from its folder
    assert (tmp_path / "binary-seed0" / "checkpoint.safetensors").exists()
    assert training.kept(asked) == first and first.data == "pictures"
    full = FULL.network((8, 8, 1), 10)
    assert not any(parameter.binary for parameter in full.graph.parameters())
    with pytest.raises(RunError, match="binary-seed0 holds a run of 1 epochs, not of 2; give --epochs 1, or another"):
        dataclasses.replace(training, epochs=2).run(asked, data, data)
    assert dataclasses.replace(training, epochs=2).kept(asked) is None


def test_digits_stand_in_unmirrored(tmp_path: Path) -> None:
    """Where CIFAR-10 is not on a machine they are trained on, and mirrored digits are refused."""
    asked, (train, test) = Asked(True, 1, tmp_path, None, 1, lambda text: None), load("digits")
    assert HybridTraining(Small("binary", "of digits", "binary"), 1, 0).run(asked, train, test).data == "digits"


def test_bits_chosen_within_a_budget_keep_to_it_at_12_times_compression() -> None:
    network, full = (variant.network((32, 32, 3), 10) for variant in (WITHIN_BUDGET, FULL))
    assert 104 < model_bytes(network) / 1024 <= 105
    assert 12 <= weights_only_bits(full.graph) / weights_only_bits(network.graph) < 12.5


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants of one network that train at once, on pictures, from two seeds."""
    variants = {name: Small(name.lower(), f"small {name}", "binary") for name in ("BINARY", "TWO_BITS", "FULL")}
    for name, variant in variants.items():
        monkeypatch.setattr(hybrid_order, name, variant)
    monkeypatch.setattr(hybrid_order, "VARIANTS", tuple(variants.values()))
    monkeypatch.setattr(hybrid_order, "SEEDS", (0, 1))
    monkeypatch.setattr(hybrid_order, "load", lambda name, folder: (pictures(200), pictures()))


def test_what_is_kept_is_shown_by_seed_and_epoch_with_costs_and_gap(small: None, tmp_path: Path) -> None:
    """The same rows as of the trainings themselves, of those that are at their end; and a picture."""
    asked = Asked(False, 2, tmp_path / "kept", None, 1, lambda text: None)
    rows = list(hybrid_order.rows(asked))
    shown = dataclasses.replace(asked, kept_only=True)
    titles = [row.row.replace("digits", "pictures") for row in rows]
    again = list(hybrid_order.rows(shown))
    assert [row.row for row in again] == titles and [row.ours for row in again] == [row.ours for row in rows]
    trained = [row for row in rows if row.curve is not None]
    assert len(trained) == 3 * 2 + 3
    binary = [row for row in trained if row.series == "small BINARY"]
    assert all(row.ours == row.curve[-1] and len(row.curve) == 2 for row in binary if row.curve)
    means = np.mean([row.curve for row in binary[:2]], axis=0)
    assert binary[2].curve == pytest.approx(tuple(means)) and "mean of 2 seeds" in binary[2].row
    (share, *_) = (row for row in rows if row.table == hybrid_order.GAP)
    ends = {row.series: row.ours for row in trained[6:]}
    low, own, high = (ends[f"small {name}"] or 0.0 for name in ("BINARY", "TWO_BITS", "FULL"))
    assert share.ours is None if high == low else share.ours == pytest.approx(100 * (own - low) / (high - low))
    sizes = [row for row in rows if row.table == hybrid_order.SIZE]
    networks = (mlp((8, 8, 1), 10, (16 + len(name),)) for name in ("binary", "two_bits", "full"))
    assert [row.ours for row in sizes] == [model_bytes(network) / 1024 for network in networks]
    assert sizes[0].series == "small BINARY"
    shutil.rmtree(tmp_path / "kept" / "full-seed0")
    shutil.rmtree(tmp_path / "kept" / "full-seed1")
    fewer = list(hybrid_order.rows(shown))
    assert not [row for row in fewer if row.table == hybrid_order.GAP]
    assert {row.series for row in fewer} == {"small BINARY", "small TWO_BITS"}
    shutil.rmtree(tmp_path / "kept")
    with pytest.raises(
        RunError, match="kept keeps no training that has come to its end; give another --out, or leave out"
    ):
        list(hybrid_order.rows(shown))
    pytest.importorskip("matplotlib")
    hybrid_order_plot.plot(again, "small", tmp_path / "order.png")
    assert (tmp_path / "order.png").stat().st_size > 1000
