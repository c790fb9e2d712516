"""Downloads, from a server on this machine."""

import hashlib
import os
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from linocut.data import get
from linocut.data.download import fetch
from linocut.data.sources import MNIST, SOURCES
from linocut.errors import DataError, MachineError

FILES = {"one.gz": bytes(range(256)) * 600, "two.gz": b"two"}
SUMS = {name: f"md5:{hashlib.md5(data).hexdigest()}" for name, data in FILES.items()}


@pytest.fixture
def server():
    """Serves FILES below /good/, other bytes below /bad/, half of them below /half/; nothing elsewhere."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            _, folder, name = self.path.split("/")
            data = FILES.get(name)
            if folder not in ("good", "bad", "half") or data is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write({"good": data, "bad": data[::-1], "half": data[: len(data) // 2]}[folder])

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        url: str
        asked: list[str]

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url, server.asked = f"http://127.0.0.1:{server.server_port}", asked
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_downloads_what_is_not_there_yet(server, tmp_path):
    """Whole files, with progress; a second time nothing is asked for."""
    seen = []
    fetch(SUMS, (f"{server.url}/good/",), tmp_path / "new", lambda *step: seen.append(step))
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == FILES
    assert seen[0] == ("one.gz", 65536, 153600) and ("one.gz", 153600, 153600) in seen
    assert seen[-1] == ("two.gz", 3, 3)
    assert [done for name, done, _ in seen if name == "one.gz"] == sorted(d for n, d, _ in seen if n == "one.gz")
    fetch(SUMS, (f"{server.url}/good/",), tmp_path / "new")
    assert len(server.asked) == 2
    (tmp_path / "new" / "two.gz").write_text("damaged since")
    fetch(SUMS, (f"{server.url}/good/",), tmp_path / "new")
    assert (tmp_path / "new" / "two.gz").read_bytes() == b"two" and len(server.asked) == 3


@pytest.mark.parametrize("first", ["bad", "half", "none"])
def test_falls_back_to_the_next_mirror(server, tmp_path, first):
    """A wrong checksum, a broken connection or a missing file costs no more than time."""
    fetch(SUMS, (f"{server.url}/{first}/", f"{server.url}/good/"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == FILES


@pytest.mark.parametrize(
    ("folder", "kind", "message"),
    [
        ("bad", DataError, rf"URL/bad/one.gz does not have the checksum {SUMS['one.gz']}"),
        ("half", MachineError, r"URL/half/one.gz cannot be reached \(\w+\)"),
        ("none", MachineError, "URL/none/one.gz answers 404 Client Error: Not Found"),
    ],
)
def test_leaves_no_half_file(server, tmp_path, folder, kind, message):
    """And says which server sent what."""
    with pytest.raises(kind, match=f"one.gz cannot be downloaded: {message.replace('URL', server.url)}; try again"):
        fetch(SUMS, (f"{server.url}/{folder}/",), tmp_path / "new")
    assert left_in(tmp_path) == ["new"]


def test_a_failed_download_keeps_the_old_file(server, tmp_path):
    """Even one with the wrong checksum: it is the user's."""
    (tmp_path / "two.gz").write_text("mine")
    with pytest.raises(DataError, match="does not have the checksum"):
        fetch({"two.gz": SUMS["two.gz"]}, (f"{server.url}/bad/",), tmp_path)
    assert (tmp_path / "two.gz").read_text() == "mine" and left_in(tmp_path) == ["two.gz"]


def test_no_network(server, tmp_path):
    """Every mirror is named."""
    url = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(MachineError) as caught:
        fetch(SUMS, (f"{url}/good/", f"{url}/also/"), tmp_path / "new")
    assert str(caught.value) == (
        f"one.gz cannot be downloaded: {url}/good/one.gz cannot be reached (ConnectionError); "
        f"{url}/also/one.gz cannot be reached (ConnectionError); "
        f"try again later, or copy it to {tmp_path}/new from another machine"
    )


def test_a_folder_that_cannot_be_written(server, tmp_path):
    """No further mirror is tried."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=f"one.gz cannot be written to {tmp_path}/file/x: Not a directory; move away"):
        fetch(SUMS, (f"{server.url}/good/",) * 2, tmp_path / "file" / "x")
    assert server.asked == []


@pytest.mark.timeout(60)
def test_a_pipe_where_a_file_would_be(server, tmp_path):
    """It is neither waited for nor replaced."""
    os.mkfifo(tmp_path / "one.gz")
    with pytest.raises(DataError, match=r"one.gz is no plain file; move it away, or give another folder"):
        fetch(SUMS, (f"{server.url}/good/",), tmp_path)
    assert (os.listdir(tmp_path), server.asked) == (["one.gz"], [])


def test_get(server, tmp_path, monkeypatch):
    """By name, into the cache or a folder that is given."""
    source = replace(MNIST, files=SUMS, mirrors=(f"{server.url}/good/",))
    monkeypatch.setitem(SOURCES, "mnist", source)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert get("mnist") == tmp_path / "cache" / "linocut" / "mnist"
    assert left_in(tmp_path / "cache" / "linocut" / "mnist") == ["one.gz", "two.gz"]
    assert get("mnist", tmp_path / "other") == tmp_path / "other" / "mnist"
    assert left_in(tmp_path / "other" / "mnist") == ["one.gz", "two.gz"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits", "digits are inside the package, nothing to download"),
        ("fsdd", "fsdd is a repository, .*; get it with: git clone https://github.com/Jakobovski/free-spoken-digit"),
        ("mnits", "data set 'mnits' cannot be downloaded, must be one of mnist, fashion-mnist"),
    ],
)
def test_get_refuses(name, message):
    """Names that have no files to download."""
    with pytest.raises(DataError, match=message):
        get(name)


def test_the_real_sources_are_complete():
    """A checksum for each file, each of another file, and two addresses at least."""
    assert {name: len(source.files) for name, source in SOURCES.items()} == {
        "mnist": 4,
        "fashion-mnist": 4,
        "cifar10": 1,
        "cifar100": 1,
        "cifar100-coarse": 1,
        "svhn": 2,
        "svhn-extra": 3,
    }
    for source in SOURCES.values():
        assert len(set(source.files.values())) == len(source.files)
        assert all(len(checksum) == 36 and checksum.startswith("md5:") for checksum in source.files.values())
        assert len(source.mirrors) >= 2 and all(mirror.endswith("/") for mirror in source.mirrors)


def test_svhn_and_its_extra_share_a_folder(server, tmp_path, monkeypatch):
    """So that the training and the test data are downloaded once."""
    for name, files in (("svhn", {"two.gz": SUMS["two.gz"]}), ("svhn-extra", SUMS)):
        monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], files=files, mirrors=(f"{server.url}/good/",)))
        assert get(name, tmp_path) == tmp_path / "svhn"
    assert server.asked == ["/good/two.gz", "/good/one.gz"]
