"""Networks that are no chains: how they are described, what is refused and by which words, and that files hold them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from branched import NETWORKS

from linocut.errors import SpecError
from linocut.graph.place import Entry
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryConv2D,
    Concat,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.networks.toml_file import read_network

LOSS = SoftmaxCrossEntropy()
IMAGE = Input((6, 6, 3))
SIGNS = (IMAGE, BinaryConv2D(4), BatchNorm().named("norm"), Sign().named("signs"))
TAIL = (GlobalAveragePool(), Dense(3), LOSS)


def network(*entries: Entry) -> Network:
    return Network("own", entries)


def vectors(*entries: Entry) -> Network:
    """Entries between an input of vectors, called `in`, and a loss."""
    return network(Input((8,)).named("in"), *entries, LOSS)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    # --- order ---
    "a cycle of two": (
        lambda: vectors(Dense(8).after("b").named("a"), Dense(8).named("b"), Add().after("a", "b")),
        "a cycle: a reads b reads a; let no layer read what it takes part in giving",
    ),
    "a cycle of one": (lambda: vectors(Dense(8).after("a").named("a")), "a cycle: a reads a;"),
    "a longer cycle": (
        lambda: vectors(Dense(8).named("x"), Add().after("x", "c").named("a"), Tanh().named("b"), ReLU().named("c")),
        "a cycle: a reads c reads b reads a;",
    ),
    "a cycle through a residual": (
        lambda: vectors(Add().after("in", "r").named("a"), Residual((Dense(8),)).named("r")),
        "a cycle: a reads r reads a;",
    ),
    "a later layer": (
        lambda: vectors(Dense(8).named("a"), Add().after("a", "b"), Dense(8).after("a").named("b")),
        "add1 reads b, which comes after it; move b before add1",
    ),
    "an unknown name": (
        lambda: vectors(Dense(8).named("left"), Dense(8).after("lefd")),
        r"no layer before dense2 is called 'lefd'; there are in, left; did you mean left\?",
    ),
    "the layer's own automatic name": (lambda: vectors(Dense(8).after("dense1")), "a cycle: dense1 reads dense1"),
    # --- readers ---
    "an edge that nobody reads": (
        lambda: vectors(Dense(8).named("a"), Dense(3).after("in")),
        "no layer reads what a gives; name it in the after of one, or remove a",
    ),
    "products read twice": (
        lambda: network(
            *(*SIGNS, BinaryConv2D(4).named("p"), BatchNorm().named("a"), BatchNorm().after("p").named("b")),
            *(Add().after("a", "b"), *TAIL),
        ),
        "the products of p are read by a and b, only one layer can; put a batch_norm between them",
    ),
    # --- names ---
    "a name given twice": (
        lambda: vectors(Dense(8).named("a"), Dense(8).named("a")),
        "two layers are called a; give one of them another name",
    ),
    "a name that a later layer gets by itself": (
        lambda: vectors(Dense(8).named("dense2"), Dense(3)),
        "two layers are called dense2",
    ),
    "a name that an earlier layer got by itself": (
        lambda: vectors(Dense(8), Dense(3).named("dense1")),
        "two layers are called dense1",
    ),
    "a name within a residual": (
        lambda: vectors(Dense(8).named("a"), Residual((Dense(8).named("a"),)), Dense(3)),
        "two layers are called a",
    ),
    **{
        f"the name {name!r}": (
            lambda name=name: vectors(Dense(3).named(name)),  # type: ignore[misc]  # bound at once
            r"a layer is called .*; a name is letters, digits, _ and -, not a digit first",
        )
        for name in ("1st", "a b", "a.b", "-a", "é", "a\n")
    },
    # --- how many inputs ---
    "two inputs of a layer of one": (
        lambda: vectors(Dense(8).named("a"), Dense(3).after("in", "a")),
        "dense2 takes one input, not 2; join them with an add or a concat",
    ),
    "one input of a join": (
        lambda: vectors(Dense(8).named("a"), Add()),
        "add1 takes two inputs or more, not 1; name them in its after",
    ),
    "one named input of a join": (
        lambda: vectors(Dense(8).named("a"), Concat().after("a")),
        "concat1 takes two inputs or more, not 1",
    ),
    "two inputs of a residual": (
        lambda: vectors(Dense(8).named("a"), Residual((ReLU(),)).after("a", "in")),
        "residual1 takes one input, not 2",
    ),
    "two inputs of a loss": (
        lambda: network(Input((8,)).named("in"), Dense(3).named("a"), LOSS.after("a", "in")),
        "softmax_cross_entropy1 takes one input, not 2",
    ),
    # --- shapes and kinds ---
    "shapes that differ at an add": (
        lambda: vectors(Dense(8).named("a"), Dense(7).named("b"), Add().after("a", "b")),
        r"add1: inputs of \(8,\) and \(7,\) cannot be added; give them the same strides and filters",
    ),
    "heights that differ at a concat": (
        lambda: network(
            *(IMAGE, Conv2D(4).named("a"), Conv2D(4, stride=2).named("b"), Concat().after("a", "b"), *TAIL),
        ),
        r"concat1: inputs of \(6, 6, 4\) and \(3, 3, 4\) cannot stand side by side, all but their channels",
    ),
    "vectors beside images": (
        lambda: network(IMAGE, Conv2D(4).named("a"), GlobalAveragePool().named("b"), Concat().after("a", "b"), *TAIL),
        r"concat1: inputs of \(6, 6, 4\) and \(4,\) cannot stand side by side",
    ),
    "signs beside numbers": (
        lambda: network(*SIGNS, Tanh().after("norm").named("numbers"), Concat().after("signs", "numbers"), *TAIL),
        "concat1: cannot join signs with floats; put a sign behind each input, or none",
    ),
    "signs beside a norm": (
        lambda: network(*SIGNS, Concat().after("norm", "signs"), *TAIL),
        "concat1: cannot join signs with floats",
    ),
    "a sum of signs": (
        lambda: network(*SIGNS, Add().after("signs", "norm"), *TAIL),
        "add1 takes .*, not signs; signs go into a binary layer",
    ),
    "products side by side": (
        lambda: network(*SIGNS, BinaryConv2D(4).named("p"), Concat().after("signs", "p"), *TAIL),
        "concat1 takes .*, not products; put a batch_norm between them",
    ),
    "the input beside signs": (
        lambda: network(IMAGE.named("in"), *SIGNS[1:], Concat().after("in", "signs"), *TAIL),
        "concat1: cannot join signs with floats; put a sign behind each input, or none",
    ),
    "a maximum of the input": (
        lambda: network(IMAGE.named("in"), Conv2D(3).named("a"), MaxPool2D().after("in"), Add().after("a"), *TAIL),
        "max_pool2d1 takes .*, not the network's input",
    ),
    "a slice beyond the channels": (
        lambda: vectors(Dense(8), Slice(3, 6)),
        "slice1: takes channels 3 to 8, but its input has 8, 0 to 7",
    ),
    "an empty slice": (lambda: Slice(0, 0), "slice count is 0, must be a whole number, 1 or more"),
    "a slice before the first": (lambda: Slice(-1, 2), "slice begin is -1, must be a whole number, 0 or more"),
    "a layer behind the loss": (lambda: network(Input((8,)), Dense(3), LOSS, LOSS), "not a loss; a loss is the last"),
    "a loss that another reads": (
        lambda: network(Input((8,)), Dense(3), LOSS.named("first"), Tanh().after("first"), LOSS),
        "tanh1 takes .*, not a loss",
    ),
    "what is no layer": (lambda: network(Input((8,)), "dense", LOSS), "has 'dense' among its layers, which is none"),
    "an input wired": (
        lambda: network(Input((8,)).after("dense1"), Dense(3), LOSS),
        "a cycle: input1 reads dense1 reads input1",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_by_name(what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(SpecError, match=reason):
        make()


def test_edges_are_what_was_named() -> None:
    graph = NETWORKS["cell"].graph
    wiring = {node.name: tuple(edge.node for edge in node.inputs) for node in graph.nodes}
    assert wiring["sum3"] == ("body", "conv2d1", "stem")
    assert wiring["node7"] == ("node2", "node3", "wide", "node5", "node6")
    assert wiring["conv2d1"] == ("stem",) and wiring["max_pool2d1"] == ("binary_conv2d1",)
    assert [node.name for node in graph.readers("stem")] == ["node1", "conv2d1", "sum3"]
    assert graph.only_reader("stem") is None and graph.node("node7").output.shape == (5, 4, 88)
    with pytest.raises(SpecError, match=r"no layer of cell is called 'steem'; .*did you mean stem"):
        graph.node("steem")


def test_automatic_names_count_through_residuals_and_past_given_names() -> None:
    own = vectors(Dense(8), Residual((Dense(8).named("mine"), Residual((Dense(8),)))), Tanh(), Dense(3))
    assert [node.name for node in own.graph.nodes] == [
        *("in", "dense1", "mine", "dense3", "residual2", "residual1", "tanh1", "dense4", "softmax_cross_entropy1"),
    ]
    assert [edge.node for edge in own.graph.node("residual1").inputs] == ["residual2", "dense1"]


def test_layers_within_a_residual_can_be_read_from_outside() -> None:
    own = vectors(Dense(8), Residual((Tanh().named("inside"), Dense(8))), Add().after("residual1", "inside"))
    assert [edge.node for edge in own.graph.node("add1").inputs] == ["residual1", "inside"]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_wired_network_reads_back_from_its_dictionary(name: str) -> None:
    described = json.loads(json.dumps(NETWORKS[name].to_dict()))
    again = Network.from_dict(described)
    assert again == NETWORKS[name] and again.graph == NETWORKS[name].graph
    assert again.to_dict() == NETWORKS[name].to_dict()


def test_a_name_or_an_after_that_is_none_is_refused() -> None:
    def described(**wiring: object) -> dict[str, object]:
        return {"name": "own", "layers": [{"layer": "input", "shape": [8]}, {"layer": "dense", "units": 3, **wiring}]}

    with pytest.raises(SpecError, match="the name of a dense is 3, must be a text"):
        Network.from_dict(described(name=3))
    with pytest.raises(SpecError, match="a dense is after 3, must be a name, or a list of names"):
        Network.from_dict(described(after=3))
    with pytest.raises(SpecError, match=r"a dense is after \['a', 3\], must be a name, or a list of names"):
        Network.from_dict(described(after=["a", 3]))
    with pytest.raises(SpecError, match="has no setting 'befor'; there are units, bias, initial, name, after"):
        Network.from_dict(described(befor="a"))


TOML = """
name = "wired"
[[layers]]
layer = "conv2d"
filters = 4
bias = true
[[layers]]
layer = "batch_norm"
name = "stem"
[[layers]]
layer = "sign"
[[layers]]
layer = "binary_conv2d"
filters = 4
[[layers]]
layer = "batch_norm"
name = "body"
[[layers]]
layer = "tanh"
after = "stem"
name = "side"
[[layers]]
layer = "add"
after = ["body", "side", "stem"]
[[layers]]
layer = "residual"
body = [{layer = "relu", name = "inside"}, {layer = "conv2d", filters = 4}]
[[layers]]
layer = "concat"
after = ["residual1", "inside"]
[[layers]]
layer = "global_average_pool"
[[layers]]
layer = "dense"
units = "classes"
"""


def test_toml_with_names_and_afters(tmp_path: Path) -> None:
    path = tmp_path / "wired.toml"
    path.write_text(TOML, "utf-8")
    assert read_network(path, (6, 6, 3), 3) == Network(
        "wired",
        (
            *(
                IMAGE,
                Conv2D(4, bias=True),
                BatchNorm().named("stem"),
                Sign(),
                BinaryConv2D(4),
                BatchNorm().named("body"),
            ),
            *(Tanh().named("side").after("stem"), Add().after("body", "side", "stem")),
            *(Residual((ReLU().named("inside"), Conv2D(4))), Concat().after("residual1", "inside"), *TAIL),
        ),
    )
    path.write_text(TOML.replace('after = "stem"', 'after = "stme"'), "utf-8")
    with pytest.raises(SpecError, match=r"wired.toml: no layer before side is called 'stme'; .*did you mean stem"):
        read_network(path, (6, 6, 3), 3)


def test_deep_wiring_is_placed_and_refused_in_time() -> None:
    """A ladder has as many paths as there are subsets of its rungs."""
    rungs: list[Entry] = [Input((2,)).named("x0"), Dense(2).named("x1")]
    for number in range(2, 60):
        rungs.append(Add().after(f"x{number - 1}", f"x{number - 1}").named(f"x{number}"))
    assert len(network(*rungs, LOSS).graph.nodes) == 61
    cyclic = [rungs[0], Add().after("x0", "x59").named("x1"), *rungs[2:]]
    with pytest.raises(SpecError, match="a cycle: x1 reads x59 reads x58"):
        network(*cyclic, LOSS)
    missed = [*rungs[:2], Add().after("x1", "later").named("a"), *rungs[2:], Tanh().named("later")]
    missed.append(Add().after("later", "a").named("end"))
    with pytest.raises(SpecError, match="a reads later, which comes after it; move later before a"):
        network(*missed, LOSS)
    long = [Input((2,)), Add().after("input1", "last").named("a"), *(Tanh() for _ in range(990)), Tanh().named("last")]
    with pytest.raises(SpecError, match="a cycle: a reads last reads tanh990 reads"):
        network(*long, LOSS)
