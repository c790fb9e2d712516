"""Fitting: one call of `fit` at work: epochs, what they come to, and what ends them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut.compile.lower import Compiled
from linocut.data.dataset import Dataset
from linocut.errors import DivergenceError, MachineError
from linocut.graph.inference import InferenceGraph
from linocut.run import Session, scoring
from linocut.run.feed import Feed
from linocut.run.predictions import Evaluation
from linocut.run.trained import apart
from linocut.train.choosing import BEST, Choosing, better
from linocut.train.epoch import Metrics, run_epoch
from linocut.train.events import Callback, EpochEnded, Stepped
from linocut.train.given import Given
from linocut.train.interrupts import Interrupted, Interrupts, Noted
from linocut.train.kept_model import KeptModel
from linocut.train.precise_norms import recompute
from linocut.train.progress import Progress
from linocut.train.pruning import prune_at
from linocut.train.settings import Settings

if TYPE_CHECKING:
    from linocut.dynamics.observer import Observer


class _Stopped(Exception):
    """Raised between two steps, as a callback has asked for the end of training."""


@dataclass(frozen=True)
class Tested:
    """What the test data come to: accuracy of classes, or error rate of labels of sequences; None without."""

    accuracy: float | None = None
    error_rate: float | None = None

    @staticmethod
    def of(found: Evaluation | None) -> Tested:
        """What was found on them, if there are any."""
        return Tested() if found is None else Tested(found.accuracy, found.error_rate)


@dataclass(frozen=True)
class Fitting:
    """What trains, on what was given, and who is told of it; `progress` and `kept_model` are those of the run.

    `trained` gives what has been learned by now, whose arrays may be views of the arena. `stopping` says whether
    somebody asked for the end; `save` and `save_checkpoint` write the run folder, if there is one (`folder`), after an
    epoch and within one, after every `save_every` steps; `keeps` says what it keeps.
    An `observer` measures what the network goes through, if that is asked for.
    """

    session: Session
    feed: Feed
    compiled: Compiled
    settings: Settings
    progress: Progress
    choosing: Choosing
    kept_model: KeptModel
    given: Given
    emit: Callback
    trained: Callable[[], InferenceGraph]
    stopping: Callable[[], bool]
    save: Callable[[], None]
    save_checkpoint: Callable[[], None]
    save_every: int | None
    folder: str | None
    keeps: Callable[[], str]
    observer: Observer | None = None

    def to_the_end(self) -> Tested:
        """Train until the epochs are done, or something ends them; what the test data then come to.

        The state is kept at a signal, of which Interrupted tells; a DivergenceError says what was kept before.
        """
        with Interrupts() as interrupts:
            try:
                return self._to_the_end(interrupts)
            except DivergenceError as error:
                raise DivergenceError(f"{error}; {self.keeps()}") from None
            except (Noted, OSError) as error:
                if interrupts.number is None or isinstance(error, MachineError):
                    raise
                # An OSError is of a callback that writes to the terminal whose end the signal tells of.
                self.save()
                assert interrupts.number is not None
                raise Interrupted(interrupts.number, self.folder) from None

    def _to_the_end(self, interrupts: Interrupts) -> Tested:
        with suppress(_Stopped):
            while self.progress.epoch < self.progress.epochs and self.stopped is None:
                ended = self._epoch(interrupts)
                self.save()
                self.emit(ended)
                interrupts.check()
        tested = self._tested(interrupts)
        interrupts.check()
        return tested

    @property
    def stopped(self) -> str | None:
        """What ends training before its last epoch."""
        if self.stopping():
            return "callback"
        patience = self.choosing.patience
        return None if patience is None or self.progress.waited < patience else "patience"

    def _epoch(self, interrupts: Interrupts) -> EpochEnded:
        progress, given = self.progress, self.given

        def after_step(event: Stepped) -> None:
            self.emit(event)
            if event.step < event.steps:
                if self.stopping():
                    raise _Stopped
                if self.save_every and event.step % self.save_every == 0:
                    self.save_checkpoint()
            interrupts.check()

        if self.settings.pruning is not None and progress.step == 0:
            prune_at(self.compiled, self.session, self.settings.pruning, progress.epoch)
        run = self.session, self.feed, self.compiled, self.settings
        if self.observer is not None:
            self.observer.begin_epoch()
        step_ms = run_epoch(*run, given.dataset, progress, after_step, self.observer)
        metrics = Metrics.of(self.session, self.compiled.graph)
        if self.settings.precise_norms:
            recompute(*run, given.dataset, interrupts.check)
        chosen = self._scored(given.validation, interrupts)
        tested = self._scored(given.test, interrupts) if given.validation is None else None
        ended = EpochEnded(
            progress.epoch + 1,
            metrics.loss,
            metrics.accuracy,
            None if tested is None else tested.accuracy,
            metrics.flips / max(1, self._binary_weights() * progress.step),
            progress.seconds,
            step_ms,
            progress.findings.saturated,
            progress.findings.dead_channels,
            progress.findings.all_warnings(progress.step),
            chosen.loss if chosen and math.isfinite(chosen.loss) else None,
            None if chosen is None else chosen.accuracy,
            None if self.observer is None else self.observer.layers(),
            None if tested is None else tested.error_rate,
            None if chosen is None else chosen.error_rate,
        )
        followed = (chosen or tested or metrics).loss
        progress.end_epoch(ended, self.settings.schedule.observe(progress.schedule, followed))
        if chosen is not None:
            progress.best = better(progress.best, progress.epoch, chosen)
        if self.folder is None and self.choosing.keep == BEST and progress.at_best:
            self.kept_model.hold(apart(self.trained(), self.session.arena))
        return ended

    def _scored(self, examples: Dataset | None, interrupts: Interrupts) -> Evaluation | None:
        """How the state that there is does on examples."""
        if examples is None:
            return None
        return scoring.evaluate(self.session, self.feed, self.compiled.graph, examples, interrupts.check)

    def _tested(self, interrupts: Interrupts) -> Tested:
        """What the test data come to by the model that is kept."""
        history, test = self.progress.history, self.given.test
        if self.choosing.validation is None:
            return Tested(history[-1].accuracy, history[-1].error_rate) if history else Tested()
        if test is None or self.progress.at_kept(self.choosing.keep):
            return Tested.of(self._scored(test, interrupts))
        from linocut.run.predict import Predictor  # late: few runs need it

        predictor = Predictor(
            self.kept_model.graph(),
            batch_size=self.settings.micro_batch,
            threads=self.session.threads,
            backend=self.session.backend,
            resizing=self.given.dataset.resizing,
        )
        return Tested.of(predictor.evaluate(test))

    def _binary_weights(self) -> int:
        return sum(node.cost.binary_parameters for node in self.compiled.graph.nodes)
