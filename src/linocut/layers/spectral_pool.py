"""SpectralPool2D and SpectralPool1D: images and sequences of complex numbers at half their size, by low frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.complex_product import pairs
from linocut.layers.kinds import NORMED, PRODUCT, REAL
from linocut.layers.numbers import as_numbers
from linocut.layers.operations import Operation
from linocut.layers.operations import Product as Products
from linocut.layers.parameters import CONSTANT, Initial, Parameter
from linocut.layers.values import Gradient, Product, Real, Value, reshaped
from linocut.ops.bits import Array
from linocut.ops.spectral_pool import MOST

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

ROWS, COLUMNS = "rows", "columns"


def half(side: int) -> int:
    """How many pixels are left of a side."""
    return side - side // 2


def matrix(side: int) -> Array:
    """The complex matrix (side left, side), complex128, of a pool along one side: DFT, low frequencies, inverse DFT.

    Both transforms are orthonormal. Of `side` frequencies those from 0 to a - 1 and from side // 2 + a on are kept, a =
    ceil(side / 4).
    """
    a = -(-side // 4)
    kept = np.array([*range(a), *range(side // 2 + a, side)])
    left = len(kept)
    down = np.exp(-2j * np.pi * kept[:, None] * np.arange(side) / side) / np.sqrt(side)
    up = np.exp(2j * np.pi * np.outer(np.arange(left), np.arange(left)) / left) / np.sqrt(left)
    return np.asarray(up @ down)


@dataclass(frozen=True)
class SpectralPool(Layer):
    """The low frequencies of each complex channel: a Fourier transform, half of each side's frequencies, its inverse.

    As the transforms are orthonormal, what is constant comes out doubled (of sequences times the root of 2). SpecError
    for an odd number of channels, and for sides of more than 512.
    """

    takes: ClassVar[tuple[str, ...]] = (PRODUCT, NORMED, REAL)
    flat: ClassVar[bool]

    def output_shape(self, shape: Shape) -> Shape:
        """(ceil(height / 2), ceil(width / 2), channels), or (ceil(steps / 2), channels)."""
        wanted = 2 if self.flat else 3
        if len(shape) != wanted:
            takes = "sequences (steps, channels)" if self.flat else "images (height, width, channels)"
            raise SpecError(f"takes {takes}, not {shape}")
        _ = pairs(shape)
        if max(shape[:-1]) > MOST:
            raise SpecError(f"takes sides of {MOST} pixels or fewer, not {max(shape[:-1]):,}; pool by sums")
        return (*(half(side) for side in shape[:-1]), shape[-1])

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """The matrices of both sides, (2, side left, side), the real parts first: constants."""
        sides = (1, *shape[:-1])[-2:]
        return tuple(
            Parameter(node, part, (2, half(side), side), CONSTANT, initial=Initial(values=_parts(side)))
            for part, side in zip((ROWS, COLUMNS), sides, strict=True)
        )

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """Two products with matrices, as sums over rows and columns."""
        height, width = (1, *shapes[0][:-1])[-2:]
        return Products(height + width, 2, shapes[0][-1], half(height), half(width))

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the pool, in floats. Backward: the adjoint; SpecError of products whose gradients are integers."""
        if isinstance(value, Product) and builder.policy.integer:
            raise SpecError(
                f"{name}: {builder.policy.name} has integer gradients of products, which a spectral pool has not; take "
                "a sum_pool in its place (pool='mean'), or the policy standard"
            )
        given = value if isinstance(value, Product) else as_numbers(builder, name, value)
        before = builder.shape(given.buffer)
        x = reshaped(builder, f"{name}.images", given, (before[0], 1, *before[1:]) if self.flat else before)
        shape = builder.shape(x.buffer)
        after = (shape[0], half(shape[1]), half(shape[2]), shape[3])
        out = Real(builder.transient(f"{name}.X", roles.X, after, builder.real_X))
        matrices = {part: builder.parameter(name, part) for part in (ROWS, COLUMNS)}
        builder.emit("spectral_pool", {"x": x.buffer, **matrices, "y": out.buffer})

        def backward() -> None:
            role = roles.DY if isinstance(x, Product) else roles.DX
            form = builder.policy.dY if isinstance(x, Product) else builder.real_X
            dx = builder.transient(f"{name}.dX", role, shape, form)
            builder.emit("spectral_pool_gradient", {"dy": out.taken().buffer, **matrices, "dx": dx})
            x.give(builder, Gradient(dx))

        builder.on_backward(backward)
        return reshaped(builder, f"{name}.out", out, (after[0], *after[2:]) if self.flat else after)


@dataclass(frozen=True)
class SpectralPool2D(SpectralPool):
    """Low frequencies of images of complex channels: (height, width, 2 channels) to half of each side, rounded up.

    SpecError for an odd number of channels, and for sides of more than 512.
    """

    kind: ClassVar[str] = "spectral_pool2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class SpectralPool1D(SpectralPool):
    """Low frequencies of sequences of complex channels: (steps, 2 channels) to half the steps, rounded up.

    SpecError for an odd number of channels, and for more than 512 steps.
    """

    kind: ClassVar[str] = "spectral_pool1d"
    flat: ClassVar[bool] = True


def _parts(side: int) -> tuple[float, ...]:
    found = matrix(side)
    return tuple(np.stack([found.real, found.imag]).ravel().tolist())
