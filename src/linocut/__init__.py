"""linocut: training of binary neural networks where the data is, in a memory promised beforehand."""

from linocut.optimizers import SGD, Adam, Bop

__version__ = "0.1.0"
__all__ = ["SGD", "Adam", "Bop", "__version__"]
