"""Losses: one file a family; LOSSES is their table."""

from linocut.layers.losses.base import Loss
from linocut.layers.losses.by_numbers import MeanSquaredError, SigmoidCrossEntropy
from linocut.layers.losses.ctc import CTC
from linocut.layers.losses.softmax_cross_entropy import SoftmaxCrossEntropy

LOSSES: dict[str, type[Loss]] = {
    loss.kind: loss for loss in (SoftmaxCrossEntropy, SigmoidCrossEntropy, MeanSquaredError, CTC)
}

__all__ = ["CTC", "LOSSES", "Loss", "MeanSquaredError", "SigmoidCrossEntropy", "SoftmaxCrossEntropy"]
