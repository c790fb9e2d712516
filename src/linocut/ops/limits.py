"""Limits that several instructions have: of attributes, windows, sums in parts, and gradients in integers."""

from __future__ import annotations

from linocut.formats import WORD_BITS
from linocut.ops.rule import Rule, Rules
from linocut.ops.signature import Signature

I16_MAX, I32_MAX = 2**15 - 1, 2**31 - 1
U8_SCALE = 255  # a byte u counts as 2u - 255
MOST_STRIDE = 2**15
MOST_PARTS = 65536
MOST_WIDE_ROWS = 2**22  # of i32: their sum is below 2**53
MOST_PRODUCTS = I32_MAX // U8_SCALE  # of a gradient and a sign: their sum, and twice it, fit 32 bits
MANTISSA = "(i4, i8, i16)"
SHORT = "(i4, i8)"  # mantissas that are factors of products
FIXED = "(q15, q7)"
MOST_BITS = f"({I16_MAX} if y == i16 else {I32_MAX // 2})"
MOST_BYTES = f"({I16_MAX // U8_SCALE} if y == i16 else {I32_MAX // (2 * U8_SCALE)})"  # twice the sum comes first


def at_most(number: str, what: str, most: str | int, mend: str, where: str = "the sum") -> Rule:
    """A bound on how much is summed."""
    return Rule(f"{number} <= {most}", f"{{{number}}} {what} overflow {where}, at most {{{most}}}; {mend}")


def _between(name: str, low: float, high: float) -> tuple[str, str]:
    return f"whole({name}) and {low} <= {name} <= {high}", f"a whole number from {low:,} to {high:,}"


_FLAG = "{0} == 0 or {0} == 1", "0 or 1"
_NOT_NEGATIVE = "{0} >= 0", "at least 0"
_SHARE = "0 <= {0} <= 1", "0 to 1"
_DECAY = "0 <= {0} < 1", "at least 0 and below 1"
Q10_FLAGS = ("inverse", "projection_inverse", "paper")
# What attributes may be, whichever instruction has them.
_ATTRIBUTES = {
    "norm": ("norm == 1 or norm == 2 or norm == 3", "1 (l1), 2 (l2) or 3 (scaled l1)"),
    "ste": ("ste == 0 or ste == 1 or ste == 2", "0, 1 (a sign's estimator) or 2 (a ReLU)"),
    **dict.fromkeys(
        ("relu", "signs", "nesterov", "fresh", "exact", "turned", "last", "sigmoid", "backwards", "packed"), _FLAG
    ),
    **dict.fromkeys(Q10_FLAGS, _FLAG),
    **dict.fromkeys(("decay", "rate", "epsilon", "tau", "bound"), _NOT_NEGATIVE),
    **dict.fromkeys(("smoothing", "momentum", "beta1", "beta2"), _DECAY),
    **dict.fromkeys(("clip", "gamma"), _SHARE),
    "gradient_scale": ("gradient_scale > 0", "above 0"),
    "micro_batches": _between("micro_batches", 1, 2**20),
    "products": _between("products", 1, MOST_PRODUCTS),
    "elements": _between("elements", 1, 2**53),
    "bits": ("bits == 5 or bits == 7 or bits == 15", "5, 7 or 15"),
    "dy_bits": ("dy_bits == 5 or dy_bits == 7", "5 or 7"),
    "times": _between("times", 1, 64),
    "salt": _between("salt", 0, 2**53),  # integers that a double holds exactly
    **{name: _between(name, 1, MOST_STRIDE) for name in ("stride", "height", "width", "image_height", "image_width")},
}


def of_attributes(signature: Signature) -> Rules:
    """The rules that an instruction has for its attributes alone: all are finite."""
    rules = []
    for name in signature.attributes:
        rules.append(Rule(f"finite({name})", f"{name} is {{{name}}}, must be finite"))
        if name in _ATTRIBUTES:
            holds, bound = _ATTRIBUTES[name]
            rules.append(Rule(holds.format(name), f"{name} is {{{name}}}, must be {bound}"))
    return tuple(rules)


def window(height: str, width: str, images: tuple[str, str] = ("H", "W")) -> Rules:
    """A window moves over images, by default (H, W), to give outputs (I, J), each of which sees a pixel at least.

    A pad is below the window's size, and the last window starts within the image.
    """
    rules = []
    for pad, size, image, outputs in (("pad_top", height, images[0], "I"), ("pad_left", width, images[1], "J")):
        rules += [
            Rule(
                f"whole({pad}) and 0 <= {pad} < {size}",
                f"{pad} is {{{pad}}}, must be a whole number from 0 to {{{size} - 1}}, below the window's size",
            ),
            Rule(
                f"({outputs} - 1) * stride - {pad} < {image}",
                f"{{{outputs}}} outputs of stride {{stride}} and {pad} {{{pad}}} pass the image's {{{image}}} pixels",
            ),
        ]
    return tuple(rules)


CONVOLUTION = window("P", "Q")
POOL = window("height", "width")


def parts(quantities: int) -> Rule:
    """Sums over rows go to `work`: whole parts, of a row at least (norm.py)."""
    most = f"{quantities} * min(R, {MOST_PARTS})"
    return Rule(
        f"work == absent or (S % {quantities} == 0 and S <= {most})",
        f"work has {{S}} rows, must be a multiple of {quantities}, at most {{{most}}}",
    )


WIDE_ROWS = Rule(
    f"work == absent or y != i32 or R <= {MOST_WIDE_ROWS}",
    f"{{R}} rows overflow the sum, at most {MOST_WIDE_ROWS:,}; use a smaller batch",
)
RECTIFIED_BITS = Rule("ste != 2 or x == bit", "x {x} does not tell where a ReLU passes; give its bits, x >= 0")
# Channels [first, first + D) of C are whole words, or a half of one, but for the last.
HALF_WORD = WORD_BITS // 2
CHANNELS = (
    Rule(
        f"0 <= first <= C - D and first % {HALF_WORD} == 0 and (first % {WORD_BITS} == 0 or D <= {HALF_WORD})",
        f"first is {{first}}, must be a multiple of {WORD_BITS} from 0 to {{C - D}}, or {HALF_WORD} more for as many",
    ),
    Rule(
        f"D % {WORD_BITS} == 0 or D == {HALF_WORD} or first == C - D",
        f"y has {{D}} of {{C}} channels, must be {HALF_WORD}, a multiple of {WORD_BITS} or the last ones",
    ),
)
# What becomes of a product in prediction (outcome.py).
OUTCOME = (
    Rule(
        "(bits == absent) != (y == absent)",
        "takes one of bits and y: bits where thresholds follow, y where sums are wanted",
    ),
    Rule("(least == absent) == (bits == absent)", "least and bits go with each other"),
)


def panels(row: str, needed: str) -> Rule:
    """Rows of words, `row` of them, hold those that are `needed` for each of N outputs (panels.py)."""
    return Rule(
        f"P == words(N) and {row} == {needed}",
        f"panels are {{P}} of {{{row}}} words, must be {{words(N)}} of {{{needed}}} for {{N}} outputs; "
        "make them by ops.panels.pack_panels",
    )


def together(*parts: str) -> str:
    """That all of these conditions hold, or none."""
    return " == ".join(f"({part})" for part in parts)


INTEGERS = together(
    f"dy in {SHORT}", f"dx in {MANTISSA}", *(f"{n} != absent" for n in ("dx_exponent", "dy_exponent", "scale"))
)
# Of a gradient of weights; a fused instruction has no dW.
WEIGHT_GRADIENT = (
    Rule(f"dy in {SHORT} or dw != q7", "a dY in {dy} gives no dW in q7"),
    Rule(
        f"dy not in {SHORT} or (dw in (absent, bit, q7) and x in (bit, u8))",
        "a dY in {dy} takes X as bit or u8 and gives dW as bit or q7, not X {x}, dW {dw}",
    ),
)
