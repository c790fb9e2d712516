"""The builder.

What layers and optimizers lower themselves to (layers/lowering.py). It collects buffers and instructions, section by
section.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from linocut import roles
from linocut.compile.passes.fuse import fuse_updates
from linocut.compile.recorder import Recorder
from linocut.compile.storage import storage_of
from linocut.graph.graph import Graph
from linocut.graph.state import PRUNED, Layout, Place, buffer_of, memory_buffer, moment_buffer, moment_part
from linocut.layers.lowering import ZEROS, Lengths
from linocut.layers.parameters import Initial, Parameter
from linocut.layers.shape import Shape
from linocut.layers.values import Gradient
from linocut.optimizers.base import Optimizer, Target
from linocut.policies import Policy

MICRO = "micro"  # the buffer that says where in its step a micro-batch stands
MANTISSAS = ("i16", "i8", "i4")  # formats of gradients that need an exponent


@dataclass(frozen=True)
class _Update:
    """A step of the optimizer for a parameter by a gradient, and what follows it."""

    parameter: Parameter
    gradient: int
    then: Callable[[], None] | None


@dataclass(kw_only=True)
class Builder(Recorder):
    """Collects one program; `section` begins a section, `finish` ends the last one.

    `batch` are the examples that it runs over at a time; a step is `micro_batches` of them, and the buffer `micro` says
    where in its step each stands (None where a step is one).
    """

    graph: Graph
    policy: Policy
    optimizer: Optimizer
    batch: int
    micro_batches: int = 1
    frozen: frozenset[str] = frozenset()
    pruned: Mapping[str, bool] = field(default_factory=dict)
    initial: dict[str, Initial] = field(default_factory=dict)
    training: bool = True
    updates_wait: bool = False  # for all gradients, or for a section of their own
    unit: int | None = None
    lengths: Lengths | None = None
    _predicts: bool = False  # whether the section is a prediction's; in those that train, so are frozen layers alone
    watching: dict[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)
    _tape: list[Callable[[], None]] = field(default_factory=list)
    _updates: list[_Update] = field(default_factory=list)
    _salts: int = 0

    def __post_init__(self) -> None:
        self.layout = Layout(self.graph.name)
        self.control = self.persistent("control", roles.CONTROL, (4,), "f64")
        self.random = self.persistent("random", roles.CONTROL, (1,), "i64")
        self.loss = self.persistent("loss", roles.CONTROL, (1,), "f64")
        self.counters = self.persistent("counters", roles.CONTROL, (4,), "i64")
        self.micro = self.persistent(MICRO, roles.CONTROL, (2,), "i64") if self.micro_batches > 1 else None

    @property
    def real_X(self) -> str:
        """The format of float activations and their gradients in this section.

        Prediction of integer policies computes in 32 bits, as model files and what they are exported to do, so that all
        give the same bits.
        """
        return "f32" if self._predicts and self.policy.integer else self.policy.real_X

    @property
    def latent(self) -> bool:
        """Whether binary weights are numbers whose signs are used."""
        return self.optimizer.latent

    # --- sections ---

    def section(self, name: str, *, training: bool = False) -> None:
        """End the section before, if there is one, and begin another."""
        super().section(name)
        self.training, self._predicts = training, not training

    def lower_backward(self) -> None:
        """Lower the backward steps, last layer first."""
        tape, self._tape = self._tape, []
        for step in reversed(tape):
            step()

    def lower_updates(self) -> None:
        """Lower the updates that waited, in the order of the backward pass."""
        waiting, self._updates = self._updates, []
        targets = [self._target(one) for one in waiting]
        if targets and self.optimizer.clip_norm:
            self.optimizer.clip(self, targets)
        for one, target in zip(waiting, targets, strict=True):
            self._move(one, target)

    def _target(self, one: _Update) -> Target:
        return self.optimizer.target(self, one.parameter, self._persistent(one.parameter), one.gradient)

    def _move(self, one: _Update, target: Target) -> None:
        self.optimizer.update(self, target)
        if one.then is not None:
            one.then()

    def finish(self) -> None:
        """End the section that was begun: gradients and updates that can be one instruction become one."""
        if not self.training:
            self._tape.clear()
        self.instructions[self._begin :] = fuse_updates(self.buffers, self.instructions, self._begin)
        super().finish()

    @contextmanager
    def as_in_prediction(self) -> Iterator[None]:
        """A block that lowers what no gradient goes to: nothing is kept for a backward pass, and none is lowered."""
        training, steps = self.training, len(self._tape)
        self.training = False
        try:
            yield
        finally:
            self.training = training
            del self._tape[steps:]

    # --- the graph ---

    def learns(self, node: str) -> bool:
        """Whether the optimizer moves a node's parameters."""
        return node not in self.frozen

    def feeds_loss(self, node: str) -> bool:
        """Whether the loss reads what a node gives."""
        return self.graph.feeds_loss(node)

    def parameter(self, node: str, part: str) -> int:
        """The buffer of a parameter that a node declared."""
        return self._persistent(self.graph.node(node).parameter(part))

    def _persistent(self, parameter: Parameter) -> int:
        name = buffer_of(parameter)
        if name in self._index:
            return self._index[name]
        latent = self._has_latent(parameter)
        storage = storage_of(parameter, self.policy, latent=latent, micro_batches=self.micro_batches)
        own = parameter.initial
        initial = replace(own, normal=own.normal / storage.scale, uniform=own.uniform / storage.scale)
        self.layout.parameters[parameter.name] = Place(name, storage.format, parameter.shape, storage.scale)
        self.layout.owners[name] = (parameter.node, parameter.part)
        self.initial[name] = initial
        return self.persistent(name, storage.role, parameter.shape, storage.format)

    def _has_latent(self, parameter: Parameter) -> bool:
        """Whether binary weights have a latent copy: of what does not move signs will do, unless sizes are used.

        Levels of several bits are always made of one.
        """
        node = self.graph.node(parameter.node)
        return parameter.bits > 1 or (self.latent and (self.learns(node.name) or node.layer.uses_sizes(self.policy)))

    def update(self, node: str, part: str, gradient: int, then: Callable[[], None] | None = None) -> None:
        """The optimizer's step for a parameter, and what follows it; later, where updates wait for their section."""
        one = _Update(self.graph.node(node).parameter(part), gradient, then)
        if self.updates_wait:
            self._updates.append(one)
            self._hold(gradient)
        else:
            self._move(one, self._target(one))

    def moment(self, parameter: Parameter, name: str, role: str, form: str) -> int:
        """What an optimizer keeps of a parameter under a name, of the parameter's shape."""
        buffer = moment_buffer(parameter, name)
        if buffer not in self._index:
            self.layout.moments[f"{parameter.name}.{name}"] = Place(buffer, form, parameter.shape)
            self.layout.owners[buffer] = (parameter.node, moment_part(parameter, name))
        return self.persistent(buffer, role, parameter.shape, form)

    # --- buffers ---

    def watched(self, node: str, what: str, buffer: int, exponent: int | None = None) -> None:
        """Note the buffer of what measures look at, by the node and what it is."""
        if self.training:
            scale = None if exponent is None else self.buffers[exponent].name
            self.watching[node, what] = self.buffers[buffer].name, scale

    def memory(self, node: str, part: str, role: str, shape: Shape, form: str, initial: Initial = ZEROS) -> int:
        """A buffer of a node's that keeps its bytes between runs, at first zeros; the same in every section."""
        name = memory_buffer(node, part)
        self.layout.owners[name] = (node, part)
        self.initial[name] = initial
        return self.persistent(name, role, shape, form)

    def mask(self, node: str, shape: Shape) -> int:
        """The bits of what is pruned of a node's weights (outputs, rows, columns, inputs), at first nothing."""
        place = Place(memory_buffer(node, PRUNED), "bit", shape)
        self.layout.masks[node] = place
        return self.memory(node, PRUNED, roles.W_SIGN, shape, "bit")

    def persistent(self, name: str, role: str, shape: Shape, form: str) -> int:
        """A buffer that keeps its bytes between runs and starts as zeros; the same one in every section."""
        self.initial.setdefault(name, Initial())
        return super().persistent(name, role, shape, form)

    def gradient(
        self, name: str, role: str, shape: Shape, form: str | None = None, over: int | None = None
    ) -> Gradient:
        """A gradient, in the policy's format of its role unless given; its mantissas have an exponent if integers.

        It takes the bytes of `over`, a buffer that nothing reads any more, where that has its format.
        """
        policy, channels = self.policy, shape[-1]
        of_role = policy.of_dx(channels) if role == roles.DX else policy.of_dy(channels, dense=len(shape) == 2)
        form = form or of_role
        exponent = self.transient(f"{name}.exponent", role, (1,), "i32") if form in MANTISSAS else None
        if over is not None and self.buffers[over].format == form:
            return Gradient(self.view(over, name, shape, role), exponent)
        return Gradient(self.transient(name, role, shape, form), exponent)

    # --- instructions ---

    def emit(self, op: str, operands: Mapping[str, int | None], attributes: Mapping[str, float] | None = None) -> None:
        """Append an instruction; those that are dithered are counted."""
        super().emit(op, operands, attributes)
        self._salts += "salt" in (attributes or {})

    def salt(self) -> float:
        """How many dithered instructions come before: it makes the dither of the next its own."""
        return float(self._salts)

    def on_backward(self, step: Callable[[], None]) -> None:
        """Register the backward step of what was just lowered."""
        self._tape.append(step)
