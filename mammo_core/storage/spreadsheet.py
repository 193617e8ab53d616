"""Write tables as CSV in which a spreadsheet program finds nothing to run."""

import re

import pandas as pd

# A cell that begins so is a formula, also after quotes or spaces. Programs that divide at semicolons or tabs, as many do outside
# the English-speaking countries, begin a cell after them, and a row after a line feed, whatever quotes stand around.
FORMULA = r"""[ '"\t]*[=+\-@＝＋－＠]"""
CELL_START = rf"""(?:^(?={{apostrophe}}[ '"]*[\t\n])|(?:^|(?<=[;\t\n]))(?={{apostrophe}}{FORMULA}))"""
UNSAFE = re.compile(CELL_START.format(apostrophe=""))
MADE_SAFE = re.compile(CELL_START.format(apostrophe="'") + "'")


def spreadsheet_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV text whose texts are no formulas; numbers stay numbers."""
    safe = table.rename(columns=_neutralise)
    for position, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(position, safe.iloc[:, position].astype(object).map(_neutralise))
    text: str = safe.to_csv(index=False)
    return text


def read_cell(text: str) -> str:
    """Return what a cell held before `spreadsheet_csv` made it safe.

    Line breaks stay line feeds.
    """
    return MADE_SAFE.sub("", text)


def _neutralise(value: object) -> object:
    """Put an apostrophe before whatever a program may take for a formula.

    A carriage return becomes a line feed: the CSV writer quotes only that, and what follows it would begin a row.
    """
    if not isinstance(value, str):
        return value
    return UNSAFE.sub("'", value.replace("\r\n", "\n").replace("\r", "\n"))
