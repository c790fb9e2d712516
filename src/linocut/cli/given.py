"""What `linocut train` was given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What `linocut train` was given; `explicit` names what was given on the command line."""

    model: str
    hidden: tuple[int, ...] | None
    keep_float: str | None
    bits: str | None
    block: int | None
    features: str | None
    test_speaker: str | None
    policy: str
    optimizer: str
    batch: int
    micro_batch: int | None
    budget: int | None
    data: str | None
    data_dir: Path | None
    size: tuple[int, int] | None
    colour: bool | None
    labels: tuple[str, ...]
    task: str | None
    limit: int | None
    source: Path | None
    freeze: str | None
    precise_norms: int
    prune: str | None
    prune_rate: float
    prune_ramp: int | None
    balanced: bool
    validation: float | None
    keep: str | None
    patience: int | None
    epochs: int
    lr: float | None
    momentum: float | None
    weight_decay: float | None
    nesterov: bool | None
    clip_norm: float | None
    schedule: str
    class_weights: str | None
    label_smoothing: float | None
    seed: int
    threads: int | None
    backend: str
    augment: str
    skip_corrupt: bool
    save_every: int | None
    dynamics: bool
    out: Path | None
    explicit: frozenset[str]
    chosen: str | None = None  # the line on what was chosen where nothing was given

    @property
    def frozen(self) -> tuple[str, ...]:
        """The layers that --freeze names."""
        return tuple(name.strip() for name in self.freeze.split(",")) if self.freeze else ()

    @property
    def of_optimizer(self) -> dict[str, float | bool | None]:
        """Settings of the optimizer by their names in Python; None where they were not given."""
        given = {"learning_rate": self.lr, "momentum": self.momentum, "clip_norm": self.clip_norm}
        return {**given, "weight_decay": self.weight_decay, "nesterov": self.nesterov}
