"""Chakraborty et al., hybrid binary and full-precision networks (arXiv 1902.00460 and 1906.01493).

Compression of VGG-19 by every account, as the head of the paper's network is not known; compression and energy of
hybrids; the rule of significance on the authors' counts of components; and accuracies of ResNet-20 in several
precisions, trained on equal terms. The authors' figures and counts are in `hybrid.toml`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from linocut.devices.hybrid_energy import BitEnergies, read_bit_energies, total_uj
from linocut.graph.network import Network
from linocut.graph.precision import FLOAT, precision_of, weights_only_bits
from linocut.hybrid.components import significant
from linocut.layers.parameters import WEIGHT
from linocut.networks.binary_vgg import vgg
from linocut.networks.resnet import resnet
from linocut.reproduce import hybrid_order
from linocut.reproduce.asked import Asked
from linocut.reproduce.figures import read_figures
from linocut.reproduce.hybrid_training import CHOSEN
from linocut.reproduce.row import COUNTED, MODELLED, Row

OWN = Path(__file__).with_suffix(".toml")
COMMAND = "linocut reproduce hybrid --quick"
CLASSES = 100  # of the published networks
HEADS: tuple[tuple[int, ...], ...] = ((), (512,), (512, 512), (1024,), (4096, 4096))
ACCOUNTS = {"weights": 0, "scale": 1, "bias and norm": 3, "bias, norm and running statistics": 5}  # floats a filter
NO_SHORTCUTS, WIDENINGS, EVERY_STAGE = "no shortcuts", "float shortcuts", "float shortcuts, one more of 512 x 512"
LAST_SHORTCUT = 512 * 512  # weights of a shortcut around the first layer of VGG's last stage, which does not widen
NEAR = 0.1  # of the published ratio
COMPRESSION, NEARBY = "compression of VGG-19, 100 classes", "accounts of VGG-19 that come within 0.1 of 21.8"
RESNETS, ENERGY = "compression of hybrids, 100 classes, weights", "energy of a prediction, 100 classes"
ENERGY_LESS = "times less energy than in full precision"
RULE = "significant layers of ResNet-20, from the authors' counts"
CLAIMED_RATIO = "up to 21.8 (VGG-19); its head is not known, so that an account which comes near identifies nothing"


def rows(asked: Asked) -> Iterator[Row]:
    """All rows, table by table; those of trainings last, each as soon as it is trained."""
    figures = read_figures(OWN)
    yield from _vgg(figures["ratio"])
    yield from _resnets()
    yield from sorted(_energies(read_bit_energies()), key=lambda row: row.table != ENERGY)
    yield from _rule(figures["counts"])
    yield from hybrid_order.rows(asked)


# --- compression ---


@dataclass(frozen=True)
class Parts:
    """Numbers that a hybrid VGG-19 is made of: float weights, binary weights, weights of shortcuts, filters."""

    floats: int
    binary: int
    shortcuts: int
    filters: int

    @staticmethod
    def of(network: Network) -> Parts:
        """Those of a network."""
        found = {"floats": 0, "binary": 0, "shortcuts": 0, "filters": 0}
        for node in network.graph.nodes:
            for one in node.parameters:
                if one.use == WEIGHT:
                    kind = "shortcuts" if node.name.startswith("shortcut") else "floats" if not one.binary else "binary"
                    found[kind] += math.prod(one.shape)
                    found["filters"] += one.shape[0] if node.name.startswith("conv") else 0
        return Parts(**found)

    def ratio(self, account: str, *, against_shortcuts: bool = False) -> float:
        """Bits of the full-precision network, with its shortcuts if asked for, by those of the hybrid."""
        beside = ACCOUNTS[account] * self.filters
        own = 32 * (self.floats + beside + self.shortcuts) + self.binary
        full = self.floats + self.binary + beside + (self.shortcuts if against_shortcuts else 0)
        return 32 * full / own


def accounts() -> Iterator[tuple[str, float]]:
    """All of them: heads, shortcuts, what is counted beside weights, and what the hybrid is compared with."""
    for head in HEADS:
        for shortcuts, parts in _parts(head):
            for account in ACCOUNTS:
                for against in (False, True):
                    full = "against full precision with shortcuts" if against else "against full precision"
                    title = f"head {_shown(head)}, {shortcuts}, {account}, {full}"
                    yield title, parts.ratio(account, against_shortcuts=against)


def _parts(head: Sequence[int]) -> Iterator[tuple[str, Parts]]:
    plain = Parts.of(vgg(19, classes=CLASSES, head=head))
    widened = Parts.of(vgg(19, classes=CLASSES, head=head, shortcut="float"))
    more = Parts(widened.floats, widened.binary, widened.shortcuts + LAST_SHORTCUT, widened.filters)
    yield from ((NO_SHORTCUTS, plain), (WIDENINGS, widened), (EVERY_STAGE, more))


def _shown(head: Sequence[int]) -> str:
    return "-".join(map(str, (512, *head, CLASSES)))


def _vgg(published: float) -> Iterator[Row]:
    for head in HEADS:
        (_, plain), (_, widened), _ = _parts(head)
        title = f"head {_shown(head)}"
        yield Row(
            COMPRESSION, f"{title}, {NO_SHORTCUTS}, weights", None, plain.ratio("weights"), "times", COUNTED, COMMAND
        )
        for account in ACCOUNTS:
            ours = widened.ratio(account)
            yield Row(COMPRESSION, f"{title}, {WIDENINGS}, {account}", None, ours, "times", COUNTED, COMMAND)
    for title, ratio in accounts():
        if abs(ratio - published) <= NEAR:
            yield Row(NEARBY, title, published, ratio, "times", COUNTED, COMMAND, None, CLAIMED_RATIO)


def full_precision(network: Network) -> Network:
    """The network with all layers of few bits in floats."""
    few = {node.name: FLOAT for node in network.graph.nodes if precision_of(node.layer) not in (None, FLOAT)}
    return network.with_precision(few)


def hybrids(depth: int) -> Iterator[tuple[str, Network]]:
    """A residual network for 100 classes in the precisions of the tables, the full one first."""
    floats = resnet(depth, classes=CLASSES)
    yield "full precision", full_precision(floats)
    yield "binary shortcuts", resnet(depth, classes=CLASSES, shortcut="binary")
    yield "float shortcuts", floats
    if depth == 20:
        yield "float shortcuts, 2 bits on 8, 9, 14, 15", floats.with_precision(dict.fromkeys(CHOSEN, "2"))
    yield "float shortcuts, last stage in floats", resnet(depth, classes=CLASSES, float_stages=(3,))


def _resnets() -> Iterator[Row]:
    for depth in (20, 32):
        (_, full), *others = hybrids(depth)
        for title, network in others:
            ratio = weights_only_bits(full.graph) / weights_only_bits(network.graph)
            yield Row(RESNETS, f"ResNet-{depth}, {title}", None, ratio, "times", COUNTED, COMMAND)


def _energies(energies: BitEnergies) -> Iterator[Row]:
    floats = vgg(19, classes=CLASSES, shortcut="float")
    plain = vgg(19, classes=CLASSES)
    networks = [("VGG-19, full precision", full_precision(plain)), ("VGG-19, binary", plain)]
    networks.append(("VGG-19, float shortcuts", floats))
    for depth in (20, 32):
        networks += [(f"ResNet-{depth}, {title}", network) for title, network in hybrids(depth)]
    full = 0.0
    for title, network in networks:
        uj = total_uj(network.graph, energies)
        yield Row(ENERGY, title, None, uj, "uJ", MODELLED, COMMAND)
        if title.endswith("full precision"):
            full = uj
        else:
            yield Row(ENERGY_LESS, title, None, full / uj, "times", MODELLED, COMMAND)


# --- the rule ---


def _rule(counts: Sequence[int]) -> Iterator[Row]:
    """How far each count is above the one before, and whether that makes its layer significant."""
    verdicts = significant(counts)
    for number, (count, rise, chosen) in enumerate(zip(counts, (0, *_rises(counts)), verdicts, strict=True), start=2):
        told = f"layer {number}, rise of components{', significant' if chosen else ''} (of {count})"
        yield Row(RULE, told, None, float(rise), "", COUNTED, COMMAND)


def _rises(counts: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(counts)]
