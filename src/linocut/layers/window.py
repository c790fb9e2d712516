"""Windows of convolutions and pools: their sizes, strides and padding, checked, and the images that they give.

'same' padding keeps ceil(size / stride) outputs, with (window - 1) // 2 pixels of padding above and to the left and
what is needed below and to the right, as symmetric padding does for odd windows. 'valid' has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape

SAME, VALID = "same", "valid"
MOST = 2**15


@dataclass(frozen=True)
class Window:
    """A window of `size` (height, width) that moves by `stride` pixels; `what` is a layer's kind and setting."""

    what: str
    size: tuple[int, int]
    stride: int
    padding: str

    def __post_init__(self) -> None:
        """SpecError for what no window has."""
        layer = self.what.split()[0]
        named = (
            (f"{self.what} height", self.size[0]),
            (f"{self.what} width", self.size[1]),
            (f"{layer} stride", self.stride),
        )
        for name, value in named:
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
                raise SpecError(f"{name} is {value!r}, must be a whole number from 1 to {MOST:,}")
        if self.padding not in (SAME, VALID):
            raise SpecError(f"{layer} padding is {self.padding!r}, must be {SAME!r} or {VALID!r}")

    @property
    def pads(self) -> tuple[int, int]:
        """Pixels of padding above and to the left."""
        return (0, 0) if self.padding == VALID else ((self.size[0] - 1) // 2, (self.size[1] - 1) // 2)

    def over(self, shape: Shape) -> tuple[int, int]:
        """Height and width of what it gives over images (height, width, channels); SpecError where it does not fit."""
        if len(shape) != 3:
            raise SpecError(f"takes images (height, width, channels), not {shape}; put it before the flatten")
        height, width = (self._along(image, own) for image, own in zip(shape[:2], self.size, strict=True))
        return height, width

    def attributes(self) -> dict[str, float]:
        """What the instructions need to know of it."""
        top, left = self.pads
        return {"stride": float(self.stride), "pad_top": float(top), "pad_left": float(left)}

    def pool_attributes(self) -> dict[str, float]:
        """What the instructions of pools need to know: they have no weights to tell the window's size from."""
        height, width = self.size
        return {"height": float(height), "width": float(width), **self.attributes()}

    def _along(self, image: int, own: int) -> int:
        if self.padding == SAME:
            return -(-image // self.stride)
        if own > image:
            raise SpecError(
                f"a window of {self.size[0]} x {self.size[1]} is larger than its input, whose side is {image}; "
                f"take a smaller one, larger images, or padding {SAME!r}"
            )
        return (image - own) // self.stride + 1


def window(what: str, size: int | tuple[int, int], stride: int, padding: str) -> Window:
    """A window from a layer's settings."""
    return Window(what, pair(what, size), stride, padding)


def pair(what: str, size: int | tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a layer's setting; one number stands for a square."""
    if not isinstance(size, (tuple, list)):
        return size, size
    if len(size) != 2:
        raise SpecError(f"{what} is {size!r}, must be one number or (height, width)")
    return size[0], size[1]


def keep_tuple(layer: Layer, setting: str) -> None:
    """Keep a list, as a file has it, as a tuple, so that equal layers compare equal."""
    value = getattr(layer, setting)
    if isinstance(value, list):
        object.__setattr__(layer, setting, tuple(value))
