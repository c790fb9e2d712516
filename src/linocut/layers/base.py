"""What a layer is: a frozen description that checks shapes, counts its cost and lowers itself to instructions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut.errors import SpecError
from linocut.layers.kinds import BITS, INPUT, MENDS
from linocut.layers.shape import Shape as Shape  # what every layer needs beside its base
from linocut.settings_of import keep_plain

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.layers.operations import Operation
    from linocut.layers.parameters import Parameter
    from linocut.layers.values import Value
    from linocut.policies import Policy

_INPUT_BITS = {INPUT: 8, BITS: 1}
REAL_BITS = 32


@dataclass(frozen=True)
class Cost:
    """Parameters and multiply-accumulates of a layer for one example.

    `input_bits` is the width of what it multiplies, `weight_bits` that of its binary parameters. Of several bits
    `binary_macs` are those of the planes, input_bits weight_bits of them for each product.
    """

    binary_parameters: int = 0
    real_parameters: int = 0
    binary_macs: int = 0
    real_macs: int = 0
    input_bits: int | None = None
    weight_bits: int = 1

    @property
    def stored_bits(self) -> int:
        """What its parameters take in a model: `weight_bits` each, or 32."""
        return self.binary_parameters * self.weight_bits + self.real_parameters * REAL_BITS


def binary_cost(parameters: int, macs: int, kind: str) -> Cost:
    """The cost of a layer with binary weights, whose input is of some kind."""
    if kind == BITS:
        return Cost(binary_parameters=parameters, binary_macs=macs, input_bits=1)
    return Cost(binary_parameters=parameters, real_macs=macs, input_bits=_INPUT_BITS[kind])


@dataclass(frozen=True)
class Layer(ABC):
    """A layer of a network. `kind` is its name in files and tables, `takes` the kinds of values that it can be given.

    `forms_norms` says that it forms a batch norm's output itself, as it may want its signs only; others are given
    floats. A layer without a `lower` of its own can be counted and exported, but not trained.
    """

    kind: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]
    forms_norms: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Settings may be NumPy's scalars; SpecError for what they cannot be, where a layer checks them."""
        keep_plain(self)

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one example's output, given that of its input; SpecError where the input does not fit."""

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Emit the forward instructions of the node `name` and register its backward step; returns the output.

        SpecError of a layer that has none of its own.
        """
        raise SpecError(f"{name}: a {self.kind} cannot be trained or run, only counted and exported; replace it")

    def gives(self, kind: str) -> str:
        """The kind of its output, given that of its input: by default the same."""
        return kind

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Parameters and multiply-accumulates for one example of some shape and kind."""
        return Cost()

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """What it learns and keeps where it is the node called `node` and is given examples of this shape."""
        return ()

    def uses_sizes(self, policy: Policy) -> bool:
        """Whether the magnitudes of latent binary weights matter under a policy, and not their signs alone."""
        return False

    def refuses(self, kind: str) -> str:
        """Why it cannot be given a value of this kind, or ""."""
        return "" if kind in self.takes else f"takes {' or '.join(self.takes)}, not {kind}; {MENDS[kind]}"

    # --- of all inputs: layers that have several (Join) say more ---

    def refuses_count(self, count: int) -> str:
        """Why it cannot be given so many inputs, or ""."""
        return "" if count == 1 else f"takes one input, not {count}; join them with an add or a concat"

    def shape_of(self, shapes: Sequence[Shape]) -> Shape:
        """The shape of its output, given those of all its inputs."""
        return self.output_shape(shapes[0])

    def kind_of(self, kinds: Sequence[str]) -> str:
        """The kind of its output, given those of all its inputs."""
        return self.gives(kinds[0])

    def operation(self, shapes: Sequence[Shape]) -> Operation | None:
        """What it asks of a machine for one example, given the shapes of all its inputs.

        None where it asks nothing of its own: it names or moves values, or becomes part of the operation before it.
        """
        return None

    def lower_all(self, builder: Lowering, name: str, values: Sequence[Value]) -> Value:
        """`lower`, given all its inputs."""
        return self.lower(builder, name, values[0])

    # --- its place in a network that is more than a chain ---

    def named(self, name: str) -> Wired:
        """This layer under a name of its own, by which others can read it; SpecError for what is no name."""
        return Wired(self).named(name)

    def after(self, *sources: str) -> Wired:
        """This layer reading what the layers of these names give, not what stands before it."""
        return Wired(self).after(*sources)


@dataclass(frozen=True)
class Wired:
    """A layer with a name ("" for the one it gets by itself) and the names of what it reads (none: what is before it).

    As `Conv2D(64).after("stem").named("left")` makes it.
    """

    layer: Layer
    name: str = ""
    sources: tuple[str, ...] = ()

    def named(self, name: str) -> Wired:
        """The same under a name; SpecError for what is none."""
        if not isinstance(name, str):
            raise SpecError(f"the name of a {self.layer.kind} is {name!r}, must be a text, as in .named('left')")
        return replace(self, name=name)

    def after(self, *sources: str) -> Wired:
        """The same reading what these layers give; SpecError for what is no name."""
        for source in sources:
            if not isinstance(source, str):
                raise SpecError(
                    f"a {self.layer.kind} is after {source!r}, must be names, as in .after('left', 'right')"
                )
        return replace(self, sources=sources)
