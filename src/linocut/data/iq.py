"""I/Q samples in files: interleaved 16-bit or float samples in class folders, and RadioML 2016.10a as it is published.

    radio/BPSK/one.cs16   radio/QPSK/two.cf32      int16 or float32, I and Q in turn, little-endian, without a header

A file is cut into examples of 128 samples; fewer at its end are left out, and said in the data's notes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from linocut.data.array_pickle import Array, load
from linocut.data.coded import Raw, coded, coded_examples, completed, parted, renewed
from linocut.data.dataset import Dataset
from linocut.data.form import ARRAYS, Form
from linocut.data.iq_names import RADIOML, SUFFIXES, iq_folders, is_iq
from linocut.errors import DataError, one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 128  # samples of an example
DTYPES = {".cs16": "<i2", ".sc16": "<i2", ".cf32": "<f4", ".fc32": "<f4"}
assert set(DTYPES) == set(SUFFIXES)


def open_iq(path: Path, form: Form | None = None, whole: bool = False) -> tuple[Dataset, Dataset]:
    """The training and the test data of a folder of class folders, or of a file of RadioML, (128, 2) each, in bytes.

    About one example in five, by its number, is kept for testing; or, with `whole`, all are. A `form` is that of a
    trained network. DataError for what does not fit: a file that ends within a sample, a class without examples.
    """
    raw, conditions, notes = _radioml(path) if os.path.isfile(path) else _folder(path)
    places = Raw(np.arange(len(raw), dtype=np.int64)[:, None], raw.truth)
    parts = (places, places) if whole else parted(places, str(path))
    train, test = (_rows(raw, part) for part in parts)
    wanted = completed(Form(ARRAYS), train, str(path)) if form is None else renewed(form, train.truth, str(path))
    sets = coded(train, wanted, str(path)), coded(test, wanted, str(path))
    for one, part in zip(sets, parts, strict=True):
        one.notes = notes
        if conditions is not None:
            one.conditions = conditions[0], conditions[1][part.x[:, 0]]
    return sets


def read_iq(path: Path, form: Form) -> NDArray[np.uint8]:
    """The examples (n, 128, 2) of a file of samples, for a network of this form."""
    return coded_examples(_samples(path)[0], form, str(path))


def _rows(raw: Raw, places: Raw) -> Raw:
    return Raw(raw.x[places.x[:, 0]], places.truth, pairs=True)


def _folder(path: Path) -> tuple[Raw, None, tuple[str, ...]]:
    """All files of all classes, in order."""
    xs, truth, left = [], [], 0
    for name in iq_folders(path):
        count = 0
        for file in sorted(item for item in (path / name).iterdir() if is_iq(item.name)):
            x, over = _samples(file)
            xs.append(x)
            truth += [name] * len(x)
            left += over
            count += len(x)
        if not count:
            raise DataError(f"{path / name} has no {STEPS} samples, must have examples of its class; leave it out")
    notes = (f"{left:,} samples at the ends of files are left out: examples have {STEPS}",) if left else ()
    return Raw(np.concatenate(xs), truth, pairs=True), None, notes


def _samples(path: Path) -> tuple[NDArray[np.float32], int]:
    """Examples (n, 128, 2), and how many samples were left over; DataError where a file ends within a sample."""
    dtype = np.dtype(DTYPES[path.suffix.lower()])
    try:
        size = path.stat().st_size
        if size % (2 * dtype.itemsize):
            raise DataError(
                f"{path} has {size:,} bytes, must be whole samples of {2 * dtype.itemsize} (I and Q, "
                f"{dtype.name}); it is cut short, copy it again"
            )
        values = np.fromfile(path, dtype)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds a sample that is no finite number; mend it, or is it int16 (.cs16)?")
    count = len(values) // (2 * STEPS)
    used = values[: count * 2 * STEPS].reshape(count, STEPS, 2)
    return used.astype(np.float32), len(values) // 2 - count * STEPS


def _radioml(path: Path) -> tuple[Raw, tuple[str, NDArray[np.float64]], tuple[str, ...]]:
    """The pickle of RadioML 2016.10a: {(modulation, ratio): float32 (n, 2, 128)}; nothing in it is run."""
    try:
        with path.open("rb") as file:
            found = _parts(file, path.stat().st_size)
            parts = sorted(found, key=lambda part: part[:2])
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except Exception as error:  # a damaged pickle may raise anything
        reason = one_line(str(error).strip() or type(error).__name__)[:80]
        raise DataError(
            f"{path} is not RadioML 2016.10a's dictionary, and nothing in it was run ({reason}); copy it again"
        ) from None
    if not parts:
        raise DataError(f"{path} holds no signals, must be {RADIOML} as it is published; copy it again")
    x = np.concatenate([signals.transpose(0, 2, 1) for _, _, signals in parts])
    truth = [name for name, _, signals in parts for _ in range(len(signals))]
    ratios = np.concatenate([np.full(len(signals), ratio, np.float64) for _, ratio, signals in parts])
    return Raw(x.astype(np.float32), truth, pairs=True), ("SNR [dB]", ratios), ()


def _parts(file: IO[bytes], size: int) -> list[tuple[str, int, NDArray[Any]]]:
    content = load(file, size)
    if not isinstance(content, Mapping):
        raise DataError(f"{getattr(file, 'name', 'the file')} is no dictionary of signals; give RadioML 2016.10a's")
    return list(_checked(content))


def _checked(content: Mapping[Any, Any]) -> Iterator[tuple[str, int, NDArray[Any]]]:
    for key, value in content.items():
        name, ratio = key
        signals = value.of_numpy() if isinstance(value, Array) else None
        if signals is None or signals.ndim != 3 or signals.shape[1:] != (2, STEPS) or not np.isfinite(signals).all():
            raise ValueError(f"signals are not finite numbers (n, 2, {STEPS})")
        yield (name.decode("latin1") if isinstance(name, bytes) else str(name)), int(ratio), signals
