"""export_c: NAME.h, NAME.c and NAME_test.c in a folder."""

from __future__ import annotations

from pathlib import Path

from linocut import __version__
from linocut.data.form import Form
from linocut.export.c.check import test_file
from linocut.export.c.source import Source
from linocut.export.c.stream import export_stream
from linocut.export.sixteen import is_recurrent
from linocut.export.written import write_all
from linocut.graph.inference import InferenceGraph


def export_c(graph: InferenceGraph, path: Path, name: str, weights: str, form: Form | None = None) -> dict[str, int]:
    """Write the three files into the folder `path`, all or none; gives flash_bytes, scratch_bytes and stack_bytes.

    `weights` has no choice here: signs are bits. Numbers that training coded in the ranges of a `form` are coded by a
    function of their own. A recurrent network is written frame by frame, in 16 bits (stream.py), and has arena_bytes.
    SpecError where C cannot say a node, MachineError where the disk will not.
    """
    if is_recurrent(graph):
        return export_stream(graph, path, name)
    source = Source(graph, name, __version__, None if form is None else form.coding)
    texts = {".h": source.header(), ".c": source.code(), "_test.c": test_file(source)}
    write_all({path / f"{name}{ending}": text for ending, text in texts.items()})
    return source.sizes()
