"""Users without a home, links in a circle, pipes: what needs none of them works, the rest is refused in a line."""

import os
import pwd

import pytest

import linocut as lc
from linocut.data.cache import default_cache, known_cache


@pytest.fixture
def homeless(elsewhere, monkeypatch):
    """A user of whom nothing is known, as under `docker --user`."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: {}["nobody"])


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home(linocut):
    assert known_cache() is None
    with pytest.raises(lc.MachineError, match="no home folder is known, and so no cache; set XDG_CACHE_HOME to a fol"):
        default_cache()
    status, out, _ = linocut("info", "--json")
    assert status == 0 and "no home folder is known" in out
    small = ("--hidden", 16, "--limit", 100, "--batch", 20, "--epochs", 1, "--backend", "reference")
    assert linocut("train", "--data", "digits", *small)[0] == 0
    status, _, err = linocut("train", "--data", "svhn", "--epochs", 1)
    assert status == 2 and "or copy them to a folder that --data-dir names" in err and len(err.splitlines()) == 1
    status, _, err = linocut("data", "get", "mnist")
    assert status == 1 and err.startswith("error: no home folder is known") and len(err.splitlines()) == 1
    status, _, err = linocut("train", "--data", "~/birds", "--epochs", 1)
    assert status == 2 and "~/birds is not a folder" in err


@pytest.mark.usefixtures("elsewhere")
def test_a_run_folder_that_is_a_link_to_itself(linocut, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    small = ("--data", "digits", "--hidden", 16, "--limit", 100, "--batch", 20, "--epochs", 1, "--backend", "reference")
    for out in (loop, loop / "run"):
        status, _, err = linocut("train", *small, "--out", out)
        assert status == 2
        assert len(err.splitlines()) == 1 and str(out) in err and "unexpected" not in err
    for what in (["eval", loop, "--data", "digits"], ["predict", loop, "x.png"]):
        status, _, err = linocut(*what)
        assert (status, "unexpected" in err) == (2, False)


def test_a_pipe_instead_of_a_file(tmp_path):
    """It is not waited for."""
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(lc.RunError, match="it is no plain file"):
        lc.load(tmp_path / "model.safetensors")
    with pytest.raises(lc.RunError, match="is not the folder of a run"):
        lc.load(tmp_path)
    os.mkfifo(tmp_path / "checkpoint.safetensors")
    with pytest.raises(lc.RunError):
        lc.Trainer.resume(tmp_path)
