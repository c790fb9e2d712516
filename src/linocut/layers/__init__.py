"""What a network is made of: one file per kind of layer."""

from linocut.layers.base import Layer
from linocut.layers.batch_norm import BatchNorm
from linocut.layers.binary_dense import BinaryDense
from linocut.layers.flatten import Flatten
from linocut.layers.input import Input
from linocut.layers.network import Network
from linocut.layers.sign import Sign
from linocut.layers.softmax_cross_entropy import SoftmaxCrossEntropy

__all__ = ["BatchNorm", "BinaryDense", "Flatten", "Input", "Layer", "Network", "Sign", "SoftmaxCrossEntropy"]
