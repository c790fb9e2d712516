"""NamedArrays: what states have in common as mappings from `layer.part` to arrays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from linocut.errors import SpecError, unknown_name
from linocut.ops.bits import Array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Where = TypeVar("Where")


class NamedArrays(MutableMapping[str, Array], Generic[Where]):
    """Arrays that can be read and replaced, but neither added nor removed; `where` says by name where each is kept."""

    def __init__(self, network: str, where: Mapping[str, Where]) -> None:
        self._network, self._where = network, where

    def __reduce__(self) -> NoReturn:
        """SpecError: a copy would read and write the network that it came from, or one that nobody holds."""
        raise SpecError(
            "a state cannot be pickled or copied; take its arrays: dict(state), and update another's with them"
        )

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array; nothing is read."""

    @abstractmethod
    def update(self, *others: Any, **more: ArrayLike) -> None:
        """Store several arrays, all or, where one does not fit, none."""

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        """Store an array under a name."""
        self.update({name: values})

    def __delitem__(self, name: str) -> None:
        """A state has what its network has."""
        raise SpecError(f"{name} cannot be deleted: a state has the parameters of its network; assign zeros")

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the network."""
        return iter(self._where)

    def __len__(self) -> int:
        """How many arrays there are."""
        return len(self._where)

    def __contains__(self, name: object) -> bool:
        """Whether there is one of that name; nothing is read."""
        return name in self._where

    def __str__(self) -> str:
        """The names and shapes, a line each."""
        return "\n".join(f"{name} {self.shape(name)}" for name in self)

    def get(self, name: str, default: Any = None) -> Any:
        """A copy of the array called `name`, `default` where there is none of that name."""
        if name not in self:
            return default
        return self[name]

    def _find(self, name: str) -> Where:
        if name not in self._where:
            raise unknown_name(f"parameter of {self._network}", name, self._where)
        return self._where[name]
