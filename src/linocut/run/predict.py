"""Predictor: a trained network that was loaded to be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Lock, local
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.compile.inference import INPUT, LOGITS, compile_inference
from linocut.compile.lower import PREDICT
from linocut.data.arrays import as_array
from linocut.data.batches import Batches
from linocut.data.coded import coded_examples
from linocut.data.dataset import NUMPY_DTYPES, Dataset, Resizing
from linocut.data.images import read_image
from linocut.data.number_files import read_numbers
from linocut.data.raw_arrays import raw_examples
from linocut.data.registry import resizing_of
from linocut.data.resizing import ASSUMED, find_resizing
from linocut.errors import DataError, SpecError
from linocut.forks import tell_of_forks
from linocut.graph.inference import InferenceGraph, SequenceCoding
from linocut.graph.inference_state import InferenceState
from linocut.layers import CTC, Loss, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy
from linocut.layers.losses.base import PATHS
from linocut.ops.sequences import ends
from linocut.run.alike import check_alike
from linocut.run.constants import put_constants
from linocut.run.feed import as_dataset_of, check_values, input_bounds
from linocut.run.label_count import LabelCount
from linocut.run.pictures import as_examples
from linocut.run.predictions import Evaluation, Predictions, unlabelled
from linocut.run.session import NATIVE, Session, find_backend, find_threads, open_session
from linocut.run.tally import tally_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from linocut.compile.inference import Prediction
    from linocut.data.form import Form
    from linocut.run.assessment import Assessment
    from linocut.run.feed import Examples
    from linocut.run.pictures import Pictures
    from linocut.run.tally import Tally

_LOSSES: dict[str, Loss] = {
    loss.function: loss for loss in (SoftmaxCrossEntropy(), SigmoidCrossEntropy(), MeanSquaredError())
}


def _loss_of(graph: InferenceGraph, examples: Examples) -> Loss:
    """What outputs are set beside the truth of examples by: of paths as many labels as these have."""
    if graph.logits.function != PATHS:
        return _LOSSES[graph.logits.function]
    if isinstance(examples, tuple):
        return CTC(max(1, np.shape(examples[1])[-1]))
    return CTC(max(1, getattr(examples, "targets", 1)))


class Predictor:
    """An inference graph at work on `batch_size` examples at a time; `classes` are the names of its classes.

    Weights are packed and the arena is taken when it is first used, and no more after that. Called with one example it
    is quickest: that starts no thread and allocates nothing.

    Several threads may use it: each that calls it with examples has an arena of its own for that, and `predict` and
    `evaluate` take turns, batch by batch. Each of them goes to its end with the numbers that the network had when it
    began, whatever is written to `state` meanwhile. It may be used in the child of a fork, pickled and copied: what
    goes along is its graph and what it was given.

    `resizing`, "whole" or "crop", is how `read_image` brings pictures to size: as the network's training did. Where
    that is not known, which is so of some older files, `resizing_known` is False, and "crop" is assumed. `form` is how
    its training read files of numbers, None of others. SpecError for a graph, batch size, threads, backend or resizing
    that cannot be.
    """

    def __init__(
        self,
        graph: InferenceGraph,
        classes: tuple[str, ...] = (),
        data: str | None = None,
        *,
        batch_size: int = 100,
        threads: int | None = None,
        backend: str = NATIVE,
        resizing: Resizing | None = None,
        form: Form | None = None,
    ) -> None:
        """Compile the program; SpecError for a batch size, threads, a backend or a resizing that cannot be."""
        if not isinstance(graph, InferenceGraph):
            raise SpecError(
                f"a predictor is given {type(graph).__name__}, must be an inference graph; take that of "
                "trainer.inference_graph(), or linocut.load(run)"
            )
        self.classes, self.data, self.form = classes, data, form
        known = resizing_of(data) if resizing is None else find_resizing(resizing)
        self.resizing, self.resizing_known = known or ASSUMED, known is not None
        self._trained_on = None if resizing is None and data is None else known
        self._given = (threads, resizing)
        self._threads, self._backend = find_threads(threads), find_backend(backend)
        self._bounds = input_bounds(graph.input.dtype, graph.input.low, graph.input.high, coded=graph.input.coded)
        self._now = _Version(graph, compile_inference(graph, batch_size), self._threads, self._backend)
        self._changing = Lock()
        if backend == NATIVE:
            with suppress(ImportError):  # told when it is used
                import_module("linocut._native")  # now, as a fork while a thread imports leaves the child waiting
        tell_of_forks(self)

    def __reduce__(self) -> tuple[Callable[..., Predictor], tuple[Any, ...]]:
        """Its graph and what it was given, for pickle and copy; arenas are taken anew."""
        threads, resizing = self._given
        kwargs = {"batch_size": self._now.prediction.batch, "threads": threads, "backend": self._backend}
        return _predictor, ((self.graph, self.classes, self.data), {**kwargs, "resizing": resizing, "form": self.form})

    def after_fork(self) -> None:
        """In the child: locks that were held by threads of the parent are free again."""
        self._changing = Lock()
        self._now.after_fork()

    @property
    def graph(self) -> InferenceGraph:
        """The network as it is now."""
        return self._now.graph

    def __call__(self, example: NDArray[Any]) -> NDArray[np.float32]:
        """The network's outputs (outputs,) for one example (*shape); a view that this thread's next call writes to.

        DataError for an example of another shape or type, or with values out of range.
        """
        now = self._now
        one = now.own.one
        if one is None:
            one = now.own.one = _One(now.opened(1, 1))
        plain = type(example) is np.ndarray  # a subclass may have a mask
        if not plain or example.shape != one.input.shape or example.dtype != one.input.dtype:
            example = unlabelled_example(example, now.graph)
        elif type(example) is not np.ndarray:
            example = as_array(example, "the values of an example")
        if self._bounds is not None:
            check_values(example, *self._bounds)
        np.copyto(one.input, example)
        one.session.run(PREDICT)
        return one.outputs

    @property
    def arena_bytes(self) -> int:
        """All the memory, in bytes, that predicting `batch_size` examples at a time takes."""
        return self._now.prediction.program.arena_bytes

    @property
    def state(self) -> InferenceState:
        """What the network has learned, by `layer.part`, to read and to change."""
        return InferenceState(lambda: self.graph, self._change)

    def read_image(self, path: str | os.PathLike[str]) -> NDArray[np.uint8]:
        """One picture (*shape) u8, converted and brought to size as in training; DataError for what is none."""
        wanted = self.graph.input
        if not wanted.is_bytes:
            raise DataError(f"network {self.graph.name} takes {wanted.dtype} values, not images; give it arrays")
        return read_image(Path(path), wanted.shape, self.resizing)

    def read(self, path: str | os.PathLike[str]) -> NDArray[Any]:
        """The examples (n, *shape) of a file, read as those of training were; DataError for what does not fit.

        A picture is one example. Of a CSV file the columns that were features in training are taken, of an .npz x.
        """
        if self.form is None:
            return self.read_image(path)[None]
        return read_numbers(Path(path), self.form)

    def predict(self, images: Pictures) -> Predictions:
        """The classes of images (n,), the confidence in each (n,), and the network's outputs (n, outputs).

        Images are an array of examples (n, *shape) or of one (*shape), of grey ones also without channels; or pictures
        of any size: a path, a picture of Pillow's, an array (height, width) or (height, width, channels) of bytes, or a
        list of these, which are converted and brought to size as in training. DataError for what fits none of these.
        Where training coded numbers as bytes (`form`), numbers are coded in the same way; bytes are taken as coded.
        """
        now = self._now
        source = now.graph.input
        given = as_examples(images, now.graph, self.resizing)
        if not isinstance(given, Dataset):
            given = self._coded(given)
        dataset = unlabelled(given, now.graph.name, source.shape, source.dtype)
        outputs = np.empty((len(dataset), *now.graph.logits.shape), np.float32)
        begin = 0
        for found, _, _ in self._run(now, dataset):
            outputs[begin : begin + len(found)] = found
            begin += len(found)
        return Predictions.of(outputs, now.graph.logits.function)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Accuracy and loss, unweighted and unsmoothed, over a data set or a pair of arrays; of labels an error rate.

        Examples (n, *shape), and labels (n,) or targets (n, outputs). DataError for what does not fit.
        """
        now = self._now
        return self._evaluate(now, self._judged(now, examples), None)

    def assess(self, examples: Examples, *, errors: int = 0) -> Assessment:
        """How it does, class by class, on a data set or a pair of arrays, as `evaluate` takes them.

        Beside the loss and accuracy of `evaluate` it has top-k accuracy, precision, recall and F1 of each class, the
        confusion matrix, and the `errors` most confident mistakes. SpecError for less than 0 of them.
        """
        if isinstance(errors, bool) or not isinstance(errors, int) or errors < 0:
            raise SpecError(f"errors is {errors!r}, must be how many mistakes to keep, 0 or more")
        now = self._now
        dataset, tally = self._judged(now, examples), tally_of(now.graph, errors)
        scored = self._evaluate(now, dataset, tally)
        return tally.assessment(scored, [self.class_name(label) for label in range(now.graph.classes)], dataset)

    def _judged(self, now: _Version, examples: Examples) -> Dataset:
        """The data set that the network is held against; DataError where it does not fit."""
        if self.form is not None and isinstance(examples, tuple) and len(examples) == 2:
            examples = self._coded(examples[0]), examples[1]
        source, loss = now.graph.input, _loss_of(now.graph, examples)
        dataset = as_dataset_of(examples, now.graph.name, source.shape, source.dtype, loss, now.graph.outputs)
        check_alike(dataset, now.graph.name, self._trained_on, self.classes, self.form)
        return dataset

    def _evaluate(self, now: _Version, dataset: Dataset, tally: Tally | None) -> Evaluation:
        """Loss and accuracy over the data set, each batch of which is counted too."""
        loss = _loss_of(now.graph, dataset)
        scaling = dataset.form.scaling if dataset.form else None
        total, correct, count = 0.0, 0, 0
        read = LabelCount(dataset.classes) if loss.function == PATHS else None
        for found, truth, images in self._run(now, dataset):
            truth = truth if scaling is None else scaling.in_units(truth)
            lengths = ends(images) if isinstance(now.graph.input, SequenceCoding) else None
            score = loss.score(found, loss.as_truth(truth), lengths)
            total, correct, count = total + score.loss, correct + (score.correct or 0), count + score.examples
            if tally is not None:
                tally.add(found, truth)
            if read is not None:
                read.add(found, images, truth)
        accuracy = correct / count if now.graph.classes else None
        return Evaluation(accuracy, total / count, count, None if read is None else read.errors.rate)

    def _coded(self, images: ArrayLike) -> ArrayLike:
        """Numbers as the bytes that training made of such."""
        if self.form is None or self.form.coding is None:
            return images
        array = as_array(images, "examples")
        return (
            array if array.dtype == np.uint8 else coded_examples(raw_examples(array, "examples"), self.form, "examples")
        )

    def class_name(self, label: int) -> str:
        """The name of a class, its number where it has none."""
        return self.classes[label] if 0 <= label < len(self.classes) else str(label)

    def _run(self, now: _Version, dataset: Dataset) -> Iterator[tuple[NDArray[np.float32], NDArray[Any], NDArray[Any]]]:
        """The outputs of each batch in order, what is true of it, and its examples; the last batch may be smaller.

        No lock is held while a batch is waited for: the data set may itself use this predictor.
        """
        batch = now.prediction.batch
        order = np.arange(len(dataset), dtype=np.int64)
        with Batches(dataset, order, batch, pad=True) as batches:
            for number, (images, truth) in enumerate(batches):
                if self._bounds is not None:
                    check_values(images, *self._bounds)
                rows = min(batch, len(dataset) - number * batch)
                yield now.run(images, rows), truth[:rows], images[:rows]

    def _change(self, change: Callable[[InferenceGraph], InferenceGraph]) -> None:
        """Go on with other numbers; changes come one after the other."""
        with self._changing:
            graph = change(self._now.graph)
            prediction = compile_inference(graph, self._now.prediction.batch)
            self._now = _Version(graph, prediction, self._threads, self._backend)


def _predictor(graph: tuple[Any, ...], given: dict[str, Any]) -> Predictor:
    return Predictor(*graph, **given)


class _Version:
    """The network with the numbers that it has at a time, and the sessions that predict with these."""

    def __init__(self, graph: InferenceGraph, prediction: Prediction, threads: int, backend: str) -> None:
        self.graph, self.prediction = graph, prediction
        self.own = _Own()
        self._threads, self._backend = threads, backend
        self._many: Session | None = None
        self._running, self._busy = Lock(), False

    def opened(self, batch: int, threads: int) -> Session:
        """A session that predicts so many examples at a time, its constants in place."""
        same = batch == self.prediction.batch
        prediction = self.prediction if same else compile_inference(self.graph, batch)
        session = open_session(prediction.program, backend=self._backend, threads=threads)
        put_constants(session, prediction)
        return session

    def run(self, images: NDArray[Any], rows: int) -> NDArray[np.float32]:
        """The outputs (rows, outputs) of the first examples of a batch; one thread at a time."""
        with self._running:
            session = self._many
            if session is None:
                session = self._many = self.opened(self.prediction.batch, self._threads)
            self._busy = True
            try:
                session.array(INPUT)[...] = images
                session.run(PREDICT)
                outputs: NDArray[np.float32] = session.array(LOGITS)[:rows].copy()
            finally:
                self._busy = False
            return outputs

    def after_fork(self) -> None:
        """In the child: a session that was in use is half-way through a section, and another is opened.

        The lock is replaced in any case: a thread may have got it, and not come to say so.
        """
        self._running = Lock()
        if self._busy:
            self._many, self._busy = None, False


class _One:
    """A session for one example, and where in its arena that and the outputs are."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.input: NDArray[Any] = session.array(INPUT)[0]
        self.outputs: NDArray[np.float32] = session.array(LOGITS)[0]


class _Own(local):
    """What each thread has for itself."""

    one: _One | None = None


def unlabelled_example(example: ArrayLike, graph: InferenceGraph) -> NDArray[Any]:
    """One example (*shape), a grey image also (height, width), as the network takes it; DataError where it is not."""
    array, shape = as_array(example, "the values of an example"), graph.input.shape
    if array.shape != shape and not (len(shape) == 3 and array.shape == shape[:-1]):
        raise DataError(
            f"an example has shape {array.shape}, network {graph.name} takes {shape}; for several at once call predict"
        )
    dataset = unlabelled(array[None], graph.name, graph.input.shape, graph.input.dtype)
    found = np.empty((1, *dataset.shape), NUMPY_DTYPES[dataset.dtype])
    dataset.read(np.zeros(1, np.int64), found, np.zeros(1, np.int32))
    return found[0]
