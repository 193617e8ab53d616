"""Read the files of a data set.

They are the columns of train.csv and test.csv, and the headers of the images.
"""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mammo_core.errors import ImageError
from mammo_core.storage.csv_files import csv_columns
from mammo_core.storage.hashing import file_version
from mammo_core.storage.path_text import text_path

PARTS = ("train.csv", "test.csv")
HEADER_COLUMNS = ("rows", "columns", "photometric", "bits", "syntax", "problem")
SAMPLE = 400  # largest number of headers read, at a few ms each


def split_columns(folder: Path) -> pd.DataFrame:
    """Compare the columns of train.csv and test.csv in a folder.

    Returns:
        Every column name and, for each of the two files, whether it has that column.
    """
    headers = {name: csv_columns(folder / name) for name in PARTS if (folder / name).is_file()}
    names = list(dict.fromkeys(column for columns in headers.values() for column in columns))
    present = {part: [name in columns for name in names] for part, columns in headers.items()}
    return pd.DataFrame({"column": names, **present})


def sample_headers(table: pd.DataFrame, max_images: int = SAMPLE, seed: int = 0) -> pd.DataFrame:
    """Read the headers of the existing images, or of a random sample of them.

    The sample has at most `max_images` images.

    Returns:
        image_id, site_id, machine_id; rows, columns (pixels), photometric, bits, syntax. For an unreadable header these
        are missing and `problem` holds the reason.
    """
    present = table[table["file"].notna()]
    drawn = present.sample(min(max_images, len(present)), random_state=seed).sort_index()
    headers = pd.DataFrame(
        [_read(file, file_version(text_path(file))) for file in drawn["file"]],
        index=drawn.index,
        columns=list(HEADER_COLUMNS),
    )
    return pd.concat([drawn[["image_id", "site_id", "machine_id"]], headers], axis=1).reset_index(drop=True)


@lru_cache(maxsize=20_000)
def _read(file: str, version: str) -> dict[str, int | str | None]:
    from mammo_core.dicom.header_summary import read_header

    try:
        return {**asdict(read_header(text_path(file))), "problem": None}
    except ImageError as error:
        return {"problem": error.reason}
