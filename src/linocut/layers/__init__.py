"""What a network is made of: one file per kind of layer; LAYERS is their table, by the names in files.

Shapes are of one example, the channels last. A setting that a layer cannot have is refused with a SpecError when the
layer is made, an input that does not fit when the network is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from linocut.layers.activations import Activation, HardTanh, ReLU, Sigmoid, Tanh
from linocut.layers.add import Add
from linocut.layers.base import Layer, Wired
from linocut.layers.batch_norm import BatchNorm
from linocut.layers.binary_complex import (
    BinaryComplexConv1D,
    BinaryComplexConv2D,
    BinaryComplexConvolution,
    BinaryComplexDense,
)
from linocut.layers.binary_convolution import BinaryConv1D, BinaryConv2D, BinaryConvolution
from linocut.layers.binary_dense import BinaryDense
from linocut.layers.block_circulant import BlockCirculantDense
from linocut.layers.channels import Concat, Slice
from linocut.layers.code import Code
from linocut.layers.complex_layers import ComplexConv1D, ComplexConv2D, ComplexConvolution, ComplexDense
from linocut.layers.complex_norm import ComplexNorm
from linocut.layers.dense import Dense
from linocut.layers.depthwise_convolution import DepthwiseConv2D
from linocut.layers.flatten import Flatten
from linocut.layers.gru import GRU
from linocut.layers.input import Input
from linocut.layers.losses import CTC, LOSSES, Loss, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy
from linocut.layers.lstm import LSTM
from linocut.layers.pools import (
    AveragePool,
    AveragePool1D,
    AveragePool2D,
    GlobalAveragePool,
    MaxPool,
    MaxPool1D,
    MaxPool2D,
)
from linocut.layers.quantise import Quantise
from linocut.layers.quantised import QuantisedConv2D, QuantisedDense, QuantisedLayer
from linocut.layers.real_convolution import Conv1D, Conv2D, RealConvolution
from linocut.layers.residual import Residual
from linocut.layers.sequence_input import SequenceInput
from linocut.layers.sequence_pool import SequencePool
from linocut.layers.sign import Sign
from linocut.layers.spectral_pool import SpectralPool, SpectralPool1D, SpectralPool2D
from linocut.layers.sum_pool import SumPool, SumPool1D, SumPool2D

if TYPE_CHECKING:
    from linocut.graph.network import Network

_ALL: tuple[type[Layer], ...] = (
    Input,
    Flatten,
    BinaryDense,
    BinaryConv2D,
    BinaryConv1D,
    QuantisedDense,
    QuantisedConv2D,
    Dense,
    Conv2D,
    Conv1D,
    DepthwiseConv2D,
    MaxPool2D,
    MaxPool1D,
    AveragePool2D,
    AveragePool1D,
    GlobalAveragePool,
    SumPool2D,
    SumPool1D,
    BatchNorm,
    Sign,
    Quantise,
    ReLU,
    HardTanh,
    Tanh,
    Sigmoid,
    Add,
    Concat,
    Slice,
    BinaryComplexConv2D,
    BinaryComplexConv1D,
    BinaryComplexDense,
    ComplexConv2D,
    ComplexConv1D,
    ComplexDense,
    ComplexNorm,
    SpectralPool2D,
    SpectralPool1D,
    Code,
    Residual,
    SequenceInput,
    BlockCirculantDense,
    LSTM,
    GRU,
    SequencePool,
    *LOSSES.values(),
)
LAYERS: dict[str, type[Layer]] = {layer.kind: layer for layer in _ALL}

__all__ = [
    "CTC",
    "GRU",
    "LAYERS",
    "LSTM",
    "Activation",
    "Add",
    "AveragePool",
    "AveragePool1D",
    "AveragePool2D",
    "BatchNorm",
    "BinaryComplexConv1D",
    "BinaryComplexConv2D",
    "BinaryComplexConvolution",
    "BinaryComplexDense",
    "BinaryConv1D",
    "BinaryConv2D",
    "BinaryConvolution",
    "BinaryDense",
    "BlockCirculantDense",
    "Code",
    "ComplexConv1D",
    "ComplexConv2D",
    "ComplexConvolution",
    "ComplexDense",
    "ComplexNorm",
    "Concat",
    "Conv1D",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Flatten",
    "GlobalAveragePool",
    "HardTanh",
    "Input",
    "Layer",
    "Loss",
    "MaxPool",
    "MaxPool1D",
    "MaxPool2D",
    "MeanSquaredError",
    "Network",
    "Quantise",
    "QuantisedConv2D",
    "QuantisedDense",
    "QuantisedLayer",
    "ReLU",
    "RealConvolution",
    "Residual",
    "SequenceInput",
    "SequencePool",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "Sign",
    "Slice",
    "SoftmaxCrossEntropy",
    "SpectralPool",
    "SpectralPool1D",
    "SpectralPool2D",
    "SumPool",
    "SumPool1D",
    "SumPool2D",
    "Tanh",
    "Wired",
]


def __getattr__(name: str) -> Any:
    """Network, which version 0.1 had here: it is made of layers, and so is found when it is asked for."""
    if name == "Network":
        return import_module("linocut.graph.network").Network
    raise AttributeError(f"module 'linocut.layers' has no attribute {name!r}; there are {', '.join(__all__)}")
