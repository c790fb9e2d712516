"""What a network is made of: one file per kind of layer."""

from linocut.layers.base import Layer
from linocut.layers.batch_norm import BatchNorm
from linocut.layers.binary_conv2d import BinaryConv2D
from linocut.layers.binary_dense import BinaryDense
from linocut.layers.conv2d import Conv2D, Dense
from linocut.layers.flatten import Flatten
from linocut.layers.input import Input
from linocut.layers.network import Network
from linocut.layers.pools import AveragePool2D, GlobalAveragePool, MaxPool2D
from linocut.layers.relu import ReLU
from linocut.layers.residual import Residual
from linocut.layers.sign import Sign
from linocut.layers.softmax_cross_entropy import SoftmaxCrossEntropy

__all__ = [
    "AveragePool2D",
    "BatchNorm",
    "BinaryConv2D",
    "BinaryDense",
    "Conv2D",
    "Dense",
    "Flatten",
    "GlobalAveragePool",
    "Input",
    "Layer",
    "MaxPool2D",
    "Network",
    "ReLU",
    "Residual",
    "Sign",
    "SoftmaxCrossEntropy",
]
