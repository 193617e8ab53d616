"""Read a folder in the RSNA layout.

The result has one validated row per image, with the file path that the CSV lacks.
"""

import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.dataset.image_files import EXPECTED, IMAGE_SUFFIXES, find_image_files, path_column
from mammo_core.errors import DataError
from mammo_core.storage.csv_files import CsvFormat, csv_columns, csv_format
from mammo_core.storage.path_text import path_text

REQUIRED = ("patient_id", "image_id", "laterality", "view")
TEXT = ("patient_id", "image_id", "site_id", "machine_id", "laterality", "view", "density")
FLAGS = ("cancer", "biopsy", "invasive", "implant", "difficult_negative_case")
COLUMNS = (*TEXT, *FLAGS, "age", "BIRADS", "file")
RSNA_COLUMNS = {*TEXT, *FLAGS, "age", "BIRADS"}  # of the challenge's train.csv
EXAM_ID = (  # in small letters
    "exam_id", "study_id", "studyinstanceuid", "study_instance_uid", "study_uid", "accession_number", "accessionnumber",
    "acc_anon",
)  # fmt: skip
EXAM_DATE = ("exam_date", "study_date", "studydate")  # small letters

LABEL = "cancer"
QUOTED_COLUMNS = {*FLAGS, "BIRADS"}  # error messages quote only these; other columns may hold names or birth dates
MISSING = ["", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "None", "NULL", "null"]
_SAFE_ID = r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}"
_FLAG_VALUES = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
_LATERALITIES = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R"}
_ALTERNATIVE_FORMS = {  # "BI-RADS 4a"; DICOM's age string (060Y)
    "BIRADS": r"^(?:[Bb][Ii]-?[Rr][Aa][Dd][Ss])?\s*([0-6])(?:\.0|(?<=4)[abcABC])?$",
    "age": r"^(\d{3})Y$",
}
_RANGES = {"BIRADS": "0 to 6", "age": "years from 0 to 130"}


@dataclass(frozen=True)
class Catalogue:
    """The images of one data set.

    Attributes:
        table: one row per image. patient_id, image_id, site_id, machine_id, laterality ("L" or "R", or missing), view
            (capitals) and density ("A" to "D") are text; age is float64 in years; cancer, biopsy, invasive, implant,
            difficult_negative_case and BIRADS are nullable Int8; file is the absolute path of the image, or missing.
            Columns that the CSV lacks are present with all values missing. Only where the CSV tells exams apart, by a
            column of `EXAM_ID` or `EXAM_DATE`, are there also exam_id (text) and exam_date (YYYY-MM-DD, or missing);
            otherwise a patient has one exam.
        root: the folder that holds the CSV.
        csv: the CSV that was read.
        columns: those that the CSV has, in its order.
        notes: sentences on what was read otherwise than it is written, or left out; for whoever uses the data set.
    """

    table: pd.DataFrame
    root: Path
    csv: Path
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether the CSV has a cancer column with at least one value."""
        return bool(self.table["cancer"].notna().any())

    @property
    def rsna(self) -> bool:
        """Whether the CSV has exactly the columns of RSNA's train.csv."""
        return set(self.columns) == RSNA_COLUMNS

    @property
    def missing_files(self) -> int:
        """Number of listed images that have no file on disk."""
        return int(self.table["file"].isna().sum())

    def patient_of(self, image: str) -> str | None:
        """Return the patient of an image; None if the table doesn't list it."""
        patients = self.table.loc[self.table["image_id"] == image, "patient_id"]
        return None if patients.empty else str(patients.iloc[0])

    def images(self) -> list[CatalogueImage]:
        """Return what preparing each image needs, in the table's order."""
        columns = (self.table[name] for name in ("patient_id", "image_id", "cancer", "file", "view", "laterality"))
        return [
            CatalogueImage(
                patient_id=str(patient),
                image_id=str(image),
                cancer=None if pd.isna(cancer) else int(cancer),
                file=None if pd.isna(file) else str(file),
                view=str(view),
                has_side=bool(pd.notna(laterality)),
            )
            for patient, image, cancer, file, view, laterality in zip(*columns, strict=True)
        ]


def image_name(file: str) -> str:
    """Return the image_id in a file's name: the name without .dcm.

    Other dots are part of the image_id (1.2.840.99.1).
    """
    path = Path(file.removesuffix(".gz"))
    return path.stem if path.suffix.lower() in IMAGE_SUFFIXES else path.name


def hanging_order(view: str) -> tuple[int, str]:
    """Return a sort key for views in hanging order: CC, then MLO, then others by name."""
    return {"CC": 0, "MLO": 1}.get(view, 2), view


def read_catalogue(source: Path) -> Catalogue:
    """Read a data set.

    Args:
        source: a folder with train.csv (or test.csv, or a single CSV with the required columns) and its images in
            train_images/<patient_id>/<image_id>.dcm (or test_images, or without patients' folders, or next to the CSV);
            or a CSV file, whose folder is then searched for images.

    Raises:
        DataError: there is no such folder or CSV, a required column is missing, a value is invalid, or an image is
            listed twice.
    """
    csv = _find_csv(source)
    notes: list[str] = []
    raw = _read_csv(csv, notes)
    table = _validate(raw, csv, notes).assign(**_exam_columns(raw))
    paths = path_column(raw.columns)
    table["file"] = find_image_files(
        table.assign(file_id=raw["image_id"].str.strip()), csv, None if paths is None else raw[paths]
    )
    if "exam_id" in table:  # only now: files are found by their own study
        table["exam_id"] = _join_single_image_exams(table, csv, notes)
    if table["file"].isna().all():
        notes.append(f"None of the {len(table):,} images has a file in {path_text(csv.parent)}. {EXPECTED}")
    return Catalogue(table.reset_index(drop=True), csv.parent, csv, tuple(raw.columns), tuple(notes))


def read_other_columns(csv: Path) -> pd.DataFrame:
    """Read the columns of a CSV that no catalogue holds, as text.

    They may identify patients: whoever shows them chooses by `mammo_core.evaluation.group_columns`.

    Returns:
        One row per image: patient_id and image_id as in the catalogue, and the others as they are named in the CSV.

    Raises:
        DataError: see `read_catalogue`.
    """
    raw = _read_csv(csv, [])
    table = _validate(raw, csv, [])
    known = {*COLUMNS, path_column(raw.columns)}
    others = [
        str(name) for name in raw.columns if name not in known and str(name).lower() not in (*EXAM_ID, *EXAM_DATE)
    ]
    return table[["patient_id", "image_id"]].assign(**{name: raw[name].str.strip() for name in others})


def _find_csv(source: Path) -> Path:
    source = source.expanduser().absolute()
    if os.path.isfile(source):
        return source
    if not os.path.isdir(source):
        raise DataError(f"There is no folder or CSV file {source}. Give the folder that holds train.csv.")
    for name in ("train.csv", "test.csv"):
        if os.path.isfile(source / name):
            return source / name
    files = (path for path in sorted(source.glob("[!.]*.csv")) if os.path.isfile(path))
    others = [path for path in files if set(REQUIRED) <= set(csv_columns(path))]
    if len(others) == 1:
        return others[0]
    raise DataError(
        f"{source} holds no train.csv. Give the folder of the RSNA download, or one with a CSV that has the columns "
        f"{', '.join(REQUIRED)} (and cancer, to train)."
    )


def _read_csv(csv: Path, notes: list[str]) -> pd.DataFrame:
    """Return the rows of a CSV as text, indexed by the number of their line.

    Rows without any value are left out.
    """
    try:
        form = csv_format(csv)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", pd.errors.ParserWarning)
            raw = _parse(csv, form)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(f"{csv.name} isn't readable as a CSV file with a header line ({reason}).") from None
    except OSError as error:
        raise DataError(f"{csv} can't be read: {error.strerror}.") from None
    raw.index += 2 + form.lines_before
    notes += form.notes(csv.name)
    if caught:
        notes.append(f"{csv.name}: rows have more values than the header has names; those beyond are left out.")
    if (empty := int(raw.isna().all(axis=1).sum())) and len(raw) > empty:
        notes.append(f"{csv.name}: {empty:,} empty rows are left out.")
        raw = raw.dropna(how="all")
    raw.columns = _column_names([str(name).strip() for name in raw.columns])
    missing = [name for name in REQUIRED if name not in raw.columns]
    if missing:
        raise DataError(
            f"{csv.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"{', '.join(REQUIRED)} are required."
        )
    if raw.empty:
        raise DataError(f"{csv.name} lists no images: it has a header line only.")
    return raw


def _column_names(names: list[str]) -> list[str]:
    """Return the names of columns, such as patient_id for "Patient ID"."""
    known = {name.lower(): name for name in COLUMNS}
    spelt = [known.get(re.sub(r"[ -]", "_", name.lower()), name) for name in names]
    return [name if own in names or spelt.count(own) > 1 else own for name, own in zip(names, spelt, strict=True)]


def _parse(csv: Path, form: CsvFormat) -> pd.DataFrame:
    return pd.read_csv(
        csv,
        dtype=str,
        keep_default_na=False,
        na_values=MISSING,
        index_col=False,
        skipinitialspace=True,
        encoding=form.encoding,
        sep=form.separator,
        skiprows=form.lines_before,
    )


def _validate(raw: pd.DataFrame, csv: Path, notes: list[str]) -> pd.DataFrame:
    """Return the table with every column of `COLUMNS` except file, typed and checked.

    A value of an optional column that can't be used counts as missing, and a note counts and names it.
    """
    table = pd.DataFrame(index=raw.index)
    for name in COLUMNS[:-1]:
        values = raw[name] if name in raw.columns else pd.Series(pd.NA, index=raw.index, dtype="str")
        values = values.str.strip()
        if name in REQUIRED and name != "laterality":
            _reject(values.isna(), values, name, csv, "a value")
        if name in FLAGS:
            table[name] = _flag(values, name, csv, notes)
        elif name in {"age", "BIRADS"}:
            table[name] = _number(values, name, csv, notes)
        else:
            table[name] = values
    for name in ("patient_id", "image_id"):
        _reject(~table[name].str.fullmatch(_SAFE_ID), table[name], name, csv, "letters, digits, '.', '_' or '-'")
    table["laterality"] = _sides(table["laterality"], csv, notes)
    table["view"] = table["view"].str.upper()
    table["density"] = table["density"].str.upper()
    _distinguish(table, csv, notes)
    return table[list(COLUMNS[:-1])]


def _sides(values: pd.Series, csv: Path, notes: list[str]) -> pd.Series:
    """Return "L", "R" or missing; a note counts the images without a usable side.

    Raises:
        DataError: no image has one.
    """
    sides = values.str.upper().map(_LATERALITIES).astype("str")
    wrong = sides.isna()
    if wrong.all():
        _reject(wrong, values, "laterality", csv, "L or R")
    if wrong.any():
        what = _describe_wrong(wrong, values, "laterality", csv, "L or R")
        notes.append(f"{what} Such an image belongs to no breast and is left out.")
    return sides


def _exam_columns(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """Return exam_id and exam_date; nothing if the CSV has no column of exams.

    The exam of an image without a value is that of the patient's other images without one.
    """
    names = {str(name).lower().replace(" ", "_"): name for name in raw.columns}
    identifier = next((raw[names[name]].str.strip() for name in EXAM_ID if name in names), None)
    stated = next((raw[names[name]].str.strip() for name in EXAM_DATE if name in names), None)
    if stated is not None:
        days = stated.str.replace(r"^(\d{4})[-./]?(\d{2})[-./]?(\d{2})\b.*$", r"\1-\2-\3", regex=True)
        date = days.where(pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").notna())
    else:
        date = pd.Series(pd.NA, index=raw.index, dtype="str")
    exam = stated if identifier is None else identifier
    return {} if exam is None else {"exam_id": exam, "exam_date": date}


def _join_single_image_exams(table: pd.DataFrame, csv: Path, notes: list[str]) -> pd.Series:
    """Return exam_id; exams of one image each are joined to one a patient and day.

    Some anonymisers give every image a study of its own. Where no image has a date, exams are joined only if no view of a
    side repeats: otherwise they may be of several years.
    """
    patients = table.groupby("patient_id")
    images = patients["image_id"].transform("size")
    of_one_image = patients["exam_id"].transform("nunique") == images
    dated = patients["exam_date"].transform("count")
    repeats = table.duplicated(["patient_id", "laterality", "view"]).groupby(table["patient_id"]).transform("any")
    days = table.groupby(["patient_id", "exam_date"], dropna=False)
    several = days["image_id"].transform("size") > 1
    joined = of_one_image & several & ((dated == images) | ((dated == 0) & ~repeats))
    if joined.any():
        notes.append(
            f"{csv.name}: each image of {table.loc[joined, 'patient_id'].nunique():,} patients has an exam of its own; those of "
            "one day are taken as one exam."
        )
    return table["exam_id"].where(~joined, days["exam_id"].transform("first"))


def _distinguish(table: pd.DataFrame, csv: Path, notes: list[str]) -> None:
    """Make every image_id stand for one image.

    Where the same ones return in each patient's folder (1-1.dcm), the patient_id is put before them.

    Raises:
        DataError: two rows of a patient have the same image_id, or two images the same name when they are prepared.
    """
    repeated = table["image_id"].duplicated()
    if repeated.any() and not table.duplicated(["patient_id", "image_id"]).any():
        table["image_id"] = table["patient_id"] + "_" + table["image_id"]
        notes.append(f"{csv.name}: image_id repeats from patient to patient; patient_id_image_id takes its place.")
        repeated = table["image_id"].duplicated()
    if repeated.any():
        raise DataError(
            f"{csv.name} lists {int(repeated.sum())} image_id more than once (first in line "
            f"{repeated.idxmax()}); list every image in one line only."
        )
    same_name = (table["patient_id"] + "_" + table["image_id"]).duplicated()
    if same_name.any():
        raise DataError(
            f"{csv.name}: {int(same_name.sum())} images share the prepared file name <patient_id>_<image_id> with another "
            f"image (first in line {same_name.idxmax()}); change one of the identifiers."
        )


def _flag(values: pd.Series, name: str, csv: Path, notes: list[str]) -> pd.Series:
    numbers = values.str.lower().map(_FLAG_VALUES)
    wrong = numbers.isna() & values.notna()
    if name == LABEL:
        _reject(wrong, values, name, csv, "0 or 1")  # a model learns from the label, so it is never guessed
    else:
        _ignore(wrong, values, name, csv, "0 or 1", notes)
    return numbers.astype("Int8")


def _number(values: pd.Series, name: str, csv: Path, notes: list[str]) -> pd.Series:
    values = values.str.replace(r"^(\d+),(\d+)$", r"\1.\2", regex=True)  # a decimal comma
    numbers = pd.to_numeric(values.str.replace(_ALTERNATIVE_FORMS[name], r"\1", regex=True), errors="coerce")
    numbers = numbers.astype("float64")
    usable = numbers.isin(range(7)) if name == "BIRADS" else numbers.between(0, 130)
    _ignore(~usable & values.notna(), values, name, csv, _RANGES[name], notes)
    numbers = numbers.where(usable)
    return numbers.astype("Int8") if name == "BIRADS" else numbers


def _ignore(wrong: pd.Series, values: pd.Series, name: str, csv: Path, expected: str, notes: list[str]) -> None:
    """Add a note if any row is wrong; its value then counts as missing."""
    if wrong.any():
        what = _describe_wrong(wrong, values, name, csv, expected)
        notes.append(f"{what} They count as missing.")


def _reject(wrong: pd.Series, values: pd.Series, name: str, csv: Path, expected: str) -> None:
    """Raise a DataError if any row is wrong."""
    wrong = wrong.fillna(True).astype(bool)
    if wrong.any():
        raise DataError(_describe_wrong(wrong, values, name, csv, expected))


def _describe_wrong(wrong: pd.Series, values: pd.Series, name: str, csv: Path, expected: str) -> str:
    """Count the wrong rows in a sentence that gives the first line.

    It quotes nothing that may identify a patient.
    """
    first = int(wrong.to_numpy().argmax())
    value = str(values.iloc[first])
    quoted = f" (value {value!r})" if name in QUOTED_COLUMNS and re.fullmatch(r"[A-Za-z0-9.+-]{1,6}", value) else ""
    return (
        f"{csv.name}: {int(wrong.sum())} of {len(wrong)} values of {name} are not usable, the first in line "
        f"{wrong.index[first]}{quoted}; expected {expected}."
    )
