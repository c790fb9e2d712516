"""accelerate: the pipeline of a network on an FPGA, with frames a second, latency and energy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from linocut import fields
from linocut.devices.device import Device
from linocut.devices.kinds import FPGA
from linocut.devices.pipeline import resources, synthesis
from linocut.devices.pipeline.engines import engine_of
from linocut.devices.pipeline.graph import OperatorGraph
from linocut.devices.pipeline.measured import Measured, Told, counts_of, measure, wanted
from linocut.devices.pipeline.options import Limits
from linocut.devices.pipeline.resources import Counts, Resources
from linocut.devices.pipeline.search import Design, check_stages, search
from linocut.devices.table import described
from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph
from linocut.graph.network import Network
from linocut.run.session import default_threads

TABLE = "the committed table"
MOST_CLOCK, LEAST_CLOCK = 2e9, 1e6
ABOUT = (
    "an own model of operators counted by yosys; cycles are of full pipelines; neither placed nor routed, and without "
    "control logic"
)


@dataclass(frozen=True)
class Accelerated:
    """A design on a device at a clock, in Hz; `watts` of the board, None where nobody has said.

    A frame is one step of the network. `depth` streams interleaved keep all stages busy: then there is a frame every
    interval. One stream alone waits for its own last frame. `counted` are the operators that `counted_by`, a
    synthesiser, counted anew; none where they are of the committed table.
    """

    graph: OperatorGraph
    device: Device
    clock_hz: float
    watts: float | None
    design: Design
    limits: Limits
    counted: tuple[Measured, ...] = ()
    counted_by: str = TABLE

    @property
    def frames_per_second(self) -> float:
        """Of interleaved streams together."""
        return self.clock_hz / self.design.interval

    @property
    def one_stream_per_second(self) -> float:
        """Of one stream alone."""
        return self.frames_per_second / self.design.depth

    @property
    def latency_s(self) -> float:
        """From a frame's first operator to its last."""
        return self.design.latency / self.clock_hz

    @property
    def frame_uj(self) -> float | None:
        """Microjoules of a frame of interleaved streams, of the whole board."""
        return None if self.watts is None else self.watts / self.frames_per_second * 1e6

    @property
    def frames_per_joule(self) -> float | None:
        """Frames a second and watt."""
        return None if self.watts is None else self.frames_per_second / self.watts

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut accelerate --json` prints."""
        taken, design = self.design.taken, self.design
        return {
            "model": self.graph.name,
            "what": self.graph.what,
            "device": self.device.name,
            "clock_hz": self.clock_hz,
            "stages": len(design.stages),
            "interval_cycles": design.interval,
            "latency_cycles": design.latency,
            "latency_us": self.latency_s * 1e6,
            "streams": design.depth,
            "frames_per_second": self.frames_per_second,
            "one_stream_frames_per_second": self.one_stream_per_second,
            "watts": self.watts,
            "uj_per_frame": self.frame_uj,
            "frames_per_joule": self.frames_per_joule,
            "taken": {"dsp": taken.dsp, "lut": taken.lut, "flip_flops": taken.flip_flops, "bram36": taken.bram36},
            "device_has": {"dsp": self.limits.dsp, "lut": self.limits.lut, "bram36": self.limits.bram36},
            "operators": [row.__dict__ for row in rows(design)],
            "counted_by": self.counted_by,
            "counted": [one.to_json() for one in self.counted],
            "notes": [*self.graph.notes],
            "about": ABOUT,
        }


@dataclass(frozen=True)
class Row:
    """An operator of a stage: its copies, the cycles of a frame, and what all copies take."""

    part: str
    stage: int
    operator: str
    kind: str
    copies: int
    cycles: int
    dsp: int
    lut: int
    bram36: int


def rows(design: Design) -> list[Row]:
    """Every operator, stage by stage."""
    found = []
    for stage in design.stages:
        for operator, copies in stage.copies:
            took = operator.taken(copies)
            found.append(
                Row(
                    stage.part,
                    stage.number,
                    operator.name,
                    operator.kind,
                    copies,
                    operator.cycles(copies),
                    took.dsp,
                    took.lut,
                    took.bram36,
                )
            )
    return found


def accelerate(
    network: Network | Graph,
    device: str | Device,
    *,
    clock_hz: float | None = None,
    dsp: int | None = None,
    stages: int | None = None,
    layer: str | None = None,
    one_direction: bool = False,
    watts: float | None = None,
    synthesise: bool = False,
    told: Told | None = None,
) -> Accelerated:
    """The pipeline of a network on a device: the least interval, then the least latency, then the fewest DSP.

    The clock and the watts are the device's where they are not given. `dsp` bounds what the engine calls scarce, of an
    LSTM the DSP of the products of its gates; `stages` asks for so many a layer; `layer` takes one layer alone,
    `one_direction` one of the two that layers go. With `synthesise` yosys counts the operators of this network on the
    device's family, in place of the committed table; `told` hears each. SpecError for what cannot be, and for a device
    that is too small, with what is missing; MachineError where yosys is missing or fails.
    """
    on = device if isinstance(device, Device) else described(device)
    graph = network.graph if isinstance(network, Network) else network
    if not isinstance(graph, Graph):
        raise SpecError(
            f"a network or its graph is accelerated, not {fields.shown(network)}; lc.models.build makes one"
        )
    _check_kind(on)
    engine = engine_of(graph)
    parts = _chosen(layer, engine.parts(graph))

    def build(counts: Counts) -> OperatorGraph:
        return engine.build(graph, parts, on.family, one_direction, counts)

    counted: list[Measured] = []
    if synthesise:
        by = synthesis.version()
        _checked(on, clock_hz, dsp, stages, watts)
        check_stages(build(lambda *_: Resources()), stages)
        counted = measure(wanted(build), on.family, default_threads(), told)
    found = build(counts_of(counted) if synthesise else resources.of)
    made = design(found, on, clock_hz=clock_hz, dsp=dsp, stages=stages, watts=watts)
    return replace(made, counted=tuple(counted), counted_by=by) if synthesise else made


def design(
    graph: OperatorGraph,
    device: Device,
    *,
    clock_hz: float | None = None,
    dsp: int | None = None,
    stages: int | None = None,
    watts: float | None = None,
) -> Accelerated:
    """The same of a graph of operators; SpecError as there."""
    _check_kind(device)
    clock, power = _checked(device, clock_hz, dsp, stages, watts)
    limits = Limits(device.dsp, device.lut, device.bram36, dsp)
    return Accelerated(graph, device, clock, power, search(graph, limits, stages), limits)


def _checked(
    device: Device, clock_hz: float | None, dsp: int | None, stages: int | None, watts: float | None
) -> tuple[float, float | None]:
    """The clock and the watts, the device's where none are given; SpecError for what cannot be."""
    clock = device.clock_hz if clock_hz is None else fields.number(clock_hz, "clock")
    if not LEAST_CLOCK <= clock <= MOST_CLOCK:
        raise SpecError(f"clock is {clock:g} Hz, must be {LEAST_CLOCK:g} to {MOST_CLOCK:g}; 200MHz is usual")
    if dsp is not None and (isinstance(dsp, bool) or not isinstance(dsp, int) or not 1 <= dsp <= device.dsp):
        raise SpecError(f"dsp is {fields.shown(dsp)}, must be 1 to {device.dsp:,}, which {device.name} has")
    if stages is not None and (isinstance(stages, bool) or not isinstance(stages, int)):
        raise SpecError(f"stages is {fields.shown(stages)}, must be a whole number")
    power = device.static_watts or None if watts is None else fields.number(watts, "watts")
    if power is not None and not (math.isfinite(power) and power > 0):
        raise SpecError(f"watts is {power:g}, must be above 0")
    return clock, power


def _check_kind(device: Device) -> None:
    if device.kind != FPGA:
        raise SpecError(
            f"{device.name} is of kind {device.kind}, no FPGA; estimate it: linocut estimate --on {device.name}"
        )


def _chosen(layer: str | None, parts: Sequence[str]) -> Sequence[str]:
    if layer is None:
        return parts
    if layer not in parts:
        raise unknown_name("layer that is accelerated", layer, parts)
    return [layer]
