"""Files of CIFAR-10 in all its forms, small ones, for tests to read."""

import io
import struct
import tarfile
from pathlib import Path

import numpy as np

from linocut.data.cifar10 import BATCHES

COUNTS = (7, 1, 3, 4, 5, 6)  # records of each file
RANDOM = np.random.default_rng(10)
PLANES = {name: RANDOM.integers(0, 256, (n, 3, 32, 32), np.uint8) for name, n in zip(BATCHES, COUNTS, strict=True)}
LABELS = {name: RANDOM.integers(0, 10, n).astype(np.uint8) for name, n in zip(BATCHES, COUNTS, strict=True)}
FORMS = ("bin", "py", "cifar-10-binary.tar.gz", "cifar-10-python.tar.gz")


def binary(name: str) -> bytes:
    rows = PLANES[name].reshape(-1, 3072)
    return np.concatenate([LABELS[name][:, None], rows], axis=1).tobytes()


def short(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def python2(name: str, labels: list[int] | None = None, data: bytes | None = None, shape=None, dtype=b"u1") -> bytes:
    """A batch as Python 2's cPickle wrote it, opcode by opcode."""
    labels = LABELS[name].tolist() if labels is None else labels
    data = PLANES[name].tobytes() if data is None else data
    rows, columns = shape or (len(labels), 3072)
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
        + (b"(K\x01M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86")
        + (
            b"cnumpy\ndtype\n"
            + short(dtype)
            + b"K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        )
        + (b"\x89T" + struct.pack("<i", len(data)) + data + b"tb")
    )
    pairs = short(b"batch_label") + short(b"training") + short(b"labels") + listed + short(b"data") + array
    return b"\x80\x02}(" + pairs + short(b"filenames") + b"](U\x05a.pnge" + b"u."


def tar(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def contents(form: str) -> dict[str, bytes]:
    """The files of the binary or the Python version."""
    end, content = (".bin", binary) if "bin" in form else ("", python2)
    return {f"{name}{end}": content(name) for name in BATCHES}


def make(folder: Path, form: str) -> Path:
    """CIFAR-10 in one of its forms."""
    folder.mkdir(parents=True, exist_ok=True)
    files = contents(form)
    if "tar" not in form:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder
    below = "cifar-10-batches-bin" if "bin" in form else "cifar-10-batches-py"
    extra = {f"{below}/readme.html": b"hello", "../evil": b"out"}
    tar(folder / form, {**extra, **{f"{below}/{name}": data for name, data in files.items()}})
    return folder


def read(dataset, indices) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.zeros((len(indices), *dataset.shape), np.uint8), np.zeros(len(indices), np.int32)
    dataset.read(np.asarray(indices, np.int64), images, labels)
    return images, labels
