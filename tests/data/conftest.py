"""A machine without data sets."""

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """No data on this machine but what a test makes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LINOCUT_DATA", raising=False)
    monkeypatch.setattr("linocut.data.registry.SYSTEM", tmp_path / "system")
    return tmp_path
