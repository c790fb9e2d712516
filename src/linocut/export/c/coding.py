"""coding: numbers in the units of the training data as the bytes that a network reads, in C."""

from __future__ import annotations

from linocut.data.coding import Coding
from linocut.ops.bits import Array

BYTES = 16  # of constants, for each channel


def prototype(name: str) -> str:
    """The function as it is declared."""
    return f"void {name}_code(const float *values, uint8_t *image)"


def declared(name: str) -> str:
    """For the header."""
    return _DECLARED.format(name=name, prototype=prototype(name))


def defined(name: str, coding: Coding, count: int) -> str:
    """For the source file: the bytes of `count` values, whose channels come round."""
    middle, half = coding.middle_and_half()
    return _DEFINED.format(
        prototype=prototype(name),
        channels=len(middle),
        middle=_doubles(middle),
        half=_doubles(half),
        count=count,
    )


def _doubles(values: Array) -> str:
    """Seventeen digits tell every double from its neighbours."""
    return ",\n    ".join(f"{value:.17e}" for value in values.tolist())


_DECLARED = """\
/* Codes the numbers of one example, in the units of what the network was trained on, as the image that {name}_predict
   reads. Numbers outside of the range of their channel count as its end, those that are none as its low one. */
{prototype};
"""

_DEFINED = """\
/* --- the range of each channel: its middle, and half of its length --- */

static const double range_middle[{channels}] = {{
    {middle}
}};
static const double range_half[{channels}] = {{
    {half}
}};

{prototype}
{{
    int32_t n;
    for (n = 0; n < {count}; ++n) {{
        const double half = range_half[n % {channels}];
        const double x = half > 0.0 ? ((double)values[n] - range_middle[n % {channels}]) / half : 0.0;
        const double code = ((x >= -1.0 ? (x <= 1.0 ? x : 1.0) : -1.0) + 1.0) * 127.5;
        const int32_t below = (int32_t)code;
        const double rest = code - (double)below;
        image[n] = (uint8_t)(below + (rest > 0.5 || (rest >= 0.5 && below % 2 == 1) ? 1 : 0));
    }}
}}
"""
