"""`linocut reproduce`."""

import json

import pytest

QUICK = ("reproduce", "wang2021", "--quick", "--epochs", 1, "--threads", 1)
KEYS = {"table", "row", "published", "ours", "unit", "how", "command", "recorded", "published_as", "seconds"} | {
    "series",
    "curve",
}


def test_for_programs_and_for_people(elsewhere, linocut, tmp_path):
    """One object a line; and a picture of the same. The trainings are kept, so that the second call reads them."""
    status, out, err = linocut(*QUICK, "--out", "kept", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and all(set(row) == KEYS for row in rows)
    assert {row["how"] for row in rows} == {"counted", "modelled", "measured", None}
    assert all((row["published_as"] is None) == (row["published"] is None) for row in rows)
    trained = [row for row in rows if row["table"] == "test accuracy, trained now"]
    assert [row["row"] for row in trained] == [
        f"mlp on digits, {policy}, 1 epoch" for policy in ("standard", "wang2021", "lean")
    ]
    assert all(row["published"] is None and row["recorded"] is None for row in trained)  # the paper has no digits
    assert "mnist is not on this machine, so digits stand in for it" in err
    pytest.importorskip("matplotlib")
    status, out, err = linocut(*QUICK, "--out", "kept", "--plot", "rows.png")
    assert status == 0 and "wrote rows.png" in err and "epoch 1/1" not in err
    assert (tmp_path / "rows.png").stat().st_size > 1000
    for row in rows:
        assert row["row"] in out
    assert "measured before: docs/results.md, The perceptron: EPYC, commit 21a3ae8" in out
    assert "published: measured by the authors of the whole board, a Raspberry Pi 3B+" in out
    (line,) = (line for line in out.splitlines() if line.startswith("mlp on digits, lean, 1 epoch"))
    assert line.split()[-4:] == ["measured", "-", f"{trained[2]['ours']:.2f}", "%"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("wang2012",),
            "no paper is called 'wang2012'; there are chaos, hybrid, clstm, complex, wang2021; did you mean wang2021?",
        ),
        ((), "Missing argument 'PAPER'"),
        (("wang2021", "--epochs", 0), "epochs is 0, must be a whole number, 1 or more"),
        (("wang2021", "--plot", "x.docx"), "x.docx cannot be drawn"),
        (("wang2021", "--kept-only"), "--kept-only is for hybrid, not for wang2021"),
        (("wang2021", "--quick", "--data-dir", "nowhere"), "nowhere is not a folder"),
    ],
)
def test_mistakes_are_told_in_a_line(elsewhere, linocut, arguments, message):
    status, out, err = linocut("reproduce", *arguments)
    assert status == 2 and message in err and len([line for line in err.splitlines() if "error" in line]) == 1
    assert not out


def test_an_interrupted_training_says_how_to_go_on(elsewhere, linocut, monkeypatch):
    from linocut.reproduce.papers import Paper
    from linocut.train import Interrupted

    def stopped(self, asked):
        raise Interrupted(15, str(asked.out))

    monkeypatch.setattr(Paper, "rows", stopped)
    status, _, err = linocut(*QUICK, "--out", "kept", "--json")
    assert status == 143
    assert "interrupted by SIGTERM; go on with: linocut reproduce wang2021 --quick --epochs 1 --out kept" in err
    assert "without --out nothing was kept" in linocut(*QUICK, "--json")[2]
    assert "--epochs 1 --data-dir . --out kept\n" in linocut(*QUICK, "--data-dir", ".", "--out", "kept", "--json")[2]


def test_what_was_found_is_shown_where_the_rest_fails(elsewhere, linocut):
    """The table that was begun too: the rule of significance stands last before the trainings; none is kept."""
    status, out, err = linocut("reproduce", "hybrid", "--quick", "--kept-only", "--out", "nowhere")
    assert status == 2 and "nowhere keeps no training that has come to its end" in err
    assert "layer 19, rise of components (of 50)" in out
