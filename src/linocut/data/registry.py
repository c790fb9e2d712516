"""load: data sets by name, looked for in the usual places, or by the path of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from linocut.data import idx
from linocut.data.cache import known_cache
from linocut.data.dataset import Dataset, Resizing
from linocut.data.iq_names import holds_iq, is_radioml
from linocut.data.loaded import Loaded
from linocut.data.number_files import open_numbers
from linocut.data.number_names import holds_numbers, is_called_numbers
from linocut.data.recorded import (
    DESCRIBED,
    RECORDED,
    RECORDED_FOLDERS,
    RECORDED_HOME,
    RECORDED_LICENCE,
    holds_sounds,
    open_recorded,
    open_recordings,
)
from linocut.data.resizing import WHOLE
from linocut.data.scan import folders
from linocut.data.sound_names import holds_recordings
from linocut.data.sources import SOURCES, Source
from linocut.errors import DataError, nearest
from linocut.files import expanded

if TYPE_CHECKING:
    from linocut.data.form import Form

Opener = Callable[[], tuple[Dataset, Dataset]]

SYSTEM = Path("/usr/share/datasets")  # where Debian's dataset packages install
RADIO = "https://arxiv.org/abs/1602.04105"  # whose signals are the model of ours
MADE = ("digits", "modulation")  # which need no files of others
KAGGLE = "trainLabels.csv"  # beside the folder of Kaggle's pictures of CIFAR-10, which are in no class folders


@dataclass(frozen=True)
class Available:
    """A data set known by name; `found` is where its files lie on this machine, None if they do not."""

    name: str
    description: str
    licence: str
    home: str
    files: tuple[str, ...]
    found: str | None


def load(
    name: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    size: tuple[int, int] | None = None,
    skip_corrupt: bool = False,
    *,
    colour: bool | None = None,
    resizing: Resizing | None = None,
    labels: Sequence[str] = (),
    task: str | None = None,
    form: Form | None = None,
    whole: bool = False,
    features: str | None = None,
    test_speaker: str | None = None,
) -> tuple[Dataset, Dataset]:
    """The training and the test data of `name`: a name in `available()`, or the path of a folder or a file.

    The files of a named data set are looked for in `data_dir`, `$LINOCUT_DATA`, the cache and
    /usr/share/datasets. A folder holds class folders of images (see folder.py), which `size` = (height,
    width) resizes, or the files of MNIST's, CIFAR's or SVHN's format. `resizing` says how, by default "crop" to the
    middle where sizes differ; give a trained network's (`predictor.resizing`) to test it. `colour` says whether images
    have 3 channels or 1, by default 3 if any of them has colours. `skip_corrupt` leaves out images of class folders
    that cannot be decoded; those left out are the `skipped` of what is returned, and all else that was left out or
    chosen is in its `notes`. A validation folder beside the others is in `load_splits` only.

    A folder may also hold recordings, .wav, in class folders or called CLASS_anything.wav (see sound.py). `features`
    says what is seen of them: "log_mel", bytes of one length, by default; or "mfcc" or "filterbank", sequences of their
    own lengths (see speech.py). "fsdd" is the Free Spoken Digit Dataset, by default as "mfcc", and "fsdd-strings" its
    digits joined to strings, whose labels are phones (see digit_strings.py). With a `test_speaker` all recordings of
    that speaker are for testing, and those of all others to train on (see recordings.py).

    Files of numbers are CSV (see table.py), whose `labels` name the columns to predict, and .npz (see npz.py). `task`
    is "classification", or "regression" or "multilabel" of them. How a trained network reads them is its `form`
    (`predictor.form`), which says all this itself; with `whole` all examples of a file without test data are for
    testing, not one in five. Raises DataError for an unknown name and for files that are missing or damaged.
    """
    loaded = load_splits(
        name,
        data_dir,
        size,
        skip_corrupt,
        colour=colour,
        resizing=resizing,
        labels=labels,
        task=task,
        form=form,
        whole=whole,
        features=features,
        test_speaker=test_speaker,
    )
    return loaded.train, loaded.test


def is_of_recordings(name: str) -> bool:
    """Whether a data set by name, or a folder, is of recordings, of which `features` are made."""
    if name in RECORDED and not _is_path(name):
        return True
    path = expanded(name)
    return bool(name) and os.path.isdir(path) and _format_of(path) is None and holds_sounds(path)


def load_splits(
    name: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    size: tuple[int, int] | None = None,
    skip_corrupt: bool = False,
    *,
    colour: bool | None = None,
    resizing: Resizing | None = None,
    labels: Sequence[str] = (),
    task: str | None = None,
    form: Form | None = None,
    whole: bool = False,
    features: str | None = None,
    test_speaker: str | None = None,
) -> Loaded:
    """Like `load`, with the examples to validate on where a folder has `val` beside `train` and `test`.

    DataError for an unknown name, for files that are missing or damaged, and for settings that the data do not take.
    """
    text = os.fspath(name)
    if text in RECORDED and not _is_path(name):
        _refuse_image_settings(text, size, skip_corrupt, colour, resizing)
        return Loaded(*open_recorded(text, _recorded_folder(text, data_dir), features, form, test_speaker))
    is_path = _is_path(name)
    named = not is_path and _is_known(text)
    if named or holds_numbers(text):
        _refuse_settings_of_recordings(text, features, test_speaker)
    if not named and holds_numbers(text):
        path = Path(os.path.realpath(expanded(text)))  # known by it: the same from wherever a run is resumed
        _refuse_image_settings(str(path), size, skip_corrupt, colour, resizing)
        return Loaded(*open_numbers(path, labels, task, form, whole))
    if not named and holds_iq(path := expanded(text)):
        from linocut.data.iq import open_iq

        _refuse_image_settings(str(path), size, skip_corrupt, colour, resizing)
        _refuse_settings_of_recordings(str(path), features, test_speaker)
        return Loaded(*open_iq(Path(os.path.realpath(path)), form, whole))
    if labels or task is not None:
        raise DataError(f"{text} has labels of its own; a label and a task are for CSV and .npz files, leave them out")
    if named:
        _refuse_image_settings(text, size, skip_corrupt, colour, resizing)
        if text in MADE:
            return Loaded(*_made(text))
        return Loaded(*_load_source(SOURCES[text], data_dir))
    path = expanded(text)
    if text and os.path.isdir(path):  # which is of no name that is too long
        path = path.resolve()  # known by it: the same from wherever a run is resumed
        opener = _format_of(path)
        if opener is None and holds_sounds(path):
            _refuse_image_settings(str(path), size, skip_corrupt, colour, resizing)
            return Loaded(*open_recordings(path, features, form, test_speaker))
        _refuse_settings_of_recordings(str(path), features, test_speaker)
        if opener is None:
            from linocut.data.folder import open_folder

            return open_folder(path, size, skip_corrupt, colour, resizing)
        _refuse_image_settings(str(path), size, skip_corrupt, colour, resizing)
        return Loaded(*opener())
    raise _unknown(name)


def check_name(name: str | os.PathLike[str]) -> None:
    """DataError for what is neither the name of a data set nor the path of a folder or file; nothing is read."""
    text = os.fspath(name)
    if text and (os.path.isdir(expanded(text)) or holds_numbers(text) or holds_iq(expanded(text))):
        return
    if _is_path(name) or not _is_known(text):
        raise _unknown(name)


def _unknown(name: str | os.PathLike[str]) -> DataError:
    text = os.fspath(name)
    if _is_path(name):
        return DataError(
            f"{expanded(text)} is not a folder; give a folder of class folders, or one of {', '.join(_names())}"
        )
    return DataError(
        f"unknown data set {text!r}{_meant(text)}; known are {', '.join(_names())}, or the path of a folder"
    )


def is_image_folder(name: str | os.PathLike[str]) -> bool:
    """Whether `load(name)` would read class folders of images."""
    if not _is_path(name) and _is_known(os.fspath(name)):
        return False
    path = expanded(name)
    return (
        bool(os.fspath(name))
        and os.path.isdir(path)
        and not (_formats(path) or holds_numbers(path) or holds_recordings(path) or holds_iq(path))
    )


def resizing_of(data: str | None) -> Resizing | None:
    """What a run saw that does not say it, by the name of its data set; None where that cannot be known.

    Only folders of images, which are known by their absolute paths, had pictures that were cropped, and only where they
    were given a size. Folders of files of MNIST's, CIFAR's and SVHN's formats are known by their paths too: they are
    told apart as long as they are there.
    """
    if data is None or not os.path.isabs(data):
        return WHOLE
    return WHOLE if os.path.isdir(data) and not is_image_folder(data) else None


def available(data_dir: str | os.PathLike[str] | None = None) -> list[Available]:
    """All data sets known by name, and where each was found."""
    inside = "inside the package"
    description = "handwritten digits, 8 x 8 grey, 10 classes, 1,500 + 297"
    home = "https://doi.org/10.24432/C50P49"
    records = [Available("digits", description, "CC BY 4.0", home, (), inside)]
    for source in SOURCES.values():
        found = next((str(folder) for folder in _folders(source, data_dir) if not source.missing(folder)), None)
        records.append(
            Available(source.name, source.description, source.licence, source.home, tuple(source.files), found)
        )
    for name, description in DESCRIBED.items():
        folder = _find_recorded(data_dir)
        found = None if folder is None else str(folder)
        records.append(Available(name, description, RECORDED_LICENCE, RECORDED_HOME, (), found))
    signals = "radio signals made by formula, 128 x 2 (I and Q), 11 modulations, 22,000 + 5,500"
    records.append(Available("modulation", signals, "Apache-2.0", RADIO, (), inside))
    return records


def _names() -> list[str]:
    return ["digits", *SOURCES, *RECORDED, "modulation"]


def _made(name: str) -> tuple[Dataset, Dataset]:
    """What needs no files of others: digits are inside the package, signals are made."""
    if name == "digits":
        from linocut.data.digits import open_digits  # late: its imports cost memory

        return open_digits()
    from linocut.data.modulation import radio_signals

    return radio_signals()


def _meant(text: str) -> str:
    close = nearest(text, _names())
    return "" if close is None else f" (did you mean {close}?)"


def _is_path(name: str | os.PathLike[str]) -> bool:
    """Whether a name can only be that of a folder."""
    text = os.fspath(name)
    return (
        not isinstance(name, str)
        or os.sep in text
        or text in (".", "..")
        or is_called_numbers(text)
        or is_radioml(text)
    )


def _is_known(text: str) -> bool:
    return text in MADE or text in SOURCES or text in RECORDED


def _find_recorded(data_dir: str | os.PathLike[str] | None) -> Path | None:
    """The folder of the recordings of RECORDED, None where it is nowhere."""
    for place in _places(data_dir):
        for folder in (*(place / below for below in RECORDED_FOLDERS), place):
            if holds_recordings(folder):
                return folder
    return None


def _recorded_folder(name: str, data_dir: str | os.PathLike[str] | None) -> Path:
    """The folder of the recordings of a name; DataError where it is nowhere."""
    folder = _find_recorded(data_dir)
    if folder is not None:
        return folder
    places = ", ".join(dict.fromkeys(str(place) for place in _places(data_dir)))
    raise DataError(
        f"{name} is not on this machine; sought in {places} and in {' or '.join(RECORDED_FOLDERS)} below; get it with: "
        f"git clone {RECORDED_HOME}, and give the folder around it as --data-dir"
    )


def _refuse_image_settings(
    name: str, size: tuple[int, int] | None, skip_corrupt: bool, colour: bool | None, resizing: Resizing | None
) -> None:
    if size is not None:
        raise DataError(
            f"size is {size[0]} x {size[1]}, but {name} has one size; give a size for folders of images only"
        )
    if skip_corrupt:
        raise DataError(f"skip_corrupt is for folders of images, but {name} is none; leave it out")
    for what, given in (("colour", colour), ("resizing", resizing)):
        if given is not None:
            raise DataError(f"{what} is {given!r}, but {name} is no folder of images; leave it out")


def _refuse_settings_of_recordings(name: str, features: str | None, test_speaker: str | None) -> None:
    if features is not None:
        raise DataError(f"features are {features!r}, but {name} holds no recordings; leave them out")
    if test_speaker is not None:
        raise DataError(f"test_speaker is {test_speaker!r}, but {name} holds no recordings; leave it out")


def _format_of(path: Path) -> Opener | None:
    """How to open the files of a data set's format that a folder holds; None if it holds others.

    DataError where it holds those of several.
    """
    found = _formats(path)
    if len(found) > 1:
        raise DataError(
            f"{path} holds files of {' and '.join(found)}; give the folder of one, or its name and this as --data-dir"
        )
    return next(iter(found.values()), None)


def _formats(path: Path) -> dict[str, Opener]:
    """The formats of data sets whose files a folder holds, and how to open each."""
    from linocut.data import cifar10, cifar100, svhn  # late: data sets that are named need one of them at most

    found: dict[str, Opener] = {}
    lacking = idx.missing(path)
    if len(lacking) < len(idx.PARTS) * len(idx.KINDS):
        found["MNIST"] = partial(_open_idx, path, lacking)
    if not cifar10.missing(path):
        found["CIFAR-10"] = partial(cifar10.open_splits, path, str(path))
    if not cifar100.missing(path):
        found["CIFAR-100"] = partial(cifar100.open_splits, path, str(path))
    if not svhn.missing(path):
        found["SVHN"] = partial(svhn.open_splits, path, str(path))
    if os.path.isfile(path / KAGGLE) and not (os.path.isdir(path / "train") and folders(path / "train")):
        found["Kaggle's CIFAR-10"] = partial(_open_kaggle, path)
    return found


def _open_kaggle(path: Path) -> tuple[Dataset, Dataset]:
    from linocut.data.kaggle import open_splits  # late: it decodes pictures

    return open_splits(path)


def _open_idx(path: Path, lacking: list[str]) -> tuple[Dataset, Dataset]:
    if lacking:
        raise DataError(f"{path} holds files of MNIST's format but lacks {', '.join(lacking)}; copy them there")
    return idx.open_splits(path, name=str(path))


def _load_source(source: Source, data_dir: str | os.PathLike[str] | None) -> tuple[Dataset, Dataset]:
    if data_dir is not None and not os.path.isdir(expanded(data_dir)):
        raise DataError(f"data directory {os.fspath(data_dir)} is not a folder; give one that holds {source.name}")
    folders = _folders(source, data_dir)
    for folder in folders:
        if not source.missing(folder):
            return source.open(folder)
    nearest = min(folders, key=lambda folder: len(source.missing(folder)))
    lacking = source.missing(nearest)
    partly = f" (all others are in {nearest})" if len(lacking) < source.pieces else ""
    places = ", ".join(dict.fromkeys(str(place) for place in _places(data_dir)))
    hint = f", or {source.hint}" if source.hint else ""
    cache = known_cache()
    copies = cache / source.folders[0] if cache else "a folder that --data-dir names"
    raise DataError(
        f"{source.name} is not on this machine: {', '.join(lacking)} not found{partly}; "
        f"sought in {places} and in {' or '.join(source.folders)} below; get them "
        f"with: linocut data get {source.name}, or copy them to {copies}{hint}"
    )


def _places(data_dir: str | os.PathLike[str] | None) -> list[Path]:
    named = [os.fspath(data_dir) if data_dir is not None else "", os.environ.get("LINOCUT_DATA", "")]
    cache = known_cache()
    return [*(expanded(place) for place in named if place), *([cache] if cache else []), SYSTEM]


def _folders(source: Source, data_dir: str | os.PathLike[str] | None) -> list[Path]:
    """The folders that may hold the files, best first; not the place itself if another data set's."""
    folders = []
    for place in _places(data_dir):
        folders += [place / below for below in source.folders]
        others = {folder for other in SOURCES.values() for folder in other.folders} - set(source.folders)
        if not any(place.parts[-len(Path(other).parts) :] == Path(other).parts for other in others):
            folders.append(place)
    return folders
