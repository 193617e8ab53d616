import pytest

from mammo_core.storage.byte_cache import ByteCache


def test_content_is_made_once_and_the_least_recently_used_goes_first():
    cache, made = ByteCache(5), []

    def get(key: str, size: int) -> bytes:
        def make() -> bytes:
            made.append(key)
            return key.encode() * size

        return cache.get(key, make)

    assert get("a", 2) == get("a", 2) == b"aa"
    get("b", 3)
    get("a", 2)
    get("c", 1)  # b goes
    get("a", 2)
    get("b", 3)  # a and c remain beside 2 bytes: not enough
    assert made == ["a", "b", "c", "b"]


def test_content_above_the_limit_is_returned_but_not_kept():
    cache = ByteCache(5)
    cache.get("small", lambda: b"1234")
    assert cache.get("large", lambda: b"123456") == b"123456"
    assert cache.get("small", lambda: b"") == b"1234"
    assert cache.get("large", lambda: b"again") == b"again"


def test_failure_is_raised_and_not_kept():
    cache = ByteCache(5)

    def fail() -> bytes:
        raise ValueError("no content")

    with pytest.raises(ValueError, match="no content"):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"1") == b"1"
