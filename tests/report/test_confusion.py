"""The confusion matrix and the mistakes as tables and as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from linocut.errors import SpecError
from linocut.report.confusion import confusion_table, mistakes_table
from linocut.report.confusion_plot import plot
from linocut.run.assessment import Assessment, ClassScore, Mistake


def assessed(names: list[str], counts: np.ndarray) -> Assessment:
    scores = tuple(
        ClassScore.of(name, int(counts[n, n]), int(counts[:, n].sum()), int(counts[n].sum()))
        for n, name in enumerate(names)
    )
    total = int(counts.sum())
    return Assessment(np.trace(counts) / total, 0.5, total, {}, scores, counts, ())


CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def test_a_small_matrix_has_names_on_both_sides() -> None:
    lines = confusion_table(assessed(["cat", "dog"], np.array([[1200, 3], [0, 40]])))
    assert lines[0] == "examples by true class (rows) and predicted class (columns)"
    assert [line.split() for line in lines[1:] if "-" not in line] == [
        ["cat", "dog"],
        ["cat", "1200", "3"],
        ["dog", ".", "40"],
    ]


def test_ten_classes_of_ten_thousand_fit_80_columns() -> None:
    counts = np.full((10, 10), 1234, np.int64)
    lines = confusion_table(assessed(CIFAR, counts))
    assert max(map(len, lines)) <= 80 and len(lines) == 13
    assert lines[1].split() == [str(number) for number in range(10)]  # no room for names
    assert lines[4].split()[:3] == ["1", "automobile", "1234"]
    wide = confusion_table(assessed(CIFAR, counts), width=120)
    assert wide[1].split() == CIFAR


def test_a_hundred_classes_are_pairs() -> None:
    counts = 50 * np.eye(100, dtype=np.int64)
    counts[3, 7], counts[99, 98] = 50, 12
    lines = confusion_table(assessed([f"class {n}" for n in range(100)], counts))
    assert lines[0] == "confused classes, as 100 have no room for a matrix; --plot and --json have all"
    assert [line.split() for line in lines[3:]] == [
        ["class", "3", "class", "7", "50", "50.0%"],
        ["class", "99", "class", "98", "12", "19.4%"],
    ]
    counts[:30, 40] = 1
    lines = confusion_table(assessed([f"class {n}" for n in range(100)], counts))
    assert "the 20 most frequent of 32 pairs" in lines[0] and len(lines) == 23
    assert confusion_table(assessed([str(n) for n in range(100)], np.eye(100, dtype=np.int64))) == [
        "no class was taken for another"
    ]


def test_names_from_files_cannot_steer_a_terminal() -> None:
    lines = confusion_table(assessed(["\x1b[2Jcat", "d" * 300], np.eye(2, dtype=np.int64)))
    assert all(line.isprintable() and len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (0, "as the network is a regression"),
        (3, "as an example may have several labels"),
        (3000, "of 3,000 classes"),
    ],
)
def test_where_there_is_no_matrix(classes: int, message: str, tmp_path: Path) -> None:
    scores = tuple(ClassScore.of(str(n), 1, 1, 1) for n in range(classes))
    none = Assessment(None, 0.5, 3, {}, scores, None, ())
    with pytest.raises(SpecError, match=f"there is no confusion matrix.*{message}.*leave out --confusion and --plot"):
        confusion_table(none)
    with pytest.raises(SpecError, match="there is no confusion matrix"):
        plot(none, tmp_path / "x.png", "none")


def test_mistakes_name_files_or_numbers() -> None:
    lines = mistakes_table((Mistake(3, "birds/a b.png", "bird", "cat", 0.987), Mistake(1234, None, "cat", "bird", 0.5)))
    assert [line.split() for line in lines[2:]] == [
        ["cat", "bird", "98.7%", "birds/a", "b.png"],
        ["bird", "cat", "50.0%", "1,234"],
    ]
    assert mistakes_table(()) == ["no mistakes"]


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_a_picture_names_every_class(classes: int, tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    names = [f"$^{n} ü" for n in range(classes)]  # no formula of matplotlib's
    counts = np.eye(classes, dtype=np.int64) * 1234
    counts[1, 0] = 77
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # text as text
        plot(assessed(names, counts), tmp_path / "confusion.svg", "run $x$")
    drawn = (tmp_path / "confusion.svg").read_text()
    for name in names:
        assert drawn.count(f">{name}<") == 2  # down and across
    assert (">1,234<" in drawn, ">77<" in drawn) == (classes <= 30, classes <= 30)
    assert ">predicted class<" in drawn and ">true class<" in drawn and ">run $x$<" in drawn
