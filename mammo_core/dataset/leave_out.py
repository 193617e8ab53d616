"""Keep the list of images of a data set that are left out, and apply it.

It lies in <data>/leave-out, see `mammo_core.dataset.data_set_files`, and holds for every store that is made from the data set.
Import, training and evaluation obey it.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from filelock import Timeout

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.data_set_files import data_set_file
from mammo_core.dataset.joined_patients import joined_patients
from mammo_core.dataset.store import Store
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.leave_out import MAX_REASON, LeaveOutList, LeftOutImage
from mammo_core.errors import DataError
from mammo_core.storage.csv_files import csv_format_of
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.locks import file_lock
from mammo_core.storage.spreadsheet import read_cell, spreadsheet_csv

LOCK_SECONDS = 20.0  # for which a change waits for others
MAX_CSV_BYTES = 20_000_000  # of an uploaded list
COLUMNS = ("image_id", "reason")

Change = Callable[[dict[str, LeftOutImage]], dict[str, LeftOutImage]]


@dataclass(frozen=True)
class UsedImages:
    """The images of a store that training and evaluation use.

    Attributes:
        table: the rows of the manifest that aren't left out, from 0 on.
        groups: text (n,), the patient of each image; patients who share an exposure count as one, see `joined_patients`.
        left_out: number of images that the list leaves out.
        joined: number of patients who count as one with another one.
    """

    table: pd.DataFrame
    groups: pd.Series
    left_out: int
    joined: int

    def notes(self) -> list[str]:
        """Return sentences on what is left out and joined."""
        notes = []
        if self.left_out:
            images = "1 image is" if self.left_out == 1 else f"{self.left_out:,} images are"
            notes.append(f"{images} left out, by the data set's list.")
        if self.joined:
            patients = "1 patient shares" if self.joined == 1 else f"{self.joined:,} patients share"
            notes.append(f"{patients} an image with another one, and no split parts them.")
        return notes


def used_images(store: Store) -> UsedImages:
    """Return the images of a store that aren't on its data set's list.

    Raises:
        DataError: the store, its list or its last check is damaged.
    """
    manifest = store.manifest()
    reasons = read_leave_out(store.data_root, store.source()).reasons
    left_out = manifest["image_id"].astype("str").isin(list(reasons))
    table = manifest[~left_out.to_numpy(bool)].reset_index(drop=True)
    report = store.folder / DoctorReport.file_name
    pairs = DoctorReport.read(report).duplicates if report.exists() else ()
    groups = joined_patients(table["patient_id"], pairs)
    joined = table.loc[(groups != table["patient_id"].astype("str")).to_numpy(bool), "patient_id"].nunique()
    return UsedImages(table, groups, int(left_out.sum()), int(joined))


def leave_out_path(data_root: Path, source: StoreSource) -> Path:
    """Return the file of a data set's list, which may not be there.

    Args:
        data_root: the data folder.
        source: the data set, see `describe_source` and `Store.source`.
    """
    return data_set_file(data_root, LeaveOutList.folder_name, source)


def read_leave_out(data_root: Path, source: StoreSource) -> LeaveOutList:
    """Return the list of a data set, which may be empty.

    Raises:
        DataError: its file is damaged.
    """
    path = leave_out_path(data_root, source)
    return LeaveOutList.read(path) if path.exists() else LeaveOutList(dataset=source.dataset)


def leave_out(data_root: Path, source: StoreSource, reasons: Mapping[str, str]) -> LeaveOutList:
    """Put images on the list of a data set; those that are on it get the new reason.

    Args:
        data_root: the data folder.
        source: the data set.
        reasons: the reason by image_id.

    Raises:
        DataError: a reason is missing, or the file is damaged.
        StorageError: the file system refuses.
    """
    if any(not reason.strip() for reason in reasons.values()):
        raise DataError("Give a reason: others will want to know why these images are left out.")
    now = datetime.now(UTC)
    new = {
        image: LeftOutImage(image_id=image, reason=" ".join(reason.split())[:MAX_REASON], since=now)
        for image, reason in reasons.items()
    }
    return _change(data_root, source, lambda known: known | new)


def check_listed(catalogue: Catalogue, images: Iterable[str]) -> None:
    """Check that a data set's table lists images.

    Raises:
        DataError: it doesn't list all of them.
    """
    unknown = set(images) - set(catalogue.table["image_id"].astype("str"))
    if unknown:
        count = "1 image" if len(unknown) == 1 else f"{len(unknown):,} images"
        raise DataError(
            f"{count} of the list can't be left out: the data set's table doesn't name them. Nothing was changed."
        )


def take_back(data_root: Path, source: StoreSource, images: Iterable[str]) -> LeaveOutList:
    """Remove images from the list of a data set.

    The arguments are those of `leave_out`.
    """
    removed = set(images)
    return _change(data_root, source, lambda known: {image: known[image] for image in known if image not in removed})


def _change(data_root: Path, source: StoreSource, change: Change) -> LeaveOutList:
    path = leave_out_path(data_root, source)
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file_lock(path.with_name(f".{path.name}.lock")).acquire(timeout=LOCK_SECONDS):
            known = {image.image_id: image for image in read_leave_out(data_root, source).images}
            changed = LeaveOutList(dataset=source.dataset, images=tuple(change(known).values()))
            changed.write(path)
    except Timeout:
        raise DataError("Somebody else is changing this list. Try again.") from None
    return changed


def leave_out_table(listed: LeaveOutList, catalogue: Catalogue) -> pd.DataFrame:
    """Return a list for display, the latest first.

    Returns:
        image_id, patient_id, laterality, view, reason and since (UTC, in minutes); patient_id, laterality and view are missing
        where the data set's table doesn't name the image.
    """
    known = catalogue.table[["image_id", "patient_id", "laterality", "view"]]
    rows = [(image.image_id, image.reason, f"{image.since:%Y-%m-%d %H:%M}") for image in reversed(listed.images)]
    table = pd.DataFrame(rows, columns=pd.Index((*COLUMNS, "since")), dtype="str")
    return table.merge(known, "left", on="image_id")[[*known.columns, "reason", "since"]]


def describe_leave_out(table: pd.DataFrame) -> str:
    """Return how many images and patients a list names, and what becomes of them.

    Args:
        table: see `leave_out_table`.
    """
    if not len(table):
        return "No image of this data set is left out."
    patients = table["patient_id"].nunique()
    owners = f" of {patients:,} {'patient' if patients == 1 else 'patients'}" if patients else ""
    one = len(table) == 1
    counts = f"{len(table):,} {'image' if one else 'images'}{owners} {'is' if one else 'are'} left out"
    unknown = int(table["patient_id"].isna().sum())
    note = f" The data set's table doesn't name {unknown:,} of them." if unknown else ""
    return f"{counts}: import, training, evaluation and folds pass over {'it' if one else 'them'}.{note}"


def leave_out_csv(images: LeaveOutList) -> str:
    """Return a list as a CSV with the columns image_id, reason and since."""
    rows = [(image.image_id, image.reason, image.since.isoformat()) for image in images.images]
    return spreadsheet_csv(pd.DataFrame(rows, columns=pd.Index((*COLUMNS, "since"))))


def read_leave_out_csv(data: bytes) -> dict[str, str]:
    """Return the reason by image_id of an uploaded list.

    Args:
        data: a CSV with the columns image_id and, if there are reasons, reason.

    Raises:
        DataError: it is too large, or has no such column, or an image has no image_id.
    """
    if len(data) > MAX_CSV_BYTES:
        raise DataError(f"The list is larger than {MAX_CSV_BYTES // 1_000_000} MB.")
    written = csv_format_of(data)
    lines = data.decode(written.encoding, "replace").splitlines()[written.lines_before :]
    rows = csv.DictReader(lines, delimiter=written.separator)
    try:
        if "image_id" not in (rows.fieldnames or []):
            raise DataError("The list needs a column image_id.")
        reasons = {(row["image_id"] or "").strip(): (row.get("reason") or "").strip() or "by the list" for row in rows}
    except csv.Error as error:
        raise DataError(f"The list isn't readable as a CSV ({error}).") from None
    if "" in reasons:
        raise DataError("A line of the list has no image_id.")
    return {read_cell(image): read_cell(reason) for image, reason in reasons.items()}
