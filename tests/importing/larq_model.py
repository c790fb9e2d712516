"""Writes larq_model.h5 and larq_model.npz: what Larq itself trained and computed. A script, run by hand:

    pip install larq==0.13.3 tensorflow-cpu==2.15.1 tf_keras==2.15.0
    TF_USE_LEGACY_KERAS=1 python tests/importing/larq_model.py DIGITS.npz

DIGITS.npz has `x`, uint8 (n, 8, 8, 1), and `y`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import larq
import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
KEPT = 60  # examples whose products and logits are written
BINARY = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}


def main(digits: str) -> None:
    tf.keras.utils.set_random_seed(0)
    given = np.load(digits)
    x, y = given["x"], given["y"]
    inputs = (2 * x.astype(np.float32) - 255) / 255
    model = tf.keras.Sequential(
        [
            larq.layers.QuantConv2D(8, 3, padding="same", input_shape=(8, 8, 1), name="stem", **BINARY),
            tf.keras.layers.BatchNormalization(scale=False, momentum=0.9, name="norm1"),
            larq.layers.QuantConv2D(16, 3, padding="same", input_quantizer="ste_sign", name="conv", **BINARY),
            tf.keras.layers.MaxPool2D(2, name="pool"),
            tf.keras.layers.BatchNormalization(momentum=0.9, name="norm2"),
            tf.keras.layers.Flatten(name="flatten"),
            larq.layers.QuantDense(32, input_quantizer="ste_sign", name="dense", **BINARY),
            tf.keras.layers.BatchNormalization(
                momentum=0.9, gamma_initializer=tf.keras.initializers.RandomNormal(0, 1, seed=1), name="norm3"
            ),
            larq.layers.QuantDense(10, input_quantizer="ste_sign", name="logits", **BINARY),
            tf.keras.layers.BatchNormalization(scale=False, momentum=0.9, name="norm4"),
        ]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(0.01), loss)
    model.fit(inputs[:-KEPT], y[:-KEPT], 50, 20, verbose=0)
    model.save_weights(HERE / "larq_model.h5")
    names = ["stem", "conv", "dense", "logits", "norm4"]
    parts = tf.keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    found = dict(zip(names, parts.predict(inputs[-KEPT:], verbose=0), strict=True))
    whole = {name: np.rint(found[name] * (255 if name == "stem" else 1)).astype(np.int16) for name in names[:-1]}
    np.savez_compressed(HERE / "larq_model.npz", x=x[-KEPT:], y=y[-KEPT:], output=found["norm4"], **whole)
    print(np.mean(found["norm4"].argmax(1) == y[-KEPT:]), model.get_layer("norm3").gamma.numpy()[:8])


if __name__ == "__main__":
    main(sys.argv[1])
