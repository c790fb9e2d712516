"""What a pruned network keeps, as a table: weights, and the words that are multiplied."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.prune import Kept
from linocut.tables import table


def pruned_table(kept: Sequence[Kept]) -> str:
    """A line a layer, and their sum."""
    total = Kept(
        "all",
        *(sum(getattr(one, part) for one in kept) for part in ("weights", "of_weights", "words", "of_words")),
    )
    rows = [_row(one) for one in kept]
    head = ("layer", "kept weights", "of", "times", "kept words", "of", "times")
    return "\n".join(table([head, *rows, _row(total)], 1, (1, len(rows) + 1)))


def _row(one: Kept) -> tuple[str, ...]:
    def times(of: int, left: int) -> str:
        return f"{of / left:.1f}" if left else "-"

    weights = f"{one.weights:,}", f"{one.of_weights:,}", times(one.of_weights, one.weights)
    return one.name, *weights, f"{one.words:,}", f"{one.of_words:,}", times(one.of_words, one.words)
