from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from posesift.data.readers import READERS
from posesift.data.readers.about import About, found_tree


def test_the_text_says_all_that_is_known():
    about = About(title="T", page="https://p", get="a.zip", terms="none", tree="\nx/\n  y\n")
    assert about.text() == (
        "T\nWhere: https://p\nDownload: a.zip\nTerms: none\nExpected:\n  x/\n    y"
    )
    cited = About(title="T", page="p", get="g", terms="t", tree="x", cite="A, 2010")
    assert "\nCite: A, 2010\nExpected:\n" in cited.text()


def test_the_tree_that_was_found_is_two_levels_deep(tmp_path):
    (tmp_path / "images" / "deep").mkdir(parents=True)
    (tmp_path / "images" / "deep" / "unseen.jpg").touch()
    (tmp_path / "joints.mat").touch()
    (tmp_path / "empty").mkdir()
    assert found_tree(tmp_path) == (
        f"{tmp_path}\n  empty/\n    (empty)\n  images/\n    deep/\n  joints.mat"
    )
    assert found_tree(tmp_path / "joints.mat") == f"{tmp_path}/joints.mat (a file)"


def test_where_nothing_lies_the_folder_above_is_listed_one_level_deep(tmp_path):
    (tmp_path / "images" / "deep").mkdir(parents=True)
    path = tmp_path / "image"
    assert found_tree(path) == f"nothing at {path}\n{tmp_path}\n  images/"
    assert found_tree(path / "deep") == f"nothing at {path}/deep"


def test_the_root_folder_is_never_listed(tmp_path):
    (tmp_path / "root").symlink_to("/")
    for root in ("/", tmp_path / "root"):
        assert found_tree(root) == f"{root} (the root folder)"
    assert found_tree("/no-such-folder") == "nothing at /no-such-folder"


def test_of_many_files_a_few_are_listed(tmp_path):
    for number in range(15):
        (tmp_path / f"im{number:02d}.jpg").touch()
    lines = found_tree(tmp_path).splitlines()
    assert lines[1:13] == [f"  im{number:02d}.jpg" for number in range(12)]
    assert lines[13:] == ["  ..."]


def test_a_folder_that_may_not_be_looked_into_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    look = Path.iterdir

    def refuse(folder: Path):
        if folder.name == "closed":  # permissions do not stop the superuser
            raise PermissionError(13, "Permission denied")
        return look(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "closed/\n    (cannot be read: Permission denied)" in found_tree(tmp_path)


@pytest.mark.parametrize("kind", ["lsp", "lspet", "mpii"])
def test_data_sets_tell_where_they_come_from(kind):
    about = importlib.import_module(READERS[kind]).ABOUT
    assert about.page.startswith("http")
    assert "images/" in about.tree
    assert about.terms
    assert "20" in about.cite
