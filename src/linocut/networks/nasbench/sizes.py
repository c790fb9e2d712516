"""Sizes of whole networks by their cells: parameters and multiply-accumulates, exactly, for all cells in a second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linocut.networks.nasbench.cell import checked
from linocut.networks.nasbench.operations import Convolution, Family, Operation
from linocut.ops.bits import Array


def parameters(cells: NDArray[np.void]) -> Array:
    """Trainable parameters of the networks of (cells,), as NASBench-101 counts them: (cells,) int64.

    Weights, gamma and beta of every batch norm, and the weights and biases of the last layer. They are 227,274 to
    49,979,274. SpecError for what is no array of cells.
    """
    return _summed(cells, _parameters)


def macs(cells: NDArray[np.void]) -> Array:
    """Multiply-accumulates of one image of 32 x 32 through the networks of (cells,): (cells,) int64.

    SpecError for what is no array of cells.
    """
    return _summed(cells, _macs)


def _summed(cells: NDArray[np.void], of: Callable[[Operation], Array | int]) -> Array:
    found = np.zeros(len(checked(cells)), np.int64)
    for family in Family.all_of(cells):
        found[family.where] = family.sums(of)
    return found


def _weights(operation: Convolution) -> Array | int:
    return operation.kernel**2 * operation.inputs * operation.outputs


def _parameters(operation: Operation) -> Array | int:
    if not isinstance(operation, Convolution):
        return 0
    return _weights(operation) + operation.outputs * (2 if operation.norm else 1)


def _macs(operation: Operation) -> Array | int:
    return _weights(operation) * operation.side**2 if isinstance(operation, Convolution) else 0
