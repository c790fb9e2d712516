"""What predicts whether a binary network trains: pass share, gain of gradients, window of the estimator; five seeds.

    python benchmarks/trainability.py --data-dir DIR --out FILE.jsonl [--nets plain4,plain16,residual16] [--epochs 4]
                                      [--seeds 5] [--limit 10000] [--settings "clip 1,clip 2"] [--threads 1]
                                      [--lean]

Networks of dense layers of 64 units, binary weights, l2 norms and signs, on the first images of Fashion-MNIST, by
Adam 1e-3 in batches of 100. Each setting is an estimator: `clip` passes gradients where |x| <= window, `quadratic` by
1 - |x| / window, up to twice at 0; `gain` multiplies what is passed, so that the gain of gradients changes and nothing
else. The seeds of a setting are trained side by side, in one product. In PyTorch, as linocut's sign has one window.

With `--lean` also linocut's own: `plain16` under `standard`, `lean`, `lean` with the plain l1 norm (whose window is
0.8 standard deviations) and with the quadratic estimator.

A line of FILE.jsonl for each network and setting; what is there is not trained again. In the end a table, and the rank
correlation of each predictor with the accuracies, over the settings of a network.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

import linocut as lc
from linocut.layers import BatchNorm, BinaryDense, Flatten, Input, SoftmaxCrossEntropy
from linocut.layers import Sign as SignLayer

WIDTH, CLASSES, BATCH, RATE, TESTED = 64, 10, 100, 1e-3, 2000
EPSILON = 1e-5
PREDICTORS = ("passed", "gain", "window", "coherence", "agreement")


@dataclass(frozen=True)
class Estimator:
    """What the gradient of a sign is taken for."""

    form: str
    window: float
    gain: float = 1.0

    @property
    def name(self) -> str:
        """For a table."""
        return f"{self.form} {self.window:g}" + (f" times {self.gain:.3g}" if self.gain != 1.0 else "")

    def slope(self, x: torch.Tensor) -> torch.Tensor:
        """By which gradients are multiplied, of the shape of x."""
        inside = 1.0 - x.abs() / self.window
        if self.form == "clip":
            return self.gain * (inside >= 0).to(x.dtype)
        return self.gain * 2.0 * inside.clamp(min=0)


# chi of clip is its pass share, .683 at a window of 1 and .954 at 2: the same windows with a gain of 1, and beyond.
ONE, TWO = 0.6827, 0.9545
SETTINGS = (
    *(Estimator("clip", window) for window in (0.5, 0.8, 1.0, 1.5, 2.0, 3.0, math.inf)),
    *(Estimator("clip", 1.0, (chi / ONE) ** 0.5) for chi in (1.0, 1.4)),
    *(Estimator("clip", 2.0, (chi / TWO) ** 0.5) for chi in (ONE,)),
    *(Estimator("quadratic", window) for window in (1.0, 2.0, 3.0)),
)


class Sign(torch.autograd.Function):
    """+1 and -1, with the gradient of an estimator."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, estimator: Estimator) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.estimator = estimator
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradient * ctx.estimator.slope(ctx.saved_tensors[0]), None


class Binarised(torch.autograd.Function):
    """Signs of latent weights, whose gradient passes."""

    @staticmethod
    def forward(ctx: Any, w: torch.Tensor) -> torch.Tensor:
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


class Stack:
    """The networks of all seeds, side by side: weights (seeds, inputs, outputs), activations (seeds, batch, units)."""

    def __init__(self, net: str, estimator: Estimator, seeds: int) -> None:
        self.residual, self.estimator = net.startswith("residual"), estimator
        depth = int(net.removeprefix("residual").removeprefix("plain"))
        sizes = [784, *[WIDTH] * depth, CLASSES]
        generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
        self.weights, self.shifts = [], []
        for inputs, outputs in pairwise(sizes):
            drawn = [torch.randn(inputs, outputs, generator=one) * inputs**-0.5 for one in generators]
            self.weights.append(torch.stack(drawn).clamp_(-1, 1).requires_grad_())
            self.shifts.append(torch.zeros(seeds, 1, outputs, requires_grad=True))

    def parameters(self) -> list[torch.Tensor]:
        """All that learns."""
        return [*self.weights, *self.shifts]

    def logits(self, x: torch.Tensor, stats: list[Any] | None = None, seen: list[torch.Tensor] | None = None) -> Any:
        """(seeds, batch, classes) and the statistics of each norm, those of the batch unless given.

        `seen` gathers what goes into each sign.
        """
        found = []
        stream: torch.Tensor | None = None
        for at, (w, beta) in enumerate(zip(self.weights, self.shifts, strict=True)):
            y = torch.bmm(x, Binarised.apply(w))
            mean, variance = (y.mean(1, True), y.var(1, False, keepdim=True)) if stats is None else stats[at]
            found.append((mean.detach(), variance.detach()))
            z = (y - mean) * (variance + EPSILON).rsqrt() + beta
            if at == len(self.weights) - 1:
                return z, found
            stream = z if stream is None or not self.residual else stream + z
            if seen is not None:
                stream.retain_grad()
                seen.append(stream)
            x = Sign.apply(stream, self.estimator)
        raise AssertionError


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The sum over seeds of the mean over the batch: what one seed learns does not depend on the others."""
    flat = torch.nn.functional.cross_entropy(logits.reshape(-1, CLASSES), labels.reshape(-1), reduction="sum")
    return flat / labels.shape[1]


def at_the_start(stack: Stack, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> dict[str, float]:
    """Predictors, before a step, means over seeds and layers.

    `passed` is the share of gradients that is not 0 behind a sign, `gain` chi of a layer, the geometric mean,
    `coherence` E[g']^2 / E[g'^2] of slopes g', `agreement` the cosine of the gradients of weights of two batches.
    """
    gradients, passed, gains, coherence = [], [], [], []
    for images, labels in batches:
        seen: list[torch.Tensor] = []
        loss_of(stack.logits(images, seen=seen)[0], labels).backward()
        squares = [float((x.grad**2).mean()) for x in seen if x.grad is not None]
        gains.append((squares[0] / squares[-1]) ** (1 / max(1, len(squares) - 1)))
        slopes = [stack.estimator.slope(x.detach()) for x in seen]
        passed.append(np.mean([float((g > 0).float().mean()) for g in slopes]))
        coherence.append(np.mean([float(g.mean() ** 2 / (g**2).mean()) for g in slopes]))
        gradients.append([w.grad.clone() for w in stack.weights if w.grad is not None])
        for parameter in stack.parameters():
            parameter.grad = None
    cosines = [
        float(torch.nn.functional.cosine_similarity(a.flatten(1), b.flatten(1)).mean())
        for a, b in zip(gradients[0], gradients[1], strict=True)
    ]
    return {
        "passed": float(np.mean(passed)),
        "gain": float(np.mean(gains)),
        "coherence": float(np.mean(coherence)),
        "agreement": float(np.mean(cosines)),
    }


def orders(examples: int, seeds: int, epochs: int) -> Iterator[torch.Tensor]:
    """Indices (seeds, batch) of each step."""
    randoms = [np.random.default_rng(seed) for seed in range(seeds)]
    for _ in range(epochs):
        permuted = np.stack([random.permutation(examples) for random in randoms])
        for begin in range(0, examples - BATCH + 1, BATCH):
            yield torch.from_numpy(permuted[:, begin : begin + BATCH])


def tested(stack: Stack, x: torch.Tensor, test: tuple[torch.Tensor, torch.Tensor], seeds: int) -> list[float]:
    """Test accuracies in percent, by the norms' statistics over 2,000 training images."""
    with torch.no_grad():
        stats = stack.logits(x[:2000].expand(seeds, -1, -1))[1]
        right = torch.zeros(seeds)
        for images, labels in zip(test[0].split(1000), test[1].split(1000), strict=True):
            guess = stack.logits(images.expand(seeds, -1, -1), stats)[0].argmax(2)
            right += (guess == labels).sum(1)
    return [float(100 * one / len(test[1])) for one in right]


def trained(net: str, estimator: Estimator, data: Any, given: argparse.Namespace) -> dict[str, Any]:
    """A setting of all seeds: predictors and what it comes to."""
    (x, labels), test = data
    begin = time.perf_counter()
    stack = Stack(net, estimator, given.seeds)
    order = list(orders(len(x), given.seeds, given.epochs))
    start = at_the_start(stack, [(x[at], labels[at]) for at in order[:2]])
    optimizer = torch.optim.Adam(stack.parameters(), RATE)
    steps = len(order) // given.epochs
    right, flips, accuracies = torch.zeros(given.seeds), 0.0, []
    for step, at in enumerate(order, start=1):
        optimizer.zero_grad()
        logits, _ = stack.logits(x[at])
        loss_of(logits, labels[at]).backward()
        signs = [w.detach() >= 0 for w in stack.weights] if step % 20 == 1 else None
        optimizer.step()
        with torch.no_grad():
            for w in stack.weights:
                w.clamp_(-1, 1)
        right += (logits.argmax(2) == labels[at]).float().mean(1)
        if signs is not None and step <= steps:
            now = zip(signs, stack.weights, strict=True)
            flips += float(np.mean([float((a != (w >= 0)).float().mean()) for a, w in now])) / (-(-steps // 20))
        if step % steps == 0:
            accuracies.append([float(100 * one / steps) for one in right])
            right = torch.zeros(given.seeds)
    return {
        **{"net": net, "form": estimator.form, "window": min(estimator.window, 1e9), "times": estimator.gain},
        **{"turnover": flips, **start},
        **{"train": accuracies, "test": tested(stack, x, test, given.seeds), "seconds": time.perf_counter() - begin},
    }


OWN = {
    "standard": (lc.standard, "clip"),
    "lean": (lc.lean, "clip"),
    "lean, l1 norm": (lc.lean.replace(norm="l1"), "clip"),
    "lean, quadratic": (lc.lean, "quadratic"),
}


def own_trained(name: str, train: Any, test: Any, given: argparse.Namespace) -> dict[str, Any]:
    """The same of linocut, one seed after the other; passed and gain are of the first step."""
    policy, estimator = OWN[name]
    hidden = [layer for _ in range(16) for layer in (BinaryDense(WIDTH), BatchNorm(), SignLayer(estimator))]
    end = BinaryDense(CLASSES), BatchNorm(), SoftmaxCrossEntropy()
    network = lc.Network("plain16", (Input((28, 28, 1)), Flatten(), *hidden, *end))
    begin, curves, after, looked = time.perf_counter(), [], [], []
    for seed in range(given.seeds):
        trainer = lc.Trainer(network, policy, lc.Adam(RATE), BATCH, seed, given.threads)
        history = trainer.fit(train, given.epochs, dynamics=10**6)
        curves.append([100 * (one.train_accuracy or 0.0) for one in history])
        after.append(100 * (trainer.evaluate(test).accuracy or 0.0))
        looked.append(history[0].dynamics or ())
    passed = [one.passed for layers in looked for one in layers if one.passed is not None]
    gains = [one.chi for layers in looked for one in layers[1:-1] if one.chi]
    return {
        **{"net": "linocut", "setting": name, "passed": float(np.mean(passed))},
        **{"gain": float(np.exp(np.mean(np.log(gains)))), "train": np.transpose(curves).tolist(), "test": after},
        **{"seconds": time.perf_counter() - begin},
    }


def own_told(found: list[dict[str, Any]]) -> None:
    """Their table."""
    print("\n| linocut, plain16 | passed | gain | training, epoch 1 | test, end |")
    print("| --- " * 5 + "|")
    for one in (one for one in found if one["net"] == "linocut"):
        first, last = one["train"][0], one["test"]
        print(
            f"| {one['setting']} | {one['passed']:.3f} | {one['gain']:.3f} "
            f"| {np.mean(first):.1f} ± {np.std(first, ddof=1):.1f} | {np.mean(last):.1f} ± {np.std(last, ddof=1):.1f} |"
        )


def ranks(values: list[float]) -> np.ndarray:
    """From 0; equal values share their mean."""
    given = np.asarray(values)
    return np.array([(given < one).sum() + ((given == one).sum() - 1) / 2 for one in given])


def told(found: list[dict[str, Any]], net: str) -> None:
    """A table of a network's settings, and what its predictors are worth."""
    rows = sorted((one for one in found if one["net"] == net), key=lambda one: -np.mean(one["test"]))
    if len(rows) < 2:
        return
    epochs = len(rows[0]["train"])
    print(f"\n{net}, {len(rows[0]['test'])} seeds, {epochs} epochs: mean and standard deviation over seeds\n")
    print("| estimator | passed | gain | coherence | agreement | turnover | training, epoch 1 | test, end |")
    print("| --- " * 8 + "|")
    for one in rows:
        name = Estimator(one["form"], one["window"] if one["window"] < 1e9 else math.inf, one["times"]).name
        first, last = one["train"][0], one["test"]
        print(
            f"| {name} | {one['passed']:.3f} | {one['gain']:.3f} | {one['coherence']:.3f} | {one['agreement']:.3f} "
            f"| {one['turnover']:.1e} | {np.mean(first):.1f} ± {np.std(first, ddof=1):.1f} "
            f"| {np.mean(last):.1f} ± {np.std(last, ddof=1):.1f} |"
        )
    print("\n| predictor | rank correlation with training accuracy of epoch 1 | with test accuracy at the end |")
    print("| --- " * 3 + "|")
    for name in PREDICTORS:
        given = ranks([one[name] for one in rows])
        worth = [
            np.corrcoef(given, ranks([float(np.mean(values)) for values in outcome]))[0, 1]
            for outcome in ([one["train"][0] for one in rows], [one["test"] for one in rows])
        ]
        print(f"| {name} | {worth[0]:+.2f} | {worth[1]:+.2f} |")


def read(out: Path) -> list[dict[str, Any]]:
    """What was trained before."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def main() -> None:
    """Train what is not in the file, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--nets", default="plain16,residual16,plain4")
    parser.add_argument("--lean", action="store_true")
    parser.add_argument("--settings", type=lambda text: text.split(","))
    for name, default in (("--epochs", 4), ("--seeds", 5), ("--limit", 10_000), ("--threads", 1)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    train, test = lc.data.load("fashion-mnist", data_dir=given.data_dir)

    def tensors(dataset: Any) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = np.empty((len(dataset), 28, 28, 1), np.uint8), np.empty(len(dataset), np.int32)
        dataset.read(np.arange(len(dataset)), images, labels)
        pixels = torch.from_numpy(images.reshape(len(dataset), -1).astype(np.float32))
        return pixels * 2 / 255 - 1, torch.from_numpy(labels.astype(np.int64))

    data = tensors(lc.data.take(train, given.limit)), tensors(lc.data.take(test, TESTED))
    found = read(given.out)
    for estimator in (one for one in SETTINGS if given.settings is None or one.name in given.settings):
        for net in given.nets.split(","):
            key = net, estimator.form, min(estimator.window, 1e9), estimator.gain
            if key in {(one["net"], one["form"], one["window"], one["times"]) for one in found if "form" in one}:
                continue
            one = trained(net, estimator, data, given)
            found.append(one)
            with given.out.open("a") as file:
                file.write(json.dumps(one) + "\n")
            print(f"{net}, {estimator.name}: {np.mean(one['test']):.2f}%, {one['seconds']:.0f} s", flush=True)
    for name in OWN if given.lean else ():
        if name not in {one.get("setting") for one in found}:
            own = own_trained(name, lc.data.take(train, given.limit), lc.data.take(test, TESTED), given)
            found.append(own)
            with given.out.open("a") as file:
                file.write(json.dumps(own) + "\n")
    for net in given.nets.split(","):
        told(found, net)
    if given.lean:
        own_told(found)


if __name__ == "__main__":
    main()
