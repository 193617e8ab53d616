import pytest

from mammo_core.storage.csv_files import csv_columns, csv_format_of, header_names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", ["a", "b"]),
        ("\ufeffa, b \n", ["a", "b"]),
        ('"a,b",c\n', ["a,b", "c"]),
        ("", []),
    ],
)
def test_csv_columns_of_the_first_line(tmp_path, text, expected):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert csv_columns(tmp_path / "a.csv") == expected


def test_csv_columns_overlong_field_is_no_csv(tmp_path):
    (tmp_path / "a.csv").write_text("x" * 200_000)
    assert csv_columns(tmp_path / "a.csv") == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a, b\n1,2\n", ["a", "b"]),
        ("sep=;\na;b\n".encode("utf-16"), ["a", "b"]),
        (b"a;b", ["a", "b"]),
        (b"", []),
        (b"a" * 100_000, []),
    ],
)
def test_header_names_of_bytes(data, expected):
    assert header_names(data, csv_format_of(data)) == expected
