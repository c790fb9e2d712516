"""choose: the best precisions within a budget, beside all that there are."""

import itertools

import numpy as np
import pytest
from small_training import examples

import linocut as lc
from linocut.errors import SpecError
from linocut.hybrid import Analysis, LayerAnalysis, choice, choose
from linocut.hybrid.costs import Budget
from linocut.hybrid.options import options_of
from linocut.layers import (
    BatchNorm,
    BinaryConv1D,
    BinaryConv2D,
    BinaryDense,
    Concat,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    ReLU,
    Residual,
    Sign,
)
from linocut.layers import SoftmaxCrossEntropy as Loss
from linocut.report.hybrid_table import choice_table


def chain(layers, filters_of=lambda number: 8 + 4 * (number % 3)):
    """A network of so many binary layers, conv2 and on, of different sizes."""
    found = [Input((8, 8, 1)), Conv2D(8).named("conv1"), BatchNorm(), ReLU()]
    for number in range(2, layers + 2):
        found += [BatchNorm(), Sign(), BinaryConv2D(filters_of(number)).named(f"conv{number}"), BatchNorm(), ReLU()]
    return lc.Network("chain", (*found, GlobalAveragePool(), Dense(4), BatchNorm(), Loss()))


def analysis(network, layers, choices=("2", "float"), seed=0):
    """One with gains by chance."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(2, layers + 2):
        falls = {to: float(fall) for to, fall in zip(choices, random.normal(0.3, 1.0, len(choices)), strict=True)}
        rise = None if number == 2 else int(random.integers(-4, 9))
        found.append(
            LayerAnalysis(f"conv{number}", "1", 8, 5, rise, False, (1.0,), falls, dict.fromkeys(falls, 1), {}, {})
        )
    return Analysis(network.name, "conv", 100, 0.99, 2, 1.0, 0, 0.0, None, None, tuple(found))


def odd(number):
    """Filters by which most layers have no whole number of bytes."""
    return 5 + 2 * (number % 4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("unit", ["bytes", "energy", "time"])
def test_the_choice_is_the_best_of_all_of_twelve_layers(unit, seed):
    """Of 3 ** 12: costs and gains are sums over layers, also times on a microcontroller."""
    network = chain(12, odd)
    found = analysis(network, 12, seed=seed)
    names = [layer.name for layer in found.layers]
    device = "cortex-m7" if unit == "time" else None
    of = Budget(unit, 1.0, device)
    own = of.exact(network)
    costs = [[0.0, *(of.exact(network.with_precision({name: to})) - own for to in ("2", "float"))] for name in names]
    gains = [[0.0, *layer.falls.values()] for layer in found.layers]
    spent, gained = np.zeros(1), np.zeros(1)
    for more, brings in zip(costs, gains, strict=True):
        spent, gained = ((a[:, None] + np.array(b)).ravel() for a, b in ((spent, more), (gained, brings)))
    for part in (0.0, 0.03, *np.random.default_rng(seed).random(4)):
        limit = np.ceil(own + part * spent.max())
        chosen = choice(network, found, Budget(unit, float(limit), device))
        best = gained[own + spent <= limit + 1e-6].max()
        assert chosen.exact and chosen.point.gain == pytest.approx(best, abs=1e-9)
        assert of.exact(chosen.network) <= limit and chosen.cost <= limit


def test_a_budget_in_bytes_is_kept_to_the_byte():
    network, found = chain(3, odd), analysis(chain(3), 3, choices=("2", "4", "float"), seed=3)
    first = choice(network, found, Budget("bytes", Budget("bytes", 1).cost(network)))
    least, most, costs = first.least, first.most, {point.cost for point in first.front}
    for limit in sorted({least, most - 1, *costs, *(cost - 1 for cost in costs if cost > least)}):
        chosen = choice(network, found, Budget("bytes", limit))
        assert chosen.cost <= limit
        every = itertools.product(*(("1", "2", "4", "float") for _ in range(3)))
        best = 0.0
        for picks in every:
            made = network.with_precision(dict(zip(("conv2", "conv3", "conv4"), picks, strict=True)))
            if Budget("bytes", 1).cost(made) <= limit:
                own = zip(found.layers, picks, strict=True)
                best = max(best, sum(layer.falls.get(pick, 0.0) for layer, pick in own))
        assert chosen.point.gain == pytest.approx(best)


def test_gains_by_components_and_by_both():
    network, found = chain(4), analysis(chain(4), 4, seed=1)
    by_rise = choice(network, found, "3KiB", "pca")
    assert by_rise.point.gain == sum(max(0, found.layer(name).rise or 0) for name in by_rise.point.raised)
    assert set(by_rise.point.raised.values()) <= {"2"}  # more bits than the fewest bring no more
    both = choice(network, found, "3KiB", "both")
    assert both.point.gain > 0 and both.by == "both"
    assert choose(network, found, "3KiB", "pca") == by_rise.network


def test_times_on_this_machine_are_of_one_measurement_and_add_up():
    network, of = chain(3), Budget("time", 1, "this")
    own = of.exact(network)
    assert of.exact(chain(3)) == own
    more = {name: of.exact(network.with_precision({name: "2"})) - own for name in ("conv2", "conv3", "conv4")}
    both = of.exact(network.with_precision({"conv2": "2", "conv4": "2"}))
    assert both == pytest.approx(own + more["conv2"] + more["conv4"], rel=1e-9) and min(more.values()) > 0


def test_time_on_a_device_is_kept():
    network, found = chain(4), analysis(chain(4), 4)
    device = "cortex-m7"
    least = Budget("time", 1, device).cost(network)
    chosen = choice(network, found, Budget("time", 1.5 * least, device), choices=["float"])
    assert Budget("time", 1, device).cost(chosen.network) <= 1.5 * least and chosen.point.gain > 0


@pytest.mark.parametrize(
    ("budget", "by", "message"),
    [
        ("100B", "sensitivity", "budget is 100 B, but the network as it is takes .* KiB; give [0-9]+B or more"),
        (
            "1MiB",
            "sensitivity",
            "budget is 1.00 MiB, but all layers raised take .* KiB, so nothing is to choose; give [0-9]+B or less",
        ),
        ("1pJ", "sensitivity", "budget is 1 pJ, but the network as it is takes"),
        ("2KiB", "luck", "no by is called 'luck'; there are pca, sensitivity, both"),
        ("2parsec", "pca", "budget is '2parsec', must be a size, an energy, or a time on a device"),
        ("3ms", "pca", "budget is '3ms', which is of time; name the device"),
        ("3uJ@coral-usb", "pca", "which is of energy; leave out the device"),
        ("3ms@nowhere", "pca", "no device is called 'nowhere'"),
        ("0uJ", "pca", "budget is '0uJ', must be above 0"),
    ],
)
def test_what_cannot_be(budget, by, message):
    network = chain(2)
    with pytest.raises(SpecError, match=message):
        choice(network, analysis(network, 2), budget, by)


def test_a_budget_above_all_says_how_to_train_that():
    """In floats, or in bits; and where precisions cost nothing, as fixed costs of a device hide them, that."""
    network = chain(2)
    found = analysis(network, 2, choices=("2", "float"))
    for choices, option in ((["2", "float"], "--keep-float"), (["2"], "--bits")):
        with pytest.raises(SpecError, match=f"B or less, or train that: {option}$"):
            choice(network, found, "1MiB", choices=choices)
    with pytest.raises(
        SpecError, match=r"takes .*@coral-usb in whichever of these precisions, so nothing is to choose"
    ):
        choice(network, found, "1s@coral-usb")


def test_raised_is_what_has_more_bits_than_before():
    """Of a network that has some layers of several bits already these are not."""
    network = chain(2).with_precision({"conv2": "2"})
    found = analysis(network, 2, choices=("4", "float"))
    found.layer("conv2").falls.update({"4": -1.0, "float": -1.0})
    found.layer("conv3").falls.update({"4": 1.0, "float": -1.0})
    chosen = choice(network, found, Budget("bytes", 1).cost(network) + 1000)
    assert chosen.point.precisions == {"conv2": "2", "conv3": "4"} and chosen.raised(chosen.point) == {"conv3": "4"}
    table = choice_table(chosen)
    assert "raised: conv3=4\n" in table and " 1  chosen" in table


def test_a_budget_may_be_bytes():
    network = chain(3)
    found, bytes_ = analysis(network, 3), Budget("bytes", 1).cost(network) + 100
    assert choice(network, found, bytes_) == choice(network, found, f"{bytes_}B")
    for given in (None, True, 0, 1.5):
        with pytest.raises(SpecError, match=f"budget is {given}, must be a text such as 64KiB, 5uJ or 3ms@coral-usb, "):
            choice(network, found, given)


def test_an_analysis_that_does_not_say():
    network = chain(2)
    with pytest.raises(SpecError, match="does not say how sensitive conv2 is to 4; analyse with it, or choose by pca"):
        choice(network, analysis(network, 2), "2KiB", choices=["4"])
    other = lc.models.resnet20((8, 8, 3), width=8)
    unknown = Analysis("other", "conv", 1, 0.99, 2, None, 0, 0.0, None, None, ())
    with pytest.raises(SpecError, match="resnet20 has no layer of few bits that was analysed"):
        choice(other, unknown, "2KiB")
    sides = lc.models.resnet(20, (8, 8, 3), width=8, shortcut="binary")
    assert "shortcut8" not in choice(sides, _all(sides), "25KiB", "pca").point.precisions


def _all(network):
    layers = [LayerAnalysis(f"conv{n}", "1", 8, 5, n % 3, False, (1.0,), {}, {"2": 1.0}, {}, {}) for n in range(2, 20)]
    return Analysis(network.name, "conv", 1, 0.99, 2, None, 0, 0.0, None, None, tuple(layers))


def test_residuals_are_chosen_with_their_shortcuts():
    sides = (BatchNorm(), Sign(), BinaryConv2D(16, 1, 2).named("side"), BatchNorm())
    own = (BatchNorm(), Sign(), BinaryConv2D(16, stride=2).named("conv2"), BatchNorm(), ReLU())
    start = (Input((8, 8, 1)), Conv2D(8), BatchNorm(), ReLU(), Residual(own, sides), GlobalAveragePool())
    network = lc.Network("one", (*start, Dense(4), BatchNorm(), Loss()))
    found = analysis(network, 1, choices=("2",), seed=2)
    most = choice(network, found, Budget("bytes", Budget("bytes", 1).cost(network))).most
    raised = network.with_precision({"conv2": "2"})
    assert raised.graph.node("side").layer.kind == "quantised_conv2d"
    assert most == Budget("bytes", 1).cost(raised)


def line():
    """A sequence, whose convolutions have no form of 2 bits, and a dense layer behind signs that are joined."""
    start = (Input((12, 2)), BinaryConv1D(4).named("first"), BatchNorm(), Sign())
    layers = (*start, BinaryConv1D(6).named("conv2"), BatchNorm().named("norm"), Sign().named("a"))
    own = (
        *layers,
        Sign().after("norm").named("b"),
        Concat().after("a", "b"),
        Flatten(),
        BinaryDense(4).named("joined"),
    )
    return lc.Network("line", (*own, BatchNorm(), Loss()))


def test_layers_have_the_precisions_that_they_can_have():
    """Others are left out, with the reason, and stand in the way of nothing."""
    reasons = []
    assert options_of(line(), ("2", "float"), reasons.append) == {"conv2": ("1", "float")}
    assert "conv2: a binary_conv1d has no form of 2 bits; take 1 or float" in reasons[0]
    assert all("joined multiplies what concat1 joins, not a sign of its own" in reason for reason in reasons[1:])
    trainer, data = lc.Trainer(line(), batch_size=10, threads=1), examples(count=60)
    data = data[0].reshape(60, -1)[:, :24].reshape(60, 12, 2), data[1]
    told = []
    found = lc.hybrid.analyse(trainer, data, examples=60, tell=told.append)
    assert {layer.name: set(layer.falls) for layer in found.layers} == {"conv2": {"float"}, "joined": set()}
    assert sum(text.startswith("left out: ") for text in told) == len(told) - 1
    least = Budget("bytes", 1).cost(line())
    assert set(choice(line(), found, Budget("bytes", least)).point.precisions) == {"conv2"}
    with pytest.raises(SpecError, match="no layer of line can have 2: conv2: a binary_conv1d has no form of 2 bits"):
        choice(line(), found, Budget("bytes", least), choices=["2"])


def test_a_budget_of_a_byte_too_few_is_told_to_the_byte():
    network = chain(4)
    least = Budget("bytes", 1).cost(network)
    assert least > 1024
    with pytest.raises(SpecError, match=f"budget is {least - 1}B, but the network as it is takes {least}B; give"):
        choice(network, analysis(network, 4), Budget("bytes", least - 1))
