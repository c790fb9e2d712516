"""Whatever is done to a file, its reader gives its content or one of linocut's errors, soon and in little memory.

LINOCUT_FUZZ=20000 tries so many files with each reader, where a test tries a few dozen.
"""

import os
import shutil
import tempfile
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
import tomli_w
from damaged import CORPUS
from hypothesis import HealthCheck, given, settings
from readers import READERS
from spoiling import damaged, described_oddly, odd

from linocut.errors import LinocutError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged TIFF
EXAMPLES = int(os.environ.get("LINOCUT_FUZZ", "40"))
MOST_MESSAGE = 1000  # characters
MOST_SECONDS = 20  # what a loaded machine may take for the slowest, which takes a second
MOST_TIMES, MOST_BESIDE = 24, 4 << 20  # bytes of memory for each of the file, and what modules take that are loaded
FUZZING = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def read(name, data, folder):
    """Read a file; LinocutError, time and memory are the caller's and this function's to judge."""
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    path = folder / "file"
    path.write_bytes(data)
    began = time.monotonic()
    tracemalloc.start()
    try:
        READERS[name][1](path)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert time.monotonic() - began < MOST_SECONDS
        assert peak <= MOST_TIMES * len(data) + MOST_BESIDE


@pytest.mark.parametrize("name", READERS)
def test_a_sound_file_is_read(tmp_path, name):
    read(name, READERS[name][0](), tmp_path)


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_a_kept_file_is_refused(tmp_path, monkeypatch, number):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    with pytest.raises(LinocutError) as caught:
        read(*CORPUS[number], tmp_path / "in")
    message = str(caught.value)
    assert message.isprintable() and message.strip()
    assert len(message) < MOST_MESSAGE + len(str(tmp_path))
    assert not (tmp_path / "unpickled").exists()


def fuzz(name, files):
    with tempfile.TemporaryDirectory() as folder:

        @FUZZING
        @given(files)
        def tried(data):
            with suppress(LinocutError):
                read(name, data, Path(folder))

        tried()


@pytest.mark.parametrize("name", READERS)
def test_damaged_bytes(name):
    fuzz(name, damaged(READERS[name][0]()))


@pytest.mark.parametrize("name", ["checkpoint", "model", "model 2", "branching model"])
def test_odd_descriptions(name):
    fuzz(name, described_oddly(READERS[name][0]()))


def test_odd_networks():
    described = tomllib.loads(READERS["toml"][0]().decode())
    fuzz("toml", odd(described).map(as_toml))


def as_toml(described):
    """The file of a description, as far as TOML has words for it."""
    if isinstance(described, dict):
        described = {name: value for name, value in described.items() if value is not None}
    try:
        return tomli_w.dumps(described).encode()
    except (TypeError, AttributeError, ValueError, RecursionError):
        return repr(described).encode()
