"""Every path that the command line is given, as none should be: a line and status 2, no waiting, nothing lost."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_command import REFERENCE, SMALL, objects

import linocut as lc
from linocut.cli.options import quoted
from linocut.data import cache, idx
from linocut.data.folder import FolderDataset
from linocut.report import figures

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

pytestmark = [pytest.mark.usefixtures("elsewhere"), pytest.mark.timeout(60)]

NO_UTF_8 = os.fsdecode(b"\xff")


def put_socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # addresses are short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(here)


PUT = {
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "a pipe": os.mkfifo,
    "a socket": put_socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "a text": lambda path: path.write_text("hello there"),
    "no bytes": lambda path: path.write_text(""),
}
NAMES = {
    "nothing": "x",
    "below a file": "file/x",
    "below a link to itself": "loop/x",
    "too long a name": "x" * 300,
    "too long a path": "x/" * 3000 + "x",
    "no UTF-8": f"x{NO_UTF_8}",
    "several lines": "x\ny",
    "what steers a terminal": "x\x1b[2Jy",
}


def odd(folder, what, suffix):
    """A path of the kind called `what`."""
    folder.mkdir()
    (folder / "file").write_text("")
    (folder / "loop").symlink_to("loop")
    path = folder / f"{NAMES.get(what, 'x')}{suffix}"
    if what in PUT:
        PUT[what](path)
    return path


def tree(folder):
    """All that is below a folder, with what tells whether it was changed."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        about = os.lstat(path)
        found[str(path)] = about.st_ino, about.st_mode, about.st_size, about.st_mtime_ns if path.is_file() else 0
    return found


READING = {
    "train --data": ["train", "--data", "PATH", *REFERENCE, "--out", "other"],
    "train --data-dir": ["train", "--data", "mnist", "--data-dir", "PATH", *REFERENCE, "--out", "other"],
    "train --model": ["train", *SMALL[:4], "--model", "PATH.toml", *REFERENCE, "--out", "other"],
    "resume": ["train", "--resume", "--out", "PATH", *REFERENCE],
    "resume --data": ["train", "--resume", "--out", "run", "--data", "PATH", *REFERENCE],
    "eval": ["eval", "PATH", *REFERENCE],
    "eval --data": ["eval", "run", "--data", "PATH", *REFERENCE],
    "eval --data-dir": ["eval", "run", "--data", "svhn", "--data-dir", "PATH", *REFERENCE],
    "predict": ["predict", "PATH", "good.png", *REFERENCE],
    "predict an image": ["predict", "run", "PATH", *REFERENCE],
    "plan --data": ["plan", "--data", "PATH"],
    "plan --data-dir": ["plan", "--data", "cifar10", "--data-dir", "PATH"],
    "plan --model": ["plan", "--model", "PATH.toml"],
    "plan --energies": ["plan", "--energy", "--energies", "PATH.toml"],
    "bench --model": ["bench", "--model", "PATH.toml"],
}


@pytest.mark.parametrize("what", [*PUT, *NAMES])
def test_what_is_read(linocut, run, tmp_path, what):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("good.png")
    for number, (case, words) in enumerate(READING.items()):
        suffix = ".toml" if "PATH.toml" in words else ""
        path = odd(tmp_path / f"odd{number}", what, suffix)
        before = tree(tmp_path)
        status, out, err = linocut(*[path if word.startswith("PATH") else word for word in words])
        assert (status, out, err.count("\n")) == (2, "", 1), (case, err)
        assert err.startswith("error: ") and err[:-1].isprintable() and "unexpected" not in err, (case, err)
        assert tree(tmp_path) == before, case
    assert linocut("data", "list", "--json", "--data-dir", path)[0] == 0


def keep_to_permissions(whether):
    """The administrator, who may read whatever he likes, gives up what lets him, or takes it again."""
    if os.geteuid() == 0 and sys.platform == "linux":
        head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        libc = ctypes.CDLL(None)
        assert libc.capget(head, sets) == 0
        sets[0], sets[3] = (0, 0) if whether else (sets[1], sets[4])  # effective ones, of those permitted
        assert libc.capset(head, sets) == 0


@contextlib.contextmanager
def closed(path):
    """A block in which a file or a folder cannot be read, but written."""
    path.chmod(0o200)
    keep_to_permissions(True)
    try:
        yield
    finally:
        keep_to_permissions(False)
        path.chmod(0o755)


def test_what_may_not_be_read(linocut, run, tmp_path):
    """Nor looked at: whether it is there is not known."""
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("good.png")
    inner = tmp_path / "closed" / "inner"
    pictures(inner, "cat", "dog")
    shutil.copytree(run, inner / "run")
    (inner / "x.toml").write_text("")
    cases = [
        *(["eval", inner / "run", *REFERENCE], ["predict", inner / "run", "good.png", *REFERENCE]),
        *(["train", "--resume", "--out", inner / "run", *REFERENCE, "--epochs", 2], ["plan", "--data", inner]),
        ["predict", tmp_path / "run", inner / "cat" / "0.png", *REFERENCE],
        *(["plan", "--data", "mnist", "--data-dir", inner], ["plan", "--model", inner / "x.toml"]),
        ["plan", "--energy", "--energies", inner / "x.toml"],
    ]
    for path, some in (
        (inner.parent, cases),
        (inner / "run", cases[:3]),
        (inner / "run" / "model.safetensors", cases[:2]),
        (inner / "run" / "checkpoint.safetensors", cases[2:3]),
        (inner, cases[3:4]),
        (inner / "cat" / "0.png", cases[4:5]),
        (inner / "x.toml", cases[6:]),
    ):
        with closed(path):
            for words in some:
                status, out, err = linocut(*words)
                assert (status, out, err.count("\n")) == (2, "", 1), (path, words, err)
                assert err.startswith("error: ") and "unexpected" not in err
            assert linocut("data", "list", "--data-dir", inner)[0] == 0
    assert linocut(*cases[0])[0] == 0


NEW = ("no UTF-8", "several lines", "what steers a terminal", "nothing")


@pytest.mark.parametrize("what", [*PUT, *NAMES])
def test_a_run_folder_to_write(linocut, tmp_path, what):
    out = odd(tmp_path / "out", what, "")
    before = tree(tmp_path)
    status, told, err = linocut("train", *SMALL, "--epochs", 1, "--out", out, "--json")
    if what in (*NEW, "a folder"):
        assert (status, err, objects(told)[-1]["out"]) == (0, "", str(out))
        assert linocut("train", "--resume", "--out", out, *REFERENCE, "--epochs", 2)[0::2] == (0, "")
        assert linocut("eval", out, *REFERENCE)[0::2] == (0, "")
    else:
        assert (status, err.count("\n"), err[:-1].isprintable()) == (2, 1, True), err
        assert tree(tmp_path) == before


@pytest.mark.parametrize("what", [*PUT, *NAMES])
def test_a_picture_to_write(tmp_path, what):
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(1, 1))
    path = odd(tmp_path / "plot", what, ".svg")
    before = tree(tmp_path)
    if what in (*NEW, "a text", "no bytes", "a link that leads nowhere"):
        figures.save(figure, path)
        assert "</svg>" in path.read_text()
        assert path.is_symlink() == ("a link" in what)
    else:
        with pytest.raises(
            (lc.SpecError, lc.RunError), match=r"is there, and no file|is a folder; give|cannot be written"
        ) as caught:
            figures.save(figure, path)
        assert caught.value.exit_status == 2
        assert tree(tmp_path) == before


def test_a_picture_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(1, 1))
    path = tmp_path / f"{'x' * 240}.svg"  # as long as it may be: what it is written to first has another name
    figures.save(figure, path)
    before = path.read_bytes()

    def failing(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(lc.MachineError, match="cannot be written: No space left on device; make room"):
        figures.save(figure, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("option", ["--out", "--data-dir", "--plot", "--energies"])
def test_an_empty_path_is_not_the_working_folder(linocut, tmp_path, option):
    command = {"--out": "train", "--data-dir": "train"}.get(option, "plan")
    before = tree(tmp_path)
    status, _, err = linocut(command, *(SMALL if command == "train" else ()), option, "")
    message = f"error: Invalid value for '{option}': '' is no path; give one, or leave it out; see: linocut {command}"
    assert (status, err) == (2, f"{message} --help\n")
    for words in (["eval", ""], ["predict", "", "x.png"], ["predict", "run", ""], ["eval", "run", "--data", ""]):
        assert linocut(*words, *REFERENCE)[0] == 2
    assert linocut("plan", "--data", "")[0] == 2
    assert tree(tmp_path) == before


FILES = ("checkpoint.safetensors", "model.safetensors", "log.jsonl", "config.toml", ".lock")


@pytest.mark.parametrize("name", FILES)
def test_files_of_a_run_that_are_none(linocut, run, tmp_path, name):
    """A run goes on where what is there is not needed, and writes over it, but for folders and pipes: these stay."""
    for what in ("a link to itself", "a pipe", "a folder", "no bytes"):
        folder = tmp_path / what
        shutil.copytree(run, folder)
        (folder / name).unlink(missing_ok=True)
        PUT[what](folder / name)
        before = tree(folder)
        status, _, err = linocut("train", "--resume", "--out", folder, *REFERENCE, "--epochs", 3)
        lost = name in ("checkpoint.safetensors", "log.jsonl") or what in ("a folder", "a pipe")
        if lost or (name == ".lock" and what != "no bytes"):
            assert (status, err.count("\n")) == (2, 1), (what, err)
            assert tree(folder) == before, what
        else:
            assert (status, err) == (0, ""), what
            assert lc.Trainer.resume(folder, backend="reference").progress.epoch == 3
        if what == "a folder" and name not in FILES[:2]:
            assert f"{name} is " in err
        empty = tmp_path / f"new {what}"
        empty.mkdir()
        PUT[what](empty / name)
        before = tree(empty)
        status, _, err = linocut("train", *SMALL, "--out", empty, "--epochs", 1)
        if name != ".lock" or what != "no bytes":
            assert (status, err.count("\n"), tree(empty) == before) == (2, 1, True), (what, err)


def pictures(root, *classes):
    """Twenty a class, in folders."""
    random = np.random.default_rng(0)
    for name in classes:
        folder = Path(root) / name
        folder.mkdir(parents=True)
        for number in range(20):
            Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(folder / f"{number}.png")


@pytest.mark.parametrize("name", ["plain", "a b", "-x", "it's", f"a'{NO_UTF_8}f\\", "x\ny", "\x1b]0;é\x07"])
def test_commands_that_are_told_can_be_pasted(name):
    """Whatever a folder is called, in bash."""
    word = quoted(name)
    assert word.isprintable()
    said = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert said == os.fsencode(f"./{name}" if name.startswith("-") else name)


@pytest.mark.parametrize("odd", ["\x1b]0;title\x07", NO_UTF_8, "a\nb"])
@pytest.mark.parametrize("where", ["root", "class", "picture"])
def test_names_of_pictures(linocut, where, odd):
    """Nothing of them reaches a terminal or a file as it is, and all of them are trained on and predicted."""
    root, first = (f"r{odd}", "cat") if where == "root" else ("root", f"cat{odd}" if where == "class" else "cat")
    pictures(root, first, "dog")
    if where == "picture":
        os.rename(f"{root}/{first}/0.png", f"{root}/{first}/0{odd}.png")
    options = ["--data", f"./{root}", "--hidden", 8, "--batch", 5, *REFERENCE]
    status, out, err = linocut("train", *options, "--out", "run", "--epochs", 1)
    assert (status, err) == (0, "")
    assert all(line.isprintable() for line in out.splitlines())
    status, out, err = linocut("train", "--resume", "--out", "run", *REFERENCE, "--epochs", 2, "--json")
    assert (status, err, [event["event"] for event in objects(out)]) == (0, "", ["plan", "epoch", "done"])
    config = Path("run/config.toml").read_text()
    assert "name" in tomllib.loads(config)["data"] and all(line.isprintable() for line in config.splitlines())
    paths = sorted(Path(root).glob("*/*.png"))
    status, out, err = linocut("predict", "run", *paths, "--json", *REFERENCE)
    assert (status, err) == (0, "")
    assert [each["file"] for each in objects(out)] == list(map(str, paths))
    assert {each["class"] for each in objects(out)} <= {first, "dog"}
    status, out, err = linocut("predict", "run", *paths, *REFERENCE)
    assert (status, err, len(out.splitlines())) == (0, "", len(paths))
    assert all(line.isprintable() for line in out.splitlines())
    assert linocut("eval", "run", *REFERENCE)[0::2] == (0, "")
    tests = lc.data.load(f"./{root}")[1]
    assert isinstance(tests, FolderDataset)
    (Path(root) / tests._paths[0]).write_text("none")
    status, _, err = linocut("eval", "run", *REFERENCE)
    assert (status, err.count("\n"), err[:-1].isprintable()) == (2, 1, True)
    status, _, err = linocut("eval", "run", "--skip-corrupt", *REFERENCE)
    assert (status, err.count("\n"), err[:-1].isprintable()) == (0, 1, True)


@pytest.mark.parametrize("what", [kind for kind in PUT if kind not in ("a folder", "a text", "no bytes", "a device")])
def test_what_is_no_file_among_pictures_is_told(linocut, what):
    pictures("root", "cat", "dog")
    PUT[what](Path("root/cat/odd.png"))
    PUT[what](Path("root/cat/odd"))
    PUT[what](Path("root/bird"))
    status, _, err = linocut("plan", "--data", "root", "--hidden", 8, "--batch", 5)
    assert (status, err) == (0, "")
    notes = lc.data.load("./root")[0].notes
    where = Path("root").resolve()
    line = "left out {:,} that are no files, as links that lead nowhere or pipes, such as {}".format
    assert notes == (line(1, where / "bird"), line(2, where / "cat" / "odd"))


def mnist(folder):
    """Its files, each a few examples, all called as gzipped ones."""
    folder.mkdir()
    for part, count in (("train", 20), ("t10k", 10)):
        for kind, sizes in (("images", (count, 8, 8)), ("labels", (count,))):
            head = bytes((0, 0, 8, len(sizes))) + b"".join(size.to_bytes(4, "big") for size in sizes)
            content = head + bytes(n % 10 for n in range(int(np.prod(sizes))))
            (folder / f"{part}-{kind}-idx{len(sizes)}-ubyte.gz").write_bytes(content)
    return folder


def test_files_that_are_called_gz_and_are_not(tmp_path):
    train, test = lc.data.load(mnist(tmp_path / "own"))
    assert (len(train), len(test), train.shape) == (20, 10, (8, 8, 1))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("what", PUT)
def test_a_copy_in_the_cache_that_is_none(tmp_path, what):
    import gzip

    folder = mnist(tmp_path / "own")
    for path in folder.iterdir():
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert len(idx.open_splits(folder, "own")[0]) == 20
    copies = sorted((cache.default_cache() / "unpacked").iterdir())
    assert len(copies) == 4
    for copy in copies:
        copy.unlink()
        PUT[what](copy)
    assert len(idx.open_splits(folder, "own")[0]) == 20


def test_names_in_a_locale_that_has_no_letters_for_them(run):
    """A bare shell's, in which Python's own encoding is ASCII: JSON stays JSON, lines stay lines."""
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(b"\xff\xc3\xa9.png")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment.pop("PYTHONIOENCODING", None)
    code = f"import sys; sys.argv[1:1] = {['predict', run, *REFERENCE]!r}; from linocut.__main__ import run as go; go()"
    code += "; sys.argv.append('--json'); go()"
    names = [b"\xff\xc3\xa9.png", b"none\xff\xc3\xa9"]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, env=environment)
    shown, as_json = done.stdout.decode().splitlines()
    assert json.loads(as_json)["file"] == "\udcff\udcc3\udca9.png"
    assert "\\udcff" in shown and "?" not in shown
    assert done.stderr.decode().count("error: none\\udcff") == done.stderr.count(b"\n") == 2
