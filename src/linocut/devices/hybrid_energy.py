"""The energy of a prediction by the bits of each layer, as arXiv 1902.00460 and 1906.01493 count it.

A convolution of p x p over I channels of N x N pixels to O of M x M takes p^2 I O weights and N^2 I activations from
memory, at E_mem(k) = 2.5 k pJ each, and M^2 I p^2 O multiply-accumulates, at E_mac(k) = 3.1 k / 32 + 0.1 pJ, where k is
the larger of the bits of weights and activations. Norms, pools and sums are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from linocut import fields
from linocut.graph.graph import Graph
from linocut.graph.precision import activation_bits, weight_bits
from linocut.layers.operations import Circulant, Product
from linocut.toml_text import read_toml

OWN = Path(__file__).with_name("hybrid2019.toml")
FULL_BITS = 32


@dataclass(frozen=True)
class BitEnergies:
    """Picojoules of an access and of a multiply-accumulate by bits; `source` says where they are from."""

    source: str
    access_pj_per_bit: float
    mac_pj: float
    mac_pj_at_32: float

    def access(self, bits: int) -> float:
        """Picojoules to read a value of so many bits."""
        return self.access_pj_per_bit * bits

    def mac(self, bits: int) -> float:
        """Picojoules of a multiply-accumulate of so many bits."""
        return self.mac_pj_at_32 * bits / FULL_BITS + self.mac_pj


@dataclass(frozen=True)
class LayerEnergy:
    """What a layer takes for one example, in picojoules: accesses to memory, and multiply-accumulates."""

    memory_pj: float
    mac_pj: float

    @property
    def picojoules(self) -> float:
        """Both."""
        return self.memory_pj + self.mac_pj


def read_bit_energies(path: Path = OWN) -> BitEnergies:
    """The constants in a file, of linocut's own by default; SpecError where it cannot be read or lacks some."""
    given = read_toml(path, "energies by bits")
    names = ("access_pj_per_bit", "mac_pj", "mac_pj_at_32")
    numbers = {name: fields.number(given.get(name), f"{name} of {path.name}") for name in names}
    return BitEnergies(str(given.get("source", "")), **numbers)


def hybrid_energy(graph: Graph, energies: BitEnergies) -> dict[str, LayerEnergy]:
    """What each layer with weights takes for one example, by name; the network's input counts as 32 bits."""
    found = {}
    for node in graph.nodes:
        operation = node.layer.operation([edge.shape for edge in node.inputs])
        if isinstance(operation, (Product, Circulant)):
            of_weights, of_inputs = weight_bits(node), activation_bits(graph, node)
            reads = operation.weights * energies.access(of_weights)
            reads += math.prod(node.input.shape) * energies.access(of_inputs)
            found[node.name] = LayerEnergy(reads, operation.macs * energies.mac(max(of_weights, of_inputs)))
    return found


def total_uj(graph: Graph, energies: BitEnergies) -> float:
    """Microjoules of all layers for one example."""
    return sum(layer.picojoules for layer in hybrid_energy(graph, energies).values()) / 1e6
