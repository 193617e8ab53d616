"""Look up laterality, view and patient that a file doesn't state.

They stand in the tables of data sets, and in the names of files and folders.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue import image_name, read_catalogue
from mammo_core.dataset.library import list_datasets
from mammo_core.dicom.pseudonyms import installation_secret, patient_key
from mammo_core.dicom.special_images import special_view
from mammo_core.dicom.views import MODIFIERS, ViewWords, find_words
from mammo_core.errors import DataError
from mammo_core.prediction.decode import DecodedImage
from mammo_core.prediction.files import InputFile
from mammo_core.storage.path_text import as_written
from mammo_core.workspace import Workspace

FROM_NAME = "Side and view come from the name of the file."
_DATE = re.compile(  # 20210304, 04.03.2021, 2021-03, 210304
    r"(19|20)\d\d[._-]?(0[1-9]|1[0-2])([._-]?[0-3]\d)?|[0-3]\d[._-]?[01]\d[._-]?(19|20)\d\d|\d\d(0[1-9]|1[0-2])[0-3]\d"
)
_ABBREVIATIONS = {modifier.abbreviations[0]: modifier.name for modifier in MODIFIERS}


@dataclass(frozen=True)
class ListedImage:
    """An image that the table of a data set lists.

    Attributes:
        dataset: name of the data set.
        root: its folder.
        file: path of the image's file, or None.
        patient: keyed hash of the patient's identifier.
        instance: keyed hash of the image's identifier, which may be the SOP Instance UID.
        laterality: "L" or "R".
        view: such as "CC".
    """

    dataset: str
    root: Path
    file: str | None
    patient: str
    instance: str
    laterality: str
    view: str


KnownViews = Mapping[str, tuple[ListedImage, ...]]  # by image_id: several data sets may list the same one


def known_views(workspace: Workspace, file_names: Iterable[str]) -> dict[str, tuple[ListedImage, ...]]:
    """Return images of known data sets that have the names of files.

    RSNA's files don't state their view, but the data set's table lists it. That a name is the same shows nothing yet: see
    `complete_labels`.

    Args:
        workspace: the data sets to search.
        file_names: names of the files; the image_id is the name without folder and ending.
    """
    images = {image_name(_base(name)) for name in file_names}
    listed: dict[str, tuple[ListedImage, ...]] = {}
    secret = installation_secret(workspace)
    for dataset in list_datasets(workspace) if images else []:
        rows = _listed_rows(dataset.path, dataset.version())
        root = dataset.path.parent if dataset.path.is_file() else dataset.path
        for image in images & rows.keys():
            patient, laterality, view, file = rows[image]
            keys = patient_key(patient, secret), patient_key(image, secret)
            one = ListedImage(dataset.name, root.absolute(), file, *keys, laterality, view)
            listed[image] = (*listed.get(image, ()), one)
    return listed


def complete_labels(decoded: DecodedImage, file: InputFile, views: KnownViews, secret: bytes) -> DecodedImage:
    """Fill in the patient, laterality and view that a file doesn't state.

    A row of a table is taken only if it is this image's: SOP instance or patient agree, or the file lies in the data set.
    Where it contradicts the header, the value is left open. The notes state where values come from.

    Args:
        decoded: the file's contents.
        file: the file. In RSNA's layout, <patient_id>/<image_id>.dcm, the folder names the patient.
        views: see `known_views`.
        secret: of the installation, for pseudonyms.
    """
    decoded = _complete_identity(decoded, file.name, secret)
    rows = [row for row in views.get(image_name(_base(file.name)), ()) if _is_same_image(row, decoded, file)]
    for row in rows[:1]:
        decoded = _complete_from_table(decoded, row)
    words = _words_in_name(file.name)
    if decoded.laterality is None and decoded.view is None and not rows and words.laterality and words.view:
        decoded = replace(decoded, laterality=words.laterality, view=words.view, notes=(*decoded.notes, FROM_NAME))
    return decoded


def _complete_identity(decoded: DecodedImage, name: str, secret: bytes) -> DecodedImage:
    """Fill in the patient whom folder or name state.

    Fill in the folder that may stand for a person, too.
    """
    parts = _folders(name)
    folder, image_id = parts[-1] if parts else "", image_name(_base(name))
    words = _words_in_name(name)
    patient, identifier, exam = decoded.patient, decoded.identifier, decoded.exam
    stated = words.patient or (
        folder if folder.isdigit() and image_id.isdigit() and not _DATE.fullmatch(folder) else ""
    )
    if patient is None and stated:
        patient = identifier = patient_key(stated, secret)
        exam = exam or (patient_key(f"{stated} {decoded.date}", secret) if decoded.date else None)
    path = "" if parts and _DATE.fullmatch(parts[-1]) else "/".join(parts)  # a day's folder holds any number of persons
    return replace(
        decoded,
        patient=patient,
        identifier=identifier,
        exam=exam,
        folder=patient_key(path, secret) if path else None,
        folder_exam=patient_key(f"{path} {decoded.date}", secret) if path else None,
        parents=tuple(patient_key("/".join(parts[:level]), secret) for level in range(1, len(parts))),
    )


def _is_same_image(row: ListedImage, decoded: DecodedImage, file: InputFile) -> bool:
    """Return whether a row of a table is about this file.

    Numbers such as 1.dcm stand in many data sets.
    """
    if row.patient == decoded.identifier or (decoded.instance is not None and row.instance == decoded.instance):
        return True
    if not isinstance(file.source, Path):
        return False
    path = os.path.abspath(file.source)
    return path == row.file if row.file else Path(path).is_relative_to(row.root)


def _complete_from_table(decoded: DecodedImage, row: ListedImage) -> DecodedImage:
    """Fill in side and view from a table.

    What header and table state differently is left open.
    """
    laterality: str | None = decoded.laterality or row.laterality
    view: str | None = decoded.view or row.view
    notes: list[str] = []
    filled = [name for name, value in (("side", decoded.laterality), ("view", decoded.view)) if not value]
    if filled:
        verb = "comes" if len(filled) == 1 else "come"
        notes.append(f"{' and '.join(filled).capitalize()} {verb} from the table of the data set {row.dataset}.")
    if laterality != row.laterality:
        notes.append(_contradiction("side", laterality, row.laterality, row.dataset))
        laterality = None
    if view != row.view and _ABBREVIATIONS.get(row.view) not in decoded.modifiers:
        notes.append(_contradiction("view", view, row.view, row.dataset))
        view = None
    special_kind = decoded.special_kind or special_view(row.view)
    return replace(decoded, laterality=laterality, view=view, special_kind=special_kind, notes=(*decoded.notes, *notes))


def _contradiction(what: str, header: str | None, table: str, dataset: str) -> str:
    return f"The header states the {what} {header}, the table of the data set {dataset} {table}; it is left open."


def _words_in_name(name: str) -> ViewWords:
    """Return what a file's name states, or the name of a folder of CBIS-DDSM."""
    parts = [*_folders(name), image_name(_base(name))]
    statements = [find_words(part) for part in parts]
    return next((words for words in statements if words.patient), statements[-1])


def _folders(name: str) -> list[str]:
    """Return the folders in a name, split at the slashes of every system."""
    return [part for part in re.split(r"[/\\]", name)[:-1] if part not in ("", ".", "..")]


def _base(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]


@lru_cache(maxsize=16)  # data sets; with fewer than there are, each prediction would read all of them again
def _listed_rows(path: Path, version: str) -> dict[str, tuple[str, str, str, str | None]]:
    """Return patient_id, laterality, view and file by image_id.

    The result is empty if the data set can't be read.

    Args:
        path: of the data set.
        version: changes when the data set does, so that it is read again.
    """
    try:
        table = read_catalogue(path).table.dropna(subset=["laterality"])
    except DataError:
        return {}  # the pages that show this data set report the error
    files = [None if pd.isna(file) else as_written(str(file)) for file in table["file"]]
    rows = zip(table["patient_id"], table["laterality"], table["view"], files, strict=True)
    return dict(zip(table["image_id"], rows, strict=True))
