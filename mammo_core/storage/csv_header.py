"""Read the header line of a CSV file."""

import csv
from pathlib import Path


def csv_columns(path: Path) -> list[str]:
    """Return the column names in the first line of a CSV file.

    The list is empty if the file is not valid CSV.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        try:
            return [name.strip() for name in next(csv.reader([stream.readline()], skipinitialspace=True), [])]
        except csv.Error:
            return []
