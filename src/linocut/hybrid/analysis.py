"""analyse: which layers of a trained network deserve bits, and what these cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linocut.data.batches import epoch_order
from linocut.data.dataset import Dataset
from linocut.data.subset import Subset
from linocut.errors import DataError, SpecError, unknown_name
from linocut.fields import whole
from linocut.graph.graph import Graph
from linocut.graph.network import Network
from linocut.graph.precision import PRECISIONS, block_end, chain, precision_of
from linocut.hybrid import components
from linocut.hybrid.costs import added, energy_pj, model_bytes, time_ms
from linocut.hybrid.options import options_of
from linocut.hybrid.sensitivity import sensitivity
from linocut.run.captured import captured_batches
from linocut.run.feed import as_dataset

if TYPE_CHECKING:
    from linocut.run.feed import Examples
    from linocut.train import Trainer

CONV, BLOCK = "conv", "block"
TAPS = (CONV, BLOCK)
EXAMPLES = 2000


@dataclass(frozen=True)
class LayerAnalysis:
    """A layer: how many principal components its outputs take, and what more bits would bring and cost.

    `explained` (channels,) are the parts of the variance that the first, first two, ... components explain; `count` of
    them are at most the threshold; `rise` is how far that is above the layer before, None of the first. `falls` are
    by how much the loss falls with this layer alone in another precision, by that, without training; `bytes`, `pj` and
    `ms` what the network costs more so. A layer whose precision is as high as it gets has none of these.
    """

    name: str
    precision: str
    channels: int
    count: int
    rise: int | None
    significant: bool
    explained: tuple[float, ...]
    falls: dict[str, float]
    bytes: dict[str, float]
    pj: dict[str, float]
    ms: dict[str, float]

    @property
    def ratio(self) -> float:
        """The count by the number of channels."""
        return self.count / self.channels


@dataclass(frozen=True)
class Analysis:
    """What `analyse` found: layers in the order of the chain.

    `loss` is that of the network as it is, over `examples` examples; the network costs `bytes`, `pj` a prediction, and
    `ms` on `device`.
    """

    model: str
    tap: str
    examples: int
    threshold: float
    rise: int
    loss: float | None
    bytes: int
    pj: float
    device: str | None
    ms: float | None
    layers: tuple[LayerAnalysis, ...]

    @property
    def significant(self) -> tuple[str, ...]:
        """The layers that the rule of significance names."""
        return tuple(layer.name for layer in self.layers if layer.significant)

    @property
    def choices(self) -> tuple[str, ...]:
        """The precisions that were tried, from few bits to many."""
        tried = {to for layer in self.layers for to in (*layer.falls, *layer.bytes)}
        return tuple(to for to in PRECISIONS if to in tried)

    def layer(self, name: str) -> LayerAnalysis:
        """The layer called so; SpecError where there is none."""
        for one in self.layers:
            if one.name == name:
                return one
        raise unknown_name("layer of the analysis", name, [one.name for one in self.layers])

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut analyse --json` prints."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "layers"}
        layers = [{**dataclasses.asdict(layer), "ratio": layer.ratio} for layer in self.layers]
        return {**own, "significant": list(self.significant), "layers": layers}


def analyse(
    trainer: Trainer,
    data: Examples,
    *,
    validation: Examples | None = None,
    examples: int = EXAMPLES,
    threshold: float = components.THRESHOLD,
    rise: int = components.RISE,
    tap: str = CONV,
    choices: Sequence[str | int] | None = None,
    sensitive: bool = True,
    device: str | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Analysis:
    """Find which layers of a trained network deserve bits (arXiv 1906.01493), over `examples` of the training data.

    Layers are those of `chain`: shortcuts, the first layer and a head in floats have no number. Covariances (channels,
    channels) of their outputs are streamed; `tap` says which outputs: "conv" a convolution's own products, "block" what
    its block gives. A layer is significant where the count of components that explain up to `threshold` of the variance
    is `rise` or more above the layer before. Where it is `sensitive`, each layer alone is raised to each of `choices`
    that it can have, with its latent weights, the statistics of all norms are found anew over `data`, and the loss is
    taken over `validation`, or over the same examples where there is none: a pass for each. `tell` gets a line for
    each. With a `device` times on it are estimated. SpecError for settings that cannot be and for a network of no such
    layers, DataError for data that do not fit and fewer examples than channels.
    """
    graph = trainer.network.graph
    whole(examples, "examples", 1)
    tried = find_choices(choices)
    some = _some(as_dataset(data, graph), examples, trainer.settings.seed)
    names = check_analysis(trainer.network, len(some), threshold=threshold, rise=rise, tap=tap)
    network = trainer.network
    own = model_bytes(network), energy_pj(network), device, None if device is None else time_ms(network, device)
    found = _covariances(trainer, some, {name: _tapped(graph, name, tap) for name in names})
    explained = {name: components.explained(one.matrix) for name, one in found.items()}
    counts = [components.components(explained[name], threshold) for name in names]
    verdicts = components.significant(counts, rise)
    options = options_of(trainer.network, tried, lambda reason: tell(f"left out: {reason}"))
    few = {name: of[1:] for name, of in options.items()}
    loss: float | None = None
    falls: dict[str, dict[str, float]] = {}
    if sensitive:
        scored = some if validation is None else _some(as_dataset(validation, graph), examples, trainer.settings.seed)
        loss, falls = sensitivity(trainer, some, scored, few, tell)
    more = {
        "bytes": added(network, few, model_bytes),
        "pj": added(network, few, energy_pj),
        "ms": {} if device is None else added(network, few, lambda one: time_ms(one, device)),
    }
    layers = [
        LayerAnalysis(
            name,
            str(precision_of(graph.node(name).layer)),
            len(explained[name]),
            counts[at],
            counts[at] - counts[at - 1] if at else None,
            verdicts[at],
            tuple(explained[name].tolist()),
            falls.get(name, {}),
            **{unit: costs.get(name, {}) for unit, costs in more.items()},
        )
        for at, name in enumerate(names)
    ]
    return Analysis(graph.name, tap, len(some), threshold, rise, loss, *own, tuple(layers))


def check_analysis(network: Network, examples: int, *, threshold: float, rise: int, tap: str) -> tuple[str, ...]:
    """The layers of a network that `analyse` looks at; its errors, before there are weights or so many examples."""
    if tap not in TAPS:
        raise unknown_name("tap", tap, TAPS)
    components.check_threshold(threshold)
    components.check_rise(rise)
    graph = network.graph
    names = chain(graph)
    if not names:
        raise SpecError(
            f"{graph.name} has no layer whose precision could be chosen; analyse a network of binary layers"
        )
    _check_enough(graph, names, tap, examples)
    return names


def find_choices(given: Sequence[str | int] | None) -> tuple[str, ...]:
    """The precisions to raise layers to, from few bits to many; by default all that there are.

    "1" is always there beside them. SpecError for one that there is not, and for none above one bit.
    """
    if given is None:
        return PRECISIONS[1:]
    asked = [str(one) for one in given]  # bits may be whole numbers, as in Network.with_precision
    if not set(asked) <= set(PRECISIONS):
        raise SpecError(f"choices are {', '.join(map(repr, given))}, must be of {', '.join(PRECISIONS)}")
    found = tuple(to for to in PRECISIONS[1:] if to in asked)
    if not found:
        told = ", ".join(asked) or "none"
        raise SpecError(f"choices are {told}, must have {', '.join(PRECISIONS[1:])} or some of these")
    return found


def _some(dataset: Dataset, examples: int, seed: int) -> Dataset:
    """So many examples, of all classes as they come in an epoch; all of them where there are no more."""
    return dataset if examples >= len(dataset) else Subset(dataset, epoch_order(seed, 0, len(dataset))[:examples])


def _tapped(graph: Graph, name: str, tap: str) -> str:
    return name if tap == CONV else block_end(graph, name)


def _check_enough(graph: Graph, names: Sequence[str], tap: str, examples: int) -> None:
    channels = {name: graph.node(_tapped(graph, name, tap)).output.shape[-1] for name in names}
    widest = max(channels, key=channels.__getitem__)
    if examples < channels[widest]:
        raise DataError(
            f"{examples:,} examples are analysed, but {widest} has {channels[widest]:,} channels; give as many or "
            "more, of data that have them"
        )


def _covariances(trainer: Trainer, data: Dataset, taps: dict[str, str]) -> dict[str, components.Covariance]:
    graph = trainer.network.graph
    found = {name: components.Covariance(graph.node(tap).output.shape[-1]) for name, tap in taps.items()}
    with trainer.using("analyse"):
        wanted = tuple(dict.fromkeys(taps.values()))
        for batch in captured_batches(trainer.compiled, trainer.session, data, wanted):
            for name, tap in taps.items():
                found[name].add(batch[tap])
    return found
