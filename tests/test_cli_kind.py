"""The command line is kind: all mistakes at once, help and completion from the tables, examples that are true."""

import os
import subprocess
import sys
from pathlib import Path
from shlex import split

import click
import pytest
from click.shell_completion import ShellComplete

from linocut.cli import linocut as command_line
from linocut.data import sources
from linocut.export import formats
from linocut.networks import MODELS
from linocut.optimizers import OPTIMIZERS
from linocut.policies import POLICIES
from linocut.schedules import SCHEDULES

pytestmark = pytest.mark.usefixtures("elsewhere")


def completed(*words: str) -> list[str]:
    *before, last = words
    found = ShellComplete(command_line, {}, "linocut", "_LINOCUT_COMPLETE").get_completions(before, last)
    return [item.value for item in found if item.type == "plain"]


def all_commands(group: click.Group = command_line, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):  # most are in no dictionary: they are imported when they are called
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from all_commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_mistake_is_told_at_once(linocut):
    status, out, err = linocut(
        *("train", "--data", "mnits", "--polcy", "x", "--policy=leen", "--optimizer", "sgd", "--model", "mpl"),
        *("--schedule", "cosin", "--augment", "shift,flop", "--batch", "0", "--epochs", "0", "--seed", "-1"),
        *("--threads", "x", "--hidden", "6,x", "--backend", "gpu", "--limit", "0", "--size", "8y8"),
        *("--lr", "0", "--weight-decay", "-1", "--momentum", "2", "extra"),
    )
    lines = err.splitlines()
    expected = (
        "No such option '--polcy'", "unknown data set 'mnits' (did you mean mnist?)", "no policy is called 'leen'",
        "no model is called 'mpl'", "did you mean cosine?", "no augmentation is called 'flop'", "batch size is 0",
        "epochs is 0", "seed is -1", "'x' is not a valid integer", "'6,x' is not a list", "backend is 'gpu'",
        "limit is 0", "'8y8' is not a size", "unexpected extra argument (extra)", "sgd learning_rate is 0",
        "sgd momentum is 2", "sgd weight_decay is -1",
    )  # fmt: skip
    assert (status, out, len(lines)) == (2, "", len(expected))
    assert all(line.startswith("error: ") for line in lines)
    for text in expected:
        assert sum(text in line for line in lines) == 1, text
    assert [line.endswith("; see: linocut train --help") for line in lines] == [False] * (len(lines) - 1) + [True]
    assert not os.path.exists("runs")


def test_mistakes_in_settings_that_are_right_by_themselves(linocut):
    _, _, err = linocut("train", "--data", "digits", "--momentum", "0.5", "--nesterov", "--lr", "nan")
    assert len(err.splitlines()) == 3
    assert "momentum is 0.5, but adam has none" in err and "nesterov is True, but adam has none" in err


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["plan", "--policy", "x", "--optimizer", "y", "--batch", "-3"], 3),
        (["bench", "--stesp", "3", "--model", "x", "--each"], 2),
        (["export", "--to", "x"], 3),  # neither RUN nor --out
        (["train", "--data", "digits", "--lr"], 1),
        (["train", "--lr", "--data", "x"], 2),
    ],
)
def test_mistakes_of_other_commands(linocut, arguments, count):
    status, _, err = linocut(*arguments)
    assert status == 2
    assert len(err.splitlines()) == count, err


TABLES = (
    (POLICIES, "train", "--policy"),
    (OPTIMIZERS, "plan", "--optimizer"),
    (SCHEDULES, "train", "--schedule"),
    (MODELS, "bench", "--model"),
    (sources.SOURCES, "eval", "--data"),
    (formats.FORMATS, "export", "--to"),
)


@pytest.mark.parametrize(("table", "command", "option"), TABLES, ids=[option for _, _, option in TABLES])
def test_what_is_added_to_a_table_is_in_help_and_completion(linocut, monkeypatch, table, command, option):
    assert "zz9new" not in linocut(command, "--help")[1]
    monkeypatch.setitem(table, "zz9new", next(iter(table.values())))
    words = " ".join(linocut(command, "--help")[1].split())
    for name in table:
        assert name in words
    assert completed(command, option, "zz9") == ["zz9new"]


def test_augmentations_in_help_and_completion(linocut, monkeypatch):
    monkeypatch.setattr("linocut.data.augmentation.NAMES", ("shift", "zz9new"))
    assert "none, shift, zz9new" in " ".join(linocut("train", "--help")[1].split())
    assert completed("train", "--augment", "shift,zz") == ["shift,zz9new"]


def test_completion():
    assert completed("train", "--schedule", "c") == ["constant", "cosine"]
    assert completed("train", "--data", "mn") == ["mnist"]
    others = ["shift,flip", "shift,crop", "shift,rotate", "shift,edge", "shift,noise"]
    assert completed("train", "--augment", "shift,") == others
    assert completed("plan", "--account", "p") == ["paper"]
    assert completed("train", "--task", "re") == ["regression"]
    assert completed("train", "--sch") == ["--schedule"]
    assert completed("pl") == ["plan"]
    assert "cifar10" in completed("data", "get", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_line_gives_a_script_for_the_shell(shell):
    page = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text()
    assert f"_LINOCUT_COMPLETE={shell}_source linocut" in page
    asked = {**os.environ, "_LINOCUT_COMPLETE": f"{shell}_source"}
    found = subprocess.run([sys.executable, "-m", "linocut"], env=asked, capture_output=True, text=True)
    assert found.returncode == 0 or "4.4" in found.stderr, found.stderr
    assert f"_LINOCUT_COMPLETE={shell}_complete" in found.stdout or f"{shell}_complete" in found.stdout


@pytest.mark.parametrize("name", [" ".join(path) for path, _ in all_commands()])
def test_every_help_has_examples_that_are_right(linocut, name):
    command = dict((" ".join(path), command) for path, command in all_commands())[name]
    _, out, _ = linocut(*name.split(), "--help")
    assert "Examples:\n" in out
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    for example in command.examples:
        assert f"  {example}\n" in out  # not wrapped
        words = split(example, comments=True)
        assert words[: 1 + len(name.split())] == ["linocut", *name.split()]
        assert {word for word in words if word.startswith("--")} <= known
