"""The formats that networks are exported to, by name. A format is a module with a function, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from linocut.errors import SpecError, unknown_name

if TYPE_CHECKING:
    from linocut.data.form import Form
    from linocut.graph.inference import InferenceGraph

    Writer: TypeAlias = Callable[[InferenceGraph, Path, str, str, Form | None], Any]

TABLE, INT8, FLOAT, BITS = "table", "int8", "float", "bits"  # forms of weights
WEIGHTS = (TABLE, INT8, FLOAT, BITS)


def _one_file(path: Path, name: str) -> tuple[Path, ...]:
    """Of formats whose PATH is the file itself."""
    return (path,)


def _c_files(path: Path, name: str) -> tuple[Path, ...]:
    """Of C, whose PATH is a folder."""
    return tuple(path / f"{name}{ending}" for ending in (".h", ".c", "_test.c"))


def _hls_files(path: Path, name: str) -> tuple[Path, ...]:
    """Of C++ for synthesis, whose PATH is a folder."""
    own = tuple(path / f"{name}{ending}" for ending in (".hpp", ".cpp", "_main.cpp"))
    return (*own, path / "q10.hpp", path / "stand_in" / "ap_int.h")


@dataclass(frozen=True)
class Format:
    """Where a format's function is, which is imported when it is used: it may need packages that linocut does not.

    `function(graph, path, name, weights, form)` writes the files that `files(path, name)` names, all or none; what it
    returns are sizes by name, or None. `form` is how files of numbers were read in training, None of other data.
    `weights` are the forms of weights that it knows, the first by default; `extra` is the extra of linocut's that
    installs its packages.
    """

    module: str
    function: str
    files: Callable[[Path, str], tuple[Path, ...]] = _one_file
    weights: tuple[str, ...] = (TABLE,)
    identifier: bool = False  # whether the name has to be one of C's
    extra: str | None = None

    def writer(self) -> Writer:
        """The function; SpecError where packages that it needs are not installed."""
        try:
            found: Writer = getattr(import_module(self.module), self.function)
        except ModuleNotFoundError as error:
            if self.extra is None or (error.name or "").startswith("linocut"):
                raise
            raise SpecError(
                f"this format needs the package {error.name}, which is not installed; "
                f"install it with: pip install 'linocut[{self.extra}]'"
            ) from None
        return found


FORMATS: dict[str, Format] = {
    "c": Format("linocut.export.c.exporter", "export_c", _c_files, identifier=True),
    "hls": Format("linocut.export.hls.exporter", "export_hls", _hls_files, identifier=True),
    "onnx": Format("linocut.export.onnx", "export_onnx", weights=(TABLE, INT8, FLOAT), extra="onnx"),
    "qonnx": Format("linocut.export.qonnx", "export_qonnx", weights=(FLOAT,), extra="onnx"),
    "tflite": Format("linocut.export.tflite.exporter", "export_tflite", weights=(BITS, FLOAT), extra="tflite"),
}
FINN = Format("linocut.export.qonnx", "export_finn", weights=(FLOAT,), extra="onnx")  # a form of qonnx


def find_format(to: str, finn: bool = False) -> Format:
    """The format called `to`, of qonnx also the form for FINN; SpecError, with those that there are, for another."""
    if to not in FORMATS:
        raise unknown_name("format", to, FORMATS)
    if finn and to != "qonnx":
        raise SpecError(f"finn is a form of qonnx, not of {to}; give --to qonnx")
    return FINN if finn else FORMATS[to]
