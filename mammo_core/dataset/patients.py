"""Browse the patients of a data set: list, select and describe them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pandas as pd

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.marks import read_marks
from mammo_core.dataset.store import CONFIG_FILE, MANIFEST, QUARANTINE, Store, list_stores
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.manifest import LEFT_OUT
from mammo_core.errors import DataError, StoreUnfinished
from mammo_core.storage.hashing import file_states
from mammo_core.workspace import Workspace

Kind = Literal["positive", "lesion", "marked", "quarantined"]
KINDS: dict[Kind, str] = {
    "positive": "positive",
    "lesion": "with a lesion",
    "marked": "with a mark",
    "quarantined": "unreadable image",
}
PATIENT_ORDERS: dict[str, tuple[str | None, bool]] = {  # by name: column and whether its lowest values come first
    "as in the table": (None, True),
    "positive first": ("label", False),
    "highest score first": ("score", False),
    "oldest first": ("age", False),
    "youngest first": ("age", True),
}


def describe_patient(images: pd.DataFrame) -> str:
    """Return one line that describes a patient.

    It states age, density, site and machine, and nothing that tells the label; see `describe_findings`.

    Args:
        images: the patient's rows of a catalogue.
    """
    first = images.iloc[0]
    parts = ["1 image" if len(images) == 1 else f"{len(images)} images"]
    if pd.notna(first["age"]):
        parts.append(f"{first['age']:.0f} years")
    titles = {"density": "density", "site_id": "site", "machine_id": "machine"}
    parts += [f"{title} {first[column]}" for column, title in titles.items() if pd.notna(first[column])]
    if images["implant"].eq(1).fillna(False).any():
        parts.append("implant")
    return " · ".join(parts)


def describe_findings(images: pd.DataFrame) -> str:
    """Return one line with the findings in each breast; empty without any.

    Args:
        images: the patient's rows of a catalogue.
    """
    parts = []
    for side, rows in images.groupby("laterality"):
        findings = [word for word in ("cancer", "invasive", "biopsy") if rows[word].eq(1).fillna(False).any()]
        birads = rows["BIRADS"].dropna()
        findings += [f"BI-RADS {birads.iloc[0]}"] if len(birads) else []
        if findings:
            parts.append(f"{side}: {', '.join(findings)}")
    return " · ".join(parts)


def patient_images(catalogue: Catalogue, patient: str) -> pd.DataFrame:
    """Return a patient's rows of a catalogue."""
    return catalogue.table[catalogue.table["patient_id"] == patient]


def patient_exams(images: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Divide a patient's images into exams, the newest first.

    Args:
        images: the patient's rows of a catalogue.

    Returns:
        The title of each exam, such as "Prior exam of 2021-03-04", and its images. A table that doesn't tell exams apart gives
        one exam without a title. Exams without a date come last.
    """
    if "exam_id" not in images:
        return [("", images)]
    groups = [rows for _, rows in images.groupby("exam_id", dropna=False, sort=False)]
    dated = [(max(rows["exam_date"].dropna(), default=""), rows) for rows in groups]
    dated.sort(key=lambda exam: exam[0], reverse=True)
    newest = dated[0][0]
    titles = [
        f"{'Prior exam' if date < newest else 'Exam'} of {date}" if date else "Exam without a date" for date, _ in dated
    ]
    if len(dated) == 1 and not newest:
        titles = [""]
    return [(title, rows) for title, (_, rows) in zip(titles, dated, strict=True)]


def list_patients(workspace: Workspace, catalogue: Catalogue, kind: Kind | None = None) -> list[str]:
    """Return patients in table order.

    Args:
        workspace: the prepared stores in whose quarantine images are looked up.
        catalogue: the data set.
        kind: only those with a positive image, a known lesion, a reader's mark, or an image that could not be imported; None
            takes all.
    """
    table = catalogue.table
    if kind == "positive":
        selected = table["cancer"].eq(1).fillna(False) if "cancer" in table else pd.Series(False, index=table.index)
    elif kind == "lesion":
        lesions = read_lesions(catalogue.root).table
        selected = table["image_id"].isin([] if lesions is None else lesions["image_id"])
    elif kind == "marked":
        selected = table["image_id"].isin(_marked_images(workspace, catalogue))
    elif kind == "quarantined":
        selected = table["image_id"].isin(quarantined(workspace, catalogue))
    else:
        selected = pd.Series(True, index=table.index)
    return list(dict.fromkeys(table.loc[selected, "patient_id"].astype(str)))


def _marked_images(workspace: Workspace, catalogue: Catalogue) -> set[str]:
    """Return the images on which readers have drawn marks."""
    with suppress(DataError):  # the page of the data sets and the viewer show what is wrong with the file
        return {mark.image_id for mark in read_marks(workspace, describe_source(workspace, catalogue))}
    return set()


def patient_table(images: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the patients of some images, in table order.

    Args:
        images: rows of a catalogue.

    Returns:
        patient_id, label ("positive", "negative" or missing), age, density, and files (the number that is there).
    """
    groups = images.groupby("patient_id", sort=False)
    cancer = groups["cancer"].max()
    label = cancer.map({1: "positive", 0: "negative"}).astype("object")
    table = pd.DataFrame(
        {
            "label": label,
            "age": groups["age"].first(),
            "density": groups["density"].first(),
            "files": groups["file"].count(),
        }
    )
    return table.reset_index()


def order_patients(patients: pd.DataFrame, order: str) -> pd.DataFrame:
    """Sort a `patient_table` by one of `PATIENT_ORDERS`; missing values come last."""
    column, ascending = PATIENT_ORDERS[order]
    if column is None or column not in patients:
        return patients
    return patients.sort_values(column, ascending=ascending, kind="stable", na_position="last", ignore_index=True)


def quarantined(workspace: Workspace, catalogue: Catalogue) -> dict[str, str]:
    """Return why images of this data set could not be imported, by image_id."""
    table = _set_aside(workspace, catalogue)
    table = table[table["reason"] != LEFT_OUT]
    return dict(zip(table["image_id"], table["detail"], strict=True))


def left_out_images(workspace: Workspace, catalogue: Catalogue) -> dict[str, str]:
    """Return what images of this data set show that count for no breast, by image_id.

    Such as "This is a magnified view: training and evaluation leave it out." They are known once the data set is imported.
    """
    table = _set_aside(workspace, catalogue)
    table = table[table["reason"] == LEFT_OUT]
    return dict(zip(table["image_id"], table["detail"], strict=True))


def with_left_out(workspace: Workspace, catalogue: Catalogue) -> pd.DataFrame:
    """Return a catalogue's table with the column left_out, if any image is left out.

    It holds the sentence of `left_out_images`, and is missing for the other images.
    """
    reasons = left_out_images(workspace, catalogue)
    return catalogue.table.assign(left_out=catalogue.table["image_id"].map(reasons)) if reasons else catalogue.table


def list_left_out(images: pd.DataFrame) -> pd.DataFrame:
    """Return the images that are left out, for display.

    Args:
        images: see `with_left_out`.

    Returns:
        patient_id, image_id, laterality, view and reason.
    """
    rows = images[images["left_out"].notna()]
    return rows[["patient_id", "image_id", "laterality", "view", "left_out"]].rename(columns={"left_out": "reason"})


def prepared_images(workspace: Workspace, catalogue: Catalogue) -> dict[str, Path]:
    """Return the prepared PNG files of this data set's images, by image_id.

    Where several stores hold an image, the one with the most images gives its PNG. Stores without a manifest are passed over.
    """
    of_stores: list[dict[str, Path]] = []
    for store in _stores_of(workspace, catalogue):
        with suppress(DataError, StoreUnfinished):  # the page of the data sets shows what is wrong with the store
            of_stores.append(store.png_paths())
    return {image: png for images in sorted(of_stores, key=len) for image, png in images.items()}


def stores_version(workspace: Workspace) -> str:
    """Return text that changes when a prepared store is added, removed or filled."""
    names = (StoreSource.file_name, CONFIG_FILE, MANIFEST, QUARANTINE)
    return repr(file_states(path for name in names for path in sorted(workspace.prepared.glob(f"[!.]*/{name}"))))


def _stores_of(workspace: Workspace, catalogue: Catalogue) -> Iterator[Store]:
    """Yield the stores made from a data set."""
    for store in list_stores(workspace):
        with suppress(DataError):  # the page of the data sets shows what is wrong with the store
            if store.read_csv_path() == catalogue.csv:
                yield store


def _set_aside(workspace: Workspace, catalogue: Catalogue) -> pd.DataFrame:
    """Return image_id, reason and detail of the images that no store holds."""
    tables = [pd.DataFrame(columns=["image_id", "reason", "detail"], dtype="str")]
    for store in _stores_of(workspace, catalogue):
        with suppress(DataError):  # likewise
            tables.append(store.quarantine()[["image_id", "reason", "detail"]].astype("str"))
    return pd.concat(tables, ignore_index=True)
