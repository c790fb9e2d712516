"""BinaryClassifier and BinaryRegressor: binary neural networks as estimators of scikit-learn (the extra `sklearn`).

They are for tables of numbers, (examples, features). Each feature is coded in a byte over the range that it has in the
data of `fit` (see data/coding.py): values outside are clipped. A Trainer trains, and a Predictor predicts.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from linocut.data.coding import Coding
from linocut.data.form import ARRAYS, Form
from linocut.data.scaling import Scaling
from linocut.errors import DataError, SpecError
from linocut.networks.classifier import CLASSIFICATION, REGRESSION
from linocut.networks.mlp import REAL, mlp
from linocut.optimizers import Adam
from linocut.run.predict import Predictor
from linocut.run.units import in_units
from linocut.train.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from linocut.graph.network import Network
    from linocut.policies import Policy
    from linocut.schedules import Schedule
    from linocut.train.events import EpochEnded

__all__ = ["BinaryClassifier", "BinaryRegressor"]

MOST_SEED = 2**31 - 1
FLOATS = (np.float64, np.float32)


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both have. Attributes that end in an underscore are there after `fit`.

    `hidden` are the widths of a perceptron of two or more hidden layers, whose first and last layer have full-precision
    weights, all others binary ones (of one hidden layer the first is binary too); or give a `network` of your own,
    whose input is u8 and holds as many values as there are features. A batch of
    `batch_size` is made smaller where there are fewer examples. `learning_rate` is Adam's; `policy` and `schedule` are
    those of `Trainer`. Of the examples `validation_fraction` is not trained on, and scored after every epoch
    (`history_`). The same `random_state` gives the same bits. `n_jobs` are threads, all processors for -1.
    """

    task: str
    n_features_in_: int

    def __init__(
        self,
        hidden: Sequence[int] = (256, 256),
        *,
        epochs: int = 50,
        batch_size: int = 32,
        learning_rate: float = 0.01,
        policy: str | Policy = "lean",
        schedule: str | Schedule = "cosine",
        network: Network | None = None,
        validation_fraction: float = 0.0,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.policy = policy
        self.schedule = schedule
        self.network = network
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.n_jobs = n_jobs

    def run(self, folder: str | os.PathLike[str]) -> Path:
        """Write model.safetensors into a new or empty folder, for `linocut.load`, `linocut export` and devices.

        It takes bytes, those of `coding_.codes(X)`, or .npz files of X. Returns its path. RunError where a run is there
        already.
        """
        from linocut.errors import RunError
        from linocut.export import packed

        check_is_fitted(self)
        path = Path(folder) / packed.NAME
        if os.path.lexists(path):
            raise RunError(f"{path} exists already; give another folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        packed.save(path, packed.PackedModel(self.predictor_.graph, self.predictor_.classes, form=self.predictor_.form))
        return path

    def _begin(self, x: NDArray[Any], outputs: int) -> None:
        """Decide on all that the training data decide: ranges of the features, the network, the seed."""
        self.coding_ = Coding.of(x)
        self.network_ = self._network(x.shape[1], outputs)
        self._seed = int(check_random_state(self.random_state).randint(MOST_SEED))
        self.n_iter_ = 0
        self.history_: tuple[EpochEnded, ...] = ()
        self._state: dict[str, NDArray[Any]] = {}

    def _network(self, features: int, outputs: int) -> Network:
        if self.network is None:
            return mlp((features,), outputs, tuple(self.hidden), task=self.task, ends=REAL)
        given = self.network.input
        if not given.is_bytes or math.prod(given.shape) != features:
            raise SpecError(
                f"network {self.network.name} takes {given.dtype} values of shape {given.shape}, must take u8 and as "
                f"many as there are features, {features}; give its Input such a shape"
            )
        return self.network

    def _train(self, x: NDArray[Any], truth: NDArray[Any], epochs: int, schedule: str | Schedule, form: Form) -> None:
        """So many epochs, from the weights that there are, or from random ones."""
        codes = self._codes(x)
        kept, held = self._parts(len(codes))
        trainer = Trainer(
            self.network_,
            self.policy,
            Adam(self.learning_rate),
            _batch(self.batch_size, len(kept)),
            self._seed + self.n_iter_,
            None if self.n_jobs == -1 else self.n_jobs or 1,
            schedule,
        )
        if self._state:
            trainer.state.update(self._state)
        validate = (codes[held], truth[held]) if len(held) else None
        self.history_ += trainer.fit((codes[kept], truth[kept]), epochs, validate=validate)
        self.n_iter_ += epochs
        self._state = dict(trainer.state)
        self.predictor_ = Predictor(in_units(trainer.inference_graph(), form), form.classes, threads=1, form=form)

    def _parts(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which examples are trained on, and which only scored."""
        if not 0.0 <= self.validation_fraction < 1.0:
            raise SpecError(f"validation_fraction is {self.validation_fraction}, must be at least 0 and below 1")
        order, held = np.arange(count), round(self.validation_fraction * count)
        if held:
            order = np.random.RandomState(self._seed).permutation(count)
        if count - held < 2:
            raise DataError(f"{count - held} of {count} examples are trained on, must be 2 or more; hold fewer out")
        return np.sort(order[held:]), np.sort(order[:held])

    def _codes(self, x: NDArray[Any]) -> NDArray[np.uint8]:
        return self.coding_.codes(x).reshape(len(x), *self.network_.input.shape)

    def _outputs(self, given: ArrayLike) -> NDArray[np.float32]:
        """The network's own numbers (n, outputs)."""
        check_is_fitted(self)
        x = validate_data(self, given, reset=False, dtype=FLOATS)
        return self.predictor_.predict(self._codes(x)).outputs


def _batch(most: int, examples: int) -> int:
    """The batch of `most` or less, 2 or more, that leaves few examples out of an epoch."""
    parts = max(1, min(-(-examples // max(1, most)), examples // 2))
    return examples // parts


class BinaryClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """A binary neural network that classifies tables of numbers; labels are of any kind that scikit-learn takes.

    Attributes: `classes_` (the labels, sorted), `coding_`, `network_`, `predictor_`, `history_`, `n_iter_`,
    `n_features_in_`, `feature_names_in_`.
    """

    task = CLASSIFICATION

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X (n, features), numbers, and y (n,), labels of at least two classes; ValueError for others."""
        x, labels = self._checked(X, y, reset=True)
        self._find_classes(np.unique(labels))
        self._begin(x, len(self.classes_))
        self._learn(x, labels, self.epochs, self.schedule)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Train one epoch on these examples, from the weights that there are; Adam's moments start anew.

        The first call needs all `classes`, and decides on the ranges of the features.
        """
        first = not hasattr(self, "classes_")
        x, labels = self._checked(X, y, reset=first)
        if first:
            if classes is None:
                raise ValueError("classes is not given in the first call of partial_fit; give all labels that can come")
            self._find_classes(np.unique(np.asarray(classes)))
            self._begin(x, len(self.classes_))
        elif classes is not None and not np.array_equal(self.classes_, np.unique(np.asarray(classes))):
            raise ValueError(f"classes are {classes!r}, but were {self.classes_} in the first call; leave them out")
        if unknown := sorted(set(np.unique(labels).tolist()) - set(self.classes_.tolist())):
            raise ValueError(f"y has the label {unknown[0]!r}, which is none of the classes {self.classes_}")
        self._learn(x, labels, 1, "constant")
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float32]:
        """The network's outputs (n, classes); of two classes how far the second is above the first (n,)."""
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The likeliest label of each example (n,)."""
        outputs = self._outputs(X)
        found: NDArray[Any] = self.classes_[outputs.argmax(axis=1)]
        return found

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class (n, classes)."""
        outputs = self._outputs(X).astype(np.float64)
        powers: NDArray[np.float64] = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def _checked(self, X: ArrayLike, y: ArrayLike, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        x, labels = validate_data(self, X, y, reset=reset, dtype=FLOATS, ensure_min_samples=2)
        check_classification_targets(labels)
        return x, labels

    def _find_classes(self, classes: NDArray[Any]) -> None:
        if len(classes) < 2:
            raise ValueError(f"y has {len(classes)} class, must have at least 2 classes; add examples of another")
        self.classes_ = classes

    def _learn(self, x: NDArray[Any], labels: NDArray[Any], epochs: int, schedule: str | Schedule) -> None:
        truth = np.searchsorted(self.classes_, labels).astype(np.int64)
        names = tuple(str(label) for label in self.classes_)
        self._train(x, truth, epochs, schedule, Form(ARRAYS, self.task, classes=names, coding=self.coding_))


class BinaryRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """A binary neural network for numbers of any size: it learns y less its mean, by its standard deviation.

    Attributes: `scaling_` of y, `coding_`, `network_`, `predictor_`, `history_`, `n_iter_`, `n_features_in_`,
    `feature_names_in_`.
    """

    task = REGRESSION

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X (n, features) and y, (n,) or (n, outputs), numbers; ValueError for others."""
        x, given = validate_data(self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, ensure_min_samples=2)
        self._flat = given.ndim == 1
        truth = given.reshape(len(given), -1)
        self.scaling_ = Scaling.of(truth)
        self._begin(x, truth.shape[1])
        labels = tuple(str(number) for number in range(truth.shape[1]))
        form = Form(ARRAYS, self.task, labels=labels, coding=self.coding_, scaling=self.scaling_)
        self._train(x, self.scaling_.scaled(truth), self.epochs, self.schedule, form)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The numbers (n,) or (n, outputs), as those of `fit`."""
        outputs = self._outputs(X).astype(np.float64)
        return outputs[:, 0] if self._flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
