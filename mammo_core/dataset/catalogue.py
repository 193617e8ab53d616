"""Read a folder in the RSNA layout.

The result has one validated row per image, with the file path that the CSV lacks.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mammo_core.errors import DataError
from mammo_core.storage.csv_header import csv_columns

REQUIRED = ("patient_id", "image_id", "laterality", "view")
TEXT = ("patient_id", "image_id", "site_id", "machine_id", "laterality", "view", "density")
FLAGS = ("cancer", "biopsy", "invasive", "implant", "difficult_negative_case")
COLUMNS = (*TEXT, *FLAGS, "age", "BIRADS", "file")
EXAM_ID = (  # in small letters
    "exam_id", "study_id", "studyinstanceuid", "study_instance_uid", "study_uid", "accession_number", "accessionnumber",
)  # fmt: skip
EXAM_DATE = ("exam_date", "study_date", "studydate")  # small letters

QUOTED_COLUMNS = {*FLAGS, "BIRADS"}  # error messages quote only these; other columns may hold names or birth dates
MISSING = ["", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "None", "NULL", "null"]
_SAFE_ID = r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}"
_FLAG_VALUES = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
_LATERALITIES = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R"}
_ALTERNATIVE_FORMS = {"BIRADS": r"^(4)[abcABC]$", "age": r"^(\d{3})Y$"}  # BI-RADS 4a to 4c; DICOM's age string (060Y)
_IMAGE_SUFFIXES = {".dcm", ".dicom", ""}


@dataclass(frozen=True)
class CatalogueImage:
    """What preparing an image needs from its row of the catalogue.

    Attributes:
        patient_id, image_id: its identifiers.
        cancer: 0, 1, or None without a label.
        file: absolute path of its file; None if there is no file.
    """

    patient_id: str
    image_id: str
    cancer: int | None
    file: str | None


@dataclass(frozen=True)
class Catalogue:
    """The images of one data set.

    Attributes:
        table: one row per image. patient_id, image_id, site_id, machine_id, laterality ("L" or "R"), view (capitals)
            and density ("A" to "D") are text; age is float64 in years; cancer, biopsy, invasive, implant,
            difficult_negative_case and BIRADS are nullable Int8; file is the absolute path of the image, or missing.
            Columns that the CSV lacks are present with all values missing. Only where the CSV tells exams apart, by a
            column of `EXAM_ID` or `EXAM_DATE`, are there also exam_id (text) and exam_date (YYYY-MM-DD, or missing);
            otherwise a patient has one exam.
        root: the folder that holds the CSV.
        csv: the CSV that was read.
        columns_found: the columns that the CSV has, in its order.
    """

    table: pd.DataFrame
    root: Path
    csv: Path
    columns_found: tuple[str, ...]

    @property
    def labelled(self) -> bool:
        """Whether the CSV has a cancer column with at least one value."""
        return bool(self.table["cancer"].notna().any())

    @property
    def missing_files(self) -> int:
        """Number of listed images that have no file on disk."""
        return int(self.table["file"].isna().sum())

    def images(self) -> list[CatalogueImage]:
        """Return what preparing each image needs, in the table's order."""
        columns = (self.table[name] for name in ("patient_id", "image_id", "cancer", "file"))
        return [
            CatalogueImage(
                str(patient), str(image), None if pd.isna(cancer) else int(cancer), None if pd.isna(file) else str(file)
            )
            for patient, image, cancer, file in zip(*columns, strict=True)
        ]


def image_name(file: str) -> str:
    """Return the image_id in a file's name: the name without .dcm.

    Other dots are part of the image_id (1.2.840.99.1).
    """
    path = Path(file)
    return path.stem if path.suffix.lower() in _IMAGE_SUFFIXES else path.name


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
    raw = _read_csv(csv)
    table = _validate(raw, csv).assign(**_exam_columns(raw))
    table["file"] = _find_files(table, csv)
    return Catalogue(table, csv.parent, csv, tuple(raw.columns))


def _find_csv(source: Path) -> Path:
    source = source.expanduser().absolute()
    if source.is_file():
        return source
    if not source.is_dir():
        raise DataError(f"There is no folder or CSV file {source}. Give the folder that holds train.csv.")
    for name in ("train.csv", "test.csv"):
        if (source / name).is_file():
            return source / name
    others = [path for path in sorted(source.glob("*.csv")) if set(REQUIRED) <= set(csv_columns(path))]
    if len(others) == 1:
        return others[0]
    raise DataError(
        f"{source} holds no train.csv. Give the folder of the RSNA download, or one with a CSV that has the columns "
        f"{', '.join(REQUIRED)} (and cancer, to train)."
    )


def _read_csv(csv: Path) -> pd.DataFrame:
    try:
        raw = pd.read_csv(
            csv, dtype=str, keep_default_na=False, na_values=MISSING, encoding="utf-8-sig", skipinitialspace=True
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(f"{csv.name} isn't readable as a CSV file with a header line ({reason}).") from None
    except OSError as error:
        raise DataError(f"{csv} can't be read: {error.strerror}.") from None
    raw.columns = [str(name).strip() for name in raw.columns]
    missing = [name for name in REQUIRED if name not in raw.columns]
    if missing and len(raw.columns) == 1 and re.search(r"[;\t]", raw.columns[0]):
        raise DataError(f"{csv.name} separates its columns by semicolons or tabs; save it with commas.")
    if missing:
        raise DataError(
            f"{csv.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"{', '.join(REQUIRED)} are required."
        )
    if raw.empty:
        raise DataError(f"{csv.name} lists no images: it has a header line only.")
    return raw


def _validate(raw: pd.DataFrame, csv: Path) -> pd.DataFrame:
    """Return the table with every column of `COLUMNS` except file, typed and checked."""
    table = pd.DataFrame(index=raw.index)
    for name in COLUMNS[:-1]:
        values = raw[name] if name in raw.columns else pd.Series(pd.NA, index=raw.index, dtype="str")
        values = values.str.strip()
        if name in REQUIRED:
            _reject(values.isna(), values, name, csv, "a value")
        if name in FLAGS:
            table[name] = _flag(values, name, csv)
        elif name in {"age", "BIRADS"}:
            table[name] = _number(values, name, csv)
        else:
            table[name] = values
    for name in ("patient_id", "image_id"):
        _reject(~table[name].str.fullmatch(_SAFE_ID), table[name], name, csv, "letters, digits, '.', '_' or '-'")
    lateralities = table["laterality"].str.upper().map(_LATERALITIES)
    _reject(lateralities.isna(), table["laterality"], "laterality", csv, "L or R")
    table["laterality"] = lateralities.astype("str")
    table["view"] = table["view"].str.upper()
    table["density"] = table["density"].str.upper()
    _reject_duplicates(table, csv)
    return table[list(COLUMNS[:-1])]


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


def _reject_duplicates(table: pd.DataFrame, csv: Path) -> None:
    """Raise a DataError if two rows stand for the same image.

    They do if they have the same image_id, or the same name of the prepared image.
    """
    repeated = table["image_id"].duplicated()
    if repeated.any():
        raise DataError(
            f"{csv.name} lists {int(repeated.sum())} image_id more than once (first in line "
            f"{int(repeated.to_numpy().argmax()) + 2}); list every image in one line only."
        )
    same_name = (table["patient_id"] + "_" + table["image_id"]).duplicated()
    if same_name.any():
        raise DataError(
            f"{csv.name}: {int(same_name.sum())} images share the prepared file name <patient_id>_<image_id> with another "
            f"image (first in line {int(same_name.to_numpy().argmax()) + 2}); change one of the identifiers."
        )


def _flag(values: pd.Series, name: str, csv: Path) -> pd.Series:
    numbers = values.str.lower().map(_FLAG_VALUES)
    _reject(numbers.isna() & values.notna(), values, name, csv, "0 or 1")
    return numbers.astype("Int8")


def _number(values: pd.Series, name: str, csv: Path) -> pd.Series:
    values = values.str.replace(_ALTERNATIVE_FORMS[name], r"\1", regex=True)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = numbers.isna() & values.notna()
    if name == "BIRADS":
        out_of_range = numbers.notna() & ~numbers.isin(range(7))
        _reject(wrong | out_of_range, values, name, csv, "0 to 6")
        return numbers.astype("Int8")
    _reject(wrong | (numbers < 0) | (numbers > 130), values, name, csv, "years from 0 to 130")
    return numbers


def _reject(wrong: pd.Series, values: pd.Series, name: str, csv: Path, expected: str) -> None:
    """Raise a DataError if any row is wrong.

    The message counts the wrong rows and gives the first line. It quotes nothing that may identify a patient.
    """
    wrong = wrong.fillna(True).astype(bool)
    if not wrong.any():
        return
    first = int(wrong.to_numpy().argmax())
    value = str(values.iloc[first])
    quoted = f" (value {value!r})" if name in QUOTED_COLUMNS and re.fullmatch(r"[A-Za-z0-9.+-]{1,6}", value) else ""
    raise DataError(
        f"{csv.name}: {int(wrong.sum())} of {len(wrong)} values of {name} are not usable, the first in line "
        f"{first + 2}{quoted}; expected {expected}."
    )


def _find_files(table: pd.DataFrame, csv: Path) -> pd.Series:
    """Return the absolute path of each image, missing where there is no file.

    The folder is walked once: 54,706 file system calls are slow on a network share.
    """
    images_folder = csv.parent / f"{csv.stem}_images"
    root = images_folder if images_folder.is_dir() else csv.parent
    by_pair, by_image, folders = _index(root)
    patients = set(table["patient_id"])

    def belongs(path: str, patient: str) -> bool:
        """Return whether a file can belong to this patient.

        It must be in the patient's folder, if there is one, and must not be in another patient's.
        """
        within = set(Path(path).parts[len(root.parts) : -1])
        return patient in within if patient in folders else not within & patients

    pairs = zip(table["patient_id"], table["image_id"], strict=True)
    paths = [
        by_pair.get((patient, image))
        or next((path for path in by_image.get(image, []) if belongs(path, patient)), None)
        for patient, image in pairs
    ]
    return pd.Series(paths, index=table.index, dtype="str")


def _index(folder: Path, depth: int = 3) -> tuple[dict[tuple[str, str], str], dict[str, list[str]], set[str]]:
    """Walk a folder and index its files by image_id.

    An image_id is a file's stem, or its full name, because a name without a suffix may contain dots (1.2.840.99.1).

    Returns:
        (name of the parent folder, image_id) → path; image_id → paths, for other layouts than RSNA's; and the names of
        all folders.
    """
    by_pair: dict[tuple[str, str], str] = {}
    by_image: dict[str, list[str]] = {}
    seen: set[str] = set()
    for parent, folders, names in os.walk(folder):
        level = len(Path(parent).relative_to(folder).parts)
        seen.update(folders)
        if level >= depth:
            folders.clear()
        for name in names:
            if name.startswith("."):
                continue
            stem, suffix = os.path.splitext(name)
            path = os.path.join(parent, name)
            for image in {name, stem} if suffix.lower() in _IMAGE_SUFFIXES else {name}:
                by_image.setdefault(image, []).append(path)
                by_pair[os.path.basename(parent), image] = path
    return by_pair, by_image, seen
