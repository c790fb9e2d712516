"""get: the file of a trained network, whole and as its index says."""

from __future__ import annotations

import os
from pathlib import Path

from linocut.digest import sha256
from linocut.errors import RunError
from linocut.files import check_new, check_parent, expanded, read_small, replacing
from linocut.pretrained.index import Entry, Index, read_index


def get(
    name: str,
    out: str | os.PathLike[str] | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Path:
    """The path of the model file called `name`, for `linocut.load` and `Trainer.start_from`; checked byte by byte.

    With `out` it is copied there, whole or not at all, and over what is there only with `force`. `folder` holds other
    models than linocut's own. SpecError for an unknown name, with the nearest, and for an `out` that is there; RunError
    for a file that is missing or not the one that the index tells of.
    """
    index = read_index(folder)
    entry = index.entry(name)
    if out is None:
        _checked(index, entry)
        return index.folder / entry.file
    target = expanded(out)
    if os.path.isdir(target):
        target /= entry.file
    check_new(target, force)
    check_parent(target)
    data = _checked(index, entry)
    with replacing(target) as file:
        file.write(data)
    return target


def _checked(index: Index, entry: Entry) -> bytes:
    """The bytes of a model; RunError where they are not those of the index."""
    path = index.folder / entry.file
    mend = f"get {entry.file} anew from linocut's repository"
    data = read_small(path, entry.bytes, f"the index says {entry.bytes:,} B; {mend}", mend, RunError)
    digest = sha256()
    digest.update(memoryview(data))
    if len(data) != entry.bytes or digest.hexdigest() != entry.sha256:
        raise RunError(
            f"{path} is damaged: it has {len(data):,} B of SHA-256 {digest.hexdigest()[:12]}..., the index says "
            f"{entry.bytes:,} B of {entry.sha256[:12]}...; {mend}"
        )
    return data
