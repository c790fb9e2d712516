"""search: trials within a time, each done once, and which of them is best."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from linocut.errors import SpecError
from linocut.tune.subject import LEAST_STEPS, Subject
from linocut.tune.trial import Setting, TooSlow, Trial, run_trial

CLOSE = 0.5  # standard errors of an accuracy: settings of the same data and order differ by less than two errors do
LOSS_ERROR = 0.02
ALIKE, LEAST_ALIKE = 2.0, 0.01  # standard errors, and of all examples: within these accuracies are called the same
LEAST_OF_RUN = 0.1  # that a trial is of, of batch and decay
TOLD = 2  # significant digits of a learning rate


@dataclass
class Search:
    """Trials of a subject until `seconds` from now are over; each is told of as it is done."""

    subject: Subject
    seconds: float
    tell: Callable[[Trial], None]
    trials: list[Trial] = field(default_factory=list)
    per_example: float = 0.0  # seconds
    per_trial: float = 0.0  # of judging, and of what a training takes before its first step
    least: int = 1  # examples of a trial

    def __post_init__(self) -> None:
        self._begin = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds."""
        return self.seconds - (time.monotonic() - self._begin)

    def pace(self, setting: Setting, trials: int) -> Trial:
        """A shortest training, by which times are estimated; SpecError where not even so many as short ones fit."""
        examples = self.least = LEAST_STEPS * setting.batch_size
        try:
            found = run_trial(self.subject, setting, examples, self.subject.seed, self.left)
        except TooSlow as slow:
            raise self._too_few_minutes(trials, (1 + trials) * (slow.per_step * LEAST_STEPS + slow.beside)) from None
        self._timed(found)
        needed = found.seconds + trials * (self.per_example * examples + self.per_trial)
        if needed > self.seconds:
            raise self._too_few_minutes(trials, needed)
        return found

    def _too_few_minutes(self, trials: int, needed: float) -> SpecError:
        enough = math.ceil(12 * needed / 60 + 1) / 10
        return SpecError(
            f"minutes is {self.seconds / 60:.3g}, but a range test of {trials} learning rates, {LEAST_STEPS} steps "
            f"each, takes {needed / 60:.2g} minutes here; give --minutes {enough:g} or more, fewer examples, or a "
            "smaller network"
        )

    def affordable(self, trials: int, share: float) -> int:
        """Examples of each of so many trials that take a share of the time left, at most those of the real run."""
        each = max(0.0, self.left) * share / trials - self.per_trial
        return self.whole(int(each / max(self.per_example, 1e-9)))

    def whole(self, examples: int) -> int:
        """So many examples, whole epochs from one on, those of the real run at most, and of the shortest at least."""
        left = len(self.subject.left)
        examples = max(self.least, min(examples, self.subject.epochs * left))
        return examples if examples < left else examples // left * left

    def too_short(self, trial: Trial) -> bool:
        """Whether a trial is so much shorter than the run that it says little of batch and decay."""
        return trial.examples < LEAST_OF_RUN * self.subject.examples

    def fits(self, examples: int, trials: int = 1) -> bool:
        """Whether there is time for so many trials more."""
        return trials * (self.per_example * examples + self.per_trial) <= self.left

    def run(self, setting: Setting, examples: int, seed: int | None = None) -> Trial:
        """A trial, one of before where it was the same."""
        wanted = self.subject.seed if seed is None else seed
        for trial in self.trials:
            if (trial.setting, trial.seed) == (setting, wanted) and _same(trial, examples):
                return trial
        found = run_trial(self.subject, setting, examples, wanted)
        self._timed(found)
        self.trials.append(found)
        self.tell(found)
        return found

    def _timed(self, trial: Trial) -> None:
        """What the next trials will take: as the latest."""
        if trial.per_step and not trial.diverged:
            self.per_example, self.per_trial = trial.per_step / trial.setting.batch_size, trial.beside

    def run_all(self, settings: Iterable[Setting], examples: int) -> list[Trial]:
        """A trial of each, as far as there is time; of the first at least."""
        found: list[Trial] = []
        for setting in settings:
            if not found or self.fits(examples):
                found.append(self.run(setting, examples))
        return found

    def error(self, trial: Trial) -> float:
        """The standard error of a trial's accuracy, from how many examples it was judged by."""
        p = trial.accuracy or 0.0
        return math.sqrt(max(p * (1.0 - p), 1e-4) / len(self.subject.held))

    def learned(self, trials: Sequence[Trial]) -> bool:
        """Whether any of them does better than who guesses, by three standard errors; True of a regression."""
        chance = self.subject.chance
        if chance is None:
            return any(not one.diverged for one in trials)
        error = math.sqrt(chance * (1.0 - chance) / len(self.subject.held))
        return any((one.accuracy or 0.0) > chance + 3.0 * error for one in trials)

    def best(self, trials: Sequence[Trial]) -> Trial:
        """The one of the best accuracy; of those that come close to it that of the least loss. Of a regression by loss.

        SpecError where all diverged.
        """
        sound = [one for one in trials if not one.diverged]
        if not sound:
            raise SpecError(
                f"every learning rate from {min(one.setting.rate for one in trials):.3g} to "
                f"{max(one.setting.rate for one in trials):.3g} diverged; start from a smaller one"
            )
        if self.subject.chance is not None:
            top = max(sound, key=score)
            limit = (top.accuracy or 0.0) - CLOSE * self.error(top)
            sound = [one for one in sound if (one.accuracy or 0.0) >= limit]
        return min(sound, key=lambda one: one.loss if one.loss is not None else math.inf)

    def margin(self, one: Trial, other: Trial) -> float:
        """By how many errors of its measurement `one` is better than `other`, below 0 where it is worse.

        Of accuracies that is a standard error, of the losses of a regression 2% of the loss.
        """
        if one.loss is None or other.loss is None:
            return -math.inf if one.loss is None else math.inf
        if one.accuracy is None or other.accuracy is None:
            return (other.loss - one.loss) / max(LOSS_ERROR * abs(other.loss), 1e-12)
        return (one.accuracy - other.accuracy) / self.error(other)

    def alike(self, trials: Sequence[Trial]) -> tuple[float, float]:
        """The lowest and the highest learning rate around the best that are called as good, of a range."""
        ordered = sorted(trials, key=lambda one: one.setting.rate)
        top = max(ordered, key=score)
        least = ALIKE if top.accuracy is None else max(ALIKE, LEAST_ALIKE / self.error(top))
        first = last = ordered.index(top)
        while first > 0 and self.margin(ordered[first - 1], top) >= -least:
            first -= 1
        while last + 1 < len(ordered) and self.margin(ordered[last + 1], top) >= -least:
            last += 1
        return ordered[first].setting.rate, ordered[last].setting.rate


def score(trial: Trial) -> float:
    """What is the larger the better: accuracy, of a regression the negative loss; -inf where it diverged."""
    if trial.loss is None:
        return -math.inf
    return -trial.loss if trial.accuracy is None else trial.accuracy


def _same(trial: Trial, examples: int) -> bool:
    return abs(trial.examples - examples) <= trial.setting.batch_size


def with_rate(setting: Setting, rate: float) -> Setting:
    """The same at another learning rate, of a few digits."""
    optimizer = replace(setting.optimizer, learning_rate=float(f"{rate:.{TOLD}g}"))
    return replace(setting, optimizer=optimizer)
