"""What lies beside and beneath a catalogue: the columns of train.csv and test.csv, and the headers of the images."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mammo_core.errors import ImageError
from mammo_core.storage.csv_header import csv_columns
from mammo_core.storage.hashing import modified_time

PARTS = ("train.csv", "test.csv")
FACTS = ("rows", "columns", "photometric", "bits", "syntax", "problem")
SAMPLE = 400  # headers that are read: a few ms each


def split_columns(folder: Path) -> pd.DataFrame:
    """Return column, and for each of train.csv and test.csv that is in the folder whether it has it."""
    headers = {name: csv_columns(folder / name) for name in PARTS if (folder / name).is_file()}
    names = list(dict.fromkeys(column for columns in headers.values() for column in columns))
    found = {part: [name in columns for name in names] for part, columns in headers.items()}
    return pd.DataFrame({"column": names, **found})


def sample_headers(table: pd.DataFrame, most: int = SAMPLE, seed: int = 0) -> pd.DataFrame:
    """Return identifiers and header of the images whose files are present, of at most `most` drawn ones.

    Returns:
        image_id, site_id, machine_id; rows, columns (pixels), photometric, bits, syntax; a file whose header can't be
        read has these missing and its reason in `problem`.
    """
    present = table[table["file"].notna()]
    drawn = present.sample(min(most, len(present)), random_state=seed).sort_index()
    headers = pd.DataFrame(
        [_read(file, modified_time(file)) for file in drawn["file"]], index=drawn.index, columns=list(FACTS)
    )
    return pd.concat([drawn[["image_id", "site_id", "machine_id"]], headers], axis=1).reset_index(drop=True)


@lru_cache(maxsize=20_000)
def _read(file: str, version: float) -> dict[str, int | str | None]:
    from mammo_core.dicom import read_header

    try:
        return {**asdict(read_header(Path(file))), "problem": None}
    except ImageError as error:
        return {"problem": error.reason}
