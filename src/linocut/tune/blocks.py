"""Sweep: a recurrent network trained in circulant blocks of each size that fits a budget, to find the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linocut.data.dataset import Dataset, some_floats
from linocut.errors import SpecError
from linocut.graph.inference import InferenceGraph
from linocut.graph.network import Network
from linocut.graph.q10 import CALIBRATED, sixteen_bits
from linocut.layers.circulant import BLOCKS
from linocut.run.headline import Headline, headline
from linocut.run.predict import Predictor
from linocut.train.data_facts import DataFacts
from linocut.train.events import EpochEnded, Event
from linocut.train.kept_run import kept_or_new
from linocut.train.trainer import Trainer
from linocut.tune.block_costs import BlockBudget, BlockCost, cost_of

Tell = Callable[[str], None]


@dataclass(frozen=True)
class BlockTrial:
    """A network in blocks of one size; what it came to on what was held out, in floats and in 16 bits.

    What is not trained has no figures, and a reason; one whose units are no whole blocks has no cost either.
    """

    block: int
    cost: BlockCost | None
    reason: str | None = None
    floats: Headline | None = None
    sixteen: Headline | None = None
    out: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        cost = self.cost
        return {
            "block": self.block,
            "numbers": None if cost is None else cost.numbers,
            "weight_bytes": None if cost is None else cost.weight_bytes,
            "multiplications": None if cost is None else cost.multiplications,
            "frame_us": None if cost is None or cost.frame_s is None else 1e6 * cost.frame_s,
            "reason": self.reason,
            "measure": None if self.floats is None else self.floats.what,
            "floats": None if self.floats is None else self.floats.value,
            "sixteen_bits": None if self.sixteen is None else self.sixteen.value,
            "out": None if self.out is None else str(self.out),
        }


class NoneFits(SpecError):
    """No size of blocks can be trained; `trials` has each with its reason."""

    def __init__(self, trials: Sequence[BlockTrial], mend: str) -> None:
        """Told with all reasons."""
        told = "; ".join(f"block {one.block}: {one.reason}" for one in trials)
        super().__init__(f"no size of blocks can be trained: {told}; {mend}")
        self.trials = tuple(trials)


@dataclass(frozen=True)
class Sweep:
    """What is trained, and how: `make` gives the trainer of a network, runs are kept below `out` and go on there.

    Networks are trained on `train` and judged on `held`. SpecError for blocks that there are not, and for a network
    that is not recurrent.
    """

    network: Network
    make: Callable[[Network], Trainer]
    train: Dataset
    held: Dataset
    epochs: int
    blocks: Sequence[int]
    budget: BlockBudget | None
    out: Path
    threads: int | None

    def __post_init__(self) -> None:
        if not self.network.is_recurrent:
            raise SpecError(
                f"{self.network.name} has no recurrent layers, which alone have blocks; give one such as lstm"
            )
        for block in self.blocks:
            if block not in BLOCKS:
                raise SpecError(f"a block is {block}, must be one of {', '.join(map(str, BLOCKS))}")
        if not self.blocks:
            raise SpecError(f"there are no blocks to try; give some of {', '.join(map(str, BLOCKS))}")

    def planned(self) -> list[BlockTrial]:
        """Every size with its cost, and the reason where it will not be trained; NoneFits where that is so of all."""
        found = [self._planned(block) for block in dict.fromkeys(self.blocks)]
        if all(one.reason for one in found):
            device = " or device" if self.budget is not None and self.budget.device is not None else ""
            raise NoneFits(found, f"give a larger budget{device}, or fewer cells")
        return found

    def _planned(self, block: int) -> BlockTrial:
        try:
            network = self.network.with_block(block)
        except SpecError as error:
            return BlockTrial(block, None, str(error))
        cost = cost_of(network, self.budget.device if self.budget else None)
        if self.budget is not None and not self.budget.holds(cost):
            return BlockTrial(block, cost, cost.missing or f"{self.budget.shown(cost)}, above the budget")
        return BlockTrial(block, cost)

    def trials(self, tell: Tell) -> Iterator[BlockTrial]:
        """Each size, those that fit once trained; RunError where `out` holds runs of other settings or data.

        NoneFits where there are none.
        """
        for planned in self.planned():
            yield planned if planned.reason else self._trained(planned, tell)

    def _trained(self, planned: BlockTrial, tell: Tell) -> BlockTrial:
        out = self.out / f"block-{planned.block}"
        trainer = kept_or_new(self.make(self.network.with_block(planned.block)), out, self.threads)
        if trainer.data is not None:
            trainer.data.check_same(DataFacts.of(self.train))

        def told(event: Event) -> None:
            if isinstance(event, EpochEnded):
                tell(f"block {planned.block}: epoch {event.epoch}/{self.epochs}, loss {event.loss:.4f}")

        if trainer.progress.epoch < self.epochs:
            trainer.fit(self.train, self.epochs, out=out, callbacks=[told])
        floats = trainer.inference_graph()
        sixteen = sixteen_bits(floats, some_floats(self.train, CALIBRATED)).graph
        return BlockTrial(planned.block, planned.cost, None, self._judged(floats), self._judged(sixteen), out)

    def _judged(self, graph: InferenceGraph) -> Headline:
        predictor = Predictor(graph, self.held.classes, batch_size=64, threads=self.threads, form=self.held.form)
        return headline(predictor, self.held)


def best(trials: Sequence[BlockTrial]) -> BlockTrial:
    """The one that does best in 16 bits, of equal ones that of the fewest bytes; some of them were trained."""

    def order(one: BlockTrial) -> tuple[float, int]:
        assert one.sixteen is not None and one.cost is not None, "it was trained"
        return one.sixteen.merit, -one.cost.weight_bytes

    return max((one for one in trials if one.sixteen is not None), key=order)
