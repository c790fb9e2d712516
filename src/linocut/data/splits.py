"""find_splits: the folders of training and of test classes below a folder, however these are spelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linocut.data.scan import folders, is_file, is_folder, is_picture, items, odd
from linocut.errors import DataError

TRAIN_NAMES = ("train", "training")
TEST_NAMES = ("test", "tests", "testing", "val", "valid", "validate", "validation")  # the first that is there


@dataclass(frozen=True)
class Splits:
    """The folder of training classes, that of test classes, None where there is none, and what is worth a line."""

    train: Path
    test: Path | None
    notes: tuple[str, ...]


def find_splits(root: Path) -> Splits:
    """Folders that hold folders, called train and test in some spelling, in capitals or not.

    Without such a train folder `root` itself holds the classes: one of these may be called test, if it holds images.
    DataError for a test folder without a train folder.
    """
    called = [name for name in folders(root) if name.lower() in (*TRAIN_NAMES, *TEST_NAMES)]
    holding = [name for name in called if folders(root / name)]
    train, test = _first(holding, TRAIN_NAMES), _first(holding, TEST_NAMES)
    notes = []
    if train is None:
        if test is not None and not any(is_picture(item) for item in items(root / test)):
            raise DataError(
                f"{root / test} holds folders as test data do, but there is no {root / TRAIN_NAMES[0]} that holds the "
                "classes to train on; rename the folder that does, or the class"
            )
        notes += _stray(root)
        return Splits(root, None, tuple(notes))
    others = [name for name in folders(root) if name not in (train, test)]
    if test is not None and (test != TEST_NAMES[0] or train != TRAIN_NAMES[0] or others):
        notes.append(f"trains on {root / train}, tests on {root / test}")
    if others:
        named = ", ".join(str(root / name) for name in others[:3]) + (", ..." if len(others) > 3 else "")
        notes.append(f"left out {named}, beside {root / train}")
    notes += _stray(root) + _stray(root / train)
    if test is not None:
        notes += _stray(root / test)
    return Splits(root / train, None if test is None else root / test, tuple(notes))


def _first(found: list[str], wanted: tuple[str, ...]) -> str | None:
    """The first of `wanted` that is among those found, spelled as there; small letters before capitals."""
    for name in wanted:
        spelled = [one for one in found if one.lower() == name]
        if spelled:
            return max(spelled)
    return None


def _stray(folder: Path) -> list[str]:
    """What is left out of a folder that should hold folders only."""
    found = items(folder)
    pictures = sorted(item.name for item in found if is_picture(item))
    lost = odd(sorted(str(folder / item.name) for item in found if not is_file(item) and not is_folder(item)))
    if not pictures:
        return lost
    return [f"left out {len(pictures):,} images in no class folder, such as {folder / pictures[0]}", *lost]
