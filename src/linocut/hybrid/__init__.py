"""lc.hybrid: which layers of a trained binary network deserve bits, and the best choice of them within a budget.

`analyse` looks at a trained network (principal components of what its layers give, sensitivity of the loss to their
precision, costs), `choose` makes the network of it that a budget allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut.lazily import names

if TYPE_CHECKING:
    from linocut.hybrid.analysis import Analysis, LayerAnalysis, analyse
    from linocut.hybrid.choosing import Chosen, Point, choice, choose

__all__ = ["Analysis", "Chosen", "LayerAnalysis", "Point", "analyse", "choice", "choose"]

_HOMES = {
    "linocut.hybrid.analysis": ("Analysis", "LayerAnalysis", "analyse"),
    "linocut.hybrid.choosing": ("Chosen", "Point", "choice", "choose"),
}
__getattr__ = names(__name__, _HOMES)
