"""The commands of the command line: a table, whose modules are imported when they are called."""

import subprocess
import sys

import click
import pytest

from linocut.cli import COMMANDS
from linocut.cli import linocut as command_line

LOADED = "import sys; from linocut.cli import main; main({!r}); print(*sorted(sys.modules))"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_leads_to_commands_of_these_names(name):
    found = command_line.get_command(click.Context(command_line), name)
    assert found is not None
    assert found.name == name
    assert 0 < len(COMMANDS[name].help) <= 62  # one line of the help


@pytest.mark.parametrize("arguments", [["--help"], ["trian"], ["info", "--help"]])
def test_no_other_command_is_imported(arguments):
    code = LOADED.format(arguments)
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(out.splitlines()[-1].split())
    assert {name for name, entry in COMMANDS.items() if entry.module in loaded} == {"info"} & set(arguments)


def test_the_help_has_a_line_for_each(linocut):
    out = linocut("--help")[1]
    assert [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines()] == list(COMMANDS)
