"""Read a CSV of another model's scores, and guess what its columns hold.

Nothing in the file is executed, and no error quotes it: it may hold identifiers of patients.
"""

import io
import os
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.dataset.catalogue import EXAM_ID, MISSING
from mammo_core.documents.score_report import ScoreColumns
from mammo_core.documents.units import Unit
from mammo_core.errors import ConfigError, DataError
from mammo_core.storage.csv_files import CsvFormat, csv_format_of, header_names
from mammo_core.storage.disk_space import format_bytes

MAX_BYTES = 32 * 2**20  # of a file; the 54,706 images of RSNA's data take some 3 MB
MAX_ROWS = 1_000_000
MAX_COLUMNS = 100
ROLES = tuple(ScoreColumns.model_fields)
SCORE_NAMES = (  # in small letters; of several, none is guessed
    "score", "probability", "prob", "prediction", "pred", "preds", "malignant_pred", "malignant", "malignancy",
    "malignancy_score", "cancer_probability", "cancer_score", "probability_of_cancer", "p_cancer", "y_score", "y_pred",
    "risk_score",
)  # fmt: skip
NAMES: dict[str, tuple[str, ...]] = {
    "image": ("image_id", "image_index", "image", "image_name", "file", "filename", "file_name", "image_file"),
    "patient": ("patient_id", "patientid", "patient", "subject_id"),
    "exam": EXAM_ID,
    "side": ("laterality", "side", "image_laterality"),
    "breast": ("prediction_id", "breast_id"),
    "score": SCORE_NAMES,
    "left": tuple(f"left_{name}" for name in SCORE_NAMES),
    "right": tuple(f"right_{name}" for name in SCORE_NAMES),
    "label": ("label", "malignant_label", "y_true", "target"),
}
LABEL = "cancer"  # of this project's and RSNA's tables; in RSNA's submissions, beside prediction_id, it is the score
_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
_DECIMAL_COMMA = r"[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class ScoreFile:
    """The bytes of a CSV of scores whose header line has been read.

    Attributes:
        data: the file's content.
        form: how it is written.
        names: of its columns, in order.
    """

    data: bytes
    form: CsvFormat
    names: tuple[str, ...]


@dataclass(frozen=True)
class ScoreTable:
    """The scores of a file, before they are matched with a data set.

    Attributes:
        rows: one row per score. image, patient, exam and side are text, where the file has them; score is float64, missing where
            there is none; label is 0, 1 or missing, where the file has one; line is that of the file, from 1.
        unit: what each score is of.
        notes: sentences on what was read otherwise than it is written.
    """

    rows: pd.DataFrame
    unit: Unit
    notes: tuple[str, ...]


def read_score_file(path: Path) -> ScoreFile:
    """Read a CSV of scores from the disk.

    Raises:
        DataError: there is no such file, it can't be read, or it is no table within the limits.
    """
    if not os.path.isfile(path):
        raise DataError(f"There is no file {path}. Give a CSV file with scores.")
    try:
        _check_size(path.stat().st_size)
        return open_score_file(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}.") from None


def open_score_file(data: bytes) -> ScoreFile:
    """Read the header line of a CSV of scores.

    Raises:
        DataError: it is no table within the limits.
    """
    _check_size(len(data))
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError("This is a spreadsheet program's own file. Save the sheet as CSV, and take that.")
    form = csv_format_of(data)
    names = header_names(data, form)
    if not any(names):
        raise DataError("This file isn't readable as a CSV file with a header line.")
    if len(names) > MAX_COLUMNS:
        raise DataError(f"This file has {len(names):,} columns; at most {MAX_COLUMNS} are read. Leave some out.")
    return ScoreFile(data, form, tuple(names))


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise DataError(
            f"This file has {format_bytes(size)}; at most {format_bytes(MAX_BYTES)} are read. Leave columns out."
        )
    if size == 0:
        raise DataError("This file is empty. Give a CSV file with a header line.")


def read_patient_list(path: Path) -> list[str]:
    """Read the patient_id of each row of a file that names no patients, one a line.

    Raises:
        DataError: there is no such file, or it can't be read as text.
    """
    if not os.path.isfile(path):
        raise DataError(f"There is no file {path}. Give a text file with a patient_id a line.")
    try:
        _check_size(path.stat().st_size)
        return split_patient_list(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError):
        raise DataError(f"{path} can't be read as text.") from None


def split_patient_list(text: str) -> list[str]:
    """Return the lines of a list of patients; empty ones at the end don't count."""
    return [line.strip() for line in text.rstrip().splitlines()]


def guess_columns(names: Sequence[str]) -> ScoreColumns:
    """Guess from their names what the columns of a table of scores hold.

    Where several columns could be the same thing, such as "score" and "prediction", none is guessed.

    Args:
        names: of the columns, as the file has them.
    """
    plain = [re.sub(r"[ .-]+", "_", name.strip().lower()) for name in names]
    guesses = {
        role: _only([names[plain.index(name)] for name in known if name in plain]) for role, known in NAMES.items()
    }
    if LABEL in plain:
        own = names[plain.index(LABEL)]
        role = "score" if guesses["breast"] and not guesses["score"] else "label"
        guesses[role] = guesses[role] or own
    if guesses["image"] or not (guesses["left"] and guesses["right"]) or guesses["score"]:
        guesses["left"] = guesses["right"] = None
    return ScoreColumns(**guesses)


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def change_columns(columns: ScoreColumns, changes: Iterable[str]) -> ScoreColumns:
    """Return the columns with changes such as "score=p_cancer" made.

    An empty name leaves a column out: "image=".

    Raises:
        ConfigError: a change isn't written so.
    """
    named: dict[str, str | None] = {}
    for change in changes:
        role, equals, name = change.partition("=")
        if not equals or role not in ROLES:
            raise ConfigError(f"--columns: expected WHAT=NAME, where WHAT is one of {', '.join(ROLES)}.")
        named[role] = name or None
    return columns.model_copy(update=named)


def scored_unit(columns: ScoreColumns) -> Unit | None:
    """Return what each score is of by the columns; None if they name nothing."""
    if columns.image:
        return "image"
    if columns.breast or (columns.patient and (columns.side or columns.left)):
        return "breast"
    return "patient" if columns.patient else None


def read_scores(
    file: ScoreFile, columns: ScoreColumns, unit: Unit | None = None, patients: Sequence[str] | None = None
) -> ScoreTable:
    """Read the scores of a file.

    Args:
        file: the file.
        columns: what its columns hold.
        unit: what each score is of; None decides by the columns.
        patients: the patient of each row, in order, for a file that names none; None without.

    Raises:
        DataError: the file can't be read, lacks a column, or holds scores that are no finite numbers.
    """
    _check_columns(file, columns)
    rows, notes = _read_rows(file, columns)
    if patients is not None:
        rows, columns = _with_patients(rows, patients), columns.model_copy(update={"patient": "patient"})
        notes.append("The patient of each row comes from the list that was given, in its order.")
    unit = _check_unit(columns, unit)
    if columns.left and columns.right:
        rows = _stack_sides(rows)
    if columns.breast and unit == "breast":
        rows[["patient", "side"]] = rows["breast"].str.rsplit("_", n=1, expand=True).reindex(columns=[0, 1])
    scores, comma_notes = _parse_scores(rows, file.form)
    rows = rows.assign(score=scores)
    if "label" in rows:
        rows["label"] = rows["label"].str.lower().map(_LABELS)
    return ScoreTable(rows.reset_index(drop=True), unit, (*notes, *comma_notes))


def _check_columns(file: ScoreFile, columns: ScoreColumns) -> None:
    named: Mapping[str, str] = {role: name for role in ROLES if (name := getattr(columns, role)) is not None}
    for role, name in named.items():
        if file.names.count(name) != 1:
            many = "several columns" if name in file.names else "no column"
            raise DataError(f"The file has {many} of the name that was given for {role}. Choose another.")
    if bool(columns.left) != bool(columns.right):
        raise DataError("Only one side's scores are chosen: left and right go together.")
    if columns.score is None and columns.left is None:
        raise DataError(
            "Which column holds the scores isn't clear. Choose it, or those of the left and right breast (--columns score=NAME)."
        )
    if columns.score is not None and columns.left is not None:
        raise DataError("Choose either a column of scores, or those of the left and right breast.")


def _read_rows(file: ScoreFile, columns: ScoreColumns) -> tuple[pd.DataFrame, list[str]]:
    """Return the chosen columns as text, by what they hold, with the line of each row."""
    roles = {file.names.index(name): role for role in ROLES if (name := getattr(columns, role)) is not None}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows with more values than the header has names
            table = _parse(file)[sorted(roles)]
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, UnicodeError, ValueError):
        raise DataError(
            "This file isn't readable as a CSV file: its rows don't have the columns of its header line, or its text is damaged."
        ) from None
    if len(table) > MAX_ROWS:
        raise DataError(f"This file has more than {MAX_ROWS:,} rows, which is more than are read.")
    table.columns = [roles[index] for index in sorted(roles)]
    table = table.apply(lambda values: values.str.strip()).replace("", pd.NA)
    table["line"] = np.arange(len(table)) + 2 + file.form.lines_before
    table = table.dropna(how="all", subset=list(roles.values()))
    if table.empty:
        raise DataError("This file has a header line only; it holds no scores.")
    return table, file.form.notes("The file")


def _parse(file: ScoreFile) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(file.data),
        dtype=str,
        keep_default_na=False,
        na_values=MISSING,
        header=None,
        names=range(len(file.names)),
        index_col=False,
        skipinitialspace=True,
        skip_blank_lines=False,
        encoding=file.form.encoding,
        sep=file.form.separator,
        skiprows=file.form.lines_before + 1,
        nrows=MAX_ROWS + 1,
    )


def _with_patients(rows: pd.DataFrame, patients: Sequence[str]) -> pd.DataFrame:
    if len(patients) != len(rows):
        raise DataError(
            f"The file has {len(rows):,} rows, and the list of patients {len(patients):,}; it must name one for each row."
        )
    return rows.assign(patient=list(patients))


def _check_unit(columns: ScoreColumns, unit: Unit | None) -> Unit:
    possible = scored_unit(columns)
    if possible is None and columns.left:
        raise DataError(
            "The file names no patients: each row holds both breasts of an exam, in the order of the list that the model was "
            "run on. Add a column patient_id, or list the patients in that order, one a line (--patients FILE)."
        )
    if possible is None:
        raise DataError(
            "Which column names the images, breasts or patients isn't clear. Choose the image, or patient and side "
            "(--columns image=NAME)."
        )
    if unit is None or unit == possible:
        return possible
    known = columns.patient and (unit == "patient" or columns.side or columns.left)
    if unit == "image" or not (known or (columns.breast and unit == "breast")) or (columns.left and unit == "patient"):
        raise DataError(f"The chosen columns don't name the {unit} of each score.")
    return unit


def _stack_sides(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per side of a table that has both sides in a row."""
    sides = (
        rows.drop(columns=["left", "right", "label"], errors="ignore").assign(side=side, score=rows[column])
        for side, column in (("L", "left"), ("R", "right"))
    )
    return pd.concat(sides, ignore_index=True)


def _parse_scores(rows: pd.DataFrame, form: CsvFormat) -> tuple[pd.Series, list[str]]:
    """Return the scores as numbers, and a note on decimal commas."""
    text, notes = rows["score"].astype("str"), []
    known = text.dropna()
    if form.separator != "," and known.str.contains(",").any() and known.str.fullmatch(_DECIMAL_COMMA).all():
        text = text.str.replace(",", ".", regex=False)
        notes.append("The scores are written with decimal commas, and were read so.")
    scores = pd.to_numeric(text, errors="coerce").astype("float64")
    wrong = (scores.isna() & text.notna()) | np.isinf(scores)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum()):,} of {len(rows):,} scores are no finite numbers, the first in line "
            f"{int(rows.loc[wrong.idxmax(), 'line'])}."
        )
    if scores.isna().all():
        raise DataError("The column of scores is empty.")
    return scores, notes
