"""The benchmark that sets exported recurrent networks beside the judge: on recordings, and where an export is wrong."""

import importlib.util
import sys
from pathlib import Path

import pytest
from wav_files import tones

import linocut as lc
from linocut.layers import LSTM, BlockCirculantDense, Network, SequenceInput, SequencePool, SoftmaxCrossEntropy

HOME = Path(__file__).parents[2] / "benchmarks" / "recurrent_export.py"


@pytest.fixture
def benchmark(monkeypatch):
    """The module, which no folder of tests has on its path; its compilers do not optimise, which is quicker here."""
    found = importlib.util.spec_from_file_location("recurrent_export", HOME)
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, found.name, module)
    found.loader.exec_module(module)
    for name in ("C", "HLS"):
        plain = tuple(word.replace("-O2", "-O0") for word in getattr(module, name))
        monkeypatch.setattr(module, name, plain)
    return module


def test_all_ways_are_the_judges_on_every_frame_of_recordings(benchmark, tmp_path, monkeypatch):
    train, test = lc.data.load(str(tones(tmp_path / "tones", 12)), features="mfcc")
    layers = SequenceInput(train.shape), LSTM(8, 4, peepholes=True, projection=4), SequencePool()
    network = Network("tones", (*layers, BlockCirculantDense(2), SoftmaxCrossEntropy()))
    trainer = lc.Trainer(network, "standard", lc.Adam(0.02), 4, threads=1)
    trainer.fit(train, epochs=2)
    graph = lc.sixteen_bits(trainer.inference_graph()).graph
    sequences = benchmark.sequences_of(test)[:2]
    found = dict(benchmark.beside(graph, sequences, tmp_path))
    frames = sum(map(len, sequences))
    assert len(found) == 3 and all(one == benchmark.Beside(frames, frames) for one in found.values())
    wrong = benchmark.heard(graph, sequences, "native")
    wrong[3, 1] += 1
    for way in ("in_c", "in_hls"):
        monkeypatch.setattr(benchmark, way, lambda *_: wrong)
    assert [one.equal for _, one in benchmark.beside(graph, sequences, tmp_path)] == [frames, frames - 1, frames - 1]
