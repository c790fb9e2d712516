"""Examples that another object gives: data sets in PyTorch's style, generators, loaders of batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from small_training import examples, network, trainer

import linocut as lc
from linocut.layers import Dense, Input, MeanSquaredError, Network, SigmoidCrossEntropy, Tanh

IMAGES, LABELS = examples()


class Pairs:
    """A data set as PyTorch has it, which knows nothing of linocut."""

    def __init__(self, images: Any = IMAGES, labels: Any = LABELS) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.images[index], self.labels[index]


class Loader:
    """Batches of a length, without an index, as a DataLoader gives them."""

    def __len__(self) -> int:
        return 6

    def __iter__(self) -> Iterator[list[Any]]:
        for begin in range(0, len(LABELS), 10):
            yield [IMAGES[begin : begin + 10], LABELS[begin : begin + 10]]


def sha(data: Any, **settings: Any) -> str:
    own = trainer(**settings)
    own.fit(data, 2, validate=data if hasattr(data, "__len__") else None)
    return own.session.state_sha256()


@pytest.mark.parametrize(
    "data",
    [
        Pairs(),
        Pairs(IMAGES[..., 0], LABELS.tolist()),
        [(image, int(label)) for image, label in zip(IMAGES, LABELS, strict=True)],
        Loader(),
        Pairs(np.moveaxis(IMAGES, -1, 1)),
    ],
    ids=["data set", "without channels", "list of pairs", "batches", "channels first"],
)
def test_the_same_examples_train_to_the_same_bits_whoever_gives_them(data) -> None:
    assert sha(data) == sha((IMAGES, LABELS))


def test_generators_are_gone_through_once() -> None:
    assert sha(pair for pair in zip(IMAGES, LABELS, strict=True)) == sha((IMAGES, LABELS))
    spent = iter([])
    with pytest.raises(lc.DataError, match="list_iterator gives no examples; one that was iterated over before is"):
        trainer().fit(spent, 1)


def test_tensors_of_torch_are_taken() -> None:
    torch = pytest.importorskip("torch")
    tensors = torch.utils.data.TensorDataset(torch.from_numpy(IMAGES).permute(0, 3, 1, 2), torch.from_numpy(LABELS))
    expected = sha((IMAGES, LABELS))
    assert sha(tensors) == expected
    assert sha(torch.utils.data.DataLoader(tensors, batch_size=9)) == expected
    floats = torch.utils.data.TensorDataset(torch.rand(53, 1, 6, 6), torch.from_numpy(LABELS))
    own = trainer(network=network(dtype="f32"))
    own.fit(floats, 1)
    assert own.evaluate(floats).examples == 53


def test_numbers_and_several_labels_are_targets() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (40, 3)).astype(np.float32)
    head = (Input((3,), "f32"), Dense(8), Tanh())
    for loss, y in ((MeanSquaredError(), x[:, :2] * 3), (SigmoidCrossEntropy(), (x[:, :2] > 0).astype(int))):
        own = Network("numbers", (*head, Dense(2, bias=True), loss))
        assert sha(Pairs(x, y), network=own) == sha((x, y), network=own)
    one = Network("one", (*head, Dense(1, bias=True), SigmoidCrossEntropy()))
    assert sha(Pairs(x, (x[:, 0] > 0).astype(int)), network=one) == sha((x, (x[:, 0] > 0).astype(int)), network=one)


def test_a_run_is_resumed_on_what_gives_the_same_examples(tmp_path) -> None:
    whole, part = trainer(), trainer()
    whole.fit(Pairs(), 3)
    part.fit(Pairs(), 1, out=tmp_path / "run")
    resumed = lc.Trainer.resume(tmp_path / "run", backend="reference")
    resumed.fit(Pairs(), 3)
    assert resumed.session.state_sha256() == whole.session.state_sha256()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "list has no examples; give some"),
        ([{"image": 1, "label": 2}], r"list: example 0 is dict, must be a pair \(x, y\)"),
        ({0: (IMAGES[0], 1)}, "examples are dict, must be a data set, a pair"),
        (Pairs(IMAGES / 255.0), r"example 0 is float64, the network takes uint8 \(0 to 255\); convert it, or give"),
        (Pairs(IMAGES[:, :5]), r"example 0 has shape \(5, 6, 1\), the network takes \(6, 6, 1\); reshape it"),
        (Pairs(labels=LABELS + 0.5), r"example 0 has label \S+, must be a class number, 0 to 3"),
        (
            Pairs(labels=np.where(np.arange(53) == 20, 9, LABELS)),
            "example 20 has label 9, must be a class number, 0 to",
        ),
        (iter([(IMAGES[:5], LABELS[:4])]), r"item 0 has 5 examples, but labels \(4,\); give one for each"),
    ],
)
def test_what_does_not_fit_is_named(data, message: str) -> None:
    with pytest.raises(lc.DataError, match=message):
        trainer().fit(data, 1)
