"""Look up laterality, view and patient that a file doesn't state.

They are looked up by the names of file and folder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mammo_core.dataset.catalogue import image_name, read_catalogue
from mammo_core.dataset.library import list_datasets
from mammo_core.dicom.pseudonyms import patient_key
from mammo_core.errors import DataError
from mammo_core.prediction.decode import DecodedImage
from mammo_core.workspace import Workspace

KnownViews = Mapping[str, tuple[str, str]]  # laterality and view by image_id


def known_views(workspace: Workspace, file_names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return laterality and view of images that a known data set lists.

    RSNA's files don't state their view, but the data set's table lists it by the name of the file.

    Args:
        workspace: the data sets to search.
        file_names: names of the files; the image_id is the name without folder and ending.

    Returns:
        (laterality, view) by image_id.
    """
    images = {image_name(name) for name in file_names}
    views: dict[str, tuple[str, str]] = {}
    for dataset in list_datasets(workspace) if images else []:
        listed = _listed_views(dataset.path, dataset.latest_change())
        views |= {image: listed[image] for image in images & listed.keys()}
    return views


def complete_labels(decoded: DecodedImage, file: str, views: KnownViews, secret: bytes) -> DecodedImage:
    """Fill in the patient, laterality and view that a file doesn't state.

    Args:
        decoded: the file's contents.
        file: name of the file. In RSNA's layout, <patient_id>/<image_id>.dcm, the folder names the patient.
        views: see `known_views`.
        secret: of the installation, for pseudonyms.
    """
    image_id, folder = image_name(file), Path(file).parent.name
    laterality, view = views.get(image_id, (None, None))
    patient = patient_key(folder, secret) if folder.isdigit() and image_id.isdigit() else None
    return replace(
        decoded,
        patient=decoded.patient or patient,
        laterality=decoded.laterality or laterality,
        view=decoded.view or view,
    )


@lru_cache(maxsize=4)
def _listed_views(path: Path, version: float) -> dict[str, tuple[str, str]]:
    """Return laterality and view by image_id; empty if the data set can't be read.

    Args:
        path: of the data set.
        version: changes when the data set does, so that it is read again.
    """
    try:
        table = read_catalogue(path).table
    except DataError:
        return {}  # the pages that show this data set report the error
    return dict(zip(table["image_id"], zip(table["laterality"], table["view"], strict=True), strict=True))
