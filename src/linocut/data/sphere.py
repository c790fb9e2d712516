"""read_sphere: recordings in NIST's SPHERE form, as TIMIT's are, whose names end in .WAV too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPHERE = b"NIST_1A"
HEADER = 1024  # bytes that hold all of it that is read


def is_sphere(path: Path) -> bool:
    """Whether a file begins as such; what cannot be opened does not."""
    try:
        with open(path, "rb") as file:
            return file.read(len(SPHERE)) == SPHERE
    except OSError:
        return False


def read_sphere(path: Path) -> tuple[int, NDArray[np.float32]]:
    """Samples a second, and the samples (n,) from -1 to 1; DataError for others than plain ones of 16 bits."""
    data = path.read_bytes()
    lines = data[:HEADER].decode("ascii", "replace").splitlines()
    fields = {parts[0]: parts[2] for line in lines if len(parts := line.split(maxsplit=2)) == 3}
    begin = lines[1].strip() if len(lines) > 1 else ""
    plain = fields.get("sample_coding", "pcm") == "pcm" and fields.get("sample_n_bytes", "2") == "2"
    if not begin.isdigit() or not fields.get("sample_rate", "").isdigit() or not plain:
        raise DataError(f"{path} is no SPHERE file of plain 16-bit samples; convert it: sph2pipe -f wav IN OUT")
    order = ">i2" if fields.get("sample_byte_format") == "10" else "<i2"
    body = data[int(begin) :]
    samples = np.frombuffer(body[: len(body) // 2 * 2], order).astype(np.float32) / np.float32(2**15)
    return int(fields["sample_rate"]), samples
