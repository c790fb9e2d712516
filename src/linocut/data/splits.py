"""find_splits: the folders of training, validation and test classes below a folder, however these are spelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linocut.data.scan import folders, is_file, is_folder, is_picture, items, odd
from linocut.errors import DataError

TRAIN_NAMES = ("train", "training")
TEST_NAMES = ("test", "tests", "testing")  # the first that is there
VALIDATION_NAMES = ("val", "valid", "validate", "validation")
_PLAIN = (["train", None, "test"], ["train", "val", "test"])  # which need no line


@dataclass(frozen=True)
class Splits:
    """The folder of training classes, those of validation and test classes (None: there is none); notes are lines."""

    train: Path
    validation: Path | None
    test: Path | None
    notes: tuple[str, ...]


def find_splits(root: Path) -> Splits:
    """Folders that hold folders, called train, val and test in some spelling, in capitals or not.

    Where there is no test folder, the validation folder is what is tested on, and chooses nothing. Without a train
    folder `root` itself holds the classes: one of these may be called test, if it holds images. DataError for a test
    folder without a train folder.
    """
    spelled = (*TRAIN_NAMES, *VALIDATION_NAMES, *TEST_NAMES)
    holding = [name for name in folders(root) if name.lower() in spelled and folders(root / name)]
    train, validation, test = (_first(holding, names) for names in (TRAIN_NAMES, VALIDATION_NAMES, TEST_NAMES))
    if test is None:
        validation, test = None, validation
    if train is None:
        if test is not None and not any(is_picture(item) for item in items(root / test)):
            raise DataError(
                f"{root / test} holds folders as test data do, but there is no {root / TRAIN_NAMES[0]} that holds the "
                "classes to train on; rename the folder that does, or the class"
            )
        return Splits(root, None, None, tuple(_stray(root)))
    parts = {"trains": train, "validates": validation, "tests": test}
    found = {what: root / name for what, name in parts.items() if name is not None}
    others = [name for name in folders(root) if name not in parts.values()]
    notes = []
    if len(found) > 1 and (others or list(parts.values()) not in _PLAIN):
        notes.append(", ".join(f"{what} on {path}" for what, path in found.items()))
    if others:
        named = ", ".join(str(root / name) for name in others[:3]) + (", ..." if len(others) > 3 else "")
        notes.append(f"left out {named}, beside {root / train}")
    notes += [line for folder in (root, *found.values()) for line in _stray(folder)]
    return Splits(root / train, found.get("validates"), found.get("tests"), tuple(notes))


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
