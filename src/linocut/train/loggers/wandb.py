"""WandB: a logger that hands each epoch's numbers to Weights & Biases."""

from __future__ import annotations

from typing import Any

from linocut.train.events import Done, EpochEnded, Event, to_json
from linocut.train.loggers.foreign import foreign
from linocut.train.scalars import tagged


class WandB:
    """Logs the numbers of each epoch to a run of `project`; it needs the package wandb: `pip install wandb`.

    By default it is offline: files go to the folder wandb, and `wandb sync` uploads them when you ask for it.
    `mode="online"` sends them over the network. `settings` go to `wandb.init` as they are. SpecError without wandb.
    """

    def __init__(self, project: str = "linocut", mode: str = "offline", **settings: Any) -> None:
        """Import wandb; the run begins with the first epoch that ends."""
        self._module: Any = foreign("wandb", "WandB", "wandb")
        self._settings = {"project": project, "mode": mode, **settings}
        self._run: Any = None

    def __call__(self, event: Event) -> None:
        """Log what an epoch came to; end the run when training is done."""
        if isinstance(event, EpochEnded):
            if self._run is None:
                self._run = self._module.init(**self._settings)
            self._run.log(tagged(to_json(event)), step=event.epoch)
        elif isinstance(event, Done) and self._run is not None:
            self._run.finish()
            self._run = None
