"""Lowering: what layers and optimizers emit instructions to. The compiler implements it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from linocut.layers.parameters import Initial
from linocut.layers.shape import Shape
from linocut.policies import Policy

ZEROS = Initial()
# What measures look at: the gradient of a node's input, and where an estimator lets it by (a mask, a slope, or x).
GRADIENT, PASSED = "gradient", "passed"


@dataclass(frozen=True)
class Gradient:
    """The buffer of a gradient, and of its power-of-two exponent where its mantissas are integers."""

    buffer: int
    exponent: int | None = None


@dataclass(frozen=True)
class Lengths:
    """The buffer of how many steps each sequence of the batch has, int32 (batch,), of `steps` at most."""

    buffer: int
    steps: int


class Lowering(Protocol):
    """Collects the buffers and instructions of one program, section by section. Buffers are known by their numbers."""

    policy: Policy
    batch: int  # examples at a time
    micro_batches: int  # in a step
    training: bool  # whether this section trains
    control: int
    random: int
    loss: int
    counters: int
    micro: int | None
    lengths: Lengths | None  # where sequences of the input end, None where all have as many steps
    pruned: Mapping[str, bool]  # nodes of whose weights some are 0, and whether what they keep is joined to words
    unit: int | None  # the exponent of the loss's gradient, where float gradients are in units that follow it

    @property
    def real_X(self) -> str:
        """The format of float activations and their gradients in this section: of prediction in integer policies f32.

        So a training predicts as what it is saved or exported to does, to the bit; a step needs to keep less.
        """

    @property
    def latent(self) -> bool:
        """Whether binary weights have a latent copy, whose signs are used, or are the signs themselves."""

    def feeds_loss(self, node: str) -> bool:
        """Whether the loss reads what a node gives."""

    def learns(self, node: str) -> bool:
        """Whether the optimizer moves a node's parameters: not those of frozen ones."""

    def parameter(self, node: str, part: str) -> int:
        """The buffer of a parameter that a node declared."""

    def update(self, node: str, part: str, gradient: int, then: Callable[[], None] | None = None) -> None:
        """Emit the optimizer's step for a parameter, whose gradient a buffer holds; later, where updates wait.

        `then` emits what follows the step.
        """

    def memory(self, node: str, part: str, role: str, shape: Shape, form: str, initial: Initial = ZEROS) -> int:
        """A buffer of a node's that keeps its bytes between runs, at first zeros; the same in every section."""

    def mask(self, node: str, shape: Shape) -> int:
        """The bits of what is pruned of a node's weights (outputs, rows, columns, inputs), at first nothing."""

    def transient(self, name: str, role: str, shape: Shape, form: str) -> int:
        """A buffer that lives from its first to its last use."""

    def gradient(
        self, name: str, role: str, shape: Shape, form: str | None = None, over: int | None = None
    ) -> Gradient:
        """A gradient, in the policy's format of its role unless given; its mantissas have an exponent if integers.

        It takes the bytes of `over`, a buffer that nothing reads any more, where that has its format.
        """

    def external(self, name: str, role: str, shape: Shape, form: str) -> int:
        """A buffer that the session's user fills before a run; the same one in every section."""

    def output(self, buffer: int, name: str) -> None:
        """Call a buffer SECTION.name, and keep it to the section's end for the user to read."""

    def view(self, buffer: int, name: str, shape: Shape, role: str | None = None) -> int:
        """The same bytes under another shape, and another role if given."""

    def watched(self, node: str, what: str, buffer: int, exponent: int | None = None) -> None:
        """Say which buffer holds what measures look at while a step runs: a node's GRADIENT, or what PASSED it."""

    def shape(self, buffer: int) -> Shape:
        """The shape of a buffer, the batch first."""

    def form(self, buffer: int) -> str:
        """The format of a buffer."""

    def role(self, buffer: int) -> str:
        """The role of a buffer."""

    def emit(self, op: str, operands: Mapping[str, int | None], attributes: Mapping[str, float] | None = None) -> None:
        """Append an instruction; operands and attributes by the names of its signature, absent where not given."""

    def salt(self) -> float:
        """How many dithered instructions come before: it makes the dither of the next its own."""

    def on_backward(self, step: Callable[[], None]) -> None:
        """Register the backward step of what was just lowered."""
