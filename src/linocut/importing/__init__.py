"""Weights that were trained elsewhere, for the same network here: a PyTorch module's, a Larq model's."""

from linocut.importing.larq import import_larq
from linocut.importing.pytorch import import_pytorch

__all__ = ["import_larq", "import_pytorch"]
