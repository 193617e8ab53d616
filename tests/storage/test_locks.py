from filelock import FileLock

from mammo_core.storage.locks import is_locked


def test_is_locked_only_while_the_lock_is_held(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    with FileLock(path):
        assert is_locked(path)
        assert is_locked(path)  # checking does not take the lock
    assert not is_locked(path)
