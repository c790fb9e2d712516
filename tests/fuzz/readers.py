"""What reads files of users: for each reader a small valid file, and what reads all of such a file."""

import gzip
import io
import pickle
import struct
import tarfile
import tempfile
import zlib
from functools import cache, partial
from pathlib import Path

import numpy as np
from nasbench_files import framed, record
from picture_files import png
from PIL import Image
from small_training import examples, trainer
from wav_files import riff

from linocut.data import cifar as cifar_files
from linocut.data import kaggle
from linocut.data.archive import Member, extract
from linocut.data.cifar10 import CIFAR10, CLASSES
from linocut.data.cifar100 import CIFAR100, FINE
from linocut.data.idx import IdxDataset
from linocut.data.images import image_shape, read_image
from linocut.data.npz import open_npz
from linocut.data.svhn import _convert
from linocut.data.table import open_table
from linocut.data.wav import read_wav
from linocut.devices import costmodel, sweep_file
from linocut.export import packed
from linocut.graph.network import Network
from linocut.layers import (
    Add,
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    Concat,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    ReLU,
    SigmoidCrossEntropy,
    Sign,
    Slice,
    Tanh,
)
from linocut.networks.nasbench.published import trainings
from linocut.networks.nasbench.read import read_cell
from linocut.networks.toml_file import read_network
from linocut.run import open_session
from linocut.run.predict import Predictor
from linocut.train import Trainer, checkpoint

OLD_MODEL = Path(__file__).parents[1] / "export" / "v01" / "mlp" / "model.safetensors"  # of version 2
COUNT = 6  # examples in a valid file
PILLOWS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
GENERATOR = np.random.default_rng(5)
LABELS = bytes(n % 3 for n in range(COUNT))


def idx(kind):
    sizes = (COUNT, 5, 4) if kind == "images" else (COUNT,)
    head = bytes((0, 0, 8, len(sizes))) + b"".join(size.to_bytes(4, "big") for size in sizes)
    return head + (bytes(range(20)) * COUNT if kind == "images" else LABELS)


PIXELS = cifar_files.PIXELS


def cifar(kinds=1):
    return b"".join(bytes([n] * kinds) + GENERATOR.bytes(PIXELS) for n in range(3))


def cifar_pickle(protocol):
    batch = {b"data": np.zeros((3, PIXELS), np.uint8), b"labels": [0, 5, 9], b"batch_label": b"one"}
    return pickle.dumps(batch, protocol=protocol)


def cifar100_pickle(protocol):
    """With its labels in arrays and in NumPy's numbers."""
    labels = {"fine_labels": np.array([0, 50, 99]), "coarse_labels": list(np.array([0, 9, 19], np.uint8))}
    return pickle.dumps({"data": np.asfortranarray(np.zeros((3, PIXELS), np.uint8)), **labels}, protocol=protocol)


def table():
    """Kaggle's, of so many pictures that some are kept for testing."""
    return b"id,label\n" + b"".join(b"%d,%s\n" % (n, CLASSES[n % 10].encode()) for n in range(1, 12))


def tar():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("folder/one", "folder/two"):
            info = tarfile.TarInfo(name)
            info.size = 1000
            archive.addfile(info, io.BytesIO(bytes(1000)))
    return packed.getvalue()


def mat(packed):
    """An X and a y as MATLAB writes them."""

    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    def matrix(name, kind, stored, shape, data):
        flags, sizes = struct.pack("<II", kind, 0), struct.pack(f"<{len(shape)}i", *shape)
        body = element(6, flags) + element(5, sizes) + element(1, name) + element(stored, data)
        whole = element(14, body)
        return struct.pack("<II", 15, len(zlib.compress(whole))) + zlib.compress(whole) if packed else whole

    pixels = bytes(range(256)) * 12
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    return head + matrix(b"X", 9, 2, (32, 32, 3, 2), pixels * 2) + matrix(b"y", 6, 2, (2, 1), b"\x01\x0a")


def image(form, mode="RGB", **options):
    data = io.BytesIO()
    Image.fromarray(GENERATOR.integers(0, 256, (9, 7, 3), dtype=np.uint8)).convert(mode).save(data, form, **options)
    return data.getvalue()


def deep_png():
    """Of 16 bits, with a colour that is transparent."""
    return png(GENERATOR.integers(0, 65536, (9, 7, 3)), 16, 2, transparent=bytes(6))


@cache
def run(name):
    """A file of a run of two epochs."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        trainer().fit(examples(), 2, out=folder)
        return (Path(folder) / name).read_bytes()


@cache
def branching():
    """A model with nodes of every kind."""
    import tempfile

    layers = (
        *(Input((6, 6, 2), "f32"), BinaryConv2D(4).named("first"), MaxPool2D(), BatchNorm(), Sign().named("signs")),
        BinaryConv2D(4, 1).after("signs"),
        BatchNorm(scale=True).named("left"),
        BinaryConv2D(4).after("signs"),
        BatchNorm().named("right"),
        Add().after("left", "right"),
        Concat().after("add1", "left"),
        *(Slice(1, 5), Tanh(), AveragePool2D(padding="same"), Conv2D(3, 1, bias=True), ReLU(), GlobalAveragePool()),
        *(Dense(4, bias=True), SigmoidCrossEntropy()),
    )
    with tempfile.TemporaryDirectory() as folder:
        Trainer(Network("branching", layers), batch_size=4).save(folder)
        return (Path(folder) / "model.safetensors").read_bytes()


TOML = b"""name = "mine"
[[layers]]
layer = "binary_conv2d"
filters = 8
kernel = 3
[[layers]]
layer = "max_pool2d"
[[layers]]
layer = "batch_norm"
momentum = 0.8
[[layers]]
layer = "sign"
[[layers]]
layer = "flatten"
[[layers]]
layer = "binary_dense"
units = "classes"
[[layers]]
layer = "batch_norm"
"""


def read_idx(path, kind):
    """The file as that of a kind, with a sound one of the other kind."""
    other = path.with_name("other")
    other.write_bytes(idx("labels" if kind == "images" else "images"))
    images, labels = (path, other) if kind == "images" else (other, path)
    dataset = IdxDataset(images, labels, name="fuzz", cache=path.parent)
    dataset.read(np.arange(COUNT), np.empty((COUNT, *dataset.shape), np.uint8), np.empty(COUNT, np.int32))


def read_gzipped_idx(path):
    packed = path.with_name("packed.gz")
    path.rename(packed)
    read_idx(packed, "images")


def read_cifar(path, files, kind, classes):
    """As the first file, all others being sound."""
    path.rename(path.with_name(f"{files.train[0]}.bin"))
    for name in files.files[1:]:
        path.with_name(f"{name}.bin").write_bytes(cifar(len(files.labels)))
    for dataset in cifar_files.open_splits(files, path.parent, "fuzz", kind, classes):
        count = min(len(dataset), COUNT)
        dataset.read(np.arange(count), np.empty((count, 32, 32, 3), np.uint8), np.empty(count, np.int32))


def read_pickle(path, files):
    with open(path, "rb") as file:
        cifar_files.from_pickle(files, file, path.stat().st_size, path.with_name("out"), "fuzz")


def read_table(path):
    path.rename(path.with_name("trainLabels.csv"))
    path.with_name("train").mkdir()
    for number in range(1, 12):
        Image.fromarray(np.zeros((32, 32), np.uint8)).save(path.with_name("train") / f"{number}.png")
    kaggle.open_splits(path.parent)


def read_tar(path):
    extract(path, {f"folder/{name}": Member(2000, lambda file, size: file.read(size)) for name in ("one", "two")})


def read_mat(path):
    _convert(path, path.with_name("out"))


def read_picture(path):
    image_shape(path)
    image_shape(path, whole=True)
    read_image(path, (8, 8, 3))


def read_toml(path):
    read_network(path, (8, 8, 1), 10)


def read_checkpoint(path):
    kept, file = checkpoint.read(path)
    program = kept.settings.compile().program
    if program.arena_bytes < 1 << 20:
        checkpoint.restore(file, open_session(program, backend="reference"))


def read_model(path):
    """Load a model and, if it is small, let it predict."""
    graph = packed.read(path).graph
    predictor = Predictor(graph, batch_size=2, threads=1)
    if predictor.arena_bytes < 1 << 20:
        shape, low = graph.input.shape, graph.input.low
        with np.errstate(all="ignore"):  # weights may be any
            given = np.zeros((3, *shape), np.uint8) if graph.input.dtype == "u8" else np.full((3, *shape), low, "f4")
            predictor.predict(given)


def csv_table():
    """Numbers and a label of texts, which needs quotes."""
    return b"a;b;kind\r\n" + b"".join(f'{n}.5;-{n}e3;"k;{n % 2}"\r\n'.encode() for n in range(40))


def npz(save):
    file = io.BytesIO()
    save(file, x=np.arange(240.0).reshape(40, 3, 2, order="F"), y=np.array(["cat", "dog"])[np.arange(40) % 2])
    return file.getvalue()


def read_csv_table(path):
    read_examples(open_table(path, ["kind"]))


def read_npz(path):
    read_examples(open_npz(path))


def read_examples(datasets):
    for dataset in datasets:
        images, labels = np.empty((len(dataset), *dataset.shape), np.uint8), np.empty(len(dataset), np.int32)
        dataset.read(np.arange(len(dataset)), images, labels)


def sweep():
    """A sweep of two cells on one device."""
    cells = {"V": np.array([2, 3], "u1"), "bits": np.array([1, 5], "u4"), "labels": np.zeros(2, "u1")}
    each = {"ms": np.ones((2, 1)), "uj": np.ones((2, 1)), "streamed_bytes": np.zeros((2, 1), "i8")}
    both = {"weight_bytes": np.ones(2, "i8"), "peak_bytes": np.ones(2, "i8")}
    file = io.BytesIO()
    np.savez(file, devices=np.array(["one"]), caching=np.array("partial"), **cells, **each, **both)
    return file.getvalue()


def cost_model():
    shapes = costmodel.model.shapes(1)
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    with tempfile.TemporaryDirectory() as folder:
        costmodel.CostModel(("one",), "partial", weights, {}).save(Path(folder) / "cost")
        return (Path(folder) / "cost").read_bytes()


def cell():
    return b'{"module_adjacency": [[0,1,1],[0,0,1],[0,0,0]], "module_operations": ["input","conv3x3-bn-relu","output"]}'


READERS = {
    "idx images": (lambda: idx("images"), partial(read_idx, kind="images")),
    "idx labels": (lambda: idx("labels"), partial(read_idx, kind="labels")),
    "idx.gz": (lambda: gzip.compress(idx("images"), mtime=0), read_gzipped_idx),
    "cifar": (cifar, partial(read_cifar, files=CIFAR10, kind="labels", classes=CLASSES)),
    "cifar pickle": (lambda: cifar_pickle(3), partial(read_pickle, files=CIFAR10)),
    **{f"cifar pickle {n}": ((lambda n=n: cifar_pickle(n)), partial(read_pickle, files=CIFAR10)) for n in (0, 4, 5)},
    "cifar100": (lambda: cifar(2), partial(read_cifar, files=CIFAR100, kind="fine_labels", classes=FINE)),
    **{
        f"cifar100 pickle {n}": ((lambda n=n: cifar100_pickle(n)), partial(read_pickle, files=CIFAR100))
        for n in (0, 2, 4, 5)
    },
    "table": (table, read_table),
    "tar": (tar, read_tar),
    **{f"wav {bits}": ((lambda bits=bits: riff(1, 1, bits, bytes(range(240)))), read_wav) for bits in (8, 16, 24)},
    "csv": (lambda: csv_table(), read_csv_table),
    "npz": (lambda: npz(np.savez), read_npz),
    "npz packed": (lambda: npz(np.savez_compressed), read_npz),
    "mat": (lambda: mat(False), read_mat),
    "mat packed": (lambda: mat(True), read_mat),
    **{form: ((lambda form=form: image(form)), read_picture) for form in PILLOWS},
    "progressive JPEG": (lambda: image("JPEG", progressive=True), read_picture),
    "deep PNG": (deep_png, read_picture),
    "palette PNG": (lambda: image("PNG", "P"), read_picture),
    "fax TIFF": (lambda: image("TIFF", "1", compression="group4"), read_picture),
    "JPEG TIFF": (lambda: image("TIFF", compression="jpeg"), read_picture),
    "PGM of 15": (lambda: b"P5 7 9 15\n" + bytes(n % 16 for n in range(63)), read_picture),
    "toml": (lambda: TOML, read_toml),
    "checkpoint": (lambda: run("checkpoint.safetensors"), read_checkpoint),
    "model": (lambda: run("model.safetensors"), read_model),
    "model 2": (lambda: OLD_MODEL.read_bytes(), read_model),
    "branching model": (branching, read_model),
    "tfrecord": (lambda: framed(record("1:0", 0.5)) + framed(record("5:1", 0.75)), lambda path: [*trainings(path)]),
    "cell": (cell, read_cell),
    "sweep": (sweep, sweep_file.load),
    "cost model": (cost_model, costmodel.load),
}
