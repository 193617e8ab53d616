import pytest

from mammo_core.storage.trash import (
    REMOVING,
    TRASH,
    empty_trash,
    list_trash,
    move_to_trash,
    restore_from_trash,
    trashed_name,
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my.data"
    folder.mkdir()
    (folder / "file").write_text("kept")
    return folder


def test_move_to_trash_is_undone_by_restore(tmp_path, folder):
    trashed = move_to_trash(folder)
    assert trashed_name(trashed) == "my.data"
    assert not folder.exists()
    empty_trash(tmp_path)  # not yet
    assert restore_from_trash(tmp_path, trashed) == folder
    assert (folder / "file").read_text() == "kept"


def test_list_trash_is_what_can_be_restored(tmp_path, folder):
    assert list_trash(tmp_path) == []
    trashed = move_to_trash(folder)
    (tmp_path / TRASH / f"{REMOVING}9.x.other").mkdir()
    (tmp_path / TRASH / "9.x.earlier").mkdir()
    assert list_trash(tmp_path) == sorted([trashed, "9.x.earlier"])
    restore_from_trash(tmp_path, trashed)
    assert list_trash(tmp_path) == ["9.x.earlier"]


def test_list_trash_tells_which_of_one_name_was_deleted_last(tmp_path, folder):
    deleted = []
    for _ in range(5):
        folder.mkdir(exist_ok=True)
        deleted.append(move_to_trash(folder))
    assert list_trash(tmp_path) == deleted


def test_restore_where_another_folder_has_the_name_keeps_both(tmp_path, folder):
    trashed = move_to_trash(folder)
    folder.mkdir()
    with pytest.raises(FileExistsError):
        restore_from_trash(tmp_path, trashed)
    assert (tmp_path / TRASH / trashed / "file").exists()


def test_empty_trash_removes_what_is_old_and_what_a_crash_left(tmp_path, folder):
    trashed = move_to_trash(folder)
    (tmp_path / TRASH / f"{REMOVING}1.ab.half").mkdir()
    empty_trash(tmp_path, older_than=-1)
    assert list((tmp_path / TRASH).iterdir()) == []
    with pytest.raises(FileNotFoundError):
        restore_from_trash(tmp_path, trashed)
