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
