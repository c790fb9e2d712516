"""accelerate: the word engine of a binary network on an FPGA: shape, cycles by layer, frames a second, resources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from linocut import fields
from linocut.devices.device import Device
from linocut.devices.kinds import FPGA
from linocut.devices.pipeline.resources import Resources
from linocut.devices.table import described
from linocut.devices.word_engine import images, synthesis
from linocut.devices.word_engine.layers import EngineNetwork, network_of
from linocut.devices.word_engine.parts import taken
from linocut.devices.word_engine.shapes import USED, fits, lacking, search
from linocut.devices.word_engine.simulated import Simulated
from linocut.devices.word_engine.tiles import Shape, Tiles, Timed, timed
from linocut.devices.word_engine.verilog import Engine
from linocut.errors import SpecError
from linocut.graph.inference import InferenceGraph, RealProduct
from linocut.ops.bits import Array

MODELLED, SYNTHESISED = "modelled", "synthesised by yosys"
MOST_CLOCK, LEAST_CLOCK = 2e9, 1e6
ABOUT = (
    "cycles are exact, as simulation shows; the clock is stated, not met by placing and routing; LUT are upper bounds: "
    "yosys packs no two functions into one"
)


@dataclass(frozen=True, eq=False)
class Accelerated:
    """An engine for a network on a device at a clock, in Hz; `how` its resources were found.

    `host` names what runs outside of it: the layers of weights before and behind. `apart` is how many signs of test
    images are others than prediction's, and of how many: of residual networks, whose stream has 16 bits.
    """

    timed: Timed
    device: Device
    clock_hz: float
    needs: Resources
    how: str
    host: tuple[str, ...]
    simulated: Simulated | None = None
    apart: tuple[int, int] | None = None

    @property
    def network(self) -> EngineNetwork:
        """The layers that it runs."""
        return self.timed.network

    @property
    def frames_per_second(self) -> float:
        """Of frames one after the other."""
        return self.clock_hz / self.timed.interval

    def notes(self) -> list[str]:
        """What is to be known of it, for people."""
        network, found = self.network, []
        if network.obstacle:
            found.append(f"counted alone, no Verilog: {network.obstacle}")
        if network.stream:
            told = "" if self.apart is None else f"; of {self.apart[1]:,} signs {self.apart[0]:,} are others than its"
            found.append(f"shortcuts are added in 16 bits, 10 of them a fraction, where prediction has floats{told}")
        if self.timed.used < USED:
            found.append(f"no more than {100 * self.timed.used:.1f}% of it is in use: layers do not fill its words")
        if self.timed.interval > self.timed.cycles:
            found.append("reading a frame in takes longer than computing it")
        if inexact := sum(layer.test.inexact for layer in network.layers if layer.test is not None):
            found.append(
                f"{inexact:,} tests of signs are not exact: beside their line a sign may differ from prediction's"
            )
        return found

    def rows(self) -> list[dict[str, Any]]:
        """What each layer takes."""
        return [_row(one, self.timed.shape) for one in self.timed.tiles]

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut accelerate --json` prints."""
        shape, needs = self.timed.shape, self.needs
        return {
            "model": self.network.name,
            "engine": f"words of {self.network.noun} signs",
            "device": self.device.name,
            "clock_hz": self.clock_hz,
            "shape": {"pixels": shape.pixels, "outputs": shape.outputs, "lanes": shape.lanes},
            "products_per_cycle": shape.products,
            "products_per_frame": self.network.products,
            "cycles_per_frame": self.timed.cycles,
            "interval_cycles": self.timed.interval,
            "used": self.timed.used,
            "frames_per_second": self.frames_per_second,
            "taken": {
                "lut": needs.lut,
                "flip_flops": needs.flip_flops,
                "bram36": needs.bram36,
                "dsp": needs.dsp,
                "how": self.how,
            },
            "device_has": {"lut": self.device.lut, "bram36": self.device.bram36, "dsp": self.device.dsp},
            "layers": self.rows(),
            "on_host": list(self.host),
            "signs_apart": None if self.apart is None else list(self.apart),
            "simulated": None if self.simulated is None else self.simulated.to_json(),
            "notes": self.notes(),
            "about": ABOUT,
        }


def _row(one: Tiles, shape: Shape) -> dict[str, Any]:
    layer = one.layer
    return {
        "layer": layer.name,
        "pixels": layer.pixels,
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "kernel": list(layer.taps),
        "windows": layer.windows,
        "groups": one.groups,
        "steps": one.steps,
        "dense_steps": one.dense_steps,
        "cycles": one.cycles,
        "products": layer.products,
        "used": layer.products / (one.cycles * shape.products),
    }


def accelerate(
    graph: InferenceGraph,
    device: str | Device,
    *,
    clock_hz: float | None = None,
    fps: float | None = None,
    shape: Shape | None = None,
    kept: dict[str, Array] | None = None,
) -> Accelerated:
    """The engine of a network on a device: with `fps` the smallest that reaches that rate, else the fastest.

    `shape` asks for one shape; `kept` are masks of pruned layers by name, booleans (outputs, rows, columns, inputs).
    The clock is the device's where it is not given. SpecError for what cannot be, and for a device that is too small,
    with what is missing.
    """
    on = device if isinstance(device, Device) else described(device)
    if on.kind != FPGA:
        raise SpecError(f"{on.name} is of kind {on.kind}, no FPGA; estimate it: linocut estimate --on {on.name}")
    clock = on.clock_hz if clock_hz is None else fields.number(clock_hz, "clock")
    if not LEAST_CLOCK <= clock <= MOST_CLOCK:
        raise SpecError(f"clock is {clock:g} Hz, must be {LEAST_CLOCK:g} to {MOST_CLOCK:g}; 200MHz is usual")
    if fps is not None and not 0 < fields.number(fps, "fps") <= clock:
        raise SpecError(f"fps is {fps:g}, must be above 0, up to one frame a cycle")
    network = network_of(graph, kept)
    if shape is None:
        found, needs = search(network, on, clock, fps)
    else:
        found = timed(network, shape)
        needs = taken(Engine(found, "engine"), on.family)
        if not fits(needs, on):
            raise SpecError(f"{on.name} holds no engine of {shape}: it takes {lacking(needs, on)}; take a smaller one")
    return Accelerated(found, on, clock, needs, MODELLED, _on_host(graph))


def _on_host(graph: InferenceGraph) -> tuple[str, ...]:
    return tuple(node.name for node in graph.nodes if isinstance(node, RealProduct))


def check_writable(found: Accelerated) -> None:
    """SpecError where no Verilog can be made of a network, with the reason."""
    if found.network.obstacle:
        raise SpecError(f"no Verilog can be made of {found.network.name}: {found.network.obstacle}")


def sources(found: Accelerated, name: str) -> dict[str, str]:
    """The engine and what its memories hold: files by name; SpecError where it cannot be, and for another name."""
    check_writable(found)
    engine = Engine(found.timed, name)
    return {f"{name}.v": engine.text(), **images.memories(engine)}


def synthesised(found: Accelerated, files: dict[str, str], name: str) -> Accelerated:
    """The same with its resources counted by yosys; MachineError where that is missing or fails."""
    needs = synthesis.synthesised(files, f"{name}.v", name, found.device.family)
    return replace(found, needs=needs, how=SYNTHESISED)
