"""A training small enough for the reference interpreter: shared by the tests of this folder."""

import os
import signal

import numpy as np

import linocut as lc

STEPS = 5  # an epoch


def examples(seed=0, count=53):
    """Labelled noise with a bright corner that tells the class."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, count)
    images = generator.integers(0, 100, (count, 6, 6, 1)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[3 * (label // 2) :, 3 * (label % 2) :][:3, :3] += 150
    return images, labels


def network(hidden=(24,), **settings):
    return lc.models.mlp((6, 6, 1), 4, hidden, **settings)


def trainer(**settings):
    given = {"network": network(), "batch_size": 10, "backend": "reference", "optimizer": lc.Adam(0.02), "seed": 3}
    return lc.Trainer(**{**given, **settings})


def interrupt_at(step, number=signal.SIGINT):
    """A callback that sends a signal once, after the given step of the whole training, from 1."""

    def callback(event):
        if type(event).__name__ == "Stepped" and (event.epoch - 1) * event.steps + event.step == step:
            os.kill(os.getpid(), number)

    return callback


def lasting(history):
    """What of a history does not depend on the clock."""
    counted = [(e.saturated, e.dead_channels, e.warnings) for e in history]
    return [(e.epoch, e.loss, e.train_accuracy, e.accuracy, e.flip_ratio) for e in history], counted
