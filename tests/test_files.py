import pytest

from mammo_core.errors import DataError
from mammo_core.files import append_json_line, read_json, read_json_lines, whole, write_json, write_json_lines


def break_off(path):
    with whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"n": 1})
    with pytest.raises(RuntimeError):
        break_off(path)
    assert read_json(path) == {"n": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_a_half_written_last_line_is_left_out(tmp_path):
    path = tmp_path / "lines.jsonl"
    append_json_line(path, {"n": 1})
    with path.open("a") as stream:
        stream.write('{"n": 2')
    assert read_json_lines(path) == [{"n": 1}]


@pytest.mark.parametrize("whole_lines", ["", '{"n": 1}\n', '{"n": 0}\n{"n": 1}\n'])
def test_a_line_that_was_left_unfinished_is_cut_off_by_the_next(tmp_path, whole_lines):
    path = tmp_path / "lines.jsonl"
    path.write_text(whole_lines + '{"n": 2')
    append_json_line(path, {"n": 3})
    assert path.read_text() == whole_lines + '{"n": 3}\n'


def test_lines_are_written_whole_or_the_file_goes(tmp_path):
    path = tmp_path / "lines.jsonl"
    write_json_lines(path, [{"n": 1}, {"n": 2}])
    assert path.read_text() == '{"n": 1}\n{"n": 2}\n'
    write_json_lines(path, [])
    assert not path.exists()


def test_a_broken_line_is_named(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"n": 1{"n": 2}\n')
    with pytest.raises(DataError, match=r"lines\.jsonl isn't readable as lines of JSON"):
        read_json_lines(path)


def test_nan_never_reaches_a_json_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"n": float("nan")})


def test_what_is_not_json_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match=r"a\.json isn't readable as JSON"):
        read_json(tmp_path / "a.json")
