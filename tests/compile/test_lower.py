"""What a network becomes: the order of the backward pass, where weights are updated, what is fused, what is refused."""

from __future__ import annotations

import pytest
from networks import COMBINATIONS, NETWORKS, compiled

from linocut import Trainer, models
from linocut.compile.batch import MOST_BATCH
from linocut.compile.inference import compile_inference
from linocut.compile.lower import compile_network
from linocut.compile.program import Buffer, Instruction, Program
from linocut.errors import SpecError
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Flatten,
    Input,
    Network,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.optimizers import SGD, Adam
from linocut.policies import POLICIES, lean, standard, wang2021
from linocut.reproduce.tanh_network import tanh_network

UPDATES = {"adam", "sgd", "bop"}
FUSED = {f"weight_gradient_{name}" for name in UPDATES}


def names(program: Program, section: str) -> list[str]:
    """The instructions of a section."""
    span = program.section(section)
    return [i.op.name for i in program.instructions[span.begin : span.end]]


def written(program: Program, instruction: Instruction) -> dict[str, Buffer]:
    """The buffers that an instruction changes, by operand."""
    pairs = zip(instruction.op.signature.operands, instruction.operands, strict=True)
    return {o.name: program.buffers[i] for o, i in pairs if i is not None and o.writes}


def layer_of(buffer: Buffer) -> str:
    """`train.binary_dense2.dW` belongs to binary_dense2."""
    return buffer.name.removeprefix("train.").split(".")[0]


def updated(program: Program) -> list[tuple[int, str]]:
    """(instruction, layer) of every update of binary weights, in order."""
    found = []
    for number, instruction in enumerate(program.instructions):
        for operand, buffer in written(program, instruction).items():
            if operand in ("w", "weights") and buffer.role in ("W", "W^"):
                found.append((number, layer_of(buffer)))
    return found


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_every_weight_is_updated_once_last_layer_first(network: str, policy: str, optimizer: str) -> None:
    program = compiled(network, policy, optimizer).program
    dense = [n.name for n in NETWORKS[network].graph.nodes if isinstance(n.layer, BinaryDense)]
    assert [layer for _, layer in updated(program)] == dense[::-1]


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_each_layer_passes_its_gradient_on_and_is_then_updated_at_once(
    network: str, policy: str, optimizer: str
) -> None:
    """DX comes before dW, or it would be taken with new weights; and no layer below is touched before the update."""
    program = compiled(network, policy, optimizer).program
    number_of = {}
    for number, instruction in enumerate(program.instructions):
        if instruction.op.name == "input_gradient":
            number_of[layer_of(written(program, instruction)["dx"])] = number
    updates = updated(program)
    for number, layer in updates[:-1]:
        between = {i.op.name for i in program.instructions[number_of[layer] + 1 : number]}
        assert number_of[layer] < number
        assert between <= {"weight_gradient", "binarize"}
    assert updates[-1][1] == "binary_dense1" and "binary_dense1" not in number_of  # images need no gradient


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "bop"])
def test_under_lean_updates_are_fused_and_dw_is_never_a_buffer(optimizer: str) -> None:
    program = compiled("mlp", "lean", optimizer).program
    train = names(program, "train")
    assert train.count(f"weight_gradient_{optimizer}") == 5
    assert "weight_gradient" not in train
    assert not [b.name for b in program.buffers if b.role == "dW"]


@pytest.mark.parametrize("policy", ["standard", "wang2021"])
def test_floats_are_not_fused(policy: str) -> None:
    program = compiled("mlp", policy, "adam").program
    train = names(program, "train")
    assert not FUSED & set(train)
    assert train.count("weight_gradient") == 5
    assert {b.format for b in program.buffers if b.role == "dW"} == {POLICIES[policy].dW}


def test_dw_in_floats_is_no_buffer_where_sgd_moves_weights_at_once() -> None:
    program = compile_network(tanh_network(), standard, SGD(), 32).program
    train = names(program, "train")
    assert train.count("conv2d_weight_gradient_float_sgd") == 2 and "conv2d_weight_gradient" not in train
    assert not [b.name for b in program.buffers if b.role == "dW"]


@pytest.mark.parametrize(
    ("optimizer", "micro_batch"), [(Adam(), None), (SGD(clip_norm=1.0), None), (SGD(), 16)], ids=str
)
def test_dw_in_floats_is_a_buffer_where_more_than_one_step_of_sgd_needs_it(
    optimizer: Adam | SGD, micro_batch: int | None
) -> None:
    program = compile_network(tanh_network(), standard, optimizer, 32, micro_batch).program
    assert "conv2d_weight_gradient_float_sgd" not in names(program, "train")
    assert len([b for b in program.buffers if b.role == "dW" and len(b.shape) == 4]) >= 2


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_formats_are_the_policys(network: str, policy: str, optimizer: str) -> None:
    program, table = compiled(network, policy, optimizer).program, POLICIES[policy]
    formats = {role: {b.format for b in program.buffers if b.role == role} for role in ("W", "dY", "momenta", "Y")}
    assert formats["W"] == ({table.W} if optimizer != "bop" else set())
    assert formats["momenta"] == {table.momenta}
    gradients = [b for b in program.buffers if b.role == "dY" and b.format != "i32"]  # i32 is the exponent's
    wanted = {table.of_dy(b.shape[-1], dense=len(b.shape) == 2) for b in gradients}
    assert formats["dY"] - {"i32"} == wanted
    assert formats["Y"] <= ({"i16", "i32"} if table.integer else {table.Y})


def test_products_that_do_not_fit_16_bits_are_stored_in_32() -> None:
    program = compile_network(NETWORKS["wide"], lean, Adam(), 100, tile_bytes=None).program
    assert program.buffer("train.binary_dense1.Y").format == "i16"  # of 10 bytes, at most 2,550
    assert program.buffer("train.binary_dense2.Y").format == "i32"  # 33,000 signs
    assert program.buffer("train.binary_dense3.Y").format == "i16"
    assert compiled("mlp", "lean", "adam").program.buffer("train.binary_dense1.Y").format == "i32"  # of 784 bytes


def test_lean_keeps_one_buffer_for_x_and_the_next_input() -> None:
    program = compiled("mlp", "lean", "adam").program
    kept = program.index["train.sign1.X"]
    readers = {i.op.name for i in program.instructions if kept in i.operands}
    assert readers == {
        "norm_sign",
        "binary_matmul",
        "norm_gradient_sums",
        "norm_gradient",
        "weight_gradient_adam",
    }


def test_lean_adam_has_no_second_moment() -> None:
    weights = [b.name for b in compiled("mlp", "lean", "adam").program.persistent() if b.role == "momenta"]
    assert weights == [f"binary_dense{n}.m" for n in (5, 4, 3, 2, 1)]
    assert len([b for b in compiled("mlp", "wang2021", "adam").program.persistent() if b.role == "momenta"]) == 10


def test_bop_stores_bits_and_no_latent_copy() -> None:
    for policy in POLICIES:
        program = compiled("mlp", policy, "bop").program
        weights = [b for b in program.persistent() if b.name.endswith(".weights")]
        assert {(b.role, b.format) for b in weights} == {("W^", "bit")}


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_predict_changes_only_metrics(network: str, policy: str, optimizer: str) -> None:
    program = compiled(network, policy, optimizer).program
    span = program.section("predict")
    changed = {
        buffer.name
        for instruction in program.instructions[span.begin : span.end]
        for buffer in written(program, instruction).values()
        if buffer.persistent
    }
    assert changed == {"loss", "counters"}


def test_without_training_there_is_only_predict_in_a_smaller_arena() -> None:
    small = compile_network(NETWORKS["mlp"], lean, Adam(), 100, sections=("predict",)).program
    assert [s.name for s in small.sections] == ["predict"]
    assert small.arena_bytes < compiled("mlp", "lean", "adam").program.arena_bytes
    with pytest.raises(SpecError, match="no section is called 'train'; there are predict"):
        small.section("train")


def test_salts_of_updates_differ() -> None:
    """Equal salts would give two layers the same dither."""
    for policy in POLICIES:
        program = compiled("deep", policy, "adam").program
        salts = [
            dict(zip(i.op.signature.attributes, i.attributes, strict=True))["salt"]
            for i in program.instructions
            if "salt" in i.op.signature.attributes
        ]
        assert sorted(salts) == list(range(26)), "they count the updates, whatever else there is beside them"


@pytest.mark.parametrize("batch", [0, -1, MOST_BATCH + 1, True, 2.5])
def test_batch_must_be_a_whole_number_in_range(batch: int) -> None:
    with pytest.raises(SpecError, match=f"batch size is {batch!r}, must be a whole number from 1 to 1,048,576"):
        compile_network(NETWORKS["shallow"], lean, Adam(), batch)


def test_a_batch_whose_sums_would_overflow_is_refused() -> None:
    with pytest.raises(SpecError, match=r"rows of u8 overflow the sum, at most 33,\d\d\d; use a smaller batch"):
        compile_network(models.mlp((4,), 2, ()), lean, Adam(), 40_000)
    compile_network(models.mlp((4,), 2, ()), wang2021, Adam(), 40_000)


def test_float_inputs_are_coded_as_bytes_for_integer_arithmetic_only() -> None:
    network = NETWORKS["floats"]
    assert "quantise_input" in names(compile_network(network, lean, Adam(), 4).program, "train")
    assert "quantise_input" not in names(compile_network(network, wang2021, Adam(), 4).program, "train")


def test_exponents_are_decided_by_as_many_products_as_a_gradient_sums() -> None:
    """Of a dense layer one for each output, of a convolution as many times the taps of its window."""
    layers = (
        *(Input((8, 8, 3)), BinaryConv2D(16), BatchNorm(), Sign(), BinaryConv2D(20), BatchNorm(), Sign()),
        *(Flatten(), BinaryDense(70), BatchNorm(), Sign(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    program = compile_network(Network("sums", layers), lean, Adam(), 6).program
    found = {
        program.buffers[i.operands[1] or 0].name: dict(zip(i.op.signature.attributes, i.attributes, strict=True))
        for i in program.instructions
        if i.op.name == "gradient_exponent"
    }
    assert {name.split(".")[1]: (each["products"], each["elements"]) for name, each in found.items()} == {
        "binary_dense2": (4, 6 * 70),
        "binary_dense1": (70, 6 * 8 * 8 * 20),
        "binary_conv2d2": (20 * 3 * 3, 6 * 8 * 8 * 16),
    }


def test_what_is_fed_is_held_until_it_was_read_and_no_longer() -> None:
    """In prediction the input's bytes are used again, behind the product that read them."""
    program = compile_inference(Trainer(models.cnv(), batch_size=4).inference_graph(), 4).program
    fed = program.buffer("input")
    again = [b for b in program.buffers if b is not fed and b.offset < fed.offset + fed.nbytes]
    assert any(b.offset + b.nbytes > fed.offset for b in again)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (("forwards",), "no section is called 'forwards'; .*did you mean forward"),
        ((), "sections are none, must be train"),
        (("backward",), "sections are backward, must be"),
        (("forward", "update"), "sections are forward, update, must be"),
        (("train", "forward"), "sections are train, forward, must be"),
    ],
)
def test_sections_that_make_no_step(sections: tuple[str, ...], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        compile_network(models.mlp(), lean, Adam(), 10, sections=sections)
