"""Picture files written byte by byte, whole or damaged as a test wants them: Pillow writes sound ones, of few kinds."""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes, flip: int = 0) -> bytes:
    """A chunk of a PNG, its CRC-32 wrong by `flip`."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ flip)


def packed_rows(samples: np.ndarray, depth: int, order: str = ">") -> list[bytes]:
    """The rows of (height, width, samples) in so many bits each, the first in the highest."""
    rows = samples.reshape(len(samples), -1)
    if depth >= 8 and depth % 8 == 0:
        return [row.astype(f"{order}u{depth // 8}").tobytes() for row in rows]
    bits = (rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    return [np.packbits(row.astype(np.uint8).ravel()).tobytes() for row in bits]


def png(samples, depth, colours, *, transparent=b"", palette=b"", pixels=None, before=b"", flips=None) -> bytes:
    """A PNG of (height, width, samples); `pixels` is another zlib stream, `flips` wrong checksums of chunks."""
    flips = flips or {}
    height, width = samples.shape[:2]
    if pixels is None:
        pixels = zlib.compress(b"".join(b"\0" + row for row in packed_rows(samples, depth)))
    head = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"PLTE", palette), (b"tRNS", transparent)]
    data = b"".join(chunk(kind, data, flips.get(kind, 0)) for kind, data in chunks if data)
    return SIGNATURE + data + before + chunk(b"IDAT", pixels, flips.get(b"IDAT", 0)) + chunk(b"IEND", b"")


def tiff(
    width, height, depth, photometric, strips, *, samples=1, order="<", more=(), offsets=None, counts=None
) -> bytes:
    """A TIFF of strips of bytes; `more` are further tags, `offsets` and `counts` other places and lengths."""
    begins = [8 + sum(map(len, strips[:number])) for number in range(len(strips))]
    tags = {256: [width], 257: [height], 258: [depth] * samples, 259: [1], 262: [photometric], 277: [samples]}
    tags |= {273: begins if offsets is None else offsets, 278: [-(-height // max(1, len(strips)))]}
    tags |= {279: [len(strip) for strip in strips] if counts is None else counts, **dict(more)}
    body = b"".join(strips) + bytes(sum(map(len, strips)) % 2)
    directory, behind = 8 + len(body), b""
    entries = []
    for tag in sorted(tags):
        raw = b"".join(struct.pack(f"{order}I", value) for value in tags[tag])
        if len(raw) > 4:
            place = directory + 2 + 12 * len(tags) + 4 + len(behind)
            raw, behind = struct.pack(f"{order}I", place), behind + raw
        entries.append(struct.pack(f"{order}HHI", tag, 4, len(tags[tag])) + raw.ljust(4, b"\0"))
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, directory)
    return head + body + struct.pack(f"{order}H", len(tags)) + b"".join(entries) + bytes(4) + behind


def bmp(width, height, bits, compression, data, palette=b"") -> bytes:
    """A BMP of 40 bytes of header."""
    begin = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", begin + len(data), 0, 0, begin) + head + palette + data


def lzw(codes: list[int]) -> bytes:
    """Codes of 9 bits of GIF's, each as it is: a clear before every 200th keeps them at that."""
    bits = []
    for number, code in enumerate(codes):
        for one in ([256] if number % 200 == 0 else []) + [code]:
            bits += [(one >> bit) & 1 for bit in range(9)]
    return np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes()


def gif(width, height, palette: bytes, code: bytes, *, control=b"", end=b"\0;") -> bytes:
    """A GIF of one frame."""
    size = (len(palette) // 3).bit_length() - 2
    blocks = b"".join(bytes([len(code[i : i + 255])]) + code[i : i + 255] for i in range(0, len(code), 255))
    screen = struct.pack("<HHBBB", width, height, 0xF0 | size, 0, 0)
    return (
        b"GIF89a"
        + screen
        + palette
        + control
        + b","
        + struct.pack("<HHHHB", 0, 0, width, height, 0)
        + b"\x08"
        + (blocks + end)
    )
