"""The order of hybrids: ResNet-20 in several precisions, trained on equal terms.

Test accuracies by seed and epoch, beside them what each network takes: compression, parameters, energy of a prediction.
Then what each closes of the gap between binary shortcuts and full precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from linocut.data import available, load, take
from linocut.errors import RunError, one_line
from linocut.graph.network import Network
from linocut.graph.precision import weights_only_bits
from linocut.hybrid.costs import energy_pj, model_bytes
from linocut.reproduce.asked import Asked
from linocut.reproduce.hybrid_training import BINARY, FULL, TWO_BITS, VARIANTS, Curve, HybridTraining, Kept, Variant
from linocut.reproduce.row import COUNTED, MEASURED, MODELLED, How, Row

ACCURACY = "test accuracy, trained now"
COMPRESSION, SIZE = "compression of the trained networks, weights", "parameters of the trained networks"
ENERGY = "energy of a prediction of the trained networks"
GAP = "what is closed of the gap between binary shortcuts and full precision"
DATA, STAND_IN = "cifar10", "digits"
EPOCHS, SEEDS = 10, (0, 1, 2)
QUICK_EPOCHS, QUICK_EXAMPLES = 1, 1000
CLAIMED_POINTS = "more than 10 points over XNOR on CIFAR-100 and ImageNet, fully trained"


@dataclass(frozen=True)
class Trained:
    """A training that has come to its end, and the data set that it was on."""

    training: HybridTraining
    kept: Kept
    data: str


def rows(asked: Asked) -> Iterator[Row]:
    """Each training as soon as it is there, then means, what networks take, and the gap."""
    found: dict[str, dict[int, Trained]] = {one.name: {} for one in VARIANTS}
    for one in _kept(asked) if asked.kept_only else _trained(asked):
        found[one.training.variant.name][one.training.seed] = one
        yield _of_training(asked, one)
    there = [variant for variant in VARIANTS if found[variant.name]]
    curves = {name: {seed: one.kept.curve for seed, one in of.items()} for name, of in found.items()}
    if any(len(of) > 1 for of in curves.values()):
        for variant in there:
            yield _mean(asked, variant, list(curves[variant.name].values()))
    networks = {variant.name: next(iter(found[variant.name].values())).kept.network for variant in there}
    yield from _costs(asked, networks)
    yield from _gaps(asked, curves, networks)


# --- trainings ---


def _trained(asked: Asked) -> Iterator[Trained]:
    here = {entry.name for entry in available(asked.data_dir) if entry.found is not None}
    data = DATA if DATA in here else STAND_IN
    if data != DATA:
        asked.tell(f"{DATA} is not on this machine, so digits stand in for it: linocut data get {DATA}")
    train, test = load(data, asked.data_dir)
    if asked.quick:
        train, test = take(train, QUICK_EXAMPLES), take(test, QUICK_EXAMPLES)
    for training in _asked_for(asked):
        yield Trained(training, training.run(asked, train, test), data)


def _kept(asked: Asked) -> Iterator[Trained]:
    """Those that are kept; RunError where there is none."""
    none = True
    for training in _asked_for(asked):
        if (found := training.kept(asked)) is not None:
            none = False
            yield Trained(training, found, found.data)
    if none:
        where, other = ("no folder", "") if asked.out is None else (one_line(asked.out), "another ")
        raise RunError(
            f"{where} keeps no training that has come to its end; give {other}--out, or leave out --kept-only"
        )


def _asked_for(asked: Asked) -> Iterator[HybridTraining]:
    epochs = asked.epochs or (QUICK_EPOCHS if asked.quick else EPOCHS)
    for seed in SEEDS[:1] if asked.quick else SEEDS:
        for variant in VARIANTS:
            yield HybridTraining(variant, epochs, seed)


def _of_training(asked: Asked, one: Trained) -> Row:
    training, curve = one.training, one.kept.curve
    title = f"ResNet-20 on {one.data}, {training.variant.title}, seed {training.seed}, epoch {training.epochs}"
    return _of_curve(asked, title, training.variant, curve.accuracies, curve.seconds)


def _mean(asked: Asked, variant: Variant, curves: list[Curve]) -> Row:
    last = [100 * curve.accuracies[-1] for curve in curves]
    seeds = f"{len(curves)} seed{'s' * (len(curves) > 1)}"
    by_epoch = [fmean(values) for values in zip(*(curve.accuracies for curve in curves), strict=True)]
    return _of_curve(asked, f"{variant.title}: mean of {seeds}, {_range(last)}", variant, by_epoch)


def _of_curve(
    asked: Asked, title: str, variant: Variant, parts: list[float] | tuple[float, ...], seconds: float | None = None
) -> Row:
    curve = tuple(100 * part for part in parts)
    about = (ACCURACY, title, None, curve[-1], "%", MEASURED, _command(asked), None, None, seconds)
    return Row(*about, series=variant.title, curve=curve)


def _range(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


# --- what networks take, and what that closes of the gap ---


def _costs(asked: Asked, networks: dict[str, Network]) -> Iterator[Row]:
    there = [one for one in VARIANTS if one.name in networks]
    some = next(iter(networks.values()))
    full = weights_only_bits(FULL.network(some.input.shape, some.classes).graph)

    def row(table: str, variant: Variant, value: float, unit: str, how: How) -> Row:
        return Row(table, variant.title, None, value, unit, how, _command(asked), series=variant.title)

    for one in there:
        yield row(COMPRESSION, one, full / weights_only_bits(networks[one.name].graph), "times", COUNTED)
    for one in there:
        yield row(SIZE, one, model_bytes(networks[one.name]) / 1024, "KiB", COUNTED)
    for one in there:
        yield row(ENERGY, one, energy_pj(networks[one.name]) / 1e6, "uJ", MODELLED)


def _gaps(asked: Asked, curves: dict[str, dict[int, Curve]], networks: dict[str, Network]) -> Iterator[Row]:
    """What each closes of the gap, and what for: the compression of its weights, and points by KiB more.

    Of means; of the seeds that both ends have the least and most stand beside it. Nothing unless both ends are there.
    """
    last = {name: {seed: 100 * curve.accuracies[-1] for seed, curve in of.items()} for name, of in curves.items()}
    if not last[FULL.name] or not last[BINARY.name]:
        return
    means = {name: fmean(of.values()) for name, of in last.items() if of}
    gap = means[FULL.name] - means[BINARY.name]
    bits = {name: weights_only_bits(network.graph) for name, network in networks.items()}
    for one in VARIANTS:
        if one in (FULL, BINARY) or one.name not in means:
            continue
        gained, more = means[one.name] - means[BINARY.name], (bits[one.name] - bits[BINARY.name]) / 8192
        told = f"{one.title}, {bits[FULL.name] / bits[one.name]:.1f} times compression"
        if by_seed := _closed(last, one):
            told += f" (seeds {_range(by_seed)})"
        closed = 100 * gained / gap if gap else None
        yield Row(GAP, told, None, closed, "%", MEASURED if gap else None, _command(asked), series=one.title)
        if more:
            title = f"{one.title}, points for each KiB more"
            yield Row(GAP, title, None, gained / more, "points", MEASURED, _command(asked), series=one.title)
        published = 10.0 if one is TWO_BITS else None
        claimed = CLAIMED_POINTS if published else None
        title = f"{one.title}, points"
        yield Row(GAP, title, published, gained, "points", MEASURED, _command(asked), None, claimed, series=one.title)


def _closed(last: dict[str, dict[int, float]], one: Variant) -> list[float]:
    """What is closed of each seed's own gap, of several seeds."""
    full, binary, own = (last[variant.name] for variant in (FULL, BINARY, one))
    both = [seed for seed in own if seed in full and seed in binary and full[seed] != binary[seed]]
    return [100 * (own[seed] - binary[seed]) / (full[seed] - binary[seed]) for seed in both] if len(both) > 1 else []


def _command(asked: Asked) -> str:
    epochs = f" --epochs {asked.epochs}" if asked.epochs else ""
    return f"linocut reproduce hybrid{' --quick' * asked.quick}{epochs}"
