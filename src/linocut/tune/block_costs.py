"""What a recurrent network costs by the size of its circulant blocks, and a budget for that."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from linocut.devices.kinds import FPGA
from linocut.devices.pipeline.accelerate import accelerate
from linocut.devices.pipeline.search import TooSmall
from linocut.devices.table import described
from linocut.errors import SpecError
from linocut.graph.blank import blank
from linocut.graph.network import Network
from linocut.graph.q10 import sixteen_bits
from linocut.sizes import parse_size, show_size

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_TIME = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(ns|us|ms|s)\s*@\s*(\S+)\s*", re.IGNORECASE)
_WORK = re.compile(r"\s*(\d+)\s*mul\s*", re.IGNORECASE)
MEND = "such as 24KiB of weights, 20000mul a frame or 5us@ku060 a frame"


@dataclass(frozen=True)
class BlockCost:
    """`numbers` that are trained, bytes of weights in 16 bits, multiplications of real numbers a frame.

    Where an FPGA is asked about, seconds a frame of one stream, or what is missing where it is too small.
    """

    numbers: int
    weight_bytes: int
    multiplications: int
    frame_s: float | None = None
    missing: str | None = None


@dataclass(frozen=True)
class BlockBudget:
    """What a network may cost: one of the three; `device` is an FPGA, by name or file."""

    weight_bytes: int | None = None
    multiplications: int | None = None
    frame_s: float | None = None
    device: str | None = None

    @staticmethod
    def parse(text: str) -> BlockBudget:
        """That of 24KiB, 20000mul or 5us@ku060; SpecError for anything else."""
        if time := _TIME.fullmatch(text):
            on = described(time[3])
            if on.kind != FPGA:
                raise SpecError(
                    f"budget is {text!r}, but {on.name} is of kind {on.kind}; name an FPGA, as in 5us@ku060"
                )
            return BlockBudget(frame_s=_above_zero(float(time[1]) * SECONDS[time[2].lower()], text), device=time[3])
        if work := _WORK.fullmatch(text):
            return BlockBudget(multiplications=int(_above_zero(int(work[1]), text)))
        try:
            return BlockBudget(weight_bytes=parse_size(text))
        except ValueError:
            raise SpecError(
                f"budget is {text!r}, must be a size, multiplications, or a time on an FPGA, {MEND}"
            ) from None

    def holds(self, cost: BlockCost) -> bool:
        """Whether a network stays within it."""
        pairs = (
            (self.weight_bytes, cost.weight_bytes),
            (self.multiplications, cost.multiplications),
            (self.frame_s, cost.frame_s),
        )
        return all(limit is None or (found is not None and found <= limit) for limit, found in pairs)

    def shown(self, cost: BlockCost) -> str:
        """What a network costs of what is bounded, for people."""
        if self.frame_s is not None:
            return "-" if cost.frame_s is None else f"{1e6 * cost.frame_s:.4g} us a frame"
        if self.multiplications is not None:
            return f"{cost.multiplications:,} multiplications a frame"
        return f"{show_size(cost.weight_bytes)} of weights in 16 bits"

    def __str__(self) -> str:
        """For people."""
        limits = BlockCost(0, self.weight_bytes or 0, self.multiplications or 0, self.frame_s)
        return self.shown(limits) + (f" on {self.device}" if self.device else "")


def _above_zero(limit: float, text: str) -> float:
    if limit <= 0:
        raise SpecError(f"budget is {text!r}, must be above 0, {MEND}")
    return limit


def cost_of(network: Network, device: str | None = None) -> BlockCost:
    """What a recurrent network costs; there are no seconds a frame without a device, and where it is too small.

    SpecError for a network that has no 16-bit form, and for one that has no pipeline on an FPGA.
    """
    costs, steps = [node.cost for node in network.graph.nodes], network.input.shape[0]
    return BlockCost(
        sum(one.real_parameters for one in costs),
        sixteen_bits(blank(network.graph)).graph.nbytes,
        math.ceil(sum(one.real_macs for one in costs) / steps),
        *_timed(network, device),
    )


def _timed(network: Network, device: str | None) -> tuple[float | None, str | None]:
    """Seconds a frame, or what is missing."""
    if device is None:
        return None, None
    try:
        return 1 / accelerate(network, device).one_stream_per_second, None
    except TooSmall as error:
        return None, error.what
