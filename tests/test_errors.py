"""What errors say: on one line, short, whatever a file holds."""

import pytest

from linocut.errors import MOST_SHOWN, one_line


@pytest.mark.parametrize("one", ["x", "\n", "\x1b", "\ud800", "\u2028", "\U000e0001", "é", "😀"])
def test_a_message_is_short_and_printable(one):
    for times in (1, MOST_SHOWN // 2, MOST_SHOWN, 10**5):
        said = one_line(one * times)
        assert said.isprintable() and said
        assert len(said) <= MOST_SHOWN + len("...")
    assert one_line(f"a{one}b")[0] == "a" and one_line(f"a{one}b")[-1] == "b"
