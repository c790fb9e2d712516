"""as_pairs: complex numbers as channels of real and imaginary parts, the real ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_pairs(x: NDArray[Any]) -> NDArray[np.float32]:
    """Complex (n, steps) -> float32 (n, steps, 2); complex (n, ..., channels) -> float32 (n, ..., 2 channels)."""
    x = x[..., None] if x.ndim == 2 else x
    return np.concatenate([x.real, x.imag], axis=-1).astype(np.float32)
