"""linocut blocks: sizes that fit a budget are trained, the best is named, and the command goes on where it was."""

import json
import math
from pathlib import Path

import pytest
from wav_files import tones

import linocut as lc
from linocut.cli import main
from linocut.errors import SpecError
from linocut.run.headline import ACCURACY, LOSS, Headline
from linocut.tune.block_costs import BlockBudget, cost_of
from linocut.tune.blocks import BlockTrial, best

SETTINGS = ("--policy", "standard", "--batch", 8, "--lr", 0.01, "--epochs", 2, "--threads", 1, "--out", "swept")


RECURRENT = """
[[layers]]
layer = "lstm"
units = 8
block = 4

[[layers]]
layer = "sequence_pool"

[[layers]]
layer = "block_circulant_dense"
units = "classes"
"""


def of_lines(out):
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def heard(elsewhere):
    """A folder of tones."""
    return ("--data", tones(Path("tones"), 15), *SETTINGS)


def test_sizes_that_fit_are_trained_and_the_best_is_named(heard, linocut):
    words = ("blocks", *heard, "--blocks", "1,8,16", "--budget", "20KiB")
    status, out, err = linocut(*words, "--json")
    *trials, found = of_lines(out)
    assert status == 0 and [one["event"] for one in trials] == ["block"] * 3 and found["event"] == "best"
    assert "above the budget" in trials[0]["reason"] and trials[0]["floats"] is None
    assert "block 8: epoch 2/2" in err and "block 1:" not in err
    tried = [one for one in trials if one["reason"] is None]
    assert [one["block"] for one in tried] == [8, 16]
    assert found["sixteen_bits"] == max(one["sixteen_bits"] for one in tried)
    assert found["command"].startswith(f"linocut train --block {found['block']} --model lstm --data ")
    assert main([*found["command"].split()[1:], "--threads", "1", "--out", "run"]) == 0
    linocut("info")  # takes away what training printed
    _, table, err = linocut(*words)
    assert "epoch" not in err  # all is kept, and nothing trained again
    assert f"blocks of {found['block']} do best within 20.00 KiB of weights in 16 bits" in table
    assert found["command"] in table.splitlines()
    status, _, err = linocut(*words, "--lr", 0.02)
    assert status == 2 and "holds a run of other settings" in err


def test_the_weights_are_those_of_the_file_in_16_bits(heard, linocut):
    linocut("blocks", *heard, "--blocks", 16)
    assert linocut("sixteen-bits", "swept/block-16", "--out", "small.safetensors")[0] == 0
    predictor = lc.load("small.safetensors")
    network = lc.networks.lstm(predictor.graph.input.shape, 2, block=16)
    assert predictor.graph.nbytes == cost_of(network).weight_bytes


def test_costs_are_those_of_the_page():
    """C-LSTM's first layer: 1,045,566 numbers at 8, and the published rates' order by block."""
    costs = {block: cost_of(lc.networks.google_lstm(block=block)) for block in (8, 16)}
    assert [one.numbers for one in costs.values()] == [1_045_566, 545_854]
    network = lc.networks.lstm((10, 39), block=8)
    by_hand = 4 * 16 * (5 + 8) * 14 + 8 * 16 * 14  # blocks of gates and projection, 14 multiplications each
    transforms = (5 + 8 + 16) * 2 + (4 * 16 + 8) * 2
    assert cost_of(network).multiplications == by_hand + transforms + math.ceil(640 / 10)
    timed = [cost_of(lc.networks.lstm((10, 39), block=block), "ku060").frame_s for block in (1, 8)]
    assert timed[0] > timed[1] > 0


TINY = """
name = "tiny"
kind = "fpga"
source = "none"
clock_hz = 100e6
family = "xcup"
dsp = 20
bram36 = 4
lut = 3000
"""


def test_a_device_that_is_too_small_says_what_is_missing(heard, linocut):
    Path("tiny.toml").write_text(TINY)
    status, out, err = linocut("blocks", *heard, "--budget", "5us@tiny.toml", "--blocks", "8,16")
    assert status == 2 and out == "" and "60 DSP where there are 20" in err and not Path("swept").exists()
    assert "give a larger budget or device, or fewer cells" in err and "--layer" not in err


def test_programs_are_told_of_every_size_where_none_fits(heard, linocut):
    status, out, err = linocut("blocks", *heard, "--budget", "1KiB", "--blocks", "8,16", "--json")
    *trials, found = of_lines(out)
    assert status == 2 and "no size of blocks can be trained" in err and err.count("\n") == 1
    assert [one["block"] for one in trials] == [8, 16] and all("above the budget" in one["reason"] for one in trials)
    assert found["event"] == "best" and found["block"] is None and found["command"] is None


def test_budgets_are_read_and_hold():
    network = cost_of(lc.networks.lstm((10, 39), block=8), "ku060")
    for text, other in (("18452B", "18451B"), ("13706mul", "13705mul"), ("1ms@ku060", "1ns@ku060")):
        assert BlockBudget.parse(text).holds(network) and not BlockBudget.parse(other).holds(network)
    for text, message in (
        ("5us", "must be a size, multiplications, or a time on an FPGA"),
        ("5us@cortex-m7", "is of kind microcontroller; name an FPGA"),
        ("0mul", "must be above 0"),
    ):
        with pytest.raises(SpecError, match=message):
            BlockBudget.parse(text)


def test_the_best_is_by_merit_then_by_bytes():
    cost = {block: cost_of(lc.networks.lstm((10, 39), block=block)) for block in (4, 8)}

    def trial(block, what, value):
        return BlockTrial(block, cost[block], None, Headline(what, 0.0), Headline(what, value))

    assert best([trial(4, ACCURACY, 0.9), trial(8, ACCURACY, 0.8), BlockTrial(2, None, "no")]).block == 4
    assert best([trial(4, ACCURACY, 0.9), trial(8, ACCURACY, 0.9)]).block == 8
    assert best([trial(4, LOSS, 0.2), trial(8, LOSS, 0.3)]).block == 4


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--blocks", "3,4"), "a block is 3, must be one of 1, 2, 4, 8, 16"),
        (("--budget", "1KiB"), "no size of blocks can be trained: block 1: "),
        (("--budget", "lots"), "budget is 'lots', must be a size"),
        (("--model", "mlp"), "mlp has no recurrent layers"),
        (("--validation", "2"), "validation is 2.0, must be a part of the training data above 0 and below 1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(heard, linocut, words, reason):
    status, out, err = linocut("blocks", *heard, *words)
    assert status == 2 and out == "" and reason in err.splitlines()[-1]
    assert not Path("swept").exists()


def test_a_recurrent_file_sees_sequences_of_a_folder_of_recordings(heard, linocut):
    Path("two.toml").write_text(RECURRENT)
    about = (*heard[:2], "--policy", "standard", "--batch", 4)
    for model in (("two.toml",), ("lstm", "--block", 8)):
        status, out, err = linocut("plan", "--model", *model, *about)
        assert status == 0, out + err
    status, out, err = linocut("train", "--model", "two.toml", "--block", 2, *heard, "--out", "two")
    assert status == 0, out + err
    assert linocut("eval", "two")[0] == 0
    assert "block = 2" in Path("two/config.toml").read_text()


def test_a_run_goes_on_in_the_blocks_that_it_has(heard, linocut):
    words = ("train", "--model", "lstm", "--block", 8, *heard, "--out", "run")
    assert linocut(*words)[0] == 0
    go_on = ("train", "--resume", "--out", "run", "--block")
    assert linocut(*go_on, 8)[0] == 0
    status, _, err = linocut(*go_on, 4)
    assert status != 0 and "network" in err and "mlp" not in err
