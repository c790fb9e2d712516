"""verilog: the text of an engine for a network, and the sizes that its memories and registers need."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template

import numpy as np

from linocut import __version__
from linocut.devices.word_engine import bit_count
from linocut.devices.word_engine.tiles import FILL, Tiles, Timed, is_scattered
from linocut.errors import SpecError, one_line
from linocut.graph.inference import FACTOR_BITS, MAX

TEMPLATES = Path(__file__).with_name("templates")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
MOST_NAME = 60
POINT, STREAM_WIDTH = 10, 16  # bits of a stream's fraction, and of all of its number
MOST_DOWN = 20
# What goes to the host, without and with a stream.
GIVEN = (
    "assign sums_valid = `RESULT(9) && is_final;\nassign sums = sums9;",
    "assign sums_valid = `RESULT(13) && is_final;\nassign sums = values13;",
)
# Words of IEEE 1800-2017, and the names of the engine's own modules.
RESERVED = frozenset((TEMPLATES / "reserved.txt").read_text().split())


class _Template(Template):
    delimiter = "%"


def check_name(name: str) -> str:
    """The name of a module; SpecError for one that Verilog cannot have, or reserves."""
    if name in RESERVED:
        raise SpecError(f"the name {name!r} is reserved, by Verilog or by the engine; give another with --name")
    if not NAME.fullmatch(name) or len(name) > MOST_NAME:
        raise SpecError(
            f"the name {one_line(name)!r} is no Verilog name of at most {MOST_NAME} letters, digits and _ that begins "
            "with a letter; give another with --name"
        )
    return name


def filled(template: str, **values: object) -> str:
    """A template's text with what stands for its %names."""
    return _Template((TEMPLATES / template).read_text()).substitute({k: str(v) for k, v in values.items()})


def bits_of(values: int) -> int:
    """Bits that count so many values, 0 included; at least one."""
    return max(1, (values - 1).bit_length())


@dataclass(frozen=True, eq=False)
class Engine:
    """A network on an engine, as Verilog of a module `name`."""

    timed: Timed
    name: str

    @property
    def tiles(self) -> tuple[Tiles, ...]:
        """The layers, cut."""
        return self.timed.tiles

    @property
    def parts(self) -> int:
        """2 of complex products, 1 of real ones."""
        return self.timed.network.parts

    @cached_property
    def turned(self) -> bool:
        """Whether signs are tested by two factors."""
        turned = any(one.layer.test is not None and one.layer.test.turned for one in self.tiles)
        return turned or self.streams

    @property
    def streams(self) -> bool:
        """Whether it is of a residual network."""
        return bool(self.timed.network.stream)

    @cached_property
    def down(self) -> int:
        """How many places finer than a stream's numbers what is added to it is formed: as fine as factors allow."""
        streams = [one.layer.stream for one in self.tiles if one.layer.stream is not None]
        slope = max((float(np.abs(stream.slopes).max()) for stream in streams), default=0.0)
        shift = max((float(np.abs(stream.shift).max()) for stream in streams), default=0.0)
        for down in range(MOST_DOWN, -1, -1):
            of_one = 2.0 ** (POINT + down)
            if slope * of_one < 2 ** (FACTOR_BITS - 1) - 1 and (shift + 1) * of_one < 2 ** (self.shift_bits - 2):
                return down
        raise SpecError(
            f"norms of {self.timed.network.name} reach {max(slope, shift):.3g} times their sums, which a stream of 16 "
            f"bits cannot hold; train it longer, so that deviations are those of its sums"
        )

    @property
    def out_bits(self) -> int:
        """Of a number that it gives."""
        return STREAM_WIDTH if self.streams else self.sum_bits

    @property
    def stream_shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows of the stream that the host gives, groups and tiles, and of the largest."""
        shapes = [(one.groups, len(one.kept)) for one in self.tiles if one.layer.stream is not None]
        first = next(
            (one.groups, len(one.kept)) for one in self.tiles if one.layer.stream is not None and one.layer.stream.first
        )
        return first, max(shapes, key=math.prod)

    @cached_property
    def masked(self) -> bool:
        """Whether words have pruned weights beside kept ones, so that each weight says whether it counts."""
        return any(is_scattered(one) for one in self.tiles)

    @property
    def count_bits(self) -> int:
        """Of a number of lanes."""
        return self.timed.shape.lanes.bit_length()

    @cached_property
    def sum_bits(self) -> int:
        """Of a sum of one part, with its sign."""
        return 1 + max(max(one.layer.largest for one in self.tiles), self.timed.shape.lanes).bit_length()

    @property
    def weight_width(self) -> int:
        """Bits of the weights of an output and step."""
        lanes = self.timed.shape.lanes
        return lanes * self.parts + (lanes + self.count_bits if self.masked else 0)

    @property
    def test_width(self) -> int:
        """Bits of the test of a part of an output."""
        return 2 * FACTOR_BITS + self.shift_bits if self.turned else self.sum_bits + 2

    @property
    def shift_bits(self) -> int:
        """Of a test by factors."""
        return FACTOR_BITS + self.sum_bits + 2

    @cached_property
    def steps(self) -> int:
        """Rows of weights."""
        return sum(int(one.kept.sum()) + one.idle // one.layer.windows for one in self.tiles)

    @property
    def tile_count(self) -> int:
        """Rows of tests."""
        return sum(len(one.kept) for one in self.tiles)

    @property
    def word_bits(self) -> int:
        """Of the number of a word in a pixel, and of how many are written."""
        return bits_of(max(max(one.words_in, one.words_out + 1) for one in self.tiles))

    @property
    def tap_bits(self) -> int:
        """Of a row or column of the kernel."""
        return bits_of(max(max(one.layer.taps) for one in self.tiles))

    @property
    def step_width(self) -> int:
        """Bits of a step."""
        return self.word_bits + 2 * self.tap_bits + 4

    @cached_property
    def place_bits(self) -> int:
        """Of rows and columns, with a sign, and room for padding and a pixel group beyond the edge."""
        side = max(max(*one.layer.image, *one.layer.given, *one.layer.taps) for one in self.tiles)
        moves = max(one.layer.stride * one.layer.pool_stride for one in self.tiles)
        return bits_of(2 * (side + self.timed.shape.pixels + 1) * moves + 1) + 2

    @cached_property
    def first_depth(self) -> int:
        """Words of a bank of the first buffer."""
        first = self.tiles[0]
        pixels = first.layer.image[0] * first.layer.image[1]
        return -(-pixels // self.timed.shape.pixels) * first.words_in

    @cached_property
    def signs_depth(self) -> int:
        """Words of a bank of the two other buffers."""
        return max([1, *(one.groups * one.words_out for one in self.tiles)])

    @property
    def signs_bits(self) -> int:
        """Of an address in a bank."""
        return bits_of(max(self.first_depth, self.signs_depth))

    @property
    def slots(self) -> int:
        """Tiles of a layer, at most."""
        return max(len(one.kept) for one in self.tiles)

    @property
    def config_width(self) -> int:
        """Bits that say what a layer is."""
        return sum(bits for bits, _ in self._fields(0))

    @property
    def room(self) -> int:
        """Signs of a pixel and part that are put together."""
        outputs, lanes = self.timed.shape.outputs, self.timed.shape.lanes
        return max(max(len(one.kept) * outputs, one.words_out * lanes) for one in self.tiles)

    def text(self) -> str:
        """NAME.v."""
        shape = self.timed.shape
        kind = self.timed.network.noun
        names = {1: ("signs",), 2: ("real_signs", "imaginary_signs")}[self.parts]
        return filled(
            "engine.v",
            about=about(self.timed.network.name),
            name=self.name,
            pixels=shape.pixels,
            outputs=shape.outputs,
            lanes=shape.lanes,
            kind=kind,
            cycles=f"{self.timed.cycles:,}",
            load_bits=self.load_bits,
            word_bits=self.parts * shape.lanes,
            sums_bits=shape.pixels * shape.outputs * self.parts * self.out_bits,
            signs_bits=shape.pixels * self.parts * shape.lanes,
            parameters=self._parameters(),
            steps_file=f"{self.name}_steps.hex",
            weights_file=f"{self.name}_weights.hex",
            tests_file=f"{self.name}_tests.hex",
            table="\n".join(self._row(number) for number in range(len(self.tiles))),
            products=self._products(names),
            test="stream_test" if self.streams else "turned_test" if self.turned else "straight_test",
            stream_ports=self._stream_ports(),
            stream=filled("stream.v") if self.streams else "",
            given=GIVEN[self.streams],
            tested=self._tested(),
            parts=self.units(),
        )

    @property
    def load_bits(self) -> int:
        """Of an address that a frame is loaded at: a word of a bank, and the bank below it."""
        return bits_of(self.first_depth * self.timed.shape.pixels)

    def _stream_ports(self) -> str:
        if not self.streams:
            return ""
        return filled(
            "stream_ports.v",
            stream_at_bits=bits_of(math.prod(self.stream_shapes[0])),
            output_bits=bits_of(self.timed.shape.outputs),
            stream_bits=self.timed.shape.pixels * self.parts * STREAM_WIDTH,
        )

    def units(self) -> str:
        """The modules that it is made of: a product, a count of bits, a test."""
        product = "complex_pe.v" if self.parts == 2 else "real_pe.v"
        if self.streams:
            test = filled("stream_test.v", factor_bits=FACTOR_BITS, down=self.down)
        else:
            test = filled("turned_test.v", factor_bits=FACTOR_BITS) if self.turned else filled("straight_test.v")
        return "\n".join([filled(product), bit_count.module(self.timed.shape.lanes) + "\n", test])

    @cached_property
    def widths(self) -> dict[str, int]:
        """Bits of the registers, by the names that these have in the text."""
        tiles, shape = self.tiles, self.timed.shape
        return {
            "LAYER_BITS": bits_of(len(tiles) + 1),
            "STEP_BITS": bits_of(self.steps + 1),
            "TILE_BITS": bits_of(self.tile_count + 1),
            "SLOT_BITS": bits_of(self.slots + 1),
            "GROUP_BITS": bits_of(max(one.groups for one in tiles)),
            "SIDE_BITS": bits_of(max(max(one.layer.pool) for one in tiles)),
            "FILL_BITS": bits_of(FILL + max(one.words_out for one in tiles) + 1),
            "PLACE_BITS": self.place_bits,
            "PIXEL_BITS": bits_of(max(math.prod(one.layer.image) for one in tiles)),
            "BANK_BITS": bits_of(shape.pixels),
            "SIGNS_BITS": self.signs_bits,
            "WORD_BITS": self.word_bits,
            "TAP_BITS": self.tap_bits,
            "COUNT_BITS": self.count_bits,
            "SUM_BITS": self.sum_bits,
            "STEP_WIDTH": self.step_width,
            "WEIGHT_WIDTH": self.weight_width,
            "TEST_WIDTH": self.test_width,
        }

    def _parameters(self) -> str:
        shape = self.timed.shape
        values = {
            "PIXELS": shape.pixels,
            "PIXELS_LOG": shape.pixels.bit_length() - 1,
            "OUTPUTS": shape.outputs,
            "LANES": shape.lanes,
            "PARTS": self.parts,
            "LAYERS": len(self.tiles),
            "STEPS": self.steps,
            "TILES": self.tile_count,
            "SLOTS": self.slots,
            "FILL": FILL,
            "NORM": 4 if self.turned else 1,
            "FIRST_DEPTH": self.first_depth,
            "SIGNS_DEPTH": self.signs_depth,
            "ROOM": self.room,
            **self.widths,
            "CONFIG_WIDTH": self.config_width,
        }
        if self.streams:
            first, largest = (math.prod(shape) for shape in self.stream_shapes)
            values |= {"FIRST_STREAM_DEPTH": first, "STREAM_DEPTH": largest, "STREAM_BITS": bits_of(largest + 1)}
        return "\n".join(f"localparam {name} = {value};" for name, value in values.items())

    def _fields(self, number: int) -> list[tuple[int, int]]:
        """What a layer is: bits and value of each register, in their order."""
        one, shape = self.tiles[number], self.timed.shape
        layer, width, place = one.layer, self.widths, self.place_bits
        move = layer.stride * layer.pool_stride
        downs, advance = divmod(shape.pixels, layer.given[1])
        tail = layer.inputs - (one.words_in - 1) * shape.lanes
        begins = [divmod(pixel, layer.given[1]) for pixel in reversed(range(shape.pixels))]
        places = [
            *(layer.stride, move, advance * move, downs * move, (advance - layer.given[1]) * move, (downs + 1) * move),
            *(*layer.image, layer.given[1], advance),
        ]
        starts = [
            *(x * move - layer.pads[1] for _, x in begins),
            *(y * move - layer.pads[0] for y, _ in begins),
            *(x for _, x in begins),
        ]
        return [
            (width["GROUP_BITS"], one.groups - 1),
            *((width["SIDE_BITS"], side - 1) for side in reversed(layer.pool)),
            *((place, value) for value in places),
            *((width["WORD_BITS"] + 1, words) for words in (one.words_in, one.words_out)),
            (shape.lanes, (1 << tail) - 1),
            (self.count_bits, tail),
            *((2, buffer) for buffer in layer.buffers),
            (1, int(number == len(self.tiles) - 1)),
            (1, int(layer.pool_function == MAX)),
            (1, int(number == self.timed.frees)),
            (1, int(layer.stream is not None)),
            (1, int(layer.stream is not None and layer.stream.adds)),
            (1, int(layer.stream is not None and layer.stream.first)),
            *((place, value) for value in starts),
        ]

    def _row(self, number: int) -> str:
        """A line of the table of layers."""
        fields = (f"{bits}'h{value & ((1 << bits) - 1):x}" for bits, value in self._fields(number))
        return f"        {number}: found = {{{', '.join(fields)}}};"

    def _products(self, names: tuple[str, ...]) -> str:
        mask, lines = "mask5", []
        count = "count7"
        if self.masked:
            at = "own[PARTS*LANES +: LANES]"
            lines += [
                "        reg [COUNT_BITS-1:0] kept6, kept7;",
                "        always @(posedge clk) begin",
                "            kept6 <= valid5[p] ? own[(PARTS+1)*LANES +: COUNT_BITS] : {COUNT_BITS{1'b0}};",
                "            kept7 <= kept6;",
                "        end",
            ]
            mask, count = f"mask5 & {at}", "kept7"
        signs = ", ".join(
            f".{name}(read5[{f'(p*PARTS+{part})' if part else 'p*PARTS'}*LANES +: LANES])"
            for part, name in enumerate(names)
        )
        weights = ".weight(own[0 +: LANES])" + (", .other(own[LANES +: LANES])" if self.parts == 2 else "")
        sums = ", ".join(
            f".{name}(sums9[((p*OUTPUTS+o)*PARTS+{part})*SUM_BITS +: SUM_BITS])"
            for part, name in enumerate(("sum",) if self.parts == 1 else ("real_sum", "imaginary_sum"))
        )
        lines += [
            "        product_sum #(.LANES(LANES), .COUNT_BITS(COUNT_BITS), .SUM_BITS(SUM_BITS)) unit (",
            f"            .clk(clk), {signs},",
            f"            {weights}, .mask({mask}), .count7({count}), .first8(`FIRST(8)),",
            f"            {sums});",
        ]
        return "\n".join(lines)

    def _tested(self) -> str:
        sums = "                .{}(sums9[((p*OUTPUTS+o)*PARTS+{})*SUM_BITS +: SUM_BITS]),"
        if not self.turned:
            return sums.format("sum", "i")
        imaginary = sums.format("imaginary_sum", 1)
        if self.parts == 1:
            imaginary = "                .imaginary_sum({SUM_BITS{1'b0}}),"
        lines = [sums.format("real_sum", 0), imaginary]
        if self.streams:
            lines += [
                "                .is_stream(is_stream), .kept12(kept12[((p*OUTPUTS+o)*PARTS+i)*16 +: 16]),",
                "                .value(values13[((p*OUTPUTS+o)*PARTS+i)*16 +: 16]),",
            ]
        return "\n".join(lines)


def about(network: str) -> str:
    """The first lines of a file."""
    return (
        f"// {one_line(network)}, generated by linocut {__version__}.\n"
        "// SPDX-License-Identifier: Apache-2.0 (of the code; the constants are those of the network)"
    )
