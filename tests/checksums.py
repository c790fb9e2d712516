"""Tensor files changed behind linocut's back by somebody who mends the checksum: what else is wrong must be found."""

import json
import zlib

from safetensors.numpy import load_file

CHECKSUM = 4  # bytes at the end of a file


def mended(data):
    """The file with the checksum that its bytes have."""
    return data[:-CHECKSUM] + zlib.crc32(data[:-CHECKSUM]).to_bytes(CHECKSUM, "little")


def split(data):
    """The header of a file as an object, and its tensors' bytes."""
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def joined(header, tensors):
    """The file of a header and tensors' bytes."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + tensors


def content(path):
    """The tensors of a file, by name, as safetensors reads them."""
    tensors = load_file(path)
    del tensors["crc32"]
    return tensors
