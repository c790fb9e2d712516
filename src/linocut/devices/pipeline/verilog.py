"""The operators of a block-circulant LSTM in Q5.10 as Verilog, one module each, for a synthesiser to count.

They compute what linocut.ops.q10_transform and q10_functions define, with a register behind every stage: a new block,
or a new element, goes in each cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from linocut.ops.q10 import POINT
from linocut.ops.q10_functions import KNOTS
from linocut.ops.q10_transform import TWIDDLE_BITS, halves, twiddles

SUM_BITS = 40
BLOCKS = (1, 2, 4, 8, 16)  # larger ones take yosys a quarter of an hour each
_SATURATE = """\
function signed [15:0] sat;
    input signed [33:0] v;
    sat = v > 32767 ? 16'sd32767 : v < -32768 ? -16'sd32768 : v[15:0];
endfunction
"""


def product(k: int) -> str:
    """One block's product of packed spectra, added to sums of 40 bits."""
    lines = [
        f"module operator(input clk, input clear, input [{16 * k - 1}:0] w, input [{16 * k - 1}:0] x,",
        f"    output reg [{SUM_BITS * k - 1}:0] sums);",
    ]
    for side in "wx":
        lines += [
            f"reg signed [15:0] {side}{i}; always @(posedge clk) {side}{i} <= {side}[{16 * i}+:16];" for i in range(k)
        ]
    for i, terms in enumerate(_terms(k)):
        names = []
        for n, (sign, a, b) in enumerate(terms):
            names.append((sign, f"p{i}_{n}"))
            lines.append(f"reg signed [31:0] p{i}_{n}; always @(posedge clk) p{i}_{n} <= w{a} * x{b};")
        total = " ".join(f"{sign} {name}" for sign, name in names)
        old = f"$signed(sums[{SUM_BITS * i}+:{SUM_BITS}])"
        lines.append(f"always @(posedge clk) sums[{SUM_BITS * i}+:{SUM_BITS}] <= (clear ? 40'sd0 : {old}) {total};")
    return "\n".join([*lines, "endmodule", ""])


def _terms(k: int) -> Iterator[list[tuple[str, int, int]]]:
    """Of each number of a packed sum the products that it adds: sign, number of w, number of x."""
    for i in range(k):
        if i < 2:
            yield [("+", i, i)]
        elif i % 2 == 0:
            yield [("+", i, i), ("-", i + 1, i + 1)]
        else:
            yield [("+", i - 1, i), ("+", i, i - 1)]


def transform(k: int, *, inverse: bool) -> str:
    """A whole transform, a block each cycle: k real numbers to a packed spectrum, or a packed spectrum back."""
    lines = [
        f"module operator(input clk, input [{16 * k - 1}:0] x, output [{16 * k - 1}:0] y);",
        _SATURATE,
        *_loaded(k, inverse),
    ]
    stages = k.bit_length() - 1
    for stage in range(1, stages + 1):
        n, half = k >> (stage - 1), int(halves(k, stage, inverse=inverse, all_inverse=False))
        cos, sin = twiddles(n)
        for base in range(0, k, n):
            for j in range(n // 2):
                a, b = base + j, base + j + n // 2
                turn = int(cos[j]), int(sin[j]) * (1 if inverse else -1)
                lines += _butterfly(stage, a, b, turn, half)
    order = [int(format(i, f"0{stages}b")[::-1], 2) for i in range(k)]
    for i, (part, number) in enumerate(_stored(k, inverse)):
        lines.append(f"assign y[{16 * i}+:16] = {part}{stages}_{order[number]};")
    return "\n".join([*lines, "endmodule", ""])


def _loaded(k: int, inverse: bool) -> Iterator[str]:
    """Numbers of the first stage."""
    for i in range(k):
        if not inverse:
            re, im = f"x[{16 * i}+:16]", "16'sd0"
        else:
            bin_, sign = (i, "") if i <= k // 2 else (k - i, "-")
            ends = {0: 0, k // 2: 1}
            re = f"x[{16 * ends.get(bin_, 2 * bin_)}+:16]"
            im = "16'sd0" if bin_ in ends else f"{sign}$signed(x[{16 * (2 * bin_ + 1)}+:16])"
        yield f"wire signed [16:0] re0_{i} = $signed({re}); wire signed [16:0] im0_{i} = {im};"


def _butterfly(stage: int, a: int, b: int, turn: tuple[int, int], half: int) -> Iterator[str]:
    """Sum and turned difference of two places; differences have 18 bits, their products 34."""
    cos, sin = turn
    before, bits, at = f"{stage - 1}_", TWIDDLE_BITS + half, f"{stage}_{b}"
    for part in ("re", "im"):
        yield f"wire signed [17:0] {part}s{at} = {part}{before}{a} + {part}{before}{b};"
        yield f"wire signed [17:0] {part}d{at} = {part}{before}{a} - {part}{before}{b};"
    d = {part: f"{part}d{at}" for part in ("re", "im")}
    if sin == 0:
        turned, back = d, half
    elif cos == 0:
        turned, back = (
            ({"re": f"-{d['im']}", "im": d["re"]}, half) if sin > 0 else ({"re": d["im"], "im": f"-{d['re']}"}, half)
        )
    else:
        turned = {
            "re": f"{d['re']} * {_number(cos)} - {d['im']} * {_number(sin)}",
            "im": f"{d['re']} * {_number(sin)} + {d['im']} * {_number(cos)}",
        }
        back = bits
    for part in ("re", "im"):
        yield from _kept(f"{part}{stage}_{a}", f"{part}s{at}", half)
        yield from _kept(f"{part}{stage}_{b}", turned[part], back)


def _kept(name: str, value: str, bits: int) -> Iterator[str]:
    """A register of a rounded, shifted, saturated value."""
    rounding = 1 << (bits - 1) if bits else 0
    yield f"wire signed [33:0] {name}w = {value} + 34'sd{rounding};"
    yield f"reg signed [15:0] {name}; always @(posedge clk) {name} <= sat({name}w >>> {bits});"


def _number(value: int) -> str:
    return f"(-16'sd{-value})" if value < 0 else f"16'sd{value}"


def _stored(k: int, inverse: bool) -> Iterator[tuple[str, int]]:
    """What is given back: real or imaginary part, and of which bin or place."""
    if inverse or k == 1:
        yield from (("re", i) for i in range(k))
        return
    yield from (("re", 0), ("re", k // 2))
    for m in range(1, k // 2):
        yield from (("re", m), ("im", m))


def gated(_: int) -> str:
    """A product's number, the bias and a peephole's cell, saturated."""
    return _element("a + b + ((w * c + 34'sd512) >>> 10)", "abwc")


def biased(_: int) -> str:
    """A product's number and the bias, saturated."""
    return _element("a + b", "ab")


def cell(_: int) -> str:
    """C = sat(shift(f c' + i g))."""
    return _element("(a * b + c * d + 34'sd512) >>> 10", "abcd")


def output(_: int) -> str:
    """M = shift(o tanh c)."""
    return _element("(a * b + 34'sd512) >>> 10", "ab")


def added(_: int) -> str:
    """The saturated sum of two directions."""
    return _element("a + b", "ab")


def _element(expression: str, names: str) -> str:
    ports = ", ".join(f"input signed [15:0] {name}_" for name in names)
    loads = "\n".join(f"reg signed [15:0] {name}; always @(posedge clk) {name} <= {name}_;" for name in names)
    return (
        f"module operator(input clk, {ports}, output reg signed [15:0] y);\n{_SATURATE}{loads}\n"
        f"wire signed [33:0] v = {expression};\nalways @(posedge clk) y <= sat(v);\nendmodule\n"
    )


def tanh(_: int) -> str:
    """By knots: a table of 33 numbers, one multiplication."""
    return _by_knots("x", "t")


def sigmoid(_: int) -> str:
    """(1 + tanh(v/2)) / 2 of the same table."""
    return _by_knots("(x + 17'sd1) >>> 1", f"(t + 17'sd{(1 << POINT) + 1}) >>> 1")


def _by_knots(before: str, after: str) -> str:
    cases = "\n".join(
        f"        {at}: begin knot = {int(KNOTS[at])}; rise = {int(KNOTS[at + 1] - KNOTS[at])}; end"
        for at in range(len(KNOTS) - 1)
    )
    return f"""\
module operator(input clk, input signed [15:0] x, output reg signed [15:0] y);
wire signed [16:0] v = {before};
wire [16:0] wide = v < 0 ? -v : v;
wire [12:0] size = wide < 4096 ? wide[12:0] : 13'd4096;
reg [10:0] knot; reg [7:0] rise; reg [7:0] beyond; reg negative;
reg [10:0] knot1; reg [7:0] rise1; reg [7:0] beyond1;
always @* begin
    case (size[12] ? 5'd31 : size[11:7])
{cases}
    endcase
end
always @(posedge clk) begin
    knot1 <= knot; rise1 <= rise; beyond1 <= size[12] ? 8'd128 : {{1'b0, size[6:0]}}; negative <= v < 0;
end
wire [11:0] height = knot1 + ((rise1 * beyond1 + 16'd64) >> 7);
wire signed [16:0] t = negative ? -$signed({{1'b0, height}}) : $signed({{1'b0, height}});
always @(posedge clk) y <= {after};
endmodule
"""


OPERATORS: dict[str, Callable[[int], str]] = {
    "forward": lambda k: transform(k, inverse=False),
    "product": product,
    "inverse": lambda k: transform(k, inverse=True),
    "gated": gated,
    "biased": biased,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "cell": cell,
    "output": output,
    "added": added,
}
BY_BLOCK = ("forward", "product", "inverse")  # of each size of blocks; the others are of an element


def sizes(operator: str) -> tuple[int, ...]:
    """The sizes of blocks that an operator is made for; a transform of one number is none."""
    if operator not in BY_BLOCK:
        return (1,)
    return BLOCKS if operator == "product" else BLOCKS[1:]
