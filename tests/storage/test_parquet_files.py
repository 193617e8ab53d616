import pandas as pd
import pytest

from mammo_core.errors import DataError
from mammo_core.storage.parquet_files import read_parquet


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b"PAR1"])
def test_read_parquet_damaged_file_raises_data_error(tmp_path, data):
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet in .* isn't readable"):
        read_parquet(tmp_path / "a.parquet")


def test_read_parquet_missing_file_or_column_raises_data_error(tmp_path):
    with pytest.raises(DataError, match="isn't readable"):
        read_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="it lacks b"):
        read_parquet(tmp_path / "a.parquet", ("a", "b"))
    assert read_parquet(tmp_path / "a.parquet", ("a",))["a"].tolist() == [1]


def test_read_parquet_text_in_a_column_of_numbers_raises_data_error(tmp_path):
    pd.DataFrame({"a": ["1"], "b": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="a holds no numbers"):
        read_parquet(tmp_path / "a.parquet", ("a", "b"), ("a", "b"))
    assert read_parquet(tmp_path / "a.parquet", ("a", "b"), ("b",))["b"].tolist() == [1]


def test_read_parquet_damaged_at_any_place_is_read_or_raises_data_error(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[5, 6]).to_parquet(path)
    sound = path.read_bytes()
    refused = 0
    for position in range(0, len(sound), 3):
        path.write_bytes(sound[:position] + bytes([sound[position] ^ 0x5A]) + sound[position + 1 :])
        try:
            read_parquet(path)
        except DataError:
            refused += 1
    assert refused > len(sound) // 10


@pytest.mark.parametrize("kind", ["str", "category"])
def test_read_parquet_text_that_is_no_utf8_raises_data_error_without_it(tmp_path, kind):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"a": pd.Series(["Zyxwquark"], dtype=kind)}).to_parquet(path, compression=None)
    path.write_bytes(path.read_bytes().replace(b"Zyxwquark", b"Zyxwq\xff\xffrk"))
    with pytest.raises(DataError, match=r"a\.parquet in .* isn't readable") as caught:
        read_parquet(path)
    assert "Zyx" not in str(caught.value)
