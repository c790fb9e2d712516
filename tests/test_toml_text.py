"""TOML from elsewhere: read within bounds, and refused in a line that names the file."""

import re
import time

import pytest

from linocut import SpecError
from linocut.devices.energies import read_energies
from linocut.networks.toml_file import read_network
from linocut.toml_text import MOST_BYTES, MOST_DIGITS, MOST_PARTS, MOST_TABLES, read_toml

MANY = 16_000
MOST_SECONDS = 2.0
HOSTILE = {
    "a name of many parts": (".".join("a" * MANY) + " = 1", f"line 1 has a name of more than {MOST_PARTS} parts"),
    "of quoted parts": ("\n" + " . ".join(['"a"'] * MANY) + " = 1", "line 2 has a name of more than"),
    "in a table": ("x = {" + ".".join("a" * MANY) + " = 1}", "line 1 has a name of more than"),
    "as a table": ("[" + ".".join("a" * MANY) + "]", "line 1 has a name of more than"),
    "nested lists": ("x = " + "[" * MANY + "]" * MANY, "nested too deep"),
    "too long": ("#" * (MOST_BYTES + 1), f"is larger than {MOST_BYTES:,} B; the file of a thing never is"),
    "a number of many digits": ("\nx = " + "9" * 6000, "line 2 has a number of more than 4,300 digits"),
    "below 0": ("x = -" + "9_9" * 5000, "line 1 has a number of more than"),
    "behind a point": ("x = 1." + "9" * 6000, "line 1 has a number of more than"),
    "an exponent": ("x = 1e" + "9" * 6000, "line 1 has a number of more than"),
    "in hexadecimal": ("x = 0x" + "f" * 5000, "line 1 has a number of more than"),
    "many tables": (
        "".join(f"[t{n}]\n" for n in range(MOST_TABLES + 1)),
        "more than 32,768 tables and names with dots",
    ),
    "many names with dots": ("".join(f"t{n}.a = 1\n" for n in range(MOST_TABLES + 1)), "more than 32,768 tables"),
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


def test_what_is_allowed(tmp_path):
    path = tmp_path / "file.toml"
    numbers = ", ".join(["0.5"] * 1000)
    path.write_text(f"x = [{numbers}]\na.b.c = 'v. 1.2.3'\n# and so on" + "." * 100, encoding="utf-8-sig")
    assert read_toml(path, "a thing") == {"x": [0.5] * 1000, "a": {"b": {"c": "v. 1.2.3"}}}
    path.write_text(f"x = '{'9' * 5000}'\ny = {'9' * MOST_DIGITS}")
    assert read_toml(path, "a thing") == {"x": "9" * 5000, "y": int("9" * MOST_DIGITS)}


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match=r"nowhere cannot be read: No such file.*; give the file of a thing"):
        read_toml(tmp_path / "nowhere", "a thing")
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        read_toml(tmp_path, "a thing")
