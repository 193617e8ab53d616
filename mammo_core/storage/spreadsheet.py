"""Write tables as CSV in which a spreadsheet program finds nothing to run."""

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # a cell that begins so is a formula


def spreadsheet_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV text whose texts are no formulas; numbers stay numbers."""
    safe = table.rename(columns=_neutralise)
    for position, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(position, safe.iloc[:, position].astype(object).map(_neutralise))
    text: str = safe.to_csv(index=False)
    return text


def _neutralise(value: object) -> object:
    """Put an apostrophe before text that looks like a formula.

    A spreadsheet program may also take it for one after quotes or spaces. A carriage return becomes a line feed: the CSV writer
    quotes only that, and what follows it would begin a row.
    """
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, str) and value.lstrip(" '\"").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
