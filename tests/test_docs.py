"""The documents say what is so: links, paths, commands and listings in them are held to the repository."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from shlex import split

import click
import pytest
from PIL import Image
from small_command import REFERENCE, SMALL, objects
from wav_files import tones

import linocut
from linocut.cli import linocut as command_line
from linocut.compile.inference import compile_inference

HOME = Path(__file__).parents[1]
DOCS = HOME / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *(HOME / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))])
NAMES = [page.relative_to(HOME).as_posix() for page in PAGES]
NOTEBOOK = DOCS / "notebook"  # what it tells of may be gone

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SOURCE = re.compile(r"[\w./*-]*\w\.(py|pyi|cpp|hpp|h|def|md|sh|toml|json|zip)|(\.?\w[\w.-]*/)+(\w[\w.-]*)?")
BELOW = ("", "src/linocut", "native", "native/kernels", "tests", "docs", "examples")
# Paths in the documents that are no files here: placeholders, files of runs and devices, of other people, media types.
MADE_UP = re.compile(
    r"NAME|FILE|DIR|POLICY|YYYY|^(runs|birds|build|device|\.venv|/|~)|^(config|birds)\.toml$|\.(safetensors|jsonl)$"
)


@cache
def files() -> frozenset[str]:
    """The names of all files, without their folders."""
    listed = subprocess.run(["git", "ls-files"], cwd=HOME, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("what is of the repository is asked of git")
    return frozenset(Path(line).name for line in listed.stdout.splitlines())


def anchors(page: Path) -> set[str]:
    """Those of a page's headings, as GitHub and MyST make them."""
    found = set()
    for line in page.read_text().splitlines():
        if line.startswith("#"):
            text = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page, wrong = HOME / name, []
    for target in LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists():
            wrong.append(target)
        elif anchor and found.suffix == ".md" and anchor not in anchors(found):
            wrong.append(f"{target}: there are {', '.join(sorted(anchors(found)))}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_headings_go_down_one_level_at_a_time(name: str) -> None:
    levels = [len(marks) for marks in re.findall(r"^(#+) ", FENCED.sub("", (HOME / name).read_text()), re.MULTILINE)]
    assert levels[:1] in ([], [1])  # some pages include another
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


def test_every_page_is_in_the_site_and_every_picture_in_a_page() -> None:
    listed = set((DOCS / "index.md").read_text().split())
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name in listed | {"index"} or page.parent == NOTEBOOK, f"{page} is in no table of contents"
    text = "".join(page.read_text() for page in PAGES)
    for picture in (DOCS / "pictures").iterdir():
        assert f"pictures/{picture.name})" in text, f"{picture} is in no page"


@pytest.mark.parametrize("name", [name for name in NAMES if not (HOME / name).is_relative_to(NOTEBOOK)])
def test_files_that_are_named_exist(name: str) -> None:
    page, wrong = HOME / name, []
    for code in CODE.findall(page.read_text()):
        for word in code.split():
            if SOURCE.fullmatch(word) and not MADE_UP.search(word) and not _exists(word, page):
                wrong.append(word)
    assert not wrong, f"{name} names what is not there: {', '.join(wrong)}"


def _exists(word: str, page: Path) -> bool:
    if "/" not in word:
        return word in files()
    return any(_found(folder, word) for folder in (*(HOME / below for below in BELOW), page.parent))


def _found(folder: Path, word: str) -> bool:
    return any(folder.glob(word)) if "*" in word else (folder / word).exists()


def commands(page: Path) -> Iterator[str]:
    """What stands in blocks and between backticks, line by line, without comments; lines that go on are joined."""
    for line in page.read_text().replace("\\\n", " ").splitlines():
        for command in [line] if line.startswith("    ") else CODE.findall(line):
            yield from (part.strip() for part in command.partition(" #")[0].split("&&"))


@pytest.mark.parametrize("name", NAMES)
def test_commands_have_the_options_that_they_are_given(name: str) -> None:
    wrong = [f"{line}: {reason}" for line in commands(HOME / name) if (reason := _fault(line))]
    assert not wrong, "\n".join(wrong)


def _fault(line: str) -> str:
    words = _words(line)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):  # what is set for it
        del words[0]
    if words[:1] == ["linocut"]:
        return _linocut_fault(words[1:])
    if words[:1] == ["make"] and len(words) > 1:
        targets = re.findall(r"^([a-z]+):", (HOME / "Makefile").read_text(), re.M)
        return next(
            (f"no target {word}" for word in words[1:] if word.isalpha() and word.islower() and word not in targets), ""
        )
    if len(words) > 1 and words[0] == "python" and words[1].endswith(".py"):
        path = HOME / words[1]
        if not path.is_file():
            return "" if MADE_UP.search(words[1]) else "no such file"
        text = path.read_text()
        return next(
            (f"no option {word}" for word in words[2:] if word.startswith("--") and f'"{word}"' not in text), ""
        )
    return ""


def _linocut_fault(words: list[str]) -> str:
    command: click.Command = command_line
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        if found is None:
            return f"no command {name}" if re.fullmatch("[a-z]+", name) else ""
        command = found
    known = {"--help", "-h", *(option for one in command.params for option in (*one.opts, *one.secondary_opts))}
    return next(
        (f"no option {word}" for word in words if word.startswith("--") and word.partition("=")[0] not in known), ""
    )


def _words(line: str) -> list[str]:
    try:
        words = split(re.sub(r"[\[\]|;&]|\.\.\.|…", " ", line))
    except ValueError:  # text with an apostrophe
        return []
    return words


BLOCK = re.compile(r"^ {4}( +\d+  [a-z_0-9]+\n(?: {4} +[<>=a-z].*\n)+)", re.M)


@pytest.mark.parametrize("name", ["walk-through-batch", "walk-through-layer"])
def test_listings_are_what_is_printed(name: str) -> None:
    """But for offsets, which depend on all of the program."""
    trainer = linocut.Trainer(linocut.models.mlp(), batch_size=100)
    printed = f"{trainer.compiled.program}\n{compile_inference(trainer.inference_graph(), 1).program}"
    real = {_plain(line) for line in printed.splitlines()}
    text = (DOCS / "design" / f"{name}.md").read_text()
    shown = [
        line
        for line in text.splitlines()
        if re.match(r" {4,}(%\d| *\d+  [a-z_0-9]+$| +[<>=] \w+ +%)|    (arena|section) ", line)
    ]
    assert len(shown) > 15
    assert not [line for line in shown if _plain(line) not in real]


def _plain(line: str) -> str:
    """Without offsets, and with single spaces."""
    line = re.sub(r"@[\d,]+", "@", line)
    return " ".join(line.split())


def test_the_reference_has_every_public_name() -> None:
    text = (DOCS / "reference" / "python.md").read_text()
    for name in linocut.__all__:
        assert re.search(rf"linocut(\.\w+)*\.{name}\b", text) or name == "__version__", (
            f"linocut.{name} is not in the reference"
        )


def test_json_has_the_keys_that_the_reference_names(run: str, linocut, tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "image.png")
    calls = {
        "train": (*SMALL, "--from", run, "--epochs", 1, "--out", "other"),
        "tune": ("--data", "digits", "--limit", 300, "--hidden", 16, "--batch", 10, "--epochs", 1, "--verify"),
        "plan": (),
        "eval": (run, *REFERENCE),
        "log": (run,),
        "predict": (run, "image.png", *REFERENCE),
        "export": (run, "--out", "device"),
        "accelerate": ("lstm",),
        "estimate": (),
        "analyse": (run, "--components-only", "--examples", 50),
        "prune": (run, "--rate", 4, "--by", "channel", "--epochs", 1),
        "hybrid": ("--from", run, "--budget", "600B", "--by", "pca", "--choose-only", "--examples", 50),
        "blocks": ("--data", tones(tmp_path / "tones", 6), "--blocks", 16, "--epochs", 1, "--batch", 4),
        "nasbench enumerate": ("--vertices", 5),
        "nasbench describe": ("1:0",),
        "nasbench sweep": ("--vertices", 5),
        "nasbench search": ("--max-ms", 3),
        "pack": (run, "--epochs", 9, "--out", "packed"),
        "unpack": ("packed", "--out", "unpacked"),
        "bench": ("--hidden", 16, "--steps", 1),
        "reproduce": ("wang2021", "--quick", "--epochs", 1),
        "models list": (),
        "models get": ("spoken-digits",),
        "data list": (),
        "info": (),
    }
    rows = re.findall(r"^\| `([a-z ]+)` \|([^|]*)\| (.*) \|$", (DOCS / "reference" / "json.md").read_text(), re.M)
    assert {command for command, _, _ in rows} == set(calls)
    printed = {command: linocut(*command.split(), *rest, "--json") for command, rest in calls.items()}
    for command, what, keys in rows:
        status, out, _ = printed[command]
        assert status == 0
        event = re.search(r'"event": "(\w+)"', what)
        found = [one for one in objects(out) if not event or one["event"] == event.group(1)]
        assert found
        for one in found:
            assert set(CODE.findall(keys)) <= set(one), f"{command}: {sorted(one)}"


def test_readme_fits_two_screens() -> None:
    lines = (HOME / "README.md").read_text().splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 120


AWAY = r"[\"']?(?:https?:)?//"
LOADS = re.compile(rf"<(?:link|script|img|iframe|source)\b[^>]*={AWAY}[^>]*>|(?:url\(|@import ){AWAY}")


def test_the_site_is_made_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    for needed in ("sphinx", "myst_parser", "sphinx_click", "furo"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed; make docs installs it")
    asked = [sys.executable, "-m", "sphinx", "--fail-on-warning", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]
    assert len(pages) > len(list(DOCS.rglob("*.md")))
    for page in pages:
        found = LOADS.findall(page.read_text())
        assert not found, f"{page} loads {found}"
