"""Errors of recurrent networks by the size of their circulant blocks, as one picture and one table.

    linocut reproduce clstm --json > clstm.jsonl
    python benchmarks/errors_by_block.py clstm.jsonl --out errors.png

Reads the rows of trainings: wrong answers on single digits, and phone errors on strings of digits, of each seed and
their mean, in floats and in 16 bits. Needs the extra `plot`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from pathlib import Path
from statistics import fmean

ROW = re.compile(r"block (\d+), seed (\d+), \d+ epochs(, in 16 bits)?")
FLOATS, SIXTEEN = "f32", "16 bits"
Errors = dict[str, dict[int, list[float]]]  # by form and block, percent of each seed


def errors_of(rows: list[dict[str, object]], table: str, *, wrong: bool) -> Errors:
    """Those of a table; with `wrong` it has right answers."""
    found: Errors = {FLOATS: defaultdict(list), SIXTEEN: defaultdict(list)}
    for row in rows:
        named = ROW.fullmatch(str(row["row"]))
        if row["table"] == table and named is not None:
            percent = float(str(row["ours"]))
            found[SIXTEEN if named[3] else FLOATS][int(named[1])].append(100 - percent if wrong else percent)
    return found


def plot(titled: dict[str, Errors], out: Path) -> None:
    """A panel for each table: means as lines, seeds as points."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(titled), figsize=(8.4, 3.6))
    for axes, (title, errors) in zip(panels, titled.items(), strict=True):
        for (form, by_block), line in zip(errors.items(), ("-", "--"), strict=True):
            blocks = sorted(by_block)
            (drawn,) = axes.plot(blocks, [fmean(by_block[block]) for block in blocks], line, label=form)
            for block in blocks:
                axes.plot([block] * len(by_block[block]), by_block[block], ".", color=drawn.get_color(), alpha=0.5)
        axes.set_xscale("log", base=2)
        axes.set_xticks(blocks, [str(block) for block in blocks])
        axes.set_ylim(bottom=0)
        axes.set_xlabel("block")
        axes.set_ylabel("%")
        axes.set_title(title, fontsize="medium")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def table(titled: dict[str, Errors]) -> str:
    """The means, a row for each block."""
    columns = [(title, form) for title, errors in titled.items() for form in errors]
    lines = ["| block | " + " | ".join(f"{title}, {form}" for title, form in columns) + " |"]
    lines.append("| --- " * (len(columns) + 1) + "|")
    for block in sorted(next(iter(titled.values()))[FLOATS]):
        means = [f"{fmean(titled[title][form][block]):.2f}%" for title, form in columns]
        lines.append(f"| {block} | {' | '.join(means)} |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.rows.read_text().splitlines()]
    titled = {
        "wrong digits": errors_of(rows, "accuracy on spoken digits", wrong=True),
        "phone errors on strings": errors_of(rows, "phone error rate on strings of spoken digits", wrong=False),
    }
    plot(titled, given.out)
    print(table(titled))


if __name__ == "__main__":
    main()
