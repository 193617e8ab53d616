import errno
import io
import os
import sys
import tempfile
import time

import pytest

from mammo_core.errors import ConfigError, StorageError
from mammo_core.storage.atomic import OLD_SECONDS, atomic_path, check_writable, clear_temporary_files, write_bytes


def fail_while_writing(path):
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_atomic_path_failure_keeps_old_file_and_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError):
        fail_while_writing(path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_atomic_path_success_replaces_the_file_and_keeps_the_suffix(tmp_path):
    path = tmp_path / "new" / "a.parquet"
    write_bytes(path, b"old")
    with atomic_path(path) as temporary:
        assert temporary.suffix == ".parquet"
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [file.name for file in path.parent.iterdir()] == ["a.parquet"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_atomic_path_file_has_the_mode_that_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "a", b"")
        with atomic_path(tmp_path / "b") as temporary:
            temporary.write_bytes(b"")
            assert os.stat(temporary).st_mode & 0o777 == mode
    finally:
        os.umask(before)
    assert os.stat(tmp_path / "a").st_mode & 0o777 == os.stat(tmp_path / "b").st_mode & 0o777 == mode


def test_clear_temporary_files_deletes_what_killed_processes_left(tmp_path):
    with atomic_path(tmp_path / "run.json") as temporary:
        temporary.write_text("")
        left = tmp_path / temporary.name
    left.write_text("half")  # as if that had been killed before its end
    names = [".note-abc.json", "run-0123456789abcdef.json", ".run-0123456789abcdef.json.tmp.old"]
    for name in names:
        (tmp_path / name).write_text("")
    (tmp_path / ".run-0123456789abcde0.json").mkdir()
    clear_temporary_files(tmp_path)
    assert left.exists()
    hour_ago = time.time() - OLD_SECONDS - 1
    for path in tmp_path.iterdir():
        os.utime(path, (hour_ago, hour_ago))
    clear_temporary_files(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*names, "run.json", ".run-0123456789abcde0.json"]
    )
    clear_temporary_files(tmp_path / "missing")


def test_check_writable_creates_the_folder_and_no_file(tmp_path):
    check_writable(tmp_path / "new" / "table.csv")
    assert list((tmp_path / "new").iterdir()) == []


def test_check_writable_folder_or_file_in_the_way_raises_config_error(tmp_path):
    with pytest.raises(ConfigError, match="is a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't be written"):
        check_writable(tmp_path / "file" / "table.csv")


def test_check_writable_full_disk_that_takes_empty_files_raises_config_error(tmp_path, monkeypatch):
    class FullDisk(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FullDisk())
    with pytest.raises(
        ConfigError, match=r"table\.csv can't be written\. The disk is full\. Make room and try again\.$"
    ):
        check_writable(tmp_path / "table.csv")


@pytest.mark.parametrize(
    ("function", "number", "match"),
    [
        ("replace", errno.ENOSPC, "The disk is full"),
        ("replace", errno.EIO, "input or output error"),
        ("fsync", errno.EIO, "input or output error"),
        ("open", errno.EROFS, "read-only"),
    ],
)
def test_write_bytes_refused_by_the_file_system_is_one_sentence_and_keeps_the_old_file(
    tmp_path, monkeypatch, function, number, match
):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    monkeypatch.setattr(os, function, fail)
    with pytest.raises(StorageError, match=match) as raised:
        write_bytes(path, b"new")
    assert raised.value.errno == number
    assert str(tmp_path) in str(raised.value)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_write_bytes_without_fsync_is_written(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", fail)
    write_bytes(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"
