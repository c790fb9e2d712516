"""Recurrent networks on microcontrollers: multiplications of the paper, and frames of exported C counted by qemu."""

from __future__ import annotations

from dataclasses import replace

import pytest

import linocut as lc
from linocut.devices import frames
from linocut.devices.device import Device
from linocut.devices.table import load
from linocut.errors import SpecError
from linocut.layers import (
    GRU,
    LSTM,
    BlockCirculantDense,
    Dense,
    Input,
    Layer,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)
from linocut.report.estimate_table import by_node

STEPS = 6


def network(features: int, classes: int, *layers: Layer, pool: str = "mean") -> lc.Network:
    ends = SequencePool(pool), BlockCirculantDense(classes), SoftmaxCrossEntropy()
    return lc.Network("heard", (SequenceInput((STEPS, features)), *layers, *ends))


HEARD = network(5, 3, LSTM(32, 8, peepholes=True, projection=16), LSTM(16, 4))
GATED = network(24, 12, GRU(40, 8), pool="last")
# Instructions of one frame, gcc 12.2 -O2 under qemu: `counted` of benchmarks/microcontroller/counts.py with frame.c.
# The rates were fitted on other networks.
COUNTED = {
    "cortex-m0": (204_960, 195_640),
    "cortex-m3": (133_600, 107_840),
    "cortex-m4": (135_840, 108_960),
    "cortex-m7": (126_040, 96_320),
    "cortex-m55": (114_625, 89_937),
}


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("which", [0, 1])
def test_a_frame_takes_what_was_counted(name: str, which: int) -> None:
    found = lc.estimate((HEARD, GATED)[which], name)
    cycles = sum(row.cycles for row in found.rows) / STEPS
    assert cycles == pytest.approx(COUNTED[name][which], rel=0.08)
    assert found.frames == STEPS and found.frame_ms == pytest.approx(cycles / found.device.clock_hz * 1e3)
    assert lc.estimate((HEARD, GATED)[which], name, batch=3).total_ms == pytest.approx(3 * found.total_ms)


# Multiplications of a frame of google_lstm's first layer, as the paper's networks come to.
@pytest.mark.parametrize(
    ("block", "count"), [(1, 3_248_128), (2, 1_626_112), (4, 1_222_656), (8, 718_376), (16, 387_940)]
)
def test_multiplications_are_those_of_spectra_and_transforms(block: int, count: int) -> None:
    found = lc.estimate(lc.models.build("google_lstm", block=block), "cortex-m7")
    first = next(row for row in found.rows if row.name == "lstm1")
    assert found.frames == 300 and first.macs == 300 * count


def test_work_of_a_frame_by_hand() -> None:
    graph = frames.exported(HEARD.graph)
    coding, first, second, ends = (frames.work_of(node, graph) for node in graph.nodes[1:-1])
    assert coding == {"codes": 5, "steps": 1}
    # 5 features are a block of 8, and so are 8 of the 16 outputs; each gate has 4 blocks of cells, the projection 2.
    blocks, transforms = 4 * 4 * (1 + 2) + 2 * 4, 1 + 2 + 4 * 4 + 4 + 2
    assert first == {
        **{"spectra": 14 * blocks, "transforms": transforms, "butterflies": 12 * transforms},
        **{"functions": 5 * 32, "steps": 1},
    }
    assert second["spectra"] == 6 * 4 * 4 * (4 + 4) and second["transforms"] == 4 + 4 + 4 * 4
    assert ends == {"wide": 3 * 16, "quotients": 3, "steps": 2}
    gru = frames.work_of(frames.exported(GATED.graph).nodes[2], graph)
    assert gru["spectra"] == 14 * 3 * 5 * (3 + 5) and gru["transforms"] == 3 + 5 + 5 + 3 * 5
    assert gru["functions"] == 3 * 40
    rows = lc.estimate(HEARD, "cortex-m7").rows
    assert rows[1].macs == STEPS * (14 * blocks + 2 * transforms) and rows[3].macs == STEPS * 48


def test_sizes_are_those_of_the_exported_file(tmp_path) -> None:
    sizes = lc.export(lc.Trainer(HEARD, batch_size=2), "c", out=tmp_path, name="net").sizes
    found = lc.estimate(HEARD, "cortex-m4")
    assert (found.weight_bytes, found.peak_bytes) == (sizes["flash_bytes"], sizes["arena_bytes"])
    assert "a prediction of 6 frames, in 16 bits" in by_node(found) and "a frame: " in by_node(found)
    told = found.to_json()
    assert told["frame_macs"] == told["macs"] // 6 and told["unknown"] == []
    assert lc.estimate(lc.models.mlp(), "cortex-m4").to_json()["frames"] is None


def without_rates() -> Device:
    device = load("cortex-m7")
    return replace(
        device, name="mine", rates=tuple(one for one in device.rates if one[0] in ("words", "bytes", "floats"))
    )


CIRCULANT = lc.Network("round", (Input((8,)), BlockCirculantDense(8, 4), Dense(3), SoftmaxCrossEntropy()))


@pytest.mark.parametrize(
    ("given", "device", "says"),
    [
        (HEARD, "coral-usb", r"what transforms and states of lstm1 \(lstm\), lstm2 \(lstm\) take on it is not known"),
        (HEARD, "edgetpu-v1", "multiplies dense matrices"),
        (network(5, 3, LSTM(8, 4, bidirectional=True)), "cortex-m7", "lstm1.backward goes backwards"),
        (CIRCULANT, "cortex-m7", "round has circulant blocks and no recurrent layer, of which no C is exported"),
        (HEARD, without_rates(), "mine has no rates of recurrent networks, what they take on it is not known"),
    ],
)
def test_what_is_not_known_is_said(given: lc.Network, device: str | Device, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        lc.estimate(given, device)


def test_this_machine_says_which_laws_were_not_measured() -> None:
    (unknown,) = lc.estimate(HEARD, "this").unknown
    assert "circulant_product" in unknown and "lstm" in unknown and "middle law of their kind" in unknown
    assert lc.estimate(lc.models.mlp(hidden=(16,)), "this").unknown == ()
