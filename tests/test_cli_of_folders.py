"""`linocut train --data photos/`, with nothing else said."""

import json

import numpy as np
import pytest
from PIL import Image

import linocut as lc
from linocut.cli.of_folders import choose, fitted_batch

pytestmark = pytest.mark.usefixtures("elsewhere")
TWO = ["--threads", "2"]


@pytest.fixture
def photos(tmp_path):
    """Two classes of 60 pictures of many sizes: one has stripes that lie, the other stripes that stand."""
    random = np.random.default_rng(5)
    for lying, name in enumerate(("stand", "lie")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(60):
            height, width = random.integers(40, 100, 2)
            stripes = np.indices((height, width))[1 - lying] // random.integers(4, 9) % 2 * 120
            pixels = stripes[..., None] + random.integers(0, 80, 3) + random.integers(0, 40, (height, width, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / name / f"{number}.png")
    return "photos"


def test_it_learns_and_says_what_it_chose(linocut, photos):
    status, out, err = linocut("train", "--data", photos, "--epochs", 6, "--out", "run", *TWO)
    assert (status, err) == (0, "")
    test = lc.data.load(photos, size=(64, 64))[1]
    assert (
        "\nchosen for a folder of pictures: --model convnet --size 64x64 --schedule cosine --batch 16; "
        "give any of these to have it otherwise\n"
    ) in out
    run = lc.Trainer.resume("run")
    network = lc.models.convnet((64, 64, 3), 2)
    settings = run.settings
    assert (settings.network, settings.schedule, settings.batch_size) == (network, lc.Cosine(), 16)
    assert run.evaluate(test).accuracy >= 0.9
    status, out, _ = linocut("train", "--data", photos, "--epochs", 1, "--json", *TWO)
    assert status == 0 and json.loads(out.splitlines()[-1])["out"] == "runs/convnet-photos"


def test_what_is_given_wins(linocut, photos):
    given = ["--data", photos, "--epochs", 1, "--size", "32", "--batch", 10, "--schedule", "constant", "--out", "run"]
    status, out, _ = linocut("train", *given, *TWO)
    assert status == 0
    assert "chosen for a folder of pictures: --model convnet; give any" in out
    settings = lc.Trainer.resume("run").settings
    assert settings.network == lc.models.convnet((32, 32, 3), 2)
    assert (settings.schedule, settings.batch_size) == (lc.Constant(), 10)
    for chosen in (["--model", "mlp"], ["--hidden", "16"]):
        status, out, _ = linocut("train", "--data", photos, "--epochs", 1, "--size", 16, "--batch", 20, *chosen, *TWO)
        assert status == 0 and "chosen for" not in out and "constant schedule" in out
    assert linocut("train", "--data", photos, "--model", "convnet", *TWO)[0] == 2  # its pictures differ in size


def test_plan_plans_what_train_trains(linocut, photos):
    status, out, err = linocut("plan", "--data", photos, "--json")
    assert status == 0
    assert err.startswith("chosen for a folder of pictures: --model convnet --size 64x64 --batch 16;")
    plan = json.loads(out)
    assert (plan["model"], plan["batch"]) == ("convnet", 16)
    assert plan["total_bytes"] == lc.Trainer(lc.models.convnet((64, 64, 3), 2), batch_size=16).plan.total_bytes


def test_named_data_are_as_they_were(linocut):
    assert choose("digits", ()) is None
    assert choose(None, ()) is None
    status, out, _ = linocut("train", "--data", "digits", "--limit", 120, "--epochs", 1, "--out", "run", *TWO)
    assert status == 0 and "chosen" not in out
    settings = lc.Trainer.resume("run").settings
    assert (settings.network.name, settings.schedule, settings.batch_size) == ("mlp", lc.Constant(), 100)


@pytest.mark.parametrize(("examples", "batch"), [(5, 5), (96, 16), (400, 20), (2000, 100), (100000, 100)])
def test_batches_fit_the_data(examples, batch):
    assert fitted_batch(examples) == batch
