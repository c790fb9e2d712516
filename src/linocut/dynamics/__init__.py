"""Dynamics: where a network stands between order and chaos, and how training moves it (arXiv 2107.09437)."""

from typing import TYPE_CHECKING

from linocut.lazily import names

if TYPE_CHECKING:
    from linocut.dynamics.diagram import PhaseDiagram, phase_diagram
    from linocut.dynamics.distances import separation
    from linocut.dynamics.edges import edge
    from linocut.dynamics.history import History
    from linocut.dynamics.laws import Slope, constant, constant_with_decay, epochs_to_edge, fit_slope, rescaled
    from linocut.dynamics.layer import LayerDynamics
    from linocut.dynamics.mean_field import FixedPoint, fixed_point

__all__ = [
    "FixedPoint",
    "History",
    "LayerDynamics",
    "PhaseDiagram",
    "Slope",
    "constant",
    "constant_with_decay",
    "edge",
    "epochs_to_edge",
    "fit_slope",
    "fixed_point",
    "phase_diagram",
    "rescaled",
    "separation",
]

_HOMES = {
    "linocut.dynamics.diagram": ("PhaseDiagram", "phase_diagram"),
    "linocut.dynamics.distances": ("separation",),
    "linocut.dynamics.edges": ("edge",),
    "linocut.dynamics.history": ("History",),
    "linocut.dynamics.laws": ("Slope", "constant", "constant_with_decay", "epochs_to_edge", "fit_slope", "rescaled"),
    "linocut.dynamics.layer": ("LayerDynamics",),
    "linocut.dynamics.mean_field": ("FixedPoint", "fixed_point"),
}
__getattr__ = names(__name__, _HOMES)
