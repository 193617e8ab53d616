import errno
import os
import subprocess
import sys

import pytest
from filelock import FileLock, Timeout

from mammo_core.errors import StorageError
from mammo_core.storage.locks import file_lock, is_locked, is_soft

HOLD = """
import sys, time
from filelock import SoftFileLock
lock = SoftFileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""
needs_flock = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")


def without_flock(monkeypatch, number):
    import fcntl

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)


def test_is_locked_only_while_the_lock_is_held(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    with FileLock(path):
        assert is_locked(path)
        assert is_locked(path)  # checking does not take the lock
    assert not is_locked(path)


def test_file_lock_where_the_kernel_has_locks_is_the_kernels(tmp_path):
    assert not is_soft(file_lock(tmp_path / "lock"))


@needs_flock
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_file_lock_without_kernel_locks_is_a_soft_lock_that_excludes(tmp_path, monkeypatch, number):
    without_flock(monkeypatch, number)
    path = tmp_path / "lock"
    lock = file_lock(path)
    assert is_soft(lock)
    assert not is_locked(path)
    with lock.acquire(timeout=1):
        assert is_locked(path)
        with pytest.raises(Timeout):
            file_lock(path).acquire(timeout=0)
    assert not is_locked(path)


@needs_flock
def test_is_locked_soft_lock_of_killed_process_is_free(tmp_path, monkeypatch):
    without_flock(monkeypatch, errno.ENOLCK)
    path = tmp_path / "lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, f"{path}.soft"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    assert is_locked(path)
    process.kill()
    process.wait()
    assert not is_locked(path)
    with file_lock(path).acquire(timeout=1):
        assert is_locked(path)


@needs_flock
def test_is_locked_soft_lock_of_another_machine_is_held(tmp_path, monkeypatch):
    without_flock(monkeypatch, errno.ENOSYS)
    (tmp_path / "lock.soft").write_text("1\nelsewhere\n")
    assert is_locked(tmp_path / "lock")


@needs_flock
def test_file_lock_other_error_of_the_file_system_is_one_sentence(tmp_path, monkeypatch):
    without_flock(monkeypatch, errno.EIO)
    (tmp_path / "lock").touch()
    for call in (file_lock, is_locked):
        with pytest.raises(StorageError, match="The drive reports an input or output error") as raised:
            call(tmp_path / "lock")
        assert raised.value.errno == errno.EIO
