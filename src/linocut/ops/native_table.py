"""The table of instructions that the native core is compiled with, made from this one: `python -m` this file writes it.

native/ops.def has code, name, signature, workspace and rules of each instruction, native/kernels/instructions.inc the
headers of their kernels, which are called like the files of this room. A test holds both against what is made here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from linocut.files import write_text
from linocut.ops import FAMILIES, OPS
from linocut.ops.base import Op

TABLE, HEADERS = "ops.def", "kernels/instructions.inc"
_MADE = "// Made by src/linocut/ops/native_table.py (make ops)"


def texts() -> dict[str, str]:
    """The content of each file, by its path below native/."""
    entries = "\n".join(map(_entry, OPS))
    headers = "\n".join(f'#include "{family}.hpp"' for family in FAMILIES)
    parts = "code, name, signature, workspace and rules, these two as steps for a stack (native/rules.hpp)"
    return {
        TABLE: f"{_MADE}: {parts}.\n{entries}\n",
        HEADERS: f"{_MADE}: the headers of all kernels.\n{headers}\n",
    }


def _entry(op: Op) -> str:
    rules = "".join(f'\n   "{check}\\n"' for check in op.checks) or '\n   ""'
    return f'OP({op.code}, {op.name}, "{op.signature.text}", "{" ".join(op.workspace_steps)}",{rules})'


if __name__ == "__main__":
    for path, content in texts().items():
        write_text(Path(sys.argv[1]) / path, content)
