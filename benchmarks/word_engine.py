"""The word engine at full size: whole networks simulated and synthesised, a part placed and routed, the table of parts.

python benchmarks/word_engine.py --whole complex_nin_plain --fps 5882           # Verilator, a whole image
python benchmarks/word_engine.py --whole complex_nin_mean --prune word --fps 5882
python benchmarks/word_engine.py --whole complex_resnet18 --fps 4938
python benchmarks/word_engine.py --synthesise complex_nin_plain --fps 5882      # yosys, a minute
python benchmarks/word_engine.py --place 31                                     # nextpnr: a product on an iCE40 HX8K
python benchmarks/word_engine.py --show "complex product" 62 xcup
python benchmarks/word_engine.py --table             # all parts: src/linocut/devices/word_engine/parts.toml

Weights and norms are drawn by chance, for networks that nobody trained: integers are compared with prediction's all the
same, of a residual network with those that its 16-bit numbers come to.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from linocut import networks
from linocut.devices.pipeline.synthesis import YOSYS
from linocut.devices.word_engine import bench, bit_count, simulated, synthesis
from linocut.devices.word_engine.accelerated import Accelerated, accelerate, sources
from linocut.devices.word_engine.computed import computed
from linocut.devices.word_engine.parts import LANES, TABLE
from linocut.devices.word_engine.synthesis import COMPLEX, PARTS, REAL, SUM_BITS, part
from linocut.devices.word_engine.tiles import Shape, timed
from linocut.devices.word_engine.verilog import Engine, filled
from linocut.files import write_text
from linocut.graph.blank import Blank
from linocut.graph.fold import ComplexParts, Norm, fold
from linocut.graph.graph import Node
from linocut.graph.inference import InferenceGraph
from linocut.layers.weights import PART
from linocut.ops.bits import Array, pack
from linocut.reproduce.complex import KINDS, mask

FAMILIES = ("xcup",)
HEAD = """\
# What one product of so many lanes with its sum takes, and one test of a sign, of sums of {bits} bits, by family.
# Written by benchmarks/word_engine.py: {version}, synth_xilinx -noiopad -noclkbuf; a test has no lanes, 0.
# Neither placed nor routed; pairs of functions that could share a LUT are counted as two.
"""
NAME, RATE = "drawn", 20.0
PLACED_SUM_BITS = 12


class Drawn(Blank):
    """Weights and norms by chance, of the size that those of a training have."""

    def __init__(self) -> None:
        self._generator = np.random.default_rng(0)

    def signs(self, node: Node) -> Array:
        """Bits by chance."""
        return pack(self._generator.random(node.parameter(PART).shape) < 0.5)

    def weights(self, node: Node) -> Array:
        """Floats by chance."""
        shape = node.parameter(PART).shape
        return (self._generator.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    def norm(self, node: Node, product: Node | None) -> Norm:
        """Deviations of the sums before it."""
        parts = self._parts(node, product)
        scaled = super().norm(node, product).gain
        return Norm(*parts, None if scaled is None else self._generator.normal(1, 0.2, len(parts[0])))

    def complex_norm(self, node: Node, product: Node | None) -> ComplexParts:
        """The same with a complex factor."""
        mean, deviation, shift = (part.astype(np.float32) for part in self._parts(node, product))
        gains = self._generator.normal(0.5, 0.1, (2, len(mean) // 2)).astype(np.float32)
        return ComplexParts(mean, deviation, gains, shift)

    def least(self, node: Node, product: Node, *, whole: bool) -> Array:
        """Thresholds near 0."""
        count = node.output.shape[-1]
        bound = np.sqrt(np.prod(product.parameter(PART).shape[1:]))
        return self._generator.normal(0, 0.3 * bound, count).astype(np.int32 if whole else np.float32)

    def _parts(self, node: Node, product: Node | None) -> tuple[Array, Array, Array]:
        count = node.output.shape[-1]
        size = 1.0 if product is None else float(np.sqrt(np.prod(product.parameter(PART).shape[1:])))
        drawn = self._generator.normal(0, 0.3, (3, count))
        return size * drawn[0], size * (1 + 0.3 * np.abs(drawn[1])), drawn[2]


def main() -> None:
    """Do what is asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--whole", metavar="MODEL")
    asked.add_argument("--synthesise", metavar="MODEL")
    asked.add_argument("--fps", type=float)
    asked.add_argument("--shape", help="8x18x20")
    asked.add_argument("--prune", choices=KINDS)
    asked.add_argument("--place", type=int, metavar="LANES")
    asked.add_argument("--show", nargs=3)
    asked.add_argument("--table", action="store_true")
    given = asked.parse_args()
    if given.show:
        print(part(given.show[0], int(given.show[1]), given.show[2]))
    elif given.place:
        place(given.place)
    elif given.table:
        write_table()
    elif model := given.whole or given.synthesise:
        graph = fold(networks.build(model).graph, Drawn())
        found = engine_for(graph, given.fps, given.shape, given.prune)
        told(found)
        if given.whole:
            simulate(graph, found)
        else:
            synthesise(found)
    else:
        asked.print_help()


def engine_for(graph: InferenceGraph, fps: float | None, shape: str | None, prune: str | None) -> Accelerated:
    """The engine on a U280, of a pruned network that of the whole one."""
    wanted = None if shape is None else Shape(*map(int, shape.split("x")))
    found = accelerate(graph, "u280", fps=fps, shape=wanted)
    if prune is None:
        return found
    own = found.timed.shape
    kept = {layer.name: mask(layer, prune, RATE, own) for layer in found.network.layers}
    return accelerate(graph, "u280", shape=own, kept=kept)


def told(found: Accelerated) -> None:
    """What the model says."""
    print(
        f"{found.network.name}: {found.timed.shape}, {found.timed.cycles:,} cycles, {found.timed.used:.1%} used, "
        f"{found.frames_per_second:,.0f} frames a second at {found.clock_hz / 1e6:g} MHz, {found.needs} modelled"
    )


def simulate(graph: InferenceGraph, found: Accelerated) -> None:
    """A whole image under Verilator."""
    engine, network = Engine(found.timed, NAME), found.network
    pixels = np.random.default_rng(1).integers(0, 256, (1, *graph.input.shape)).astype(np.uint8)
    values = bench.predicted(graph, bench.wanted(network), pixels)
    own = computed(engine, values[network.reads], values[network.stream] if network.stream else None)
    if all(layer.kept is None for layer in network.layers):
        differ = {
            name: int(np.count_nonzero(own[name].reshape(value.shape) != value))
            for name, value in values.items()
            if value.dtype == bool or not network.stream
        }
        count = sum(values[name].size for name in differ)
        print(f"the engine's integers and prediction's: {sum(differ.values()):,} of {count:,} differ")
    begun = time.perf_counter()
    print(simulated.simulate(sources(found, NAME) | bench.files(engine, own), NAME))
    print(f"{time.perf_counter() - begun:.0f} s, building and running")
    assert timed(network, engine.timed.shape).cycles == found.timed.cycles


def synthesise(found: Accelerated) -> None:
    """The whole engine by yosys."""
    begun = time.perf_counter()
    print(synthesis.synthesised(sources(found, NAME), f"{NAME}.v", NAME, found.device.family))
    print(f"{time.perf_counter() - begun:.0f} s")


def place(lanes: int) -> None:
    """A complex product of so many lanes by yosys and nextpnr on an iCE40 HX8K, its lanes shifted in by one pin."""
    top = f"""
module top (input wire clk, input wire in, input wire first, output wire out);
reg [{5 * lanes - 1}:0] taken; reg [7:0] count; reg [{2 * PLACED_SUM_BITS - 1}:0] given; reg begins;
wire [{PLACED_SUM_BITS - 1}:0] re, im;
always @(posedge clk) begin
    taken <= {{taken, in}}; count <= {{count, in}}; begins <= first;
    given <= begins ? {{re, im}} : given << 1;
end
assign out = given[{2 * PLACED_SUM_BITS - 1}];
product_sum #(.LANES({lanes}), .COUNT_BITS({lanes.bit_length()}), .SUM_BITS({PLACED_SUM_BITS})) unit (
    .clk(clk), .real_signs(taken[0 +: {lanes}]), .imaginary_signs(taken[{lanes} +: {lanes}]),
    .weight(taken[{2 * lanes} +: {lanes}]), .other(taken[{3 * lanes} +: {lanes}]), .mask(taken[{4 * lanes} +: {lanes}]),
    .count7(count[{lanes.bit_length() - 1}:0]), .first8(begins), .real_sum(re), .imaginary_sum(im));
endmodule
"""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "top.v").write_text(filled("complex_pe.v") + bit_count.module(lanes) + top)
        script = "read_verilog top.v; synth_ice40 -top top -json top.json"
        subprocess.run([YOSYS, "-q", "-p", script], cwd=folder, check=True)
        command = ["nextpnr-ice40", "--hx8k", "--package", "ct256", "--json", "top.json", "--freq", "100"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if re.search(r"ICESTORM_LC|Max frequency|ERROR", line)]
    print("\n".join(lines[-3:]))


def write_table() -> None:
    """The table of parts."""
    version = subprocess.run([YOSYS, "-V"], capture_output=True, text=True, check=True).stdout.split("(")[0].strip()
    entries = [
        _entry(family, name, lanes)
        for family in FAMILIES
        for name in PARTS
        for lanes in (LANES if name in (COMPLEX, REAL) else (0,))
    ]
    write_text(TABLE, "\n".join([HEAD.format(version=version, bits=SUM_BITS), *entries]))


def _entry(family: str, name: str, lanes: int) -> str:
    found = part(name, lanes, family)
    print(family, name, lanes, found, file=sys.stderr, flush=True)
    return (
        f'[[part]]\nfamily = "{family}"\nname = "{name}"\nlanes = {lanes}\ndsp = {found.dsp}\nlut = {found.lut}\n'
        f"flip_flops = {found.flip_flops}\n"
    )


if __name__ == "__main__":
    main()
