"""Counts the parts of the word engine by yosys, and writes the table of them.

python benchmarks/word_engine.py               # all, a quarter of an hour: src/linocut/devices/word_engine/parts.toml
python benchmarks/word_engine.py --show "complex product" 62 xcup
"""

from __future__ import annotations

import subprocess
import sys

from linocut.devices.pipeline.synthesis import YOSYS
from linocut.devices.word_engine.parts import LANES, TABLE
from linocut.devices.word_engine.synthesis import COMPLEX, PARTS, REAL, SUM_BITS, part
from linocut.files import write_text

FAMILIES = ("xcup",)
HEAD = """\
# What one product of so many lanes with its sum takes, and one test of a sign, of sums of {bits} bits, by family.
# Written by benchmarks/word_engine.py: {version}, synth_xilinx -noiopad -noclkbuf; a test has no lanes, 0.
# Neither placed nor routed; pairs of functions that could share a LUT are counted as two.
"""


def main(arguments: list[str]) -> None:
    """Show one part, or write the table."""
    if arguments[:1] == ["--show"]:
        name, lanes, family = arguments[1:]
        print(part(name, int(lanes), family))
        return
    version = subprocess.run([YOSYS, "-V"], capture_output=True, text=True, check=True).stdout.split("(")[0].strip()
    entries = [
        _entry(family, name, lanes)
        for family in FAMILIES
        for name in PARTS
        for lanes in (LANES if name in (COMPLEX, REAL) else (0,))
    ]
    write_text(TABLE, "\n".join([HEAD.format(version=version, bits=SUM_BITS), *entries]))


def _entry(family: str, name: str, lanes: int) -> str:
    found = part(name, lanes, family)
    print(family, name, lanes, found, file=sys.stderr, flush=True)
    return (
        f'[[part]]\nfamily = "{family}"\nname = "{name}"\nlanes = {lanes}\ndsp = {found.dsp}\nlut = {found.lut}\n'
        f"flip_flops = {found.flip_flops}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
