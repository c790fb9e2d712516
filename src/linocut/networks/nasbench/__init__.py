"""NASBench-101 (Ying et al., arXiv 1902.09635): all 423,624 cells, their sizes, and the networks that they make.

Arrays of cells have the fields V, bits and labels, see linocut.networks.nasbench.cell.
"""

from __future__ import annotations

from linocut.networks.nasbench.accuracies import Accuracies, read_accuracies
from linocut.networks.nasbench.cell import CELL, OPERATIONS, Cell, as_array, kept
from linocut.networks.nasbench.enumeration import cells, indices
from linocut.networks.nasbench.network import network
from linocut.networks.nasbench.read import read_cell, to_json
from linocut.networks.nasbench.sizes import macs, parameters
from linocut.networks.nasbench.structure import depth, mix, width

__all__ = [
    "CELL",
    "OPERATIONS",
    "Accuracies",
    "Cell",
    "as_array",
    "cells",
    "depth",
    "indices",
    "kept",
    "macs",
    "mix",
    "network",
    "parameters",
    "read_accuracies",
    "read_cell",
    "to_json",
    "width",
]
