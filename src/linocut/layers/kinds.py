"""Kinds of values that flow between layers, by which a network is checked when it is described."""

from __future__ import annotations

INPUT = "the network's input"
BITS = "signs"
PRODUCT = "products"
NORMED = "a batch norm's output"
REAL = "floats"
LOSS = "a loss"

MENDS = {
    INPUT: "the layer belongs further down",
    BITS: "signs go into a binary layer, a max_pool2d, a flatten, a concat or a slice",
    PRODUCT: "put a batch_norm between them",
    NORMED: "put a sign between them",
    LOSS: "a loss is the last layer of a network",
    REAL: "put a sign, or a batch_norm and a sign, between them",
}
