"""Damaged files that are worth keeping: each once was, or may well be, what a reader forgets to look at."""

import gzip
import json
import pickle
import struct
import zlib

import numpy as np
from checksums import joined, mended, split
from picture_files import png as png_file
from picture_files import tiff
from readers import LABELS, READERS, TOML, cifar, cifar100_pickle, cifar_pickle, deep_png, idx, image, mat, table, tar


def described(name, change):
    """A file of a reader with a change made to its description, and a checksum that agrees."""
    header, tensors = split(READERS[name][0]())
    description = json.loads(header["__metadata__"]["description"])
    change(description)
    header["__metadata__"]["description"] = json.dumps(description)
    return mended(joined(header, tensors))


def nested(depth):
    """A network of residuals in residuals."""
    layer = {"layer": "sign"}
    for _ in range(depth):
        layer = {"layer": "residual", "body": [layer]}
    return layer


def set_layers(layers):
    return lambda about: about.get("settings", about)["network"].update(layers=layers)


def layer(number, **settings):
    return lambda about: about.get("settings", about)["network"]["layers"][number].update(settings)


def png(width, height):
    """A file of a few bytes that claims to be an image of any size."""
    sizes = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = chunk(b"IHDR", sizes), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def of_many_scans():
    """A JPEG of few bytes that passes over each of its blocks again and again."""
    sound = image("JPEG", progressive=True)
    last = sound.rindex(b"\xff\xda")
    return sound[:last] + sound[last:-2] * 600 + b"\xff\xd9"


class Evil:
    """Touches a file when it is unpickled plainly."""

    def __reduce__(self):
        return exec, ("open('unpickled', 'w')",)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"
FILES = ("checkpoint", "model", "model 2")  # tensor files
NETWORKS = ("checkpoint", "model 2")  # with a network's description
FLATTEN, SOFTMAX = {"layer": "flatten"}, {"layer": "softmax_cross_entropy"}
INPUT = {"layer": "input", "shape": [6, 6, 1]}
HUGE = 10**400

MODELS = ("model", "model 2")


def nodes(change):
    return lambda about: change(about["inference"]["nodes"])


def node(place, **settings):
    return nodes(lambda there: there[place].update(settings))


def window(**settings):
    return nodes(lambda there: there[1]["window"].update(settings))


def repeated(there):
    there[1:2] = [{**there[1], "name": f"flatten{n}"} for n in range(5000)]


# Of the model: input_coding, flatten, real_product, threshold, binary_product, affine, logits.
ODD_NODES = [
    *((0, "shape", odd) for odd in ([], [0], [-1], [6.0], [True], ["6"], [6] * 6, [6] * 10**5, [HUGE], [2**30] * 5, 6)),
    (0, "shape", [6, 6, 2]),
    *((0, name, odd) for name in ("low", "high") for odd in (float("nan"), float("inf"), HUGE, "1", None, 1e39)),
    *((0, "dtype", odd) for odd in ("u16", None, "x" * 10**5)),
    *((0, "coded", odd) for odd in (True, 0, None)),
    *((0, "inputs", odd) for odd in (["input1"], ["logits"], "input1", None, [[]])),
    *((1, "kind", odd) for odd in ("logits", "input_coding", "flattn", "", "x" * 10**5, None, ["flatten"], {})),
    *((1, "inputs", odd) for odd in ([], ["flatten1"], ["sign1"], ["input1", "input1"], ["input1"] * 10**5, [None])),
    *((1, "name", odd) for odd in ("", "input1", "two\nlines", "\x1b[2J", "a b", "9", "é", "x" * 10**5, None, "a.b.c")),
    *((1, "gives", odd) for odd in ("floats", "", None, "x" * 10**5)),
    *((1, "shape", odd) for odd in ([35], [6, 6, 1], [36, 1])),
    *((1, "tensors", odd) for odd in (["weights"], [""], [None], None, "weights", [[]])),
    *((2, "depth", odd) for odd in (0, 35, 37, 100, -1, 36.0, "36", None, HUGE, True)),
    *((2, "shape", odd) for odd in ([23], [25], [2**40], [24, 1])),
    *((2, "binary", odd) for odd in (False, 1, None, "true")),
    *((2, "tensors", odd) for odd in ([], ["bias"], ["weights", "weights"], ["weights", "bias"], ["least"])),
    *((2, "window", odd) for odd in ({}, [], 3, {"size": [1, 1]})),
    *((3, "tensors", odd) for odd in ([], ["weights"])),
    *((6, "function", odd) for odd in ("max", "", None, "x" * 10**5, "identity")),
    *((6, "colour", odd) for odd in (None, "red", [[]])),
    *((5, "gain", odd) for odd in (None, [1.0])),
]
ODD_WINDOWS = [
    *(("size", odd) for odd in ([0, 3], [3], [3, 3, 3], [2**15 + 1, 3], [HUGE, 1], [3.0, 3], None, 3, [2, 3])),
    *(("stride", odd) for odd in (0, -1, 2, 2**15 + 1, HUGE, 1.0, None, True)),
    *(("padding", odd) for odd in ("valid", "full", "", None, 3)),
    *(("what", odd) for odd in ("", " ", "\n", "two\nlines", None, "x" * 10**5)),
    *(("flat", odd) for odd in (True, None, 0)),
    ("colour", "red"),
]
ODD_GRAPHS = [
    lambda about: about.update(inference=[]),
    lambda about: about.pop("inference"),
    lambda about: about.update(network={"name": "x", "layers": []}),
    *(lambda about, odd=odd: about["inference"].update(name=odd) for odd in (3, "two\nlines", "\x1b[2J")),
    *(lambda about, odd=odd: about["inference"].update(classes=odd) for odd in (0, 3, 5, -1, HUGE, 4.0, None)),
    *(lambda about, odd=odd: about["inference"].update(nodes=odd) for odd in ([], {}, [[]], [None], [{}], [3] * 10**5)),
    nodes(lambda there: there.reverse()),
    nodes(lambda there: there.__setitem__(1, {**there[1], "kind": "pool", "function": "max", "window": None})),
    nodes(lambda there: there.pop()),
    nodes(lambda there: there.pop(0)),
    nodes(lambda there: there.append(there[-1])),
    nodes(lambda there: there.insert(1, {**there[1], "name": "unread"})),
    nodes(lambda there: there.insert(1, {**there[0], "name": "input2"})),
    nodes(repeated),
]

CORPUS = [
    *((reader, b"") for reader in ("idx images", "cifar", "mat", "toml", "checkpoint", "model", "PNG", "tar")),
    ("idx images", idx("images")[:15]),
    ("idx images", idx("labels")),
    ("idx images", b"\0\0\x08\x03" + b"\xff" * 12),  # 2**96 values
    ("idx images", b"\0\0\x08\x03" + bytes(12)),
    ("idx images", b"\0\0\x0d\x03" + idx("images")[4:]),
    ("idx images", idx("images") + b"\0"),
    ("idx labels", b"\0\0\x08\x01\xff\xff\xff\xff" + LABELS),
    ("idx labels", idx("labels")[:-1] + b"\xff"),
    ("idx.gz", gzip.compress(gzip.compress(idx("images")))),
    ("idx.gz", gzip.compress(idx("images"))[:-1]),
    ("idx.gz", gzip.compress(bytes(10_000_000))),  # much out of little
    ("idx.gz", idx("images")[:-1]),  # a plain file, cut
    ("cifar", cifar()[:-1]),
    ("cifar", b"\x0a" + cifar()[1:]),
    ("cifar pickle", pickle.dumps({b"data": Evil(), b"labels": [1]})),
    ("cifar pickle", pickle.dumps({b"labels": [HUGE], b"data": b""})),
    ("cifar pickle", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."),  # a frame of 2**63 bytes
    ("cifar pickle", b"\x80\x03B\xff\xff\xff\x7f"),  # bytes of 2 GiB
    ("cifar pickle", b"\x80\x03" + b"(" * 5000 + b"l" * 5000 + b"."),
    ("cifar pickle", b"\x80\x03]q\x00h\x00h\x00a."),  # a list that holds itself
    ("cifar pickle", b"r\xff\xff\xff\x7f."),  # the memo's place 2**31
    ("cifar pickle", b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"."),  # a bytearray of 1 TiB
    ("cifar pickle", b"\x80\x02})" + b"2\x86" * 64 + b"K\x01s."),  # a key of tuples that takes for ever to hash
    ("cifar pickle", b"\x80\x04\x8f()" + b"2\x86" * 64 + b"\x90."),  # such a tuple in a set
    ("cifar pickle", cifar_pickle(3).replace(b"K\x05K\x09", b")" + b"2\x86" * 64 + b"K\x09")),  # for a label
    ("cifar pickle", cifar_pickle(3).replace(b"K\x03M\x00\x0c\x86", b")" + b"2\x86" * 64 + b"0\x89\x86")),
    ("cifar pickle", cifar_pickle(3).replace(b"K\x03M\x00\x0c\x86", b")" + b"2\x86" * 64)),  # for a shape
    ("cifar pickle", b"cnumpy.core.multiarray\n_reconstruct\n(N}X\x08\x00\x00\x00__code__Nstb."),
    ("cifar pickle", cifar_pickle(3)[:-100]),
    ("cifar pickle", b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x04\x00\x00\x00zliBtR."),
    ("cifar pickle", b"c_codecs\nencode\n(X\x02\x00\x00\x00\xc4\x80X\x06\x00\x00\x00latin1tR."),  # beyond Latin-1
    ("cifar pickle", b"(cnumpy\ndtype\n(X\x02\x00\x00\x00V9I0\nI1\ntR" + b"." * 9),
    ("cifar pickle 5", b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\xff."),  # a bytearray of 16 EiB
    ("cifar pickle 5", b"\x80\x05\x97\x98."),  # a buffer from outside
    ("cifar pickle 5", cifar_pickle(5).replace(b"M\x00\x0c\x86", b"J\xff\xff\xff\x7f\x86")),  # 2**31 columns
    ("cifar pickle 5", cifar_pickle(5).replace(b"M\x00\x0c\x86", b"\x8a\xff" + b"\x7f" * 255 + b"\x86")),  # many more
    ("cifar pickle 5", cifar_pickle(5).replace(b"\x8c\x02u1", b"\x8c\x02V1")),
    ("cifar pickle 5", cifar_pickle(5).replace(b"\x8c\x01C", b"\x8c\x01K")),  # in another order
    ("cifar pickle 0", cifar_pickle(0).replace(b"I5\n", b"I" + b"9" * 3000 + b"\n")),
    ("cifar pickle 0", cifar_pickle(0).replace(b"I5\n", b"I01\n")),
    ("cifar100 pickle 4", cifar100_pickle(4).replace(b"i8", b"f8")),
    ("cifar100 pickle 4", cifar100_pickle(4).replace(b"\x8c\x01<", b"\x8c\x01?")),
    ("cifar100", cifar(2)[:-1]),
    ("cifar100", b"\x14" + cifar(2)[1:]),
    ("cifar100", b"\0\x64" + cifar(2)[2:]),
    ("table", b""),
    ("table", table().replace(b"5,", b"../../5,")),
    ("table", table().replace(b"5,", b"4,")),
    ("table", table().replace(b"frog", b"f\0og")),
    ("table", b"id,label\n" + b'"' * 10**6),
    ("table", b"id,label\n" + b"1,cat\n" * 10**5),
    ("table", bytes(1 << 24)),
    ("cifar pickle", cifar_pickle(4).replace(b"u1", b"O8")),
    ("tar", tar()[:-10]),
    ("tar", gzip.compress(bytes(100_000))),
    ("mat", mat(False)[:200]),
    ("mat", mat(False).replace(struct.pack("<I", 6144), struct.pack("<I", 2**32 - 1))),
    ("mat", mat(False).replace(struct.pack("<iiii", 32, 32, 3, 2), struct.pack("<iiii", 2**31 - 1, 2**31 - 1, 3, 2))),
    ("mat", mat(False).replace(struct.pack("<iiii", 32, 32, 3, 2), struct.pack("<iiii", -32, -32, 3, 2))),
    ("mat packed", mat(True)[:-9]),
    ("mat packed", mat(False)[:128] + struct.pack("<II", 15, 20) + zlib.compress(bytes(5_000_000))[:20]),
    ("PNG", png(60_000, 60_000)),
    ("PNG", png(2**31 - 1, 1)),
    ("PNG", png(0, 5)),
    ("PNG", EPS),  # which Pillow would hand to Ghostscript
    ("PNG", image("PNG")[:60]),
    ("PNG", png_file(np.zeros((9, 7, 1), int), 8, 3, palette=b"")),
    ("PNG", png_file(np.zeros((900, 700, 3), int), 8, 2, pixels=zlib.compress(bytes(2101 * 899)))),  # a row lacks
    ("PNG", png_file(np.zeros((9, 7, 3), int), 8, 2, flips={b"IDAT": 1})),
    ("deep PNG", deep_png()[:-30]),
    ("palette PNG", png_file(np.full((9, 7, 1), 255), 8, 3, palette=bytes(9))),
    ("JPEG", image("JPEG")[:-9] + b"\xff\xd9"),
    ("JPEG", image("JPEG")[:-2] + bytes(range(1, 50)) + b"\xff\xd9"),
    ("JPEG", image("JPEG").replace(b"\xff\xc0\x00\x11\x08\x00\x09\x00\x07", b"\xff\xc0\x00\x11\x08\x1f\xff\x1f\xff")),
    ("progressive JPEG", image("JPEG", progressive=True)[:-30] + b"\xff\xd9"),
    ("progressive JPEG", of_many_scans()),
    ("TIFF", tiff(7, 9, 8, 2, [bytes(189)], samples=3, counts=[188])),
    ("TIFF", tiff(7, 9, 8, 2, [bytes(84)], samples=3, more={278: [4]})),  # one strip of three
    ("TIFF", tiff(7, 9, 8, 2, [bytes(189)], samples=3, more={278: [2**32 - 1], 322: [0], 323: [0], 324: [8]})),
    ("TIFF", tiff(7, 9, 16, 1, [bytes(126)], more={339: [2]})),
    ("TIFF", tiff(7, 9, 1, 1, [bytes(9)], more={259: [4]})),
    ("fax TIFF", tiff(7, 9, 1, 1, [bytes(9)], counts=[2**31], more={259: [4]})),  # a strip of 2 GiB
    ("JPEG TIFF", tiff(7, 9, 8, 2, [image("JPEG")[:-9]], samples=3, counts=[2**31], more={259: [7]})),
    ("PGM of 15", b"P5 7 9 15\n" + bytes(62) + b"\x10"),
    ("GIF", image("GIF")[:-4]),
    ("PPM", b"P6 99999999 99999999 255\n" + bytes(100)),
    ("PPM", b"P6 8 8 255\n" + bytes(10)),
    ("BMP", b"BM" + bytes(12) + struct.pack("<Iii", 40, 2**31 - 1, -(2**31)) + bytes(40)),
    ("toml", b"\xff\xfe"),
    ("toml", b"a = " + b"[" * 5000),
    ("toml", b"layers = 3"),
    ("toml", TOML.replace(b"filters = 8", b"filters = " + b"9" * 4000)),
    ("toml", TOML.replace(b"filters = 8", b"filters = nan")),
    ("toml", TOML.replace(b"filters = 8", b"filters = 1e308")),
    ("toml", TOML.replace(b"filters = 8", b"filters = 9223372036854775807")),
    ("toml", TOML.replace(b"kernel = 3", b"kernel = [3, 3, 3]")),
    ("toml", TOML + b"[[layers]]\nlayer = 'sign'\n[[layers]]\nlayer = 'batch_norm'\n" * 2000),
    ("toml", b"x" * (2**20 + 1)),
    *((name, READERS[name][0]()[:1000]) for name in FILES),
    *((name, b"\xff" * 8 + READERS[name][0]()[8:]) for name in FILES),
    *((name, (10**7).to_bytes(8, "little") + b"[" * 10**7) for name in FILES),
    *((name, described(name, set_layers([INPUT, nested(250), SOFTMAX]))) for name in NETWORKS),
    *((name, described(name, set_layers([INPUT, *[FLATTEN] * 5000, SOFTMAX]))) for name in NETWORKS),
    *((name, described(name, layer(0, shape=[HUGE, 6, 1]))) for name in NETWORKS),
    *((name, described(name, layer(0, shape=[2**31, 2**31, 2**31]))) for name in NETWORKS),
    *((name, described(name, layer(0, low=-HUGE))) for name in NETWORKS),
    *((name, described(name, layer(2, units=HUGE))) for name in NETWORKS),
    *((name, described(name, layer(2, units=2**40))) for name in NETWORKS),
    *((name, described(name, layer(3, momentum=float("nan")))) for name in NETWORKS),
    ("checkpoint", described("checkpoint", lambda about: about["settings"].update(batch_size=HUGE, micro_batch=HUGE))),
    ("checkpoint", described("checkpoint", lambda about: about["settings"].update(batch_size=2**50, micro_batch=1))),
    ("checkpoint", described("checkpoint", lambda about: about["data"].update(shape=[[]], classes=[None]))),
    ("checkpoint", described("checkpoint", lambda about: about["progress"].update(epochs=HUGE))),
    ("checkpoint", described("checkpoint", lambda about: about["settings"]["optimizer"].update(beta1=True))),
    *((name, described(name, lambda about: about.update(classes={"a": 1}))) for name in MODELS),
    *((name, described(name, lambda about: about.update(classes=["x"] * 10**5))) for name in MODELS),
    *((name, described(name, lambda about: about.update(data=[1]))) for name in MODELS),
    ("model 2", described("model 2", lambda about: about.update(arithmetic=[]))),
    *(("model", described("model", node(place, **{name: odd}))) for place, name, odd in ODD_NODES),
    *(("model", described("model", change)) for change in ODD_GRAPHS),
    *(("branching model", described("branching model", window(**{name: odd}))) for name, odd in ODD_WINDOWS),
]
