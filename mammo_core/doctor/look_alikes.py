"""Search the breasts of a checked store that look most like another breast.

That two breasts look alike says nothing about the one's outcome: the features tell shape, density and texture, and a cancer is
a small part of an image.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from mammo_core.dataset.joined_patients import joined_patients
from mammo_core.dataset.leave_out import used_images
from mammo_core.dataset.store import Store
from mammo_core.dicom.pseudonyms import installation_secret, patient_key
from mammo_core.doctor import duplicates as pairs
from mammo_core.doctor.breast_distances import breast_distances
from mammo_core.doctor.image_features import thumbnails
from mammo_core.doctor.look_alike_index import OpenIndex, open_index
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.look_alikes import LookAlikeIndex
from mammo_core.errors import DataError
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.image_results import ImagePrediction
from mammo_core.workspace import Workspace

SHOWN = 5
COMPARED = 3 * SHOWN  # nearest breasts in which the exposure itself is looked for
Nearness = Literal["very similar", "similar", "less similar"]
NOTHING_NEAR = "No breast of these data looks like this one, so none is shown."
NO_LABELS = "The outcome of no breast of these data is known, so none can be shown."


@dataclass(frozen=True)
class Gallery:
    """The breasts of a checked store among which look-alikes are searched.

    Attributes:
        store: the store.
        manifest: its images, one a row from 0.
        index: of their features.
        groups: text (n,), the patient of each image; patients who share an exposure count as one.
        usable: bool (n,), images whose label and side are known and that the data set's list doesn't leave out.
        fitted: whether these are only images of patients to whom a model was fitted.
    """

    store: Store
    manifest: pd.DataFrame
    index: OpenIndex
    groups: np.ndarray
    usable: np.ndarray
    fitted: bool = False

    def describe(self) -> str:
        """Return in one sentence which breasts are searched."""
        breasts = self.manifest.loc[self.usable, ["patient_id", "laterality"]].drop_duplicates()
        which = "to whose patients the model was fitted" if self.fitted else "with a known outcome"
        return f"Searched among {len(breasts):,} breasts of {self.store.name} {which}, without this patient's own."


@dataclass(frozen=True)
class BreastQuery:
    """A breast whose look-alikes are searched.

    Attributes:
        vectors: float32 (q, c), features of its images, standardised like those of the gallery.
        views: of its images, "" where unknown.
        excluded: patients of the gallery that don't count, see `Gallery.groups`.
    """

    vectors: np.ndarray
    views: tuple[str, ...]
    excluded: frozenset[str]


@dataclass(frozen=True)
class LookAlike:
    """A breast that looks like another one.

    Attributes:
        patient_id, laterality: the breast.
        label: 1 if any of its images is positive, else 0.
        age: of the patient in years; None where unknown.
        distance: see `LookAlikeIndex`.
        nearness: the distance in words, compared with distances within the store.
        images: its rows of the manifest.
    """

    patient_id: str
    laterality: str
    label: int
    age: float | None
    distance: float
    nearness: Nearness
    images: pd.DataFrame


@dataclass(frozen=True)
class LookAlikes:
    """The breasts that look most like another one.

    Attributes:
        breasts: the nearest first, of different patients.
        note: why there are none, in one sentence; empty otherwise.
    """

    breasts: tuple[LookAlike, ...]
    note: str = ""


def open_gallery(store: Store) -> Gallery:
    """Open the breasts of a checked store.

    Raises:
        StoreUnchecked: it hasn't been checked, or not since it changed.
        DataError: the store, its check or its leave-out list is damaged.
    """
    manifest = store.manifest().reset_index(drop=True)
    index = open_index(store, manifest)
    report = store.folder / DoctorReport.file_name
    duplicates = DoctorReport.read(report).duplicates if report.exists() else ()
    known = manifest["label"].notna() & manifest["laterality"].notna()
    used = known & manifest["png"].isin(used_images(store).table["png"])
    groups = joined_patients(manifest["patient_id"], duplicates)
    return Gallery(store, manifest, index, groups.to_numpy(str), used.to_numpy(bool))


def checked_stores(stores: Iterable[Store]) -> list[Store]:
    """Return the stores that a check has left an index of, in their order."""
    return [store for store in stores if (store.folder / LookAlikeIndex.file_name).exists()]


def training_gallery(gallery: Gallery, bundle: Bundle) -> Gallery:
    """Return a gallery of the breasts to whose patients a model was fitted.

    It is the gallery itself if the model was fitted to none of them.
    """
    fitted = gallery.usable & bundle.seen_split(gallery.manifest).eq("train").fillna(False).to_numpy(bool)
    return replace(gallery, usable=fitted, fitted=True) if fitted.any() else gallery


def stored_query(gallery: Gallery, patient: str, laterality: str) -> BreastQuery:
    """Return a query for a breast of the store itself; its patient doesn't count.

    Raises:
        DataError: the store has no image of this breast.
    """
    table = gallery.manifest
    of_patient = table["patient_id"].astype("str") == patient
    rows = np.flatnonzero(of_patient & (table["laterality"].astype("str") == laterality))
    if not len(rows):
        raise DataError(f"The imported data {gallery.store.name} has no image of this breast.")
    breasts = gallery.index.breasts
    return BreastQuery(breasts.vectors[rows], tuple(breasts.views[rows]), frozenset(gallery.groups[rows]))


def foreign_query(gallery: Gallery, means: np.ndarray, views: Sequence[str | None]) -> BreastQuery:
    """Return a query for a breast that isn't in the store.

    Args:
        gallery: the breasts that are searched.
        means: float32 (q, c), features of the images, see `ComparedFeatures`.
        views: of the images.
    """
    return BreastQuery(gallery.index.standardise(means), tuple(view or "" for view in views), frozenset())


def upload_query(
    workspace: Workspace,
    gallery: Gallery,
    images: Sequence[ImagePrediction],
    compute: Callable[[np.ndarray], np.ndarray],
) -> BreastQuery:
    """Return a query for a breast of predicted files.

    Patients of the store don't count whose identifier is that of a file, or who have one of the exposures.

    Args:
        workspace: whose secret pseudonyms are keyed with.
        gallery: the breasts that are searched; its images are prepared as the files were.
        images: of the breast, at least one.
        compute: returns the features of images, uint8 (q, rows, columns), see `ComparedFeatures.means`.

    Raises:
        DataError: an image of the store can't be read.
    """
    pixels = np.stack([image.model_input for image in images])
    query = foreign_query(gallery, compute(pixels), [image.decoded.view for image in images])
    identifiers = {image.decoded.identifier for image in images} - {None}
    secret = installation_secret(workspace)
    patients = gallery.manifest["patient_id"].astype("str")
    own = [patient for patient in patients.unique() if identifiers and patient_key(patient, secret) in identifiers]
    excluded = gallery.groups[patients.isin(own).to_numpy(bool)]
    return _without_same_exposure(gallery, replace(query, excluded=frozenset(excluded)), pixels)


def _without_same_exposure(gallery: Gallery, query: BreastQuery, images: np.ndarray) -> BreastQuery:
    """Return a query without the patients who have one of its exposures.

    The images of the query are uint8 (q, rows, columns).
    """
    near, _ = _nearest_breasts(gallery, query, COMPARED)
    if not len(near):
        return query
    rows = np.concatenate([gallery.index.breasts.images_of(breast) for breast in near])
    stored = gallery.store.images(gallery.manifest["png"].iloc[rows].tolist())
    both = np.stack(np.meshgrid(np.arange(len(images)), np.arange(len(rows)), indexing="ij"), -1).reshape(-1, 2)
    values = pairs.agreement(both, thumbnails(images), thumbnails(stored))
    assert values is not None, "nobody has stopped it"
    same = rows[both[values >= pairs.SAME, 1]]
    return replace(query, excluded=query.excluded | frozenset(gallery.groups[same]))


def look_alikes(gallery: Gallery, query: BreastQuery, count: int = SHOWN) -> LookAlikes:
    """Return the breasts that look most like another one, at most one of each patient.

    Args:
        gallery: the breasts that are searched.
        query: the breast.
        count: of breasts; fewer are returned if fewer are near enough.
    """
    if not gallery.usable.any():
        return LookAlikes((), NO_LABELS)
    breasts, distances = _nearest_breasts(gallery, query, count)
    near = distances <= gallery.index.document.limit
    alike = tuple(_look_alike(gallery, *each) for each in zip(breasts[near], distances[near], strict=True))
    return LookAlikes(alike, "" if alike else NOTHING_NEAR)


def _nearest_breasts(gallery: Gallery, query: BreastQuery, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest breast of each of the nearest patients, and their distances."""
    breasts = gallery.index.breasts
    distances = breast_distances(breasts, query.vectors, query.views, gallery.usable)
    owners = gallery.groups[breasts.first_images()]
    order = np.argsort(distances, kind="stable")
    chosen: dict[str, int] = {}
    for breast in order:
        if len(chosen) == count or not np.isfinite(distances[breast]):
            break
        if owners[breast] not in query.excluded:
            chosen.setdefault(str(owners[breast]), int(breast))
    nearest = np.array(list(chosen.values()), int)
    return nearest, distances[nearest]


def _look_alike(gallery: Gallery, breast: int, distance: float) -> LookAlike:
    rows = gallery.index.breasts.images_of(breast)
    images = gallery.manifest.iloc[rows[gallery.usable[rows]]]
    first, ages = images.iloc[0], images["age"].dropna()
    return LookAlike(
        patient_id=str(first["patient_id"]),
        laterality="" if pd.isna(first["laterality"]) else str(first["laterality"]),
        label=int(images["label"].max()),
        age=float(ages.iloc[0]) if len(ages) else None,
        distance=float(distance),
        nearness=_nearness(gallery, distance),
        images=images,
    )


def _nearness(gallery: Gallery, distance: float) -> Nearness:
    usual = gallery.index.document
    if distance <= usual.typical:
        return "very similar"
    return "similar" if distance <= usual.far else "less similar"
