"""What errors say: on one line, short, whatever a file holds."""

import pytest

from linocut.errors import MOST_SHOWN, one_line, unknown_name


@pytest.mark.parametrize("one", ["x", "\n", "\x1b", "\ud800", "\u2028", "\U000e0001", "é", "😀"])
def test_a_message_is_short_and_printable(one):
    for times in (1, MOST_SHOWN // 2, MOST_SHOWN, 10**5):
        said = one_line(one * times)
        assert said.isprintable() and said
        assert len(said) <= MOST_SHOWN + len("...")
    assert one_line(f"a{one}b")[0] == "a" and one_line(f"a{one}b")[-1] == "b"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("coral-USB", "coral-usb"), ("VGG16", "vgg16"), ("vgg61", "vgg16"), ("adam", "Adam"), ("q", None), (3, None)],
)
def test_the_nearest_name_is_named_whatever_its_case(name, meant):
    said = str(unknown_name("thing", name, ("coral-usb", "vgg16", "Adam")))
    assert said.endswith(f"; did you mean {meant}?") if meant else "did you mean" not in said
