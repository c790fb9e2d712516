"""Trainer: trains a network, keeps and resumes the run, evaluates and predicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from linocut.compile.lower import Compiled
from linocut.data.augmentation import Augmentation, find_augmentation
from linocut.data.dataset import Dataset
from linocut.errors import DataError, LinocutError, RunError, SpecError
from linocut.graph.frozen import find_frozen
from linocut.graph.inference import InferenceGraph
from linocut.graph.network import Network
from linocut.graph.prune import Pruning
from linocut.graph.state import State
from linocut.optimizers import Optimizer, find_optimizer
from linocut.plan.arena import arena_account
from linocut.plan.budget import find_budget, find_sizes
from linocut.plan.training import Training
from linocut.policies import Policy, find_policy
from linocut.run import NATIVE, Session, scoring
from linocut.run.alike import check_alike, check_scaling
from linocut.run.captured import captured
from linocut.run.feed import as_dataset
from linocut.run.predictions import Evaluation, Predictions
from linocut.run.trained import apart, trained_graph
from linocut.run.units import in_units
from linocut.schedules import Schedule, find_schedule
from linocut.train import checkpoint
from linocut.train.checkpoint import Checkpoint
from linocut.train.choosing import BEST, Choosing
from linocut.train.data_facts import DataFacts
from linocut.train.events import Callback, Done, EpochEnded, Event, Planned, Started
from linocut.train.fitting import Fitting, Tested
from linocut.train.given import Given
from linocut.train.going_on import check_epochs, check_examples
from linocut.train.peak_memory import peak_rss_bytes
from linocut.train.precise_norms import recompute
from linocut.train.progress import Progress
from linocut.train.ready import Ready
from linocut.train.run_folder import RunFolder
from linocut.train.settings import Settings
from linocut.train.start import find_source, thaw
from linocut.train.use import IN_FIT, Use
from linocut.train.writing import Writing

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from linocut.dynamics.observer import Observer
    from linocut.plan.account import Account
    from linocut.run.feed import Examples


def _names(given: Sequence[str], what: str, of: str, such: str) -> tuple[str, ...]:
    if isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise SpecError(f"{what} is {given!r}, must be a list of names of {of}, such as [{such!r}]")
    return tuple(given)


class Trainer:
    """A network in training. Nothing is allocated before the first `fit`, `evaluate`, `predict` or `save`.

    `policy`, `optimizer` and `schedule` are names or objects; `threads` defaults to the processors at hand. `seed`
    decides initial weights, the order of examples, and what `augment` and rounding draw.
    `augment`, such as "shift,flip", says how training examples are changed at random, each epoch anew; accuracy
    in training is over the changed ones, evaluation is of the examples as they are.
    With a `micro_batch` that divides the batch, a step goes over so many examples at a time, in less memory, and
    updates the weights once: batch norms then norm over the micro-batch.
    Layers that `freeze` names, also by patterns such as "batch_norm*", do not move, and batch norms among them use the
    running statistics; gradients go through them to layers before. With all norms frozen a batch may be 1.
    With `precise_norms` batch norms predict, from the end of each epoch on, by their mean statistics over so many
    batches of training examples, all under the weights of that moment, not by running averages; weights stay the same.
    With `prune`, a `Pruning`, some weights are 0 (docs/pruning.md): fewer words are multiplied.
    A `budget`, "48MiB" or bytes, keeps the arena within it: without a `batch_size` by the largest batch that fits, and
    that `fit` makes no larger than its data before training begins; with one, by the largest `micro_batch` that divides
    it and fits. Without a budget the batch is 100.
    SpecError for what cannot be. Equal settings and data end in the same bits, interrupted or not.

    It has one use at a time: while a thread is in one of its methods, or reads or writes `state`, any other gets a
    RunError that says so; callbacks of `fit` may do all but `fit`. `session` is not watched: leave it alone meanwhile.
    It cannot be pickled or copied: save it, and resume it from there.
    """

    def __init__(
        self,
        network: Network,
        policy: str | Policy = "lean",
        optimizer: str | Optimizer = "adam",
        batch_size: int | None = None,
        seed: int = 0,
        threads: int | None = None,
        schedule: str | Schedule = "constant",
        backend: str = NATIVE,
        augment: str | Augmentation | None = None,
        micro_batch: int | None = None,
        budget: str | int | None = None,
        freeze: Sequence[str] = (),
        precise_norms: int = 0,
        prune: Pruning | None = None,
    ) -> None:
        """Check the settings and compile the program."""
        training = Training(network, find_policy(policy), find_optimizer(optimizer))
        if freeze:
            training = replace(
                training, frozen=find_frozen(network.graph, _names(freeze, "freeze", "layers", "binary_dense1"))
            )
        if prune is not None:
            training = replace(training, pruned=prune.layers(network.graph))
        held = None if budget is None else find_budget(budget)
        sizes = find_sizes(training, held, batch_size, micro_batch)
        settings = Settings(
            network,
            training.policy,
            training.optimizer,
            find_schedule(schedule),
            sizes.batch,
            seed,
            find_augmentation(augment),
            sizes.micro_batch,
            training.frozen,
            precise_norms,
            prune,
        )
        filled = held if batch_size is None and micro_batch is None else None
        self._set_up(settings, threads, backend, filled, held)

    @classmethod
    def from_settings(cls, settings: Settings, threads: int | None = None, backend: str = NATIVE) -> Trainer:
        """The trainer of settings that are known whole, as those of a run are; SpecError for what cannot be."""
        trainer = cls.__new__(cls)
        trainer._set_up(settings, threads, backend)
        return trainer

    def _set_up(
        self,
        settings: Settings,
        threads: int | None,
        backend: str,
        filled: int | None = None,
        held: int | None = None,
    ) -> None:
        """Compile the program; the batch is to fill the budget `filled`, and the arena is `held` within one."""
        self._budget, self._held = filled, held
        self._use = Use()
        self._ready = Ready(settings, threads, backend, self._use)
        self._writing = Writing(self._ready)
        self.progress = Progress()
        self.data: DataFacts | None = None
        self.save_every: int | None = None
        self.choosing = Choosing()
        self._stopping = False
        self.started: Started | None = None
        self.source: str | None = None
        self._classes: tuple[str, ...] = ()  # that the network begins with, where it is known

    @staticmethod
    def resume(folder: str | os.PathLike[str], threads: int | None = None, backend: str = NATIVE) -> Trainer:
        """The trainer of a run folder, as it was when the folder was last written; RunError if it cannot be read.

        Where the folder's log was removed it goes on without the figures of past epochs (`progress.forgotten`).
        """
        path = Path(folder)
        run = RunFolder(path)
        stamp = run.stamp
        kept, file = run.read()
        trainer = Trainer.from_settings(kept.settings, threads, backend)
        checkpoint.restore(file, trainer.session)
        trainer.progress, trainer.data, trainer.source = kept.progress, kept.data, kept.source
        trainer.save_every, trainer.choosing = kept.save_every, kept.choosing
        trainer._writing.lies_in(run, stamp, kept)
        return trainer

    def __reduce__(self) -> NoReturn:
        """RunError: an arena may be large, and two trainers of one run would go apart."""
        raise RunError(
            "a Trainer cannot be pickled or copied; save it (trainer.save(folder)) and go on with "
            "Trainer.resume(folder), or hand on trainer.inference_graph()"
        )

    @property
    def settings(self) -> Settings:
        """All that decides what training comes to, but for the examples."""
        return self._ready.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._ready.settings = settings  # of the same program

    @property
    def compiled(self) -> Compiled:
        """The network's program, with what its buffers are for."""
        return self._ready.compiled

    @property
    def network(self) -> Network:
        """The network."""
        return self.settings.network

    @property
    def folder(self) -> Path | None:
        """The run folder that `fit` goes on in; None as long as the run was not written."""
        return self._writing.folder

    @folder.setter
    def folder(self, folder: Path | None) -> None:
        self._writing.folder = folder

    @property
    def plan(self) -> Account:
        """The memory that training takes, in bytes, to print; nothing is allocated for it."""
        return arena_account(self.compiled)

    @property
    def session(self) -> Session:
        """The session, opened and initialised when first asked for; MachineError where memory lacks."""
        return self._ready.session

    @property
    def state(self) -> State:
        """What the network has learned and keeps, by `layer.part`, to read and to change; `moments` beside it."""
        return State(self.compiled.layout, self._ready.array, self.using)

    def using(self, what: str) -> AbstractContextManager[None]:
        """A block that uses the trainer's session for `what`, alone; RunError while it is in use."""
        return self._use.of(what)

    def inference_graph(self) -> InferenceGraph:
        """What has been learned by now, in the form that prediction and exports read."""
        with self.using("inference_graph"):
            return apart(self._trained(), self.session.arena)

    def _trained(self) -> InferenceGraph:
        """What has been learned, whose arrays may be views of the arena; numbers in units of the data."""
        return in_units(trained_graph(self.compiled, self.session), self.data.form if self.data else None)

    def capture(self, images: ArrayLike, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """What the layers called `names` give for images (n, *shape), as in prediction: (n, ...), signs as -1 and +1.

        SpecError, with the nearest name, for a layer that does not exist.
        """
        with self.using("capture"):
            return captured(self.compiled, self.session, images, names)

    def fit(
        self,
        train: Examples,
        epochs: int = 10,
        validate: Examples | None = None,
        out: str | os.PathLike[str] | None = None,
        callbacks: Sequence[Callback] = (),
        save_every: int | None = None,
        *,
        validation: Examples | float | None = None,
        test: Examples | None = None,
        keep: str | None = None,
        patience: int | None = None,
        dynamics: bool | int = False,
    ) -> tuple[EpochEnded, ...]:
        """Train until `epochs` are done in all, those of a resumed run counted; returns what each came to (as far as
        the run's log tells of it).

        Examples are a Dataset, a pair of arrays x (n, *shape) and labels (n,) or targets (n, outputs), what gives pairs
        (x, label) by index, or an iterable of such pairs, which are held in memory.

        `validation` is what to choose by: examples, or the part of `train` to hold out (0.1; of every class, the same
        for the same seed). Its loss and accuracy are told after each epoch, a plateau schedule follows its loss, `keep`
        says whether the run folder keeps the model of the "best" epoch by it (the default; by accuracy, then loss, then
        the earlier) or of the "last", and with `patience` training ends after so many epochs without a better one. A
        run that goes on is validated as it was: only its patience may be another.
        `test` (`validate` is an older name of it) chooses nothing: it is looked at once, at the end, by the model that
        is kept. Without validation data it is looked at after each epoch, and a plateau schedule follows its loss.

        `dynamics` has events and log say where each layer with weights stands (LayerDynamics), after each epoch, from
        every 100th step, or from every so many as the number is; no bit of training changes.

        `out` is the run folder, by default the one it was resumed from; it is written after every epoch, and its
        checkpoint also after every `save_every` steps of an epoch, so that a power cut costs no more than these; a
        resumed run keeps the number that it had, unless it is given another.
        `callbacks` are called with every event; `stop` ends training. SIGINT, SIGTERM and SIGHUP end it after the step
        at hand: the checkpoint is written, then Interrupted (a KeyboardInterrupt) is raised. DataError, SpecError,
        RunError for what does not fit together.
        """
        with self.using(IN_FIT):
            if test is not None and validate is not None:
                raise SpecError("test and validate are both given, which are names of one thing; leave out validate")
            tested = validate if test is None else test
            known = self.choosing.validation
            given = Given.of(self.settings, known, train, validation, tested, epochs, save_every, callbacks)
            every = _looks_every(dynamics)
            self._stopping = False
            self._fit(given, keep, patience, out, every)
        return tuple(self.progress.history)

    def stop(self) -> None:
        """End the training that is under way after the step at hand, as if no more epochs had been asked for.

        For callbacks, and for other threads. The run folder then holds a run that can be resumed.
        """
        self._stopping = True

    def _fit(
        self,
        given: Given,
        keep: str | None,
        patience: int | None,
        out: str | os.PathLike[str] | None,
        every: int | None,
    ) -> None:
        choosing = self.choosing.of(given.validation, keep, patience, begun=self.progress.begun)
        settings = self._within(len(given.dataset))
        self.check(settings, given.dataset, given.epochs)
        with self._writing.claimed(out) as folder:
            self._ready.take(settings)
            self.data, self.progress.epochs, self.choosing = DataFacts.of(given.dataset), given.epochs, choosing
            self.save_every = given.save_every or self.save_every
            observer = None if every is None else self._observer(every)
            planned = self._planned(observer)
            fitting = self._fitting(given, folder, planned, observer)
            new = folder is not None and not folder.holds_run
            with self._writing.abandoning(folder, LinocutError, when=lambda _: new):
                self._begin(folder, planned)
            if folder is not None:
                self.folder = folder.path
            with self._writing.abandoning(
                folder, DataError, when=lambda written: new and not self._writing.begun(written)
            ):
                if self.started is not None and not self.progress.begun:
                    fitting.emit(self.started)
                fitting.emit(planned)
                tested = fitting.to_the_end()
            done = self._done(folder, tested, fitting.stopped)
            self._save(folder, planned, done)
            fitting.emit(done)

    def _observer(self, every: int) -> Observer:
        from linocut.dynamics.observer import Observer  # late: few runs are looked at, and all pay for what is imported

        return Observer(self.session, self.compiled, every)

    def _planned(self, observer: Observer | None = None) -> Planned:
        program, session = self.compiled.program, self.session
        workspaces = program.workspace_bytes * session.threads
        layers = None if observer is None else observer.layers()
        return Planned(int(session.arena.nbytes), program.lower_bound_bytes, workspaces, layers)

    def _fitting(self, given: Given, folder: RunFolder | None, planned: Planned, observer: Observer | None) -> Fitting:
        return Fitting(
            *self._ready.opened(),
            self.compiled,
            self.settings,
            self.progress,
            self.choosing,
            self._writing.model,
            given,
            partial(self._emit, given.callbacks),
            self._trained,
            lambda: self._stopping,
            partial(self._save, folder, planned),
            partial(self._save_checkpoint, folder),
            self.save_every,
            None if folder is None else str(folder.path),
            partial(self._keeps, folder),
            observer,
        )

    def _keeps(self, folder: RunFolder | None) -> str:
        return "no state before was kept" if folder is None else f"{folder.path} keeps {self._writing.at(folder)}"

    def _begin(self, folder: RunFolder | None, planned: Planned) -> None:
        """Write the run before its first step, so that a disk that will not take it is found at once."""
        if folder is None:
            return
        self._save(folder, planned)
        folder.describe(self._kept())

    def start_from(
        self, source: str | os.PathLike[str] | InferenceGraph | Trainer, classes: Sequence[str] = ()
    ) -> Started:
        """Begin from a trained network: a run folder, a model file, an inference graph, or another trainer.

        Returns what was taken. Layers whose names and shapes fit keep their weights, norms and biases, also in another
        precision; all others, and all moments, start anew, so that data, learning rate, batch, optimizer, policy and
        the number of classes may be others. Of a run folder the state of the latest epoch is taken, weights as they
        were; of a model, whose weights are signs, these times the standard deviation of initial weights. Under the same
        policy it predicts as the source does.

        `classes` are the new data's (`dataset.classes`): where the source's are called or ordered otherwise, the last
        layers begin anew. Without them `fit` refuses such data. A layer that begins anew is not frozen, as it would
        keep what chance gave it; SpecError where batch or budget do not allow that. RunError for a training that has
        begun, for what is no trained network, and where nothing fits.
        """
        with self.using("start_from"):
            if self.progress.begun:
                raise RunError(f"the run is at {self.progress}, it can begin from nothing any more; make a new Trainer")
            target = self._ready.target
            given = source._ready.target if isinstance(source, Trainer) else source
            begun = find_source(given, target, _names(classes, "classes", "classes", "cat"))
            begun, settings = thaw(begun, self.settings, self._held)
            self._ready.take(settings, new=[name for name in self.settings.frozen if name not in settings.frozen])
            self.started = begun.start(self._ready.target)
            self.source, self._classes = begun.name, begun.classes
        return self.started

    def find_norms(self, examples: Examples, batches: int) -> None:
        """Have batch norms predict by their mean statistics over so many batches of examples, from now on.

        As `precise_norms` does after each epoch: no weight changes. DataError for examples that do not fit or are fewer
        than a batch.
        """
        with self.using("find_norms"):
            settings = replace(self.settings, precise_norms=batches)
            dataset = as_dataset(examples, self.network.graph)
            if batches < 1 or settings.batch_size > len(dataset):
                raise DataError(
                    f"norms are found over {batches} batches of {settings.batch_size:,} examples, but there are "
                    f"{len(dataset):,}; give 1 batch or more, of no more examples than there are"
                )
            recompute(*self._ready.opened(), self.compiled, settings, dataset)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Accuracy and loss over examples, as `fit` takes them; DataError for what does not fit."""
        with self.using("evaluate"):
            session, feed = self._ready.opened()
            graph = self.network.graph
            dataset = as_dataset(examples, graph)
            if self.data is not None:
                check_alike(dataset, graph.name, self.data.resizing, self.data.classes, self.data.form)
                check_scaling(dataset, graph.name, self.data.form)
            return scoring.evaluate(session, feed, graph, dataset)

    def predict(self, images: ArrayLike) -> Predictions:
        """The classes (n,) of images (n, *shape), and the confidence in each; DataError for what does not fit.

        Of a regression `outputs` (n, outputs) are its targets, in the units of the data.
        """
        with self.using("predict"):
            session, feed = self._ready.opened()
            found = scoring.predict(session, feed, self.network.graph, images)
            form = self.data.form if self.data else None
            if form is not None and form.scaling is not None:
                found.outputs = form.scaling.in_units(found.outputs)
            return found

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write a run folder, for `Trainer.resume` and `linocut.load`; RunError if another run is there.

        `fit` goes on in this folder unless it is given another; from a callback of a fit that writes one, in that.
        """
        with self.using("save"):
            fitting = self._writing.under_way
            with self._writing.claimed(folder) as into:
                self._begin(into, self._planned())
            if not fitting:
                self.folder = Path(folder)

    def _within(self, examples: int) -> Settings:
        """The settings, with a batch that fills the budget no larger than the data, as long as nothing was trained."""
        if self._budget is None or self.progress.begun or self.settings.batch_size <= examples:
            return self.settings
        return self._ready.within(self._budget, examples)

    def bound_batch(self, examples: int) -> None:
        """Make a batch that fills the budget no larger than so many examples, as `fit` does before its first step.

        In a block of `using`, as it may open the session anew.
        """
        self._ready.take(self._within(examples))

    def check(self, settings: Settings, dataset: Dataset, epochs: int) -> None:
        """DataError or RunError for a data set or a number of epochs that this run cannot go on with."""
        check_examples(settings, self.progress, self.data, self._classes, dataset)
        if self.progress.begun:
            self.check_epochs(epochs)

    def check_epochs(self, epochs: int) -> None:
        """RunError for a number of epochs that this run, which has begun, cannot go on to."""
        check_epochs(self.settings, self.progress, epochs)

    def _done(self, folder: RunFolder | None, tested: Tested, stopped: str | None) -> Done:
        best, at = self.progress.best, self.progress
        return Done(
            at.epoch,
            tested.accuracy,
            int(self.session.arena.nbytes),
            peak_rss_bytes(),
            self.session.state_sha256(),
            str(folder.path) if folder else None,
            best.epoch if best and self.choosing.keep == BEST else at.epoch,
            stopped if at.epoch < at.epochs else None,
            tested.error_rate,
        )

    def _kept(self) -> Checkpoint:
        every, choosing, source = self.save_every, self.choosing, self.source
        return Checkpoint(self.settings, self.data, self.progress, every, choosing=choosing, source=source)

    def _save(self, folder: RunFolder | None, planned: Planned, *done: Done) -> None:
        if folder is not None:
            self._writing.save(folder, self._kept(), self._trained, planned, *done)

    def _save_checkpoint(self, folder: RunFolder | None) -> None:
        if folder is not None:
            self._writing.save_checkpoint(folder, self._kept())

    def _emit(self, callbacks: Sequence[Callback], event: Event) -> None:
        with self._use.lent():
            for callback in callbacks:
                callback(event)


def _looks_every(dynamics: object) -> int | None:
    if dynamics is None or dynamics is False:
        return None
    from linocut.dynamics.observer import find_every

    return find_every(dynamics)
