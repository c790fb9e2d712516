"""What a run that fails at once leaves behind, and what it must not write over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import linocut as lc

HIDDEN = (16,)


def trainer(shape: tuple[int, ...], classes: int) -> lc.Trainer:
    return lc.Trainer(lc.models.mlp(shape, classes, HIDDEN), batch_size=4, threads=1)


def images(root: Path, parts: tuple[str, ...] = ("train", "test"), count: int = 8) -> Path:
    for part in parts:
        for number, name in enumerate(("cats", "dogs")):
            (root / part / name).mkdir(parents=True)
            for n in range(count):
                pixels = np.full((6, 5), 40 * number + n, np.uint8)
                Image.fromarray(pixels).save(root / part / name / f"{n}.png")
    return root


def test_a_corrupt_image_leaves_no_run_behind_and_the_run_can_be_begun_again(tmp_path: Path) -> None:
    root = images(tmp_path / "data")
    bad = root / "train" / "cats" / "3.png"
    whole = bad.read_bytes()
    train, _ = lc.data.load(root)
    bad.write_bytes(whole[:50])
    with pytest.raises(lc.DataError, match=r"3\.png"):
        trainer(train.shape, 2).fit(train, epochs=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    bad.write_bytes(whole)
    trainer(train.shape, 2).fit(train, epochs=1, out=tmp_path / "run")
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_a_folder_with_train_and_test_is_known_by_its_own_path(tmp_path: Path) -> None:
    train, test = lc.data.load(images(tmp_path / "data"))
    assert train.name == test.name == str((tmp_path / "data").resolve())
    again, _ = lc.data.load(train.name)
    assert len(again) == len(train) == 16


class Killed(BaseException):
    """As if the process were gone."""


@pytest.mark.parametrize("nth", range(4))
def test_a_process_that_ends_while_it_removes_a_run_leaves_one_that_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Or none: never files that stop a new run, and belong to none."""
    train, _ = lc.data.load("digits")
    left, real = [nth], Path.unlink

    def dying(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name == "run":
            if not left[0]:
                raise Killed
            left[0] -= 1
        real(path, missing_ok)

    def fail(event: object) -> None:
        monkeypatch.setattr(Path, "unlink", dying)
        raise lc.DataError("an image is damaged")

    with pytest.raises(Killed):
        trainer(train.shape, 10).fit(train, 1, out=tmp_path / "run", callbacks=[fail])
    monkeypatch.undo()
    assert len(list((tmp_path / "run").iterdir())) == 4 - nth
    again = lc.Trainer.resume(tmp_path / "run", threads=1)
    assert not again.progress.begun
    again.fit(train, 1)


@pytest.mark.parametrize("name", ["config.toml", "log.jsonl", "model.safetensors"])
def test_files_of_others_are_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    train, _ = lc.data.load("digits")
    with pytest.raises(lc.RunError, match=f"{name} that belongs to no run"):
        trainer(train.shape, 10).fit(train, epochs=1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_an_empty_name_of_a_folder_is_refused() -> None:
    train, _ = lc.data.load("digits")
    with pytest.raises(lc.RunError, match="empty name"):
        trainer(train.shape, 10).fit(train, epochs=1, out="")
