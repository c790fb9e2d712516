"""Predictor: a trained network that was loaded to be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from linocut.deploy import model_file, scoring
from linocut.deploy.feed import Feed, as_dataset
from linocut.deploy.packed import INTEGER, PackedModel
from linocut.deploy.scoring import Evaluation, Predictions
from linocut.errors import RunError
from linocut.layers import Network
from linocut.run import NATIVE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from linocut.deploy.feed import Examples


class Predictor:
    """A packed model at work on `batch_size` examples at a time; its arena is taken at once, and no more after that."""

    def __init__(
        self, model: PackedModel, *, batch_size: int = 100, threads: int | None = None, backend: str = NATIVE
    ) -> None:
        """Open the model; SpecError for a batch size, threads or a backend that cannot be."""
        self.model = model
        self._session = model.open(batch_size, threads, backend)
        self._feed = Feed(self._session, model.network, coded=model.arithmetic == INTEGER)

    @property
    def network(self) -> Network:
        """The network."""
        return self.model.network

    @property
    def arena_bytes(self) -> int:
        """All the memory that predicting takes."""
        return int(self._session.arena.nbytes)

    def predict(self, images: ArrayLike) -> Predictions:
        """The classes of images (n, *shape), and the confidence in each."""
        return scoring.predict(self._session, self._feed, self.network, images)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Accuracy and loss over a data set or a pair of arrays (images, labels)."""
        return scoring.evaluate(self._session, self._feed, as_dataset(examples, self.network))

    def class_name(self, label: int) -> str:
        """The name of a class, its number where it has none."""
        return self.model.classes[label] if label < len(self.model.classes) else str(label)


def load(
    run: str | os.PathLike[str], *, batch_size: int = 100, threads: int | None = None, backend: str = NATIVE
) -> Predictor:
    """The trained network of a run folder, from its model.safetensors alone, or from that file itself."""
    path = Path(run)
    if path.is_dir():
        file = path / model_file.NAME
        if not file.is_file():
            raise RunError(f"{path} is not the folder of a run: it has no {model_file.NAME}; train with --out {path}")
        path = file
    elif not path.exists():
        raise RunError(f"{path} does not exist; give the folder of a run, as linocut train --out wrote it")
    return Predictor(model_file.read(path), batch_size=batch_size, threads=threads, backend=backend)
