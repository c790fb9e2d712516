"""Events: what training tells those who watch it. They know nothing of terminals or files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from linocut.dynamics.layer import LayerDynamics


@dataclass(frozen=True)
class Started:
    """Before the first step of a training that begins from a trained network: the layers that it took from there.

    `new` says why others start anew; `unused` are those of the source that found no place; `fitted` those that were
    taken into circulant blocks of another size, the nearest.
    """

    source: str
    taken: tuple[str, ...]
    new: dict[str, str]
    unused: tuple[str, ...]
    fitted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """Before the first step.

    The bytes of the session's arena, the least that any placement of its buffers takes, and the workspaces of all
    threads, which are beside the arena. `dynamics` are J and J0 of the weights as training begins, if it is asked for.
    """

    arena_bytes: int
    lower_bound_bytes: int
    workspace_bytes: int
    dynamics: tuple[LayerDynamics, ...] | None = None


@dataclass(frozen=True)
class Stepped:
    """After a step: `step` of `steps` in this epoch (from 1) of `epochs`; loss and accuracy of the epoch so far."""

    epoch: int
    epochs: int
    step: int
    steps: int
    batch_size: int
    loss: float
    train_accuracy: float | None


@dataclass(frozen=True)
class EpochEnded:
    """After an epoch (from 1); accuracies, fractions of the examples, are None of a regression.

    `loss` and `train_accuracy` are means over its steps; `validation_loss` and `validation_accuracy` are of the
    validation data, `accuracy` of the test data (None without; beside validation data only `Done` has it).
    `flip_ratio` is the number of binary weights that changed sign by that of weights and steps, `seconds` the time of
    its steps, `step_ms` the median of the latest of them in milliseconds (None where a resumed run had none left).
    `saturated` counts mantissas of integer gradients that did not fit, `dead_channels` the channels of batch norms
    whose deviation was 0 in every step, so that they give a constant (both None where an older linocut did not count);
    `warnings` name layer, role and step. `dynamics`, of each layer with weights, are None unless asked for.
    Networks that read labels of sequences have in the place of accuracies `error_rate`, errors a label by edit
    distance, of the test data, and `validation_error_rate`; both are None of others.
    """

    epoch: int
    loss: float
    train_accuracy: float | None
    accuracy: float | None
    flip_ratio: float
    seconds: float
    step_ms: float | None
    saturated: int | None = None
    dead_channels: int | None = None
    warnings: tuple[str, ...] = ()
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    dynamics: tuple[LayerDynamics, ...] | None = None
    error_rate: float | None = None
    validation_error_rate: float | None = None


@dataclass(frozen=True)
class Done:
    """After the last epoch. `weights_sha256` is over the persistent state, `out` the run folder; sizes are in bytes.

    `accuracy` is that of the test data by the model that is kept, which is of the end of `kept_epoch` (0: of before),
    `error_rate` that of a network that reads labels; `stopped` says what ended training early: "patience" or
    "callback".
    """

    epochs: int
    accuracy: float | None
    arena_bytes: int
    peak_rss_bytes: int
    weights_sha256: str
    out: str | None
    kept_epoch: int = 0
    stopped: str | None = None
    error_rate: float | None = None


WHERE_KNOWN = "dynamics", "error_rate", "validation_error_rate"  # told where they are known only

Event: TypeAlias = Started | Planned | Stepped | EpochEnded | Done
Callback: TypeAlias = Callable[[Event], None]

_NAMES: dict[type[Event], str] = {
    Started: "start",
    Planned: "plan",
    Stepped: "step",
    EpochEnded: "epoch",
    Done: "done",
}


def to_json(event: Event) -> dict[str, Any]:
    """The event as a JSON object, as `train --json` and log.jsonl have it."""
    told = {"event": _NAMES[type(event)], **dataclasses.asdict(event)}
    return {key: value for key, value in told.items() if value is not None or key not in WHERE_KNOWN}
