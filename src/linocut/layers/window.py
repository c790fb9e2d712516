"""Windows of convolutions and pools: their sizes, strides and padding, checked, and the images that they give.

Over sequences (steps, channels) a window is a line: one row high, as a sequence is an image of one row.

'same' padding keeps ceil(size / stride) outputs, with (window - 1) // 2 pixels of padding above and to the left and
what is needed below and to the right, as symmetric padding does for odd windows. 'valid' has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from linocut.errors import SpecError
from linocut.layers.base import Shape

SAME, VALID = "same", "valid"
IMAGES = "images (height, width, channels)"
MOST = 2**15


@dataclass(frozen=True)
class Window:
    """A window of `size` (height, width) that moves by `stride` pixels; `what` is a layer's kind and setting.

    `flat` says that it moves over sequences, along their steps.
    """

    what: str
    size: tuple[int, int]
    stride: int
    padding: str
    flat: bool = False

    def __post_init__(self) -> None:
        """SpecError for what no window has."""
        layer = self.what.split()[0]
        sizes: tuple[tuple[str, int], ...] = ((self.what, self.size[1]),)
        if not self.flat:
            sizes = ((f"{self.what} height", self.size[0]), (f"{self.what} width", self.size[1]))
        for name, value in (*sizes, (f"{layer} stride", self.stride)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
                raise SpecError(f"{name} is {value!r}, must be a whole number from 1 to {MOST:,}")
        if self.padding not in (SAME, VALID):
            raise SpecError(f"{layer} padding is {self.padding!r}, must be {SAME!r} or {VALID!r}")

    @property
    def pads(self) -> tuple[int, int]:
        """Pixels of padding above and to the left."""
        return (0, 0) if self.padding == VALID else ((self.size[0] - 1) // 2, (self.size[1] - 1) // 2)

    def over(self, shape: Shape) -> tuple[int, ...]:
        """What it gives over examples of a shape, channels left out; SpecError where it does not fit.

        (height, width) over images (height, width, channels), (steps,) over sequences (steps, channels).
        """
        takes, sizes = ("sequences (steps, channels)", self.size[1:]) if self.flat else (IMAGES, self.size)
        if len(shape) != len(sizes) + 1:
            raise SpecError(f"takes {takes}, not {shape}; {_other(shape)}")
        return tuple(self._along(image, own) for image, own in zip(shape[:-1], sizes, strict=True))

    def as_images(self, shape: Shape) -> Shape:
        """The images (..., height, width, channels) that it moves over; (..., steps, channels) gains a height of 1."""
        return (*shape[:-2], 1, *shape[-2:]) if self.flat else shape

    def as_given(self, shape: Shape) -> Shape:
        """The inverse of `as_images`."""
        return (*shape[:-3], *shape[-2:]) if self.flat else shape

    def images_over(self, shape: Shape, channels: int) -> Shape:
        """(batch, height', width', channels) of what it gives over images (batch, height, width, inputs)."""
        batch, *image, _ = shape
        height, width = (self._along(side, own) for side, own in zip(image, self.size, strict=True))
        return batch, height, width, channels

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
            size = f"{own} steps" if self.flat else f"{self.size[0]} x {self.size[1]}"
            raise SpecError(
                f"a window of {size} is larger than its input, whose side is {image}; "
                f"take a smaller one, larger {'sequences' if self.flat else 'images'}, or padding {SAME!r}"
            )
        return (image - own) // self.stride + 1


def window(what: str, size: int | tuple[int, int], stride: int, padding: str, *, flat: bool = False) -> Window:
    """A window from a layer's settings, over sequences if it is `flat`.

    `size` is (height, width) or one number for a square, of a flat one a number of steps; SpecError for anything else.
    """
    return Window(what, _line(what, size) if flat else _square(what, size), stride, padding, flat)


def _line(what: str, size: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(size, (tuple, list)):
        raise SpecError(f"{what} is {size!r}, must be one number of steps")
    return 1, size


def _square(what: str, size: int | tuple[int, int]) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)):
        return size, size
    if len(size) != 2:
        raise SpecError(f"{what} is {size!r}, must be one number or (height, width)")
    return size[0], size[1]


def _other(shape: Shape) -> str:
    """The mend for an example of a wrong number of dimensions."""
    kinds = {1: "put it before the flatten", 2: "sequences go into 1-D layers", 3: "images go into 2-D layers"}
    return kinds.get(len(shape), "give the network's input another shape")
