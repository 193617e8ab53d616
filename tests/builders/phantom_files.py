"""The files of a generated data set as files to predict."""

from pathlib import Path

import pandas as pd

from mammo_core.prediction.files import InputFile


def input_files(images: pd.DataFrame, name: str = "{image_id}") -> list[InputFile]:
    """Return the files of catalogue rows; `name` makes a file's name of its row."""
    rows = images.to_dict("records")
    return [InputFile(name.format(**row), Path(row["file"]), row["image_id"]) for row in rows]


def letter() -> InputFile:
    """Return a file that is no image."""
    return InputFile("letter.txt", b"no image", "letter")
