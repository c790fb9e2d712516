r"""Add a trained network to models/: its packed model, without the path of a folder of data, and its index entry.

    python benchmarks/add_model.py RUN NAME --about TEXT --model MODEL --data DATA --command TEXT --machine TEXT \
        --commit COMMIT

`command` is what trained it, with DIR and NAME for folders of this machine. Epochs, seed, policy and accuracy are read
from the run. An entry of the same name is replaced.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict, replace
from pathlib import Path

import tomli_w

import linocut
from linocut.digest import sha256
from linocut.export import packed
from linocut.pretrained.index import IN_CLONE, INDEX, Entry, read_index
from linocut.train import Trainer

HEAD = "# Trained networks to start from; written by benchmarks/add_model.py, listed by `linocut models list`.\n\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    for option in ("about", "model", "data", "command", "machine", "commit"):
        parser.add_argument(f"--{option}", required=True)
    given = parser.parse_args()
    trainer = Trainer.resume(given.run, threads=1)
    accuracy = trainer.progress.history[-1].accuracy
    assert accuracy is not None and trainer.progress.epoch == trainer.progress.epochs, "the run is not at its end"
    model = packed.read(given.run / packed.NAME)
    if model.data is not None and os.path.isabs(model.data):
        model = replace(model, data=None)
    path = IN_CLONE / f"{given.name}.safetensors"
    packed.save(path, model)
    data = path.read_bytes()
    digest = sha256()
    digest.update(memoryview(data))
    entry = Entry(
        name=given.name,
        about=given.about,
        file=path.name,
        bytes=len(data),
        sha256=digest.hexdigest(),
        model=given.model,
        data=given.data,
        policy=trainer.settings.policy.name,
        epochs=trainer.progress.epochs,
        seed=trainer.settings.seed,
        accuracy=round(100 * accuracy, 2),
        command=given.command,
        trained_on=given.machine,
        linocut=linocut.__version__,
        commit=given.commit,
    )
    index = read_index(IN_CLONE)
    models = [asdict(one) for one in (*(one for one in index.models if one.name != given.name), entry)]
    absent = [asdict(one) for one in index.absent if one.name != given.name]
    (IN_CLONE / INDEX).write_text(HEAD + tomli_w.dumps({"models": models, "absent": absent}))
    print(f"{path}: {len(data):,} B, {entry.accuracy}%")


if __name__ == "__main__":
    main()
