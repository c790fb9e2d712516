"""Shapes: the sizes of one example or of a buffer, the channels last."""

from __future__ import annotations

from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]
