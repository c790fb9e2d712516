"""LABELS: the task of the labels of a sequence, without saying where in it each stands."""

from __future__ import annotations

LABELS = "labels"
