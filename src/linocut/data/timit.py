"""open_timit: TIMIT's folders of utterances as sequences of speech features, whose labels are phones.

TRAIN and TEST hold a folder for each dialect, these one for each speaker, with NAME.WAV, in NIST's SPHERE form or in
RIFF's, and NAME.PHN beside: lines BEGIN END PHONE, in samples. Utterances SA1 and SA2, which all speakers said, are
left out. There are 61 phones; for phone error rates they are folded to 39 (Lee & Hon 1989), the glottal stop to none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.arrays import ArrayDataset
from linocut.data.dataset import Dataset
from linocut.data.form import SOUND, Form
from linocut.data.label_paths import check_path
from linocut.data.sound import other_rate
from linocut.data.speech import features_of, features_within, normal_of, padded
from linocut.data.speech_features import SpeechFeatures
from linocut.data.sphere import is_sphere, read_sphere
from linocut.data.tasks import LABELS
from linocut.data.wav import read_wav
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN, TEST = "train", "test"
RIFF = b"RIFF"
FOLDED: dict[str, str | None] = {
    "ao": "aa",
    "ax": "ah",
    "ax-h": "ah",
    "axr": "er",
    "hv": "hh",
    "ix": "ih",
    "el": "l",
    "em": "m",
    "en": "n",
    "nx": "n",
    "eng": "ng",
    "zh": "sh",
    "ux": "uw",
    **dict.fromkeys(("pcl", "tcl", "kcl", "bcl", "dcl", "gcl", "h#", "pau", "epi"), "sil"),
    "q": None,
}
_OWN = "aa ae ah aw ay b ch d dh dx eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z"
PHONES = tuple(sorted({*_OWN.split(), *FOLDED}))  # 61


def holds_timit(root: Path) -> bool:
    """Whether a folder has TRAIN and TEST with phones below."""
    parts = _parts(root)
    return len(parts) == 2 and all(_has_phones(_first(_first(part))) for part in parts.values())


def _first(folder: Path | None) -> Path | None:
    """The first folder in one."""
    if folder is None:
        return None
    with os.scandir(folder) as found:
        names = sorted(item.name for item in found if item.is_dir())
    return folder / names[0] if names else None


def _has_phones(folder: Path | None) -> bool:
    return folder is not None and any(name.lower().endswith(".phn") for name in os.listdir(folder))


def open_timit(root: Path, kind: str, form: Form | None = None) -> tuple[Dataset, Dataset]:
    """The training and the test data: (frames, features), 61 phones as labels.

    `kind` is that of the features, as SpeechFeatures.at has it; a `form` is that of a trained network. DataError for
    what does not fit, and for utterances longer than those of a trained network.
    """
    if form is not None and form.classes not in ((), PHONES):
        raise DataError(f"{root} has TIMIT's phones as labels, the network was trained on others; give those data")
    found = {name: list(_utterances(part)) for name, part in _parts(root).items()}
    read = {name: [(path, *read_utterance(path)) for path in paths] for name, paths in found.items()}
    if form is None:
        rate = read[TRAIN][0][1]
        features = SpeechFeatures.at(rate, kind)
        frames = max(features.frames_of(len(samples)) for part in read.values() for _, _, samples in part)
        features = replace(features, frames=frames)
        normal = normal_of([features.of(samples) for _, _, samples in read[TRAIN]])
        form = Form(SOUND, LABELS, classes=PHONES, speech=features, normal=normal)
    labels = {path: phones_of(path) for paths in found.values() for path in paths}
    longest = max(len(one) for one in labels.values())
    form = replace(form, task=LABELS, classes=PHONES)
    train, test = (_dataset(read[name], labels, longest, form, str(root)) for name in (TRAIN, TEST))
    return train, test


def _parts(root: Path) -> dict[str, Path]:
    """The folders called TRAIN and TEST, in any case."""
    try:
        inner = sorted(os.listdir(root))
    except OSError:
        return {}
    return {name.lower(): root / name for name in inner if name.lower() in (TRAIN, TEST) and os.path.isdir(root / name)}


def _utterances(part: Path) -> Iterator[Path]:
    """Recordings that have phones beside them, DIALECT/SPEAKER/NAME.WAV."""
    for path in sorted(part.glob("*/*/*")):
        is_said = path.suffix.lower() == ".wav" and not path.stem.lower().startswith("sa")
        if is_said and _phones_beside(path) is not None:
            yield path


def _phones_beside(path: Path) -> Path | None:
    found = (path.with_suffix(suffix) for suffix in (".PHN", ".phn"))
    return next((one for one in found if os.path.isfile(one)), None)


def phones_of(path: Path) -> list[int]:
    """The numbers, in PHONES, of an utterance's phones; DataError for a line that has none."""
    beside = _phones_beside(path)
    assert beside is not None, "only recordings with phones are utterances"
    found = []
    for number, line in enumerate(beside.read_text("utf-8", "replace").splitlines(), start=1):
        parts = line.split()
        if len(parts) != 3 or parts[2] not in PHONES:
            raise DataError(f"{beside}, line {number}: {line[:40]!r} is not BEGIN END PHONE, one of TIMIT's; mend it")
        found.append(PHONES.index(parts[2]))
    if not found:
        raise DataError(f"{beside} has no phones; leave the recording out")
    return found


def read_utterance(path: Path) -> tuple[int, NDArray[np.float32]]:
    """Samples a second, and the samples (n,) from -1 to 1, of a SPHERE or a RIFF file; DataError for others."""
    if is_sphere(path):
        return read_sphere(path)
    with open(path, "rb") as file:
        if file.read(len(RIFF)) != RIFF:
            raise DataError(f"{path} is neither a SPHERE nor a RIFF file; get the file again")
    return read_wav(path)


def _dataset(
    read: Sequence[tuple[Path, int, NDArray[np.float32]]],
    labels: dict[Path, list[int]],
    longest: int,
    form: Form,
    name: str,
) -> ArrayDataset:
    features, sequences = features_of(form), []
    truth = np.full((len(read), longest), -1.0, np.float32)
    for row, (path, rate, samples) in zip(truth, read, strict=True):
        if rate != features.rate:
            raise other_rate(path, rate, features.rate)
        if features.frames_of(len(samples)) > features.frames:
            raise DataError(
                f"{path} has {features.frames_of(len(samples)):,} frames, the network takes {features.frames:,}; "
                "leave it out, or train on it too"
            )
        sequences.append(features_within(samples, features, str(path)))
        check_path(labels[path], len(sequences[-1]), str(path))
        row[: len(labels[path])] = labels[path]
    images = padded(sequences, form)
    dataset = ArrayDataset(images, truth, form.classes, name, shape=images.shape[1:], numbers=True)
    dataset.form, dataset.handed = form, True
    return dataset.with_lengths([len(one) for one in sequences])
