"""Networks that train with pruned layers: the same bits on both sides, and exactly kept in files."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.errors import RunError, SpecError
from linocut.export import packed
from linocut.export.packed import PackedModel
from linocut.graph.inference import PrunedProduct
from linocut.graph.prune import MASKS
from linocut.ops.bits import Array
from linocut.train.pruned import kept_words

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.integers(0, 256, (48, 6, 6, 2)).astype(np.uint8), RNG.integers(0, 3, 48)


def _network(*, paired: bool) -> lc.Network:
    layers = lc.layers
    conv = layers.BinaryComplexConv2D if paired else layers.BinaryConv2D
    dense = layers.BinaryComplexDense if paired else layers.BinaryDense
    return lc.Network(
        "pruned",
        (
            layers.Input((6, 6, 2)),
            *(conv(8, 3), layers.BatchNorm(), layers.Sign()),
            *(conv(36, 3), layers.BatchNorm(), layers.Sign()),
            *(conv(6, 3, stride=2), layers.BatchNorm(), layers.Sign(), layers.Flatten()),
            *(dense(10), layers.BatchNorm(), layers.Sign()),
            *(layers.BinaryDense(3), layers.BatchNorm(), layers.SoftmaxCrossEntropy()),
        ),
    )


def _trainer(by: str, *, paired: bool, policy: str = "lean", backend: str = "native", ramp: int = 1) -> lc.Trainer:
    pruning = lc.Pruning(3.0, by, ramp=ramp)
    return lc.Trainer(_network(paired=paired), policy, batch_size=16, threads=2, prune=pruning, backend=backend)


def _state(trainer: lc.Trainer) -> dict[str, Array]:
    return {**trainer.state, **trainer.state.moments, **trainer.state.masks}


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("by", MASKS)
def test_trains_to_the_bits_of_the_reference(by: str, paired: bool) -> None:
    native, reference = (_trainer(by, paired=paired, backend=backend) for backend in ("native", "reference"))
    for trainer in (native, reference):
        trainer.fit((IMAGES, LABELS), 2)
    assert all(np.array_equal(_state(native)[name], array) for name, array in _state(reference).items())
    kept = kept_words(native)
    assert 2.5 < sum(one.of_weights for one in kept) / sum(one.weights for one in kept) < 3.1


@pytest.mark.parametrize(("by", "paired"), [("word", False), ("column", True), ("kernel", True), ("block", False)])
def test_predicts_as_it_was_trained(by: str, paired: bool, tmp_path: Path) -> None:
    trainer = _trainer(by, paired=paired)
    trainer.fit((IMAGES, LABELS), 2, out=tmp_path / "run")
    wanted = trainer.predict(IMAGES).outputs
    graph = trainer.inference_graph()
    assert sum(isinstance(node, PrunedProduct) for node in graph.nodes) == 3
    for backend in ("native", "reference"):
        assert np.array_equal(lc.Predictor(graph, batch_size=5, backend=backend).predict(IMAGES).outputs, wanted)
    assert np.array_equal(lc.load(tmp_path / "run").predict(IMAGES).outputs, wanted)
    for node in graph.nodes:
        if isinstance(node, PrunedProduct):
            rows = np.tile(
                trainer.state.masks[node.name], (len(node.ends) // len(trainer.state.masks[node.name]), 1, 1, 1)
            )
            assert np.array_equal(node.ternary() == 0, rows.reshape(node.ternary().shape))


def test_goes_on_in_the_same_bits(tmp_path: Path) -> None:
    whole, parts = (_trainer("word", paired=False, ramp=2) for _ in range(2))
    whole.fit((IMAGES, LABELS), 4)
    parts.fit((IMAGES, LABELS), 1, out=tmp_path / "run")
    again = lc.Trainer.resume(tmp_path / "run", threads=1)
    assert again.settings.pruning == lc.Pruning(3.0, "word", ramp=2)
    again.fit((IMAGES, LABELS), 4)
    assert all(np.array_equal(_state(again)[name], array) for name, array in _state(whole).items())


def test_masks_stay_behind_the_ramp() -> None:
    trainer = _trainer("block", paired=False)
    found = []
    for epochs in (1, 2, 3, 4):
        trainer.fit((IMAGES, LABELS), epochs)
        found.append(trainer.state.masks)
    assert not any(mask.any() for mask in found[0].values())  # the rate begins at 1
    assert all(np.array_equal(found[1][name], mask) for name, mask in found[3].items())


def test_prune_goes_on_from_a_run(tmp_path: Path) -> None:
    whole = lc.Trainer(_network(paired=True), batch_size=16, threads=2)
    whole.fit((IMAGES, LABELS), 1, out=tmp_path / "run")
    pruned = lc.prune(tmp_path / "run", 3.0, "word", threads=2)
    assert all(np.array_equal(pruned.state[name], array) for name, array in whole.state.items())
    assert sum(int(mask.sum()) for mask in pruned.state.masks.values()) > 0
    pruned.fit((IMAGES, LABELS), 1, out=tmp_path / "pruned")
    narrow = lc.prune(whole, 3.0, "channel")
    assert [narrow.state.shape(f"binary_complex_conv2d{n}.weights")[0] for n in (1, 2, 3)] == [5, 21, 3]
    narrow.fit((IMAGES, LABELS), 1)
    with pytest.raises(RunError, match="pruned 3 times by word already"):
        lc.prune(tmp_path / "pruned", 3.0, "channel")
    with pytest.raises(RunError, match="many of its weights count for nothing"):
        lc.Trainer(_network(paired=True), batch_size=16).start_from(tmp_path / "pruned")


def test_what_has_no_latent_weights_is_refused() -> None:
    with pytest.raises(SpecError, match="which bop has not"):
        lc.Trainer(_network(paired=False), optimizer="bop", batch_size=16, prune=lc.Pruning(3.0, "word"))


def test_damaged_lists_are_refused(tmp_path: Path) -> None:
    trainer = _trainer("word", paired=False, ramp=0)
    trainer.fit((IMAGES, LABELS), 1)
    graph = trainer.inference_graph()
    node = next(node for node in graph.nodes if isinstance(node, PrunedProduct))
    damaged = {
        "places": node.places + np.int32(1000),
        "ends": node.ends[::-1].copy(),
        "lanes": ~node.lanes,
        "signs": ~node.signs,
    }
    for part, array in damaged.items():
        changed: dict[str, Array] = {part: array}
        other = dataclasses.replace(node, **changed)
        nodes = tuple(other if one is node else one for one in graph.nodes)
        packed.save(tmp_path / "model.safetensors", PackedModel(dataclasses.replace(graph, nodes=nodes)))
        with pytest.raises(RunError, match="it is damaged"):
            packed.read(tmp_path / "model.safetensors")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
@pytest.mark.parametrize("by", ["column", "word"])
def test_exported_c_computes_the_same(by: str, tmp_path: Path) -> None:
    trainer = _trainer(by, paired=False)
    trainer.fit((IMAGES, LABELS), 2, out=tmp_path / "run")
    lc.export(tmp_path / "run", to="c", out=tmp_path / "c")
    command = "gcc -std=c99 -Wall -Wextra -Wconversion -Werror -O1 -ffp-contract=off pruned.c pruned_test.c -lm -o all"
    subprocess.run(command.split(), cwd=tmp_path / "c", check=True)
    done = subprocess.run(["./all"], cwd=tmp_path / "c", check=True, capture_output=True, text=True)
    assert "8 of 8 examples agree" in done.stdout


def test_formats_without_zeros_say_so(tmp_path: Path) -> None:
    trainer = _trainer("word", paired=False, ramp=0)
    trainer.fit((IMAGES, LABELS), 1, out=tmp_path / "run")
    with pytest.raises(SpecError, match="ONNX has no form for binary weights of which some are 0"):
        lc.export(tmp_path / "run", to="onnx", out=tmp_path / "model.onnx")
