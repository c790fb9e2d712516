"""Principal components: streamed covariances, counts, and the rule of significance."""

import numpy as np
import pytest

from linocut.errors import DataError, SpecError
from linocut.hybrid.components import Covariance, components, explained, significant

COUNTS = [14, 14, 14, 13, 13, 13, 23, 26, 27, 25, 25, 23, 41, 50, 51, 51, 52, 50]  # of the authors, layers 2 to 19


def test_the_rule_gives_the_authors_layers():
    assert [layer for layer, chosen in enumerate(significant(COUNTS), start=2) if chosen] == [8, 9, 14, 15]
    assert [layer for layer, chosen in enumerate(significant(COUNTS, 1), start=2) if chosen] == [
        8,
        9,
        10,
        14,
        15,
        16,
        18,
    ]
    assert significant([64]) == (False,)  # the first has none before it


@pytest.mark.parametrize("parts", [(1000,), (1, 999), (300, 0, 1, 699)])
def test_a_covariance_in_parts_is_that_of_all(parts):
    random = np.random.default_rng(0)
    rows = random.normal(size=(1000, 6)) @ random.normal(size=(6, 6)) + 1e4
    found, begin = Covariance(6), 0
    for count in parts:
        found.add(rows[begin : begin + count].reshape(count, 1, 1, 6))
        begin += count
    np.testing.assert_allclose(found.matrix, np.cov(rows.T), rtol=1e-9, atol=1e-9)


def test_integers_as_products_are():
    rows = np.array([[1, -3], [5, 7], [9, 9]], np.int16)
    found = Covariance(2)
    found.add(rows)
    np.testing.assert_allclose(found.matrix, np.cov(rows.T))


def test_components_of_known_directions():
    """Variances 90, 9, 0.9 and 0.1: of 99% the first takes 90, two 99.0."""
    cumulative = explained(np.diag([0.9, 90.0, 0.1, 9.0]))
    np.testing.assert_allclose(cumulative, [0.9, 0.99, 0.999, 1.0])
    assert components(cumulative, 0.995) == 2  # those up to it, not as many as are needed
    assert components(cumulative, 0.9999) == 3
    assert components(cumulative, 0.5) == 0
    assert explained(np.zeros((3, 3))).tolist() == [1, 1, 1]


def test_what_cannot_be():
    with pytest.raises(DataError, match="a covariance is of 1 vectors, must be of 2 or more; give more examples"):
        one = Covariance(2)
        one.add(np.zeros((1, 2)))
        _ = one.matrix
    for threshold in (0.0, 1.0, -1.0):
        with pytest.raises(SpecError, match="must be a part of the variance above 0 and below 1"):
            components(np.ones(3), threshold)
    with pytest.raises(SpecError, match="rise is 0, must be a whole number of components, 1 or more"):
        significant([1, 2], 0)
