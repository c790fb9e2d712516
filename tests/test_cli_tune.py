"""`linocut tune`."""

import json
import shlex

import pytest
from PIL import Image

import linocut as lc
from linocut.train import Interrupted
from linocut.tune.advice import Advice
from linocut.tune.regime import Regime
from linocut.tune.verified import Verified

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


@pytest.mark.parametrize("command", ["tune", "train"])
def test_a_recurrent_model_of_what_are_no_recordings_is_told_what_it_takes(elsewhere, linocut, command):
    status, _, err = linocut(command, "--data", "digits", "--model", "lstm")
    assert status == 2 and err.count("\n") == 1 and "features" not in err.split("(")[0] and "(8, 8, 1)" in err


def test_what_was_verified_before_it_was_interrupted_is_told_and_drawn(elsewhere, linocut, monkeypatch, tmp_path):
    """Each epoch is printed as it is done; the advice stands, whatever ends its run."""
    pytest.importorskip("matplotlib")

    def interrupted(advice, *given, tell, **settings):
        tell(Verified(1, "turnover", 0.01, 0.02, False, 0.5))
        raise Interrupted(2, None)

    monkeypatch.setattr("linocut.tune.verified.verify", interrupted)
    status, out, err = linocut(*TUNE, "--verify", "--plot", "tune.png")
    assert status == 130 and (tmp_path / "tune.png").exists() and "linocut train" in out
    assert out.splitlines()[-3] == "epoch  turnover foretold  measured  within  test accuracy"
    assert out.splitlines()[-1].split() == ["1", "0.01", "0.02", "no", "50.0%"]
    assert "interrupted by SIGINT; the advice stands, 1 of 2 epochs of it are verified\n" in err


@pytest.fixture
def tuned(monkeypatch):
    """What tuning is asked for, by what it is called in `lc.tune`; it says at once how to train."""
    asked = {}

    def advise(network, train, policy, optimizer, batch_size, **settings):
        asked.update(settings, network=network, train=train, batch_size=batch_size)
        regime = Regime("turnover", ())
        return Advice(lc.Adam(0.01), lc.Cosine(), 16, 1, regime, (), (), (0.01, 0.01), None, (), 1.0, True)

    monkeypatch.setattr("linocut.tune.tuned.tune", advise)
    return asked


def trained(linocut, out):
    """The network of the run that the printed command trains."""
    (command,) = (line for line in out.splitlines() if line.startswith("linocut train"))
    assert linocut(*shlex.split(command)[1:], "--threads", 1, "--out", "run", "--json")[0] == 0
    return lc.Trainer.resume("run").settings.network


def test_a_folder_of_pictures_gets_what_train_chooses_for_it(elsewhere, linocut, tmp_path, tuned):
    for name in ("a", "b c"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(20):
            Image.new("L", (70, 66), number).save(tmp_path / "photos" / name / f"{number}.png")
    (tmp_path / "photos" / "a" / "bad.png").write_bytes(b"no picture")
    status, out, err = linocut("tune", "--data", "photos", "--skip-corrupt")
    assert status == 0 and "skipped 1 corrupt image" in err
    assert "chosen for a folder of pictures: --model convnet --size 64x64 --batch 16; give any" in err
    assert tuned["network"].name == "convnet" and tuned["train"].shape == (64, 64, 1) and tuned["batch_size"] == 16
    assert trained(linocut, out) == tuned["network"]


def test_precisions_and_blocks_are_those_of_the_network_that_is_tuned(elsewhere, linocut, tuned):
    precisions = "--bits", "binary_dense2=2", "--keep-float", "*dense3"
    status, out, _ = linocut("tune", "--data", "digits", "--limit", 40, "--hidden", "8,9", *precisions, "--batch", 16)
    assert status == 0 and trained(linocut, out) == tuned["network"] != lc.models.mlp((8, 8, 1), 10, (8, 9))
    status, _, err = linocut("tune", "--data", "digits", "--block", 4)
    assert status == 2 and "model mlp has no setting 'block'" in err
