"""What each step of a run is given: its learning rate, its examples and their changes, against formulas of their own.

Runs that are compared with each other agree however wrong they are; here every number is formed anew.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_training import STEPS, examples, trainer

from linocut.data import Augmentation
from linocut.run.feed import Feed
from linocut.schedules import Constant, Cosine, Plateau, Step
from linocut.train import EpochEnded, Stepped

EPOCHS, BATCH, SEED = 2, 10, 3
TOTAL = EPOCHS * STEPS
BASE = 0.02
MASK = 2**64 - 1


def rates_of(schedule, validation=None, epochs=EPOCHS):
    """The rate that the arena held in each step."""
    one, found = trainer(schedule=schedule), []

    def note(event):
        if isinstance(event, Stepped):
            found.append(float(one.session.array("control")[0]))

    one.fit(examples(), epochs, validation, callbacks=[note])
    return found


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Constant(), [BASE] * TOTAL),
        (Step(every=1, gamma=0.25), [BASE] * STEPS + [BASE / 4] * STEPS),
        (Cosine(), [BASE * math.cos(math.pi * step / TOTAL / 2) ** 2 for step in range(TOTAL)]),
    ],
)
def test_the_rate_of_every_step_of_two_epochs(schedule, expected):
    assert rates_of(schedule) == pytest.approx(expected, rel=1e-11, abs=0)


def test_the_rate_of_every_step_of_a_run_that_goes_on():
    """From its first step in another call, and of three epochs where two were done."""
    one, found = trainer(schedule=Step(every=1, gamma=0.5)), []
    for epochs in (1, 3):
        one.fit(examples(), epochs, callbacks=[lambda e: isinstance(e, Stepped) and found.append(rate(one))])
    assert found == pytest.approx([BASE * 0.5**epoch for epoch in range(3) for _ in range(STEPS)], rel=1e-11)


def rate(one):
    return float(one.session.array("control")[0])


def factors_of(losses, gamma=0.5, patience=1, threshold=0.01):
    """What plateau multiplies the rate by in each epoch, and after the last."""
    best, waited, factors = math.inf, 0, [1.0]
    for loss in losses:
        waited = 0 if loss < (1 - threshold) * best else waited + 1
        best = loss if waited == 0 else best
        factors.append(factors[-1] * gamma if waited > patience else factors[-1])
        waited = 0 if waited > patience else waited
    return factors


@pytest.mark.parametrize("validated", [True, False])
def test_plateau_watches_the_loss_of_validation_else_of_training(validated):
    """Validation is of labels turned about, whose loss rises as that of training falls."""
    images, labels = examples(1)
    validation = (images, (labels + 1) % 4)
    one, losses, validations, factors = trainer(schedule=Plateau(0.5, 1, 0.01)), [], [], []

    def note(event):
        if isinstance(event, Stepped) and event.step == 1:
            factors.append(rate(one) / BASE)
        if isinstance(event, EpochEnded):
            losses.append(event.loss)
            validations.append(one.evaluate(validation).loss)

    one.fit(examples(), 6, validation if validated else None, callbacks=[note])
    assert factors_of(losses)[:6] != factors_of(validations)[:6]
    assert factors == factors_of(validations if validated else losses)[:6]


def splitmix64(state, count):
    """The published generator."""
    out = []
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & MASK
        word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        word = (word ^ word >> 27) * 0x94D049BB133111EB & MASK
        out.append(word ^ word >> 31)
    return out


def pcg64(*entropy, count=1):
    return np.random.PCG64(np.random.SeedSequence(entropy)).random_raw(count)


def order_of(epoch, count):
    """Examples by their numbers of NumPy's generator, but for as many low bits as the count has."""
    low = 2 ** count.bit_length()
    keys = [int(key) // low * low + index for index, key in enumerate(pcg64(SEED, epoch, count=count))]
    return sorted(range(count), key=keys.__getitem__)


def changed(image, index, epoch, most):
    """The example of that number as the epoch sees it: moved by up to `most` pixels, and mirrored or not."""
    key = int(pcg64(SEED, epoch, 1)[0])
    down, across, mirror = splitmix64(splitmix64(key, index + 1)[index], 3)
    y, x = ((draw >> 32) * (2 * most + 1) // 2**32 - most for draw in (down, across))
    source = image[:, ::-1] if mirror >> 63 else image
    moved = np.full_like(image, 127)
    height, width, _ = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row - y < height and 0 <= column - x < width:
                moved[row, column] = source[row - y, column - x]
    return moved


@pytest.mark.parametrize("micro_batch", [None, 5])
def test_every_epoch_has_an_order_and_changes_of_its_own(monkeypatch, micro_batch):
    images, labels = examples()
    seen, seen_labels, put = [], [], Feed.put

    def note(self, given, truth):
        seen.extend(given.copy())
        seen_labels.extend(truth.tolist())
        put(self, given, truth)

    monkeypatch.setattr(Feed, "put", note)
    one = trainer(augment=Augmentation(0.35, True), micro_batch=micro_batch)
    one.fit((images, labels), EPOCHS)
    expected, numbers = [], []
    for epoch in range(EPOCHS):
        chosen = order_of(epoch, len(images))[: STEPS * BATCH]
        numbers += chosen
        expected += [changed(images[index], index, epoch, 2) for index in chosen]
    assert seen_labels == labels[numbers].tolist()
    assert np.array_equal(seen, expected)
    first, second = (dict(zip(numbers[e * 50 :][:50], expected[e * 50 :][:50], strict=True)) for e in range(EPOCHS))
    assert sum(not np.array_equal(first[i], second[i]) for i in first.keys() & second.keys()) > 40
