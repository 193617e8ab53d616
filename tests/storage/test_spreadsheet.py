import pandas as pd
import pytest

from mammo_core.storage.spreadsheet import spreadsheet_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3.dcm", "@SUM(A1)", "\tx", '"=1', " =1"])
def test_spreadsheet_csv_text_is_no_formula(text):
    lines = spreadsheet_csv(pd.DataFrame({"file": [text]}))
    assert lines.split("\n", 1)[1].lstrip('"').startswith("'")


def test_spreadsheet_csv_numbers_stay_numbers():
    table = pd.DataFrame({"=x": [-1.5], "n": [-2], "mixed": pd.Series([-3], dtype=object)})
    assert spreadsheet_csv(table) == "'=x,n,mixed\n-1.5,-2,-3\n"
