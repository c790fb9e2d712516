"""batch: half of the usual batch, tried beside it."""

from __future__ import annotations

from dataclasses import replace

from linocut.optimizers import SGD
from linocut.tune.reasons import shown as told
from linocut.tune.search import Search, with_rate
from linocut.tune.trial import Trial


def of_batch(search: Search, best: Trial, *, given: bool) -> tuple[Trial, str]:
    """The best, or the same in half the batch where that does better by more than a standard error."""
    batch = best.setting.batch_size
    if given:
        return best, f"batch {batch}: as given"
    if search.too_short(best):  # which favour small batches, of more steps
        return best, f"batch {batch}: the usual one; trials are too short beside the run to say which is better"
    half = replace(best.setting, batch_size=batch // 2)
    if batch // 2 < 2 or not search.fits(2 * best.examples):
        return best, f"batch {batch}: the usual one; there was no time to try another"
    sgd = isinstance(half.optimizer, SGD)
    trial = search.run(with_rate(half, half.rate * (0.5 if sgd else 0.5**0.5)), best.examples)
    if search.margin(trial, best) > 1.0:
        return trial, f"batch {batch // 2}: comes to {told(trial)}, the usual one, {batch}, to {told(best)}"
    shown = f"half of it, {batch // 2}, comes to {told(trial)}, {batch} to {told(best)}"
    return best, f"batch {batch}: {shown}, no better by more than the error of that"
