"""Settings: what decides a run, apart from its data and its length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linocut import fields
from linocut.compile.batch import find_micro_batch
from linocut.compile.lower import Compiled, compile_network
from linocut.data import augmentation as augmentations
from linocut.data.augmentation import Augmentation
from linocut.errors import SpecError
from linocut.graph.frozen import find_frozen
from linocut.graph.network import Network
from linocut.graph.prune import Pruning
from linocut.graph.prune import check as check_pruning
from linocut.optimizers import Optimizer, find_optimizer
from linocut.policies import Policy, find_policy
from linocut.schedules import Schedule, find_schedule
from linocut.settings_of import as_plain

MOST_SEED = 2**63 - 1
NONE = Augmentation()


@dataclass(frozen=True)
class Settings:
    """Two runs of equal settings on equal data end in the same bits."""

    network: Network
    policy: Policy
    optimizer: Optimizer
    schedule: Schedule
    batch_size: int
    seed: int
    augmentation: Augmentation = NONE
    micro_batch: int = 0  # examples at a time; 0 becomes the whole batch
    frozen: tuple[str, ...] = ()  # layers that do not move
    precise_norms: int = 0  # batches for statistics to predict by, after each epoch; 0 leaves running averages
    pruning: Pruning | None = None  # which weights are 0

    def __post_init__(self) -> None:
        """SpecError for sizes and a seed out of range, and for augmentation of what are no images."""
        object.__setattr__(self, "seed", find_seed(self.seed))
        object.__setattr__(self, "micro_batch", find_micro_batch(self.batch_size, self.micro_batch or None))
        object.__setattr__(self, "precise_norms", as_plain(self.precise_norms))
        fields.whole(self.precise_norms, "precise_norms")
        object.__setattr__(self, "frozen", find_frozen(self.network.graph, self.frozen))
        self.augmentation.check_shape(self.network.input.shape)
        if self.pruning is not None:
            if not self.optimizer.latent:
                raise SpecError(
                    f"pruning goes by the magnitudes of latent weights, which {self.optimizer.kind} has not; take adam "
                    "or sgd"
                )
            check_pruning(self.network.graph, self.pruning)

    def compile(self) -> Compiled:
        """The program of the run."""
        sizes = self.batch_size, self.micro_batch
        how = self.network, self.policy, self.optimizer, *sizes
        return compile_network(*how, frozen=self.frozen, pruned=self.pruned)

    @property
    def pruned(self) -> dict[str, bool]:
        """The layers of which some weights are 0, and whether the words of these are joined."""
        return {} if self.pruning is None else self.pruning.layers(self.network.graph)

    def to_dict(self) -> dict[str, Any]:
        """All of them, for a file."""
        return {
            "network": self.network.to_dict(),
            "policy": self.policy.to_dict(),
            "optimizer": self.optimizer.to_dict(),
            "schedule": self.schedule.to_dict(),
            "batch_size": self.batch_size,
            "micro_batch": self.micro_batch,
            "seed": self.seed,
            "augmentation": self.augmentation.to_dict(),
            **({"frozen": list(self.frozen)} if self.frozen else {}),
            **({"pruning": self.pruning.to_dict()} if self.pruning else {}),
            **({"precise_norms": self.precise_norms} if self.precise_norms else {}),
        }

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Settings:
        """What `to_dict` wrote; SpecError, KeyError or TypeError for anything else.

        Checkpoints of before there were augmentation and micro-batches say nothing of them: they had none.
        """
        if isinstance(data, dict):
            sizes = {"micro_batch": data.get("batch_size"), "precise_norms": 0, "pruning": None}
            data = {"augmentation": NONE.to_dict(), "frozen": [], **sizes, **data}
        fields.described(data, Settings, "settings")
        for name in ("network", "policy"):
            fields.text(fields.mapping(data[name], name)["name"], f"{name} name")
        for name in ("optimizer", "schedule"):
            fields.text(fields.mapping(data[name], name)["kind"], f"{name} kind")
        for layer in fields.entries(data["network"]["layers"], "network layers"):
            fields.text(fields.mapping(layer, "a network layer")["layer"], "the kind of a layer")
        return Settings(
            Network.from_dict(data["network"]),
            find_policy(data["policy"]),
            find_optimizer(data["optimizer"]),
            find_schedule(data["schedule"]),
            fields.whole(data["batch_size"], "batch_size", 1),
            data["seed"],
            augmentations.from_dict(data["augmentation"]),
            fields.whole(data["micro_batch"], "micro_batch", 1),
            tuple(fields.text(name, "a frozen layer") for name in fields.entries(data["frozen"], "frozen")),
            data["precise_norms"],
            None if data["pruning"] is None else Pruning.from_dict(data["pruning"]),
        )


def find_seed(given: object) -> int:
    """A seed as it is given; SpecError for one out of range."""
    seed = as_plain(given)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
        raise SpecError(f"seed is {seed!r}, must be a whole number from 0 to {MOST_SEED:,}")
    return seed
