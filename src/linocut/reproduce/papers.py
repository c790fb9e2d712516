"""The papers that can be reproduced, by their names: a module each, whose function `rows` gives their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from linocut.errors import unknown_name
from linocut.reproduce.asked import Asked
from linocut.reproduce.row import Row


@dataclass(frozen=True)
class Paper:
    """A paper: its title, where it is, and the module that has its rows.

    `shows_kept` says whether it can show what is kept, and train nothing.
    """

    title: str
    source: str
    module: str
    shows_kept: bool = False

    def rows(self, asked: Asked) -> Iterator[Row]:
        """Its rows, table by table, each as soon as it is found; trainings last."""
        found: Iterator[Row] = import_module(self.module).rows(asked)  # late: each takes what the others need not
        return found


PAPERS: dict[str, Paper] = {
    "chaos": Paper(
        "Zhang et al., Edge of chaos as a guiding principle for modern neural network training",
        "arXiv 2107.09437",
        "linocut.reproduce.chaos",
    ),
    "hybrid": Paper(
        "Chakraborty et al., Efficient hybrid network architectures for extremely quantized neural networks",
        "arXiv 1902.00460 and 1906.01493",
        "linocut.reproduce.hybrid",
        shows_kept=True,
    ),
    "clstm": Paper(
        "Wang et al., C-LSTM: Enabling Efficient LSTM using Structured Compression Techniques on FPGAs",
        "arXiv 1803.06305",
        "linocut.reproduce.clstm",
    ),
    "complex": Paper(
        "Peng et al., Binary Complex Neural Network Acceleration on FPGA",
        "arXiv 2108.04811",
        "linocut.reproduce.complex",
    ),
    "wang2021": Paper(
        "Wang et al., Enabling Binary Neural Network Training on the Edge",
        "arXiv 2102.04270",
        "linocut.reproduce.wang2021",
    ),
}


def find_paper(name: str) -> Paper:
    """The paper called `name`; SpecError, with the nearest name, for an unknown one."""
    if name not in PAPERS:
        raise unknown_name("paper", name, PAPERS)
    return PAPERS[name]
