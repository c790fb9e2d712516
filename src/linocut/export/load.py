"""load: the trained network of a run folder, to be used."""

from __future__ import annotations

import os
from pathlib import Path

from linocut.compile.batch import find_batch
from linocut.errors import RunError, SpecError, one_line
from linocut.export import packed
from linocut.run.predict import Predictor
from linocut.run.session import NATIVE, find_backend, find_threads


def load(
    run: str | os.PathLike[str], *, batch_size: int = 100, threads: int | None = None, backend: str = NATIVE
) -> Predictor:
    """The trained network of a run folder, from its model.safetensors alone, or from that file itself.

    SpecError for a batch size, threads or a backend that cannot be; RunError for a file that is missing, damaged, or
    describes what cannot be computed.
    """
    batch_size = find_batch(batch_size)
    chosen, known = find_threads(threads), find_backend(backend)
    path = Path(run)
    if os.path.isdir(path):
        file = path / packed.NAME
        if not os.path.isfile(file):
            raise RunError(f"{path} is not the folder of a run: it has no {packed.NAME}; train with --out {path}")
        path = file
    elif not os.path.exists(path):
        raise RunError(f"{path} does not exist; give the folder of a run, as linocut train --out wrote it")
    model = packed.read(path)
    try:
        return Predictor(
            model.graph,
            model.classes,
            model.data,
            batch_size=batch_size,
            threads=chosen,
            backend=known,
            resizing=model.resizing,
            form=model.form,
        )
    except SpecError as error:
        raise RunError(f"{path}: {one_line(error)}") from None
