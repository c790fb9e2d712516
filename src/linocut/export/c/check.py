"""check: NAME_test.c, which predicts some random examples and compares with what linocut predicts of them."""

from __future__ import annotations

import numpy as np

from linocut.export.c.source import Source
from linocut.export.c.tables import table
from linocut.ops.bits import Array
from linocut.run.predict import Predictor

MOST_BYTES = 32768  # of all examples, so that the file stays small
MOST_EXAMPLES, LEAST_EXAMPLES = 8, 2


def test_file(source: Source) -> str:
    """The file's text; always the same for a graph."""
    examples = _examples(source)
    found = Predictor(source.graph, batch_size=len(examples), threads=1).predict(examples)
    logits = np.ascontiguousarray(found.outputs, np.float32).view(np.uint32)
    flat = examples.reshape(-1)
    return _TEST.format(
        about=source.about(),
        name=source.name,
        macro=source.name.upper(),
        count=len(examples),
        element=source.element,
        size=source.input_count,
        examples=table(source.element, "examples", flat),
        logits=table("uint32_t", "logits_expected", logits),
        classes=table("int32_t", "classes_expected", found.classes.astype(np.int32)),
    )


def _examples(source: Source) -> Array:
    given, rng = source.graph.input, np.random.default_rng(0)
    one = source.input_count * (1 if source.element == "uint8_t" else 4)
    shape = (max(LEAST_EXAMPLES, min(MOST_EXAMPLES, MOST_BYTES // one)), *given.shape)
    if given.is_bytes:
        return rng.integers(0, 256, shape).astype(np.uint8)
    floats = rng.uniform(max(given.low, -1e3), min(given.high, 1e3), shape)
    return np.clip(floats.astype(np.float32), np.float32(given.low), np.float32(given.high))


_TEST = """\
{about}

/* Returns 0 where the classes and the bits of the logits of {count} random examples are those of linocut:
       cc -std=c99 -O2 -ffp-contract=off {name}.c {name}_test.c -o {name}_test && ./{name}_test */
#include <stdio.h>
#include <string.h>

#include "{name}.h"

{examples}
{logits}
{classes}

static uint8_t scratch[{macro}_SCRATCH_BYTES];

int main(void)
{{
    int n, wrong = 0;
    for (n = 0; n < {count}; ++n) {{
        float logits[{macro}_CLASSES];
        const int found = {name}_predict(examples + n * {size}L, scratch, logits);
        const int same = memcmp(logits, logits_expected + n * (long){macro}_CLASSES, sizeof logits) == 0;
        if (found == classes_expected[n] && same) continue;
        ++wrong;
        printf("example %d: class %d, linocut has %d; logits are %s\\n", n, found, (int)classes_expected[n],
               same ? "equal" : "not equal");
    }}
    printf("{name}: %d of {count} examples agree with linocut\\n", {count} - wrong);
    return wrong != 0;
}}
"""
