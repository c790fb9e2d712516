"""Kinds of values that flow between layers, by which a network is checked when it is described."""

from __future__ import annotations

INPUT = "the network's input"
BITS = "signs"
PRODUCT = "products"
NORMED = "a batch norm's output"
REAL = "floats"
LOSS = "a loss"
LEVELS_2, LEVELS_4 = "levels of 2 bits", "levels of 4 bits"
LEVELS = {1: BITS, 2: LEVELS_2, 4: LEVELS_4}  # by how many bits an activation has
BITS_OF = {kind: bits for bits, kind in LEVELS.items()}

_OF_LEVELS = "levels go into a quantised_conv2d, a quantised_dense, a max_pool2d, a flatten, a concat or a slice"
MENDS = {
    INPUT: "the layer belongs further down",
    BITS: "signs go into a binary layer, a max_pool2d, a flatten, a concat or a slice",
    LEVELS_2: _OF_LEVELS,
    LEVELS_4: _OF_LEVELS,
    PRODUCT: "put a batch_norm between them",
    NORMED: "put a sign between them",
    LOSS: "a loss is the last layer of a network",
    REAL: "put a sign, or a batch_norm and a sign, between them",
}
