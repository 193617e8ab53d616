import os

from mammo_core.storage.hashing import modified_time, sha256


def test_sha256_of_known_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_modified_time_of_a_path_is_in_seconds(tmp_path):
    (tmp_path / "a").write_text("")
    os.utime(tmp_path / "a", (1_000, 2_000.5))
    assert modified_time(str(tmp_path / "a")) == 2_000.5
    assert modified_time(tmp_path / "a") == 2_000.5


def test_modified_time_of_missing_file_is_zero(tmp_path):
    assert modified_time(tmp_path / "missing") == 0.0
