import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from mammo_core.storage.spreadsheet import read_cell, spreadsheet_csv


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://b").dcm', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '"=1', " =1", "＝1"]
)
def test_spreadsheet_csv_text_is_no_formula(text):
    for table in (pd.DataFrame({"file": [text]}), pd.DataFrame({"file": pd.Categorical([text])})):
        written = list(csv.reader(io.StringIO(spreadsheet_csv(table), newline="")))
        assert written[0] == ["file"]
        assert written[1][0].startswith("'")
        assert read_cell(written[1][0]) == text.replace("\r", "\n")


def test_spreadsheet_csv_formula_after_a_carriage_return_begins_no_row():
    written = spreadsheet_csv(pd.DataFrame({"file": ["a\r=1", "b"]}))
    assert written == 'file\n"a\n\'=1"\nb\n'


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("text", ["a;=1", "a; +1", "a;;@x", "a;\t-1", "a\n=1", 'a;"=1', "a,b;=1", "a\t＝1"])
def test_spreadsheet_csv_has_no_formula_for_programs_with_another_separator(text, separator):
    written = spreadsheet_csv(pd.DataFrame({"first": ["x"], "file": [text], "last": ["y"]}))
    cells = [cell for row in csv.reader(written.splitlines(), delimiter=separator) for cell in row]
    assert not [
        cell for cell in cells if cell.lstrip(" \"'").startswith(("=", "+", "-", "@", "＝")) and cell[:1] != "'"
    ]


@pytest.mark.parametrize(
    "text",
    ["=1", "'=1", "''=1", " '=1", "a;=1", "a;'=1;+2", "a\n'-b", "\t=1", "'a'", "it's; 'x'", "", "'", ";", "a;\t'='"],
)
def test_cell_is_read_as_it_was(text):
    ((_,), (cell,)) = csv.reader(io.StringIO(spreadsheet_csv(pd.DataFrame({"a": [text]})), newline=""))
    assert read_cell(cell) == text


def test_spreadsheet_csv_numbers_stay_numbers():
    table = pd.DataFrame({"=x": [-1.5], "n": [-2], "mixed": pd.Series([-3], dtype=object)})
    assert spreadsheet_csv(table) == "'=x,n,mixed\n-1.5,-2,-3\n"
    assert spreadsheet_csv(pd.DataFrame({"n": pd.array([-1, None], dtype="Int8")})) == 'n\n-1\n""\n'


def test_tables_for_people_are_written_through_spreadsheet_csv():
    root = Path(__file__).parents[2]
    own_tables = {
        "mammo_core/storage/spreadsheet.py",
        "mammo_core/phantoms/generate.py",  # train.csv, read back as it is
    }
    files = [path for folder in ("mammo_core", "ui", "pages") for path in (root / folder).rglob("*.py")]
    writers = {path for path in files if re.search(r"csv\.writer|DictWriter|\.to_csv\((?!\)|dates=)", path.read_text())}
    assert {path.relative_to(root).as_posix() for path in writers} == own_tables
    config = (root / ".streamlit" / "config.toml").read_text()
    assert "disableDataExport = true" in config  # of Streamlit's own tables
