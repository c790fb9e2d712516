"""TOML from elsewhere: read within bounds, and refused in a line that names the file."""

import re
import time
import tracemalloc

import pytest

from linocut import SpecError
from linocut.devices.energies import read_energies
from linocut.networks.toml_file import read_network
from linocut.toml_text import MOST_BYTES, MOST_PARTS, read_toml

MANY = 16_000
MOST_SECONDS = 2.0
HOSTILE = {
    "a name of many parts": (".".join("a" * MANY) + " = 1", f"line 1 has a name of more than {MOST_PARTS} parts"),
    "of quoted parts": ("\n" + " . ".join(['"a"'] * MANY) + " = 1", "line 2 has a name of more than"),
    "in a table": ("x = {" + ".".join("a" * MANY) + " = 1}", "line 1 has a name of more than"),
    "as a table": ("[" + ".".join("a" * MANY) + "]", "line 1 has a name of more than"),
    "nested lists": ("x = " + "[" * MANY + "]" * MANY, "nested too deep"),
    "too long": ("#" * (MOST_BYTES + 1), f"is larger than {MOST_BYTES:,} B; the file of a thing never is"),
    "a number of many digits": ("x = " + "9" * 5000, "is not TOML"),
    "no text": ("\udcff", "is not TOML: 'utf-8' codec can't decode"),
    "no TOML": ("x = ", "is not TOML: .*; mend that line"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_files_that_are_refused(tmp_path, name):
    text, message = HOSTILE[name]
    path = tmp_path / "file.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    began = time.monotonic()
    with pytest.raises(SpecError, match=message) as caught:
        read_toml(path, "a thing")
    assert str(caught.value).startswith(f"{path} is ") and len(str(caught.value)) < 300 + len(str(path))
    assert time.monotonic() - began < MOST_SECONDS
    for read in (read_network, read_energies):
        with pytest.raises(SpecError, match=re.escape(str(path))):
            read(path)


def test_memory_is_bounded_by_the_file(tmp_path):
    """What a parser keeps for a name grows with the square of its parts: 1 GB for 32 kB."""
    path = tmp_path / "file.toml"
    line = ".".join("a" * MOST_PARTS)
    path.write_text("".join(f"b{number}.{line[2:]} = 1\n" for number in range(MOST_BYTES // 50)))
    tracemalloc.start()
    try:
        assert len(read_toml(path, "a thing")) == MOST_BYTES // 50
        assert tracemalloc.get_traced_memory()[1] < 400 * MOST_BYTES
    finally:
        tracemalloc.stop()


def test_what_is_allowed(tmp_path):
    path = tmp_path / "file.toml"
    numbers = ", ".join(["0.5"] * 1000)
    path.write_text(f"x = [{numbers}]\na.b.c = 'v. 1.2.3'\n# and so on" + "." * 100, encoding="utf-8-sig")
    assert read_toml(path, "a thing") == {"x": [0.5] * 1000, "a": {"b": {"c": "v. 1.2.3"}}}


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match=r"nowhere cannot be read: No such file.*; give the file of a thing"):
        read_toml(tmp_path / "nowhere", "a thing")
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        read_toml(tmp_path, "a thing")
