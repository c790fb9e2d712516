"""Which pictures names stand for."""

import os
from pathlib import Path

import pytest

import linocut as lc
from linocut.data import find_pictures


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.png", "a.JPG", "notes.txt", "below/c d.png", "below/deep/ü.webp", ".hidden.png", ".cache/x.png"):
        path = Path("photos", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    Path("[odd] *.png").touch()
    Path("empty").mkdir()
    return tmp_path


def names(*given, **settings):
    return [path.as_posix() for path in find_pictures(*given, **settings)]


def test_a_folder_is_all_pictures_in_it(photos):
    lines = []
    assert names("photos", note=lines.append) == [
        *("photos/a.JPG", "photos/b.png", "photos/below/c d.png", "photos/below/deep/ü.webp")
    ]
    assert lines == ["photos: left out 1 file that is not called as a picture is: 1 .txt"]
    assert names(photos / "photos" / "below") == [
        f"{photos}/photos/below/c d.png",
        f"{photos}/photos/below/deep/ü.webp",
    ]


def test_a_pattern_is_what_matches(photos):
    assert names("photos/*.png") == ["photos/b.png"]
    assert names("photos/**/*.png") == ["photos/b.png", "photos/below/c d.png"]
    assert names("photos/[ab].*") == ["photos/a.JPG", "photos/b.png"]
    assert names("photos/bel*") == ["photos/below/c d.png", "photos/below/deep/ü.webp"]


def test_a_name_that_is_there_is_no_pattern(photos):
    assert names("[odd] *.png") == ["[odd] *.png"]


def test_names_keep_their_order_and_files_may_be_called_anything(photos):
    assert names("photos/notes.txt", "photos/b.png", "nowhere.png") == [
        *("photos/notes.txt", "photos/b.png", "nowhere.png")
    ]


def test_links_that_lead_in_a_circle(photos):
    os.symlink("..", "photos/below/up")
    found = names("photos/below")
    assert len(found) == len(set(found)) < 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "empty holds no pictures; give a folder of pictures, or files"),
        ("photos/*.gif", r"photos/\*\.gif does not exist, and as a pattern matches nothing; check the path"),
    ],
)
def test_what_stands_for_none(photos, name, message):
    with pytest.raises(lc.DataError, match=message):
        find_pictures(name)
