"""Made what lies here, once, with version 0.1 of linocut: python make.py; today's linocut must not run it.

NAME/, NAME.safetensors   a run that stands within its second epoch; models of version 2
known.npz                 NAME.images and NAME.outputs, which version 0.1 predicted; the run's examples
resumed.txt               SHA-256 of the state at the end of the run's third epoch
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

import linocut as lc
from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)

HERE = Path(__file__).parent
CLASSES, SHOWN, EXAMPLES, BATCH = 3, 5, 40, 10
POOLS = Network(
    "pools",
    (
        *(Input((6, 6, 2)), BinaryConv2D(5), MaxPool2D(), BatchNorm(), Sign()),
        *(BinaryConv2D(6), BatchNorm(), Sign(), MaxPool2D()),
        *(Flatten(), BinaryDense(CLASSES), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
NARROWS = (Sign(), BinaryConv2D(6, stride=2), BatchNorm()), (AveragePool2D(padding="same"), Conv2D(6, 1), BatchNorm())
RESIDUAL = Network(
    "residual",
    (
        *(Input((6, 6, 1)), Conv2D(4, 3), BatchNorm(), ReLU(), MaxPool2D(3, 2, "same"), BatchNorm()),
        *(Residual((Sign(), BinaryConv2D(4), BatchNorm())), Residual(*NARROWS), ReLU()),
        *(GlobalAveragePool(), Dense(CLASSES), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
FLOATS = lc.models.mlp((5, 4, 1), CLASSES, (9,), dtype="f32")
CASES = {
    "mlp": (lc.models.mlp((4, 4, 1), CLASSES, (9, 5)), "lean"),
    "pools": (POOLS, "lean"),
    "residual": (RESIDUAL, "lean"),
    "floats_standard": (FLOATS, "standard"),
    "floats_lean": (FLOATS, "lean"),
}


def examples(network, seed):
    """Noise that is brighter in every third value."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, CLASSES, EXAMPLES).astype(np.int32)
    images = generator.integers(0, 120, (EXAMPLES, *network.input.shape)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image.reshape(-1)[label::CLASSES] += 100
    return ((images / 127.5 - 1).astype(np.float32) if network.input.dtype == "f32" else images), labels


def kept_within_an_epoch(folder, to):
    """A callback that copies a run as it stands after the second step of its second epoch."""

    def callback(event):
        if (getattr(event, "epoch", 0), getattr(event, "step", 0)) == (2, 3):
            shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*lock*"))

    return callback


def outputs(predictor, images):
    """The logits of images, as many as the predictor's batch."""
    predictor.predict(images)
    return predictor._session.array("predict.logits").copy()


def main():
    known = {}
    for seed, (name, (network, policy)) in enumerate(CASES.items()):
        data = examples(network, seed)
        trainer = lc.Trainer(network, policy, lc.Adam(0.02), batch_size=BATCH, seed=seed, threads=1)
        with tempfile.TemporaryDirectory() as temporary:
            run, kept = Path(temporary) / "run", HERE / name
            callbacks = [kept_within_an_epoch(run, kept)] if name == "mlp" else []
            trainer.fit(data, 2, out=run, save_every=2, callbacks=callbacks)
            if name == "mlp":
                (kept / "log.jsonl").unlink()
                known |= {f"{name}.examples": data[0], f"{name}.labels": data[1]}
                shutil.copytree(kept, run, dirs_exist_ok=True)
                resumed = lc.Trainer.resume(run, threads=1)
                assert (resumed.progress.epoch, resumed.progress.step) == (1, 2)
                resumed.fit(data, 3)
                (HERE / "resumed.txt").write_text(resumed.session.state_sha256() + "\n")
                model = kept / "model.safetensors"
            else:
                model = HERE / f"{name}.safetensors"
                shutil.copy(run / "model.safetensors", model)
        predictor, images = lc.load(model, batch_size=SHOWN, threads=1), data[0][:SHOWN]
        known |= {f"{name}.images": images, f"{name}.outputs": outputs(predictor, images)}
    np.savez_compressed(HERE / "known.npz", **known)


if __name__ == "__main__":
    main()
