"""Coral's published milliseconds: what the constants were fitted on is within 10%, and docs/estimate.md is of today."""

from pathlib import Path

import pytest

import linocut as lc

DOCUMENT = Path(__file__).parents[2] / "docs" / "estimate.md"
PUBLISHED = {  # with the USB Accelerator at USB 3, and on the Dev Board
    "vgg16": (296, 343),
    "vgg19": (308, 357),
    "resnet50": (49, 56),
    "resnet152_v2": (128, 151),
    "inception_v1": (3.4, 4.1),
    "mobilenet_v2": (2.6, 2.6),
}
OTHERS = {
    "mobilenet_v1": (2.4, 2.4),
    "squeezenet": (2.1, 2),
    "squeezenet11": (2.1, 2),
    "densenet121": (20, 25),
    "inception_v4": (85, 102),
    "efficientnet_edgetpu_s": (5.1, 5.5),
}


def estimated(name):
    return [lc.estimate(lc.models.build(name), device).total_ms for device in ("coral-usb", "coral-dev")]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_times_of_the_fit(name):
    assert estimated(name) == pytest.approx(list(PUBLISHED[name]), rel=0.1)


def test_the_table_of_the_document_is_what_is_estimated():
    rows = [line.split(" | ")[1:] for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    table = [row for row in rows if row[0] in ("fitted", "not fitted", "predicted")]
    for row, (name, published) in zip(table, {**PUBLISHED, **OTHERS}.items(), strict=True):
        cells = [
            cell
            for ms, found in zip(published, estimated(name), strict=True)
            for cell in (f"{ms:g}", f"{found:.4g}", f"{found / ms - 1:+.1%}")
        ]
        assert [cell.strip(" |") for cell in row[1:]] == cells, name
