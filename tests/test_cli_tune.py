"""`linocut tune`."""

import json

import pytest

SMALL = ("--data", "digits", "--limit", 400, "--hidden", 16, "--batch", 20, "--threads", 1)
TUNE = ("tune", *SMALL, "--epochs", 2, "--minutes", 1)


def test_for_programs_with_what_the_run_comes_to(elsewhere, linocut):
    """Every trial, the advice, then epoch by epoch what was foretold and what came."""
    status, out, err = linocut(*TUNE, "--verify", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    trials = [one for one in told if one["event"] == "trial"]
    (advice,) = (one for one in told if one["event"] == "advice")
    beside = [one for one in told if one["event"] == "verified"]
    assert status == 0 and not err and len(trials) >= 7
    assert advice["objective"] == advice["measure"] == "turnover"
    assert [one["expected"] for one in beside] == advice["expected"] and len(beside) == 2
    assert {one["measure"] for one in beside} == {"turnover"} and beside[-1]["accuracy"] is not None
    best = max(one["accuracy"] for one in trials)
    rate = advice["optimizer"]["learning_rate"]
    assert max(one["accuracy"] for one in trials if one["learning_rate"] == rate) > best - 0.05


def test_for_people_with_a_command_that_trains_so(elsewhere, linocut, tmp_path):
    pytest.importorskip("matplotlib")
    status, out, err = linocut(*TUNE, "--plot", "tune.png", "--verify")
    assert status == 0 and "wrote tune.png" in err and (tmp_path / "tune.png").stat().st_size > 10_000
    (command,) = (line for line in out.splitlines() if line.startswith("linocut train"))
    words = command.split()
    assert "learning rate " + words[words.index("--lr") + 1] + ": " in out
    assert words[words.index("--limit") + 1] == "400" and words[words.index("--batch") + 1] == "20"
    status, _, _ = linocut(*words[1:], "--out", "run", "--json")
    assert status == 0 and (tmp_path / "run" / "log.jsonl").exists()
    assert "turnover foretold" in out and "betas 0.9, 0.999" in out and "batch 20: as given" in out


def test_a_tanh_network_of_a_file_begins_with_sgd(elsewhere, linocut, tmp_path):
    layers = ('"flatten"', '"dense"\nunits = 32', '"tanh"', '"dense"\nunits = "classes"', '"softmax_cross_entropy"')
    text = "".join(f"[[layers]]\nlayer = {layer}\n" for layer in layers)
    (tmp_path / "tanh.toml").write_text(f'name = "tanh"\n{text}')
    given = ("--data", "digits", "--limit", 300, "--batch", 20, "--threads", 1, "--policy", "standard")
    status, out, _ = linocut("tune", "--model", "tanh.toml", *given, "--lr", 0.003, "--epochs", 2, "--minutes", 1)
    assert status == 0 and "J^2 by epoch" in out
    (command,) = (line for line in out.splitlines() if line.startswith("linocut train"))
    assert "--model tanh.toml" in command and "--optimizer sgd" in command and "--momentum 0.9" in command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--data is not given"),
        ((*SMALL, "--objective", "edge"), "objective is edge, but sign has no edge, it does not see the scale"),
        ((*SMALL, "--objective", "chaos"), "no objective is called 'chaos'; there are auto, edge, turnover"),
        ((*SMALL, "--minutes", "1e-5"), "a range test of 7 learning rates, 10 steps each, takes"),
        ((*SMALL, "--minutes", 0), "minutes is 0"),
        ((*SMALL, "--optimizer", "bop"), "bop flips binary weights without a learning rate"),
        (("--data", "digits", "--limit", 60), "digits has 60 examples, a range test needs 1,250"),
        ((*SMALL, "--plot", "tune.txt"), "'.txt' is no kind of picture"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(elsewhere, linocut, arguments, message):
    status, out, err = linocut("tune", *arguments)
    assert status == 2 and not out
    assert err.count("\n") == 1 and message in err
