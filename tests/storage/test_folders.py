import os
import sys

import pytest

from mammo_core.storage.folders import files_of_subfolders, walk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such links and pipes")


def relative(root, **options):
    return {os.path.relpath(folder, root): (folders, files) for folder, folders, files in walk(root, **options)}


def test_walk_follows_links_but_not_in_circles(tmp_path):
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tmp_path / "outside" / "deep" / "1.dcm").touch()
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").symlink_to(tmp_path / "outside")
    (root / "b").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "deep" / "up").symlink_to(root)
    walked = relative(root)
    assert walked["a/deep"] == (["up"], ["1.dcm"])
    assert walked["b/deep"] == (["up"], ["1.dcm"])
    assert "a/deep/up" not in walked
    assert [folder for folder in relative(root, each_once=True) if folder.endswith("deep")] == ["a/deep"]


def test_walk_lists_broken_links_but_no_pipes_and_no_hidden_folders(tmp_path):
    (tmp_path / "broken.dcm").symlink_to("nowhere")
    (tmp_path / "circle.dcm").symlink_to("circle.dcm")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".trash").mkdir()
    assert relative(tmp_path) == {".": ([], ["broken.dcm", "circle.dcm"])}


def test_walk_depth_zero_is_the_folder_alone(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert list(relative(tmp_path, depth=0)) == ["."]
    assert list(relative(tmp_path, depth=1)) == [".", "a"]


def test_walk_unreadable_folder_is_logged_and_left_out(tmp_path, monkeypatch, caplog):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    scandir = os.scandir

    def fail(path):
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    assert list(relative(tmp_path)) == [".", "b"]
    assert caplog.messages == [f"The folder {tmp_path / 'a'} can't be read (Permission denied); it is left out."]


def test_files_of_subfolders_passes_over_folders_links_and_hidden_ones(tmp_path):
    for name in ("b", "a", ".hidden", "folder", "broken"):
        (tmp_path / name).mkdir()
    for name in ("b", "a", ".hidden"):
        (tmp_path / name / "card.json").touch()
    (tmp_path / "folder" / "card.json").mkdir()
    (tmp_path / "broken" / "card.json").symlink_to("nowhere")
    assert files_of_subfolders(tmp_path, "card.json") == [tmp_path / "a" / "card.json", tmp_path / "b" / "card.json"]
    assert files_of_subfolders(tmp_path / "missing", "card.json") == []
