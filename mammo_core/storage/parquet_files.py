"""Read Parquet files."""

from pathlib import Path

import pandas as pd

from mammo_core.errors import DataError


def read_parquet(path: Path, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a Parquet file.

    Args:
        path: of the file.
        columns: those that it must have.

    Raises:
        DataError: it is missing, damaged or foreign.
    """
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors are ValueError, OSError and KeyError
        reason = type(error).__name__
        raise DataError(
            f"{path.name} in {path.parent} isn't readable ({reason}). Restore it, or make it again."
        ) from None
    if missing := [name for name in columns if name not in table]:
        raise DataError(
            f"{path.name} in {path.parent} isn't one that this application wrote (it lacks {missing[0]}). "
            "Restore it, or make it again."
        )
    return table
