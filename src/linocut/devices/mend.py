"""What would make an estimate less: which layers' weights to send as bits so that all of them fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from linocut.devices.accelerator import Stored
from linocut.sizes import show_size

MOST_NAMED = 4


def mends(
    weights: Mapping[str, int],
    kept: Stored,
    bits: frozenset[str],
    total_ms: float,
    retried: Callable[[frozenset[str]], float],
) -> tuple[str, ...]:
    """A line on the weights that have no room, and on the layers to binarise; nothing where all fit.

    `weights` are bytes of weights by node, biases left out; `retried` gives the milliseconds with more layers of one
    bit.
    """
    over = sum(kept.weights.values()) - kept.room
    if over <= 0:
        return ()
    saved = {name: size - -(-size // 8) for name, size in weights.items() if name not in bits}
    too_many = f"{show_size(over)} too many for the cache"
    if not saved:
        return (f"{too_many}: take fewer filters or units",)
    chosen = _fewest(saved, over)
    after = retried(bits | frozenset(saved if chosen is None else chosen))
    gain = f"{total_ms:,.3g} ms become {after:,.3g}"
    if chosen is None:
        still = show_size(over - sum(saved.values()))
        return (f"{too_many}: binarise all layers, and {still} still are; {gain}",)
    named = ", ".join(chosen[:MOST_NAMED]) + (f" and {len(chosen) - MOST_NAMED} more" if chosen[MOST_NAMED:] else "")
    return (f"{too_many}: binarise {named}; {gain}",)


def _fewest(saved: Mapping[str, int], over: int) -> Sequence[str] | None:
    """The one layer that just saves enough, else as few as do; None where all together do not."""
    enough = [name for name in saved if saved[name] >= over]
    if enough:
        return [min(enough, key=lambda name: saved[name])]
    chosen: list[str] = []
    for name in sorted(saved, key=lambda name: -saved[name]):
        chosen.append(name)
        over -= saved[name]
        if over <= 0:
            return chosen
    return None
