import pytest

from mammo_core.errors import DataError
from mammo_core.storage.json_files import append_json_line, read_json, read_json_lines, write_json, write_json_lines


def test_read_json_lines_ignores_incomplete_last_line(tmp_path):
    path = tmp_path / "lines.jsonl"
    append_json_line(path, {"n": 1})
    with path.open("a") as stream:
        stream.write('{"n": 2')
    assert read_json_lines(path) == [{"n": 1}]


@pytest.mark.parametrize("complete_lines", ["", '{"n": 1}\n', '{"n": 0}\n{"n": 1}\n'])
def test_append_json_line_replaces_incomplete_last_line(tmp_path, complete_lines):
    path = tmp_path / "lines.jsonl"
    path.write_text(complete_lines + '{"n": 2')
    append_json_line(path, {"n": 3})
    assert path.read_text() == complete_lines + '{"n": 3}\n'


def test_write_json_lines_writes_all_or_deletes_file_if_empty(tmp_path):
    path = tmp_path / "lines.jsonl"
    write_json_lines(path, [{"n": 1}, {"n": 2}])
    assert path.read_text() == '{"n": 1}\n{"n": 2}\n'
    write_json_lines(path, [])
    assert not path.exists()


def test_read_json_lines_corrupt_line_raises_data_error(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"n": 1{"n": 2}\n')
    with pytest.raises(DataError, match=r"lines\.jsonl isn't readable as lines of JSON"):
        read_json_lines(path)


def test_write_json_nan_raises_value_error(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"n": float("nan")})


def test_read_json_invalid_json_raises_data_error(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match=r"a\.json isn't readable as JSON"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "9223372036854775808", "9" * 5000])
def test_read_json_number_that_cannot_be_calculated_with_raises_data_error(tmp_path, number):
    path = tmp_path / "a.json"
    path.write_text(f'{{"n": {number}}}\n')
    with pytest.raises(DataError, match=r"a\.json isn't readable as JSON"):
        read_json(path)
    with pytest.raises(DataError, match=r"a\.json isn't readable as lines of JSON"):
        read_json_lines(path)


def test_read_json_large_number_is_exact(tmp_path):
    (tmp_path / "a.json").write_text("[9223372036854775807, -1e300]")
    assert read_json(tmp_path / "a.json") == [2**63 - 1, -1e300]


def test_read_json_missing_file_raises_data_error(tmp_path):
    with pytest.raises(DataError, match=r"a\.json is missing"):
        read_json(tmp_path / "a.json")


def test_write_json_can_be_read_back(tmp_path):
    write_json(tmp_path / "a.json", {"n": 1, "name": "é"})
    assert read_json(tmp_path / "a.json") == {"n": 1, "name": "é"}


def test_read_json_lines_missing_file_is_empty(tmp_path):
    assert read_json_lines(tmp_path / "lines.jsonl") == []
