"""pcg64: against NumPy's own generator."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linocut.data.pcg64 import raw


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 2**70), min_size=1, max_size=6),
    st.sampled_from([0, 1, 63, 1023, 1024, 1025, 2049]),
)
def test_equals_numpy(entropy, count):
    """Bit for bit, over the edges of a block."""
    expected = np.random.PCG64(np.random.SeedSequence(entropy)).random_raw(count)
    assert np.array_equal(raw(entropy, count), expected)
