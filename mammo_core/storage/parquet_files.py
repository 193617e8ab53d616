"""Read Parquet files."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas.api.types import is_numeric_dtype
from pyarrow import ArrowException

from mammo_core.errors import DataError


def read_parquet(path: Path, columns: tuple[str, ...] = (), numbers: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a Parquet file.

    Args:
        path: of the file.
        columns: those that it must have.
        numbers: those of them that hold numbers.

    Raises:
        DataError: it is missing, damaged or foreign.
    """
    try:
        table = pd.read_parquet(path)
        _check_texts(table)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError, ArrowException) as error:
        reason = type(error).__name__  # pandas trusts the metadata that it has stored in the file
        raise DataError(
            f"{path.name} in {path.parent} isn't readable ({reason}). Restore it, or make it again."
        ) from None
    foreign = [f"it lacks {name}" for name in columns if name not in table]
    foreign += [f"{name} holds no numbers" for name in numbers if name in table and not is_numeric_dtype(table[name])]
    if foreign:
        raise DataError(
            f"{path.name} in {path.parent} isn't one that this application wrote ({foreign[0]}). "
            "Restore it, or make it again."
        )
    return table


def _check_texts(table: pd.DataFrame) -> None:
    """Check that texts are UTF-8: Arrow would notice only when one is used.

    Raises:
        ArrowException: one isn't; the error's text quotes it.
    """
    for name, kind in table.dtypes.items():
        texts = table[name].cat.categories.array if isinstance(kind, pd.CategoricalDtype) else table[name].array
        if isinstance(texts.dtype, pd.StringDtype):
            pa.array(texts).validate(full=True)
