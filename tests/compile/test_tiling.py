"""Tiling: which buffers are divided and in which order, how far the arena falls; the bits are in tests/run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from everything_divided import compile_divided

from linocut import models
from linocut.compile.draft import Draft, Pieces, row_step
from linocut.compile.lower import Compiled, compile_network
from linocut.compile.passes.channel_groups import group_channels
from linocut.compile.passes.image_tiles import tile_product
from linocut.compile.passes.tiling import lower_bound, tile
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Flatten,
    Input,
    MaxPool2D,
    Network,
    ReLU,
    Sign,
)
from linocut.layers import SoftmaxCrossEntropy as Loss
from linocut.ops import OP_BY_NAME
from linocut.optimizers import OPTIMIZERS, find_optimizer
from linocut.policies import Policy, lean, lean4, standard, wang2021

MIB = 2**20
SLACK = 1.03
SMALL = Network(
    "small",
    (
        *(Input((8, 8, 3)), BinaryConv2D(130), BatchNorm(), Sign(), BinaryConv2D(64), MaxPool2D(), BatchNorm(), Sign()),
        *(Flatten(), BinaryDense(5), BatchNorm(), Loss()),
    ),
)


def small(tile_bytes: int, optimizer: str = "adam", batch: int = 20) -> Program:
    """The small network under lean, everything in tiles."""
    return compile_divided(SMALL, find_optimizer(optimizer), batch, tile_bytes).program


def predicting(tile_bytes: int | None) -> Program:
    """Prediction by the small network, which the compiler tiles where that saves memory."""
    adam = find_optimizer("adam")
    return compile_network(SMALL, lean, adam, 20, sections=("predict",), tile_bytes=tile_bytes).program


def calls(program: Program, section: str, *names: str) -> list[Instruction]:
    """The instructions of these names in a section."""
    span = program.section(section)
    return [i for i in program.instructions[span.begin : span.end] if i.op.name in names]


def operand(program: Program, instruction: Instruction, name: str) -> Buffer:
    """An operand that is given."""
    index = instruction.operand(name)
    assert index is not None
    return program.buffers[index]


# --- products -------------------------------------------------------------------------------------


def test_a_product_that_only_a_pool_reads_is_made_some_images_at_a_time() -> None:
    program = small(32 * 1024)  # four images of Y, 8 x 8 x 64 in 16 bits
    steps = calls(program, "train", "conv2d", "max_pool")[3:]  # after three groups of the first layer
    assert [i.op.name for i in steps] == ["conv2d", "max_pool"] * 5
    tiles = {operand(program, i, "y" if i.op.name == "conv2d" else "x").name for i in steps}
    assert tiles == {"train.binary_conv2d2.Y.tile"}
    assert program.buffer("train.binary_conv2d2.Y.tile").shape == (4, 8, 8, 64)
    assert "train.binary_conv2d2.Y" not in program.index
    pooled = [operand(program, i, "y") for i in steps[1::2]]
    base = program.buffer("train.max_pool2d1.Y")
    assert [b.offset - base.offset for b in pooled] == [image * base.nbytes // 20 for image in range(0, 20, 4)]
    assert sum(b.nbytes for b in pooled) == base.nbytes


def test_a_last_tile_may_be_smaller() -> None:
    program = small(32 * 1024, batch=22)
    counts = [operand(program, i, "y").shape[0] for i in calls(program, "train", "max_pool")]
    assert counts == [4, 4, 4, 4, 4, 2]
    assert (
        operand(program, calls(program, "train", "conv2d")[-1], "y").base
        == program.index["train.binary_conv2d2.Y.tile"]
    )


def test_a_first_layer_is_made_a_group_of_channels_at_a_time() -> None:
    program = small(32 * 1024)
    for section, names in (("train", ("norm_statistics", "norm_sign")), ("predict", ("norm_sign",))):
        steps = calls(program, section, *names)[: 3 * len(names)]
        assert [i.op.name for i in steps] == list(names) * 3
        assert [i.attributes[-1] for i in steps] == [first for first in (0, 64, 128) for _ in names]
        assert [operand(program, i, "y").shape[-1] for i in steps[:: len(names)]] == [64, 64, 2]
    weights = [operand(program, i, "weights") for i in calls(program, "train", "conv2d")[:3]]
    assert [b.shape for b in weights] == [(64, 3, 3, 3), (64, 3, 3, 3), (2, 3, 3, 3)]
    assert sum(b.nbytes for b in weights) == program.buffer("train.binary_conv2d1.signs").nbytes


def test_a_word_of_channels_that_is_large_is_made_in_halves() -> None:
    """The first layer of CNV with Bop, 64 channels of 16 bits: its Y decides on the arena."""
    program = compile_network(models.build("cnv"), lean, find_optimizer("bop"), 100).program
    steps = calls(program, "train", "norm_sign")[:2]
    assert [(i.attributes[-1], operand(program, i, "y").shape[-1]) for i in steps] == [(0, 32), (32, 32)]
    assert operand(program, steps[0], "bits") == operand(program, steps[1], "bits")
    assert program.arena_bytes <= 14.5 * MIB


@pytest.mark.parametrize(("weights", "most"), [("q15", 55.0), ("q7", 42.0)])
def test_binarynet_under_lean4_fits_its_promise(weights: str, most: float) -> None:
    network, policy = models.build("binarynet", input_shape=(32, 32, 3), classes=10), lean4.replace(W=weights)
    program = compile_network(network, policy, find_optimizer("adam"), 100).program
    assert program.arena_bytes <= most * MIB and program.arena_bytes <= SLACK * program.lower_bound_bytes


def test_rows_of_odd_sizes_are_divided_where_their_bytes_are_aligned() -> None:
    """Seven pixels of three bytes: 64 images are the fewest whose bytes are a multiple of 64."""
    layers = (Input((7, 1, 3)), BinaryConv2D(64), MaxPool2D((2, 1)), BatchNorm(), Sign(), Flatten(), BinaryDense(3))
    network = Network("odd", (*layers, BatchNorm(), Loss()))
    program = compile_divided(network, find_optimizer("adam"), 200, 1024).program
    images = [operand(program, i, "x") for i in calls(program, "train", "conv2d")]
    assert [b.shape[0] for b in images] == [64, 64, 64, 8]
    assert row_step(program.buffer("input")) == 64


# --- gradients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weights_are_updated_before_the_gradient_behind_a_pool_is_made_again(optimizer: str) -> None:
    """The update takes all of dY, dX a tile of it at a time, with the signs as they were before the update."""
    program = small(8 * 1024, optimizer)
    steps = calls(program, "train", "max_pool_gradient", f"conv2d_weight_gradient_{optimizer}", "conv2d_input_gradient")
    names = [i.op.name for i in steps[:-1]]
    assert names == [
        *("max_pool_gradient", f"conv2d_weight_gradient_{optimizer}"),
        *["max_pool_gradient", "conv2d_input_gradient"] * 5,
    ]
    update, first = steps[1], steps[3]
    signs = operand(program, first, "weights")
    assert signs.name != "binary_conv2d2.weights" and not signs.persistent
    order = list(program.instructions)
    maker = next(
        i for i in order if program.index[signs.name] in i.written() and order.index(i) > order.index(steps[0])
    )
    assert maker.op.name == ("copy" if optimizer == "bop" else "binarize")
    assert order.index(maker) < order.index(update)


# --- one map after another ------------------------------------------------------------------------

STEM = Network(
    "stem",
    (
        *(Input((32, 32, 3)), Conv2D(64), BatchNorm(), ReLU(), MaxPool2D(3, 2), BatchNorm(), Sign()),
        *(BinaryConv2D(8), BatchNorm(), Sign(), Flatten(), BinaryDense(5), BatchNorm(), Loss()),
    ),
)


def test_a_pool_hands_the_place_of_its_map_over() -> None:
    """The map of a stem in floats, which is read from its end, and its gradient, which is written towards it."""
    whole, tiled = (
        compile_network(STEM, lean, find_optimizer("adam"), 20, tile_bytes=tile_bytes).program
        for tile_bytes in (None, 64 * 1024)
    )
    assert tiled.arena_bytes < 0.9 * whole.arena_bytes and tiled.arena_bytes <= SLACK * tiled.lower_bound_bytes
    for name, large, ascends in (("max_pool", "x", False), ("max_pool_gradient", "dx", True)):
        offsets = [operand(tiled, i, large).offset for i in calls(tiled, "train", name)]
        assert len(offsets) == 5 and offsets == sorted(offsets, reverse=not ascends)
    spans = []
    for step in calls(tiled, "train", "max_pool"):
        source, made = operand(tiled, step, "x"), operand(tiled, step, "y")
        spans.append((source.offset, source.offset + source.nbytes, made.offset, made.offset + made.nbytes))
    assert all(made >= end or stop <= begin for begin, end, made, stop in spans), "not over what it reads"
    assert min(made for *_, made, _ in spans) < max(end for _, end, *_ in spans), "but over what was read"


# --- who decides ----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [standard, wang2021], ids=lambda p: p.name)
def test_programs_in_floats_stay_as_they_are(policy: Policy) -> None:
    whole, tiled = (
        compile_network(SMALL, policy, find_optimizer("adam"), 20, tile_bytes=tile_bytes).program
        for tile_bytes in (None, 1024)
    )
    assert whole == tiled


def test_tiling_lowers_the_bound_or_is_not_done() -> None:
    whole = predicting(None)
    draft = Draft(whole.buffers, whole.instructions, whole.sections, {})
    assert lower_bound(tile(draft, 32 * 1024)) < 0.75 * lower_bound(draft)
    assert predicting(32 * 1024).arena_bytes < 0.75 * whole.arena_bytes
    assert tile(draft, 2**22) is draft and predicting(2**22) == whole, "what is smaller than a tile is left whole"


def test_only_a_pattern_that_is_known_is_divided() -> None:
    """Y read once more, by a second pool: no transformation would see to it."""
    whole = predicting(None)
    y = whole.index["predict.binary_conv2d2.Y"]
    pool = next(i for i in whole.instructions if i.operand("x") == y)
    more = replace(whole, instructions=(*whole.instructions, pool))
    for instructions, expected in ((whole.instructions, True), (more.instructions, False)):
        draft = Draft(whole.buffers, instructions, whole.sections, {})
        assert (tile_product(draft, y, 1024) is not None) == expected
        assert group_channels(draft, y, 1024) is None


def bound_of(model: str, optimizer: str, batch: int = 100) -> Compiled:
    return compile_network(
        models.build(model, input_shape=(32, 32, 3), classes=10), lean, find_optimizer(optimizer), batch
    )


@pytest.mark.parametrize(
    ("model", "optimizer", "most"),
    [("binarynet", "adam", 62.0), ("binarynet", "bop", 40.0), ("cnv", "adam", 18.5), ("cnv", "bop", 14.5)],
)
def test_lean_networks_fit_their_promise(model: str, optimizer: str, most: float) -> None:
    """What the README says: BinaryNet at batch 100 in less than 62 MiB with Adam and 40 MiB with Bop."""
    program = bound_of(model, optimizer).program
    assert program.arena_bytes <= most * MIB
    assert program.arena_bytes <= SLACK * program.lower_bound_bytes


@pytest.mark.parametrize("model", ["cnv", "binarynet", "resnete18", "bireal18"])
def test_the_arena_of_a_network_of_images_is_hardly_larger_than_it_must_be(model: str) -> None:
    program = bound_of(model, "adam").program
    assert program.lower_bound_bytes <= program.arena_bytes <= SLACK * program.lower_bound_bytes


# --- drafts ---------------------------------------------------------------------------------------


def test_sections_and_what_is_held_move_with_the_instructions() -> None:
    buffers = tuple(Buffer(name, "X", "bit", (4, 64), False) for name in "abc")
    copy = Instruction(OP_BY_NAME["copy"], (0, 1))
    sections = (Section("train", 0, 3), Section("predict", 3, 5))
    held = {0: (0, 0), 1: (2, 2), 2: (4, 4)}
    draft = Draft(buffers, (copy,) * 5, sections, held)
    longer = draft.replaced(1, [copy] * 4, 3, buffers)
    assert [(s.begin, s.end) for s in longer.sections] == [(0, 5), (5, 7)]
    assert longer.held == {0: (0, 0), 1: (1, 4), 2: (6, 6)}
    shorter = draft.replaced(3, [], 4, buffers)
    assert [(s.begin, s.end) for s in shorter.sections] == [(0, 3), (3, 4)]


def test_pieces_of_a_view_lie_within_its_base_and_are_made_once() -> None:
    buffers = (Buffer("a", "X", "bit", (8, 512), False), Buffer("v", "X", "bit", (4, 512), False, 256, base=0))
    pieces = Pieces(Draft(buffers, (), (), {}))
    part = pieces.rows(1, 1, 3)
    assert pieces.rows(1, 1, 3) == part == 2 and pieces.rows(1, 0, 4) == 1
    assert (pieces.buffers[part].base, pieces.buffers[part].offset, pieces.buffers[part].shape) == (0, 320, (2, 512))
    assert Draft(tuple(pieces.buffers), (), (), {}).own(part) == 0
