"""export_c: NAME.h, NAME.c and NAME_test.c in a folder."""

from __future__ import annotations

from pathlib import Path

from linocut import __version__
from linocut.export.c.check import test_file
from linocut.export.c.source import Source
from linocut.export.written import write_all
from linocut.graph.inference import InferenceGraph


def export_c(graph: InferenceGraph, path: Path, name: str, weights: str) -> dict[str, int]:
    """Write the three files into the folder `path`, all or none; gives flash_bytes, scratch_bytes and stack_bytes.

    `weights` has no choice here: signs are bits. SpecError where C cannot say a node, MachineError where the disk will
    not.
    """
    source = Source(graph, name, __version__)
    texts = {".h": source.header(), ".c": source.code(), "_test.c": test_file(source)}
    write_all({path / f"{name}{ending}": text for ending, text in texts.items()})
    return source.sizes()
