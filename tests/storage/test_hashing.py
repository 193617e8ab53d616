import os

from mammo_core.storage.hashing import file_version, modified_time, sha256


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


def test_file_version_changes_with_other_content_of_the_same_size_and_time(tmp_path):
    path, other = tmp_path / "a", tmp_path / "b"
    assert file_version(path) == ""
    path.write_bytes(b"1")
    other.write_bytes(b"2")
    for file in (path, other):
        os.utime(file, (1_000, 1_000))
    before = file_version(path)
    assert file_version(path) == before
    os.replace(other, path)
    assert file_version(path) != before
