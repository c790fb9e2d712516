"""How Sphinx makes the site, with `make docs`: nothing is loaded from the network, as it is built and as it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import linocut

project = "linocut"
release = version = linocut.__version__
copyright = "linocut's authors, Apache-2.0"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # blocks of two lines that are in no language
exclude_patterns = ["_build"]
highlight_language = "none"
pygments_style, pygments_dark_style = "friendly", "native"

html_theme = "furo"
html_title = f"linocut {release}"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100

CODE = re.compile(r"`+([^`]+)`+")
MARKS = re.compile(r"([\\*|_])")


def as_rst(line: str) -> str:
    """A line of a docstring, which is plain text with code in backticks, as reStructuredText."""

    def parts() -> Iterator[str]:
        at = 0
        for code in CODE.finditer(line):
            yield MARKS.sub(r"\\\1", line[at : code.start()])
            yield f"``{code.group(1)}``\\ "
            at = code.end()
        yield MARKS.sub(r"\\\1", line[at:])

    return "".join(parts())


def on_docstring(app: object, what: str, name: str, found: object, options: object, lines: list[str]) -> None:
    """Docstrings as they are written here; indented blocks, such as listings, stay as they are."""
    lines[:] = [line if line.startswith("    ") else as_rst(line) for line in lines]
    for at in range(len(lines) - 1, 0, -1):  # an indented block after a line of text is a literal one
        if (
            lines[at].startswith("    ")
            and not lines[at - 1].strip()
            and at > 1
            and not lines[at - 2].startswith("    ")
        ):
            lines[at:at] = ["::", ""]


def setup(app: object) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", on_docstring)  # type: ignore[attr-defined]
