"""ends: what the tensors of exported models are called: as the nodes, but for what a model reads and gives."""

from __future__ import annotations

IMAGE, LOGITS = "image", "logits"  # what a model reads and gives


def tensor_of(node: str) -> str:
    """The tensor of a node: its name, unless the model's input or output is called so."""
    return f"{node}.layer" if node in (IMAGE, LOGITS) else node
