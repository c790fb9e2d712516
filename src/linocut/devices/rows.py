"""What an estimate comes to: a row for each node, and what they add up to."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from linocut.devices.device import Device
from linocut.devices.kinds import EDGE_TPU, ENGINE, MICROCONTROLLER, SYSTOLIC

COMPUTE, STREAMING, OVERHEAD, LINK, LEARNED = "compute", "streaming", "overhead", "link", "learned"


OF = {
    EDGE_TPU: "published parameters",
    SYSTOLIC: "published parameters",
    ENGINE: "peaks of kernels and fitted laws",
    MICROCONTROLLER: "counted instructions",
}


@dataclass(frozen=True)
class Row:
    """A node, or an instruction, of a batch; or its input, or what any run takes.

    `bytes` of a node's weights are kept where they fit, or streamed; `utilisation` is which part of the multipliers
    works while they do, None for what multiplies nothing; `bound` says what takes most of its time: compute, streaming,
    overhead, link, or learned, of a residual model.
    """

    name: str
    kind: str
    macs: int
    cycles: float
    utilisation: float | None
    kept_bytes: float
    streamed_bytes: float
    ms: float
    uj: float
    bound: str


@dataclass(frozen=True)
class Estimate:
    """What a network costs on a device, for a whole batch.

    `what` says what is run: a prediction, or of this machine a training step too. `weight_bytes` have `capacity_bytes`
    of room beside activations of `peak_bytes`; of programs the peak is the arena. `xnor_ms` is the time with
    hypothetical lanes for one-bit products, None where the device has none or nothing is of one bit. `mends` say what
    would make it faster, `unknown` what is not known, in words. `frames` are those of a sequence, of what hears frame
    by frame. `about` says what kind of figures these are.
    """

    model: str
    device: Device
    precision: str
    caching: str
    batch: int
    rows: tuple[Row, ...]
    weight_bytes: int
    capacity_bytes: int
    peak_bytes: int
    xnor_ms: float | None = None
    mends: tuple[str, ...] = ()
    what: str = "a prediction"
    unknown: tuple[str, ...] = ()
    frames: int | None = None

    @property
    def total_ms(self) -> float:
        """Milliseconds of all rows."""
        return sum(row.ms for row in self.rows)

    @property
    def fixed_ms(self) -> float:
        """Those of them that any run takes, whatever it does: the row called run."""
        return self.device.fixed_s * 1e3

    @property
    def total_uj(self) -> float:
        """Microjoules of all rows, and of the device's static power for as long."""
        return sum(row.uj for row in self.rows) + self.device.static_watts * self.total_ms * 1e3

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all rows."""
        return sum(row.macs for row in self.rows)

    @property
    def frame_ms(self) -> float | None:
        """Milliseconds of one frame, None of what does not hear frame by frame."""
        return None if self.frames is None else self.total_ms / (self.batch * self.frames)

    @property
    def frame_macs(self) -> int | None:
        """Multiplications of one frame."""
        return None if self.frames is None else self.macs // (self.batch * self.frames)

    @property
    def streamed_bytes(self) -> int:
        """Bytes of weights that come over the link in each run."""
        return round(sum(row.streamed_bytes for row in self.rows))

    @property
    def about(self) -> str:
        """What the figures are, in one line: never measured, never cycle accurate."""
        fitted = f"constants fitted on {self.device.calibrated}" if self.device.calibrated else "not calibrated"
        return f"an own analytic model of {OF[self.device.kind]}, {fitted}; not cycle accurate"

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut estimate --json` prints."""
        names = ("model", "what", "precision", "caching", "batch", "weight_bytes", "capacity_bytes", "peak_bytes")
        totals = ("total_ms", "fixed_ms", "total_uj", "streamed_bytes", "macs", "xnor_ms", "about")
        by_frame = ("frames", "frame_ms", "frame_macs")
        return {
            "device": self.device.name,
            **{name: getattr(self, name) for name in (*names, *totals, *by_frame)},
            "mends": list(self.mends),
            "unknown": list(self.unknown),
            "rows": [dataclasses.asdict(row) for row in self.rows],
        }
