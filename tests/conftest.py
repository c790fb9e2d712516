"""Its place makes pytest find the modules beside it, such as small_training, from every folder of tests."""

import os
import signal

os.environ.setdefault("LINOCUT_TABLES", "1")  # before the core is loaded, which else measures what is faster here

import hypothesis
import pytest
from small_command import SMALL

from linocut import _native
from linocut.cli import main

hypothesis.settings.register_profile("linocut", deadline=None)  # machines are shared: a time tells nothing
hypothesis.settings.load_profile("linocut")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of what a script runs in its background, and nobody's wish here
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def as_bytes():
    """Gradients times signs go as bytes, where all other tests go by tables."""
    _native.use_tables(False)
    yield
    _native.use_tables(None)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder to work in, and no data sets of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINOCUT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def linocut(capsys):
    """Runs the command line; gives status, standard output and standard error."""

    def call(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def run(elsewhere, linocut):
    """The folder of a small run, in the folder to work in."""
    assert linocut("train", *SMALL, "--epochs", 2, "--out", "run")[0] == 0
    return "run"
