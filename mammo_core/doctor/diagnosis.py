"""Check all images of a store: what `mammo doctor` does."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

import numpy as np
import pandas as pd

from mammo_core.dataset.joined_patients import joined_patients
from mammo_core.dataset.store import Store
from mammo_core.doctor import duplicates as pairs
from mammo_core.doctor.image_features import Network, directions, store_features
from mammo_core.doctor.image_map import write_map
from mammo_core.doctor.leaks import leaks
from mammo_core.doctor.look_alike_index import write_index
from mammo_core.doctor.misfiled_images import misfiled_images
from mammo_core.doctor.neighbours import Neighbours, nearest
from mammo_core.doctor.outliers import outliers
from mammo_core.doctor.same_exposures import Examined, pairs_between, pairs_within
from mammo_core.doctor.sides_and_views import wrong_sides, wrong_views
from mammo_core.doctor.suspect_labels import suspect_labels
from mammo_core.doctor.table_contradictions import finding, table_contradictions
from mammo_core.doctor.training_overlap import TrainingData, TrainingOverlap, training_overlap
from mammo_core.doctor.view_classifier import ViewPictures
from mammo_core.documents.doctor_report import DoctorReport, DuplicatePair, ImageFinding, SkippedCheck
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop
from mammo_core.errors import ConfigError, DataError

DUPLICATES = "duplicates"
NEAREST = 5  # neighbours that tell whether an image resembles any other
SEARCHING, COMPARING, MAPPING, CHECKING = (
    "Searching similar images",
    "Comparing similar images",
    "Drawing the map",
    "Checking sides, views and labels",
)


def diagnose(
    store: Store,
    others: Sequence[Store],
    models: Sequence[TrainingData],
    open_network: Callable[[Store], AbstractContextManager[Network]],
    progress: ProgressCallback,
    should_stop: ShouldStop,
) -> DoctorReport | None:
    """Check every image of a store.

    Args:
        store: the store.
        others: stores in which the same exposures are looked for.
        models: what models have been fitted to; the same exposures are looked for there.
        open_network: offers the network that computes the features of a store's images, for the length of a `with` block.
        progress: called often, with the phase.
        should_stop: called often.

    Returns:
        The report; None if a stop was requested. What was computed is kept, and the next time goes on from there.

    Raises:
        DataError: a store is empty or damaged.
        ConfigError: another store was prepared in another way.
    """
    began = time.monotonic()
    sources = [source for training in models for source in training.stores]
    stores = {each.name: each for each in (store, *others, *sources)}
    _check(store, list(stores.values()))
    examined = {}
    for name, each in stores.items():
        manifest = each.manifest().reset_index(drop=True)
        features = store_features(each, manifest, partial(open_network, each), progress, should_stop)
        if features is None:
            return None
        examined[name] = Examined(each, manifest, features)
    own = examined[store.name]
    neighbours = _neighbours(own, progress, should_stop)
    if neighbours is None:
        return None
    progress(Progress(done=0, total=0, phase=COMPARING))
    duplicates = _duplicates(own, neighbours, [examined[other.name] for other in others], should_stop)
    if duplicates is None:
        return None
    overlaps = []
    for training in models:
        overlap = training_overlap(own, training, examined, duplicates, should_stop)
        if overlap is None:
            return None
        overlaps.append(overlap)

    def mapped(done: int, total: int) -> None:
        progress(Progress(done=done, total=total, phase=MAPPING))

    if write_map(store, own.manifest, own.features, neighbours, mapped, should_stop) is None:
        return None
    progress(Progress(done=0, total=0, phase=CHECKING))
    write_index(store, own.manifest, own.features, joined_patients(own.manifest["patient_id"], duplicates))
    report = _report(own, neighbours, duplicates, overlaps)
    compared = tuple(other.name for other in others)
    return report.model_copy(update={"compared_with": compared, "seconds": round(time.monotonic() - began, 1)})


def _check(store: Store, others: Sequence[Store]) -> None:
    if store.manifest().empty:
        raise DataError(f"The store {store.name} has no images, so there is nothing to check.")
    for other in others:
        if other.manifest().empty:
            raise DataError(f"The store {other.name} has no images, so there is nothing to compare.")
        if other.preprocessing != store.preprocessing:
            raise ConfigError(
                f"The images of {other.name} were prepared in another way than those of {store.name}, so they can't be compared. "
                "Import one of the data sets again with the other's size."
            )


def _neighbours(own: Examined, progress: ProgressCallback, should_stop: ShouldStop) -> Neighbours | None:
    unit, total = directions(own.features.means), len(own.manifest)
    return nearest(
        unit,
        unit,
        pairs.CANDIDATES,
        same=True,
        should_stop=should_stop,
        progress=lambda done: progress(Progress(done=done, total=total, phase=SEARCHING)),
    )


def _duplicates(
    own: Examined, neighbours: Neighbours, others: Sequence[Examined], should_stop: ShouldStop
) -> list[DuplicatePair] | None:
    """Return the pairs that show one exposure; None after a stop."""
    same: list[DuplicatePair] = []
    for other in (own, *others):
        compared = (
            pairs_within(own, neighbours, should_stop)
            if other is own
            else pairs_between(own, other, np.arange(len(own.manifest)), should_stop)
        )
        if compared is None:
            return None
        reported = (_pair(own, own.manifest.iloc[a], other, other.manifest.iloc[b], value) for a, b, value in compared)
        same += [pair for pair in reported if pair is not None]
    return same


def _pair(own: Examined, first: pd.Series, other: Examined, second: pd.Series, value: float) -> DuplicatePair | None:
    """Return a pair if its textures agree enough to show one exposure."""
    same_patient = str(first["patient_id"]) == str(second["patient_id"])
    same_store = other is own
    threshold = pairs.SAME_OF_PATIENT if same_patient and same_store else pairs.SAME
    if value < threshold:
        return None
    mirrored = first["laterality"] != second["laterality"]
    relation = "other store" if not same_store else "same patient" if same_patient else "other patients"
    owner = (
        f"is in the store {other.store.name}, too"
        if not same_store
        else ("is there twice" if same_patient else "is there under two patients")
    )
    sides = ", once as the left breast and once as the right one" if mirrored else ""
    return DuplicatePair(
        image_a=str(first["image_id"]),
        image_b=str(second["image_id"]),
        relation=relation,
        confidence=pairs.confidence(value, threshold),
        reason=f"The same exposure {owner}{sides}: their textures agree to {100 * value:.0f} %.",
        patient_a=str(first["patient_id"]),
        patient_b=str(second["patient_id"]),
        store=None if same_store else other.store.name,
        mirrored=bool(mirrored),
    )


def _report(
    own: Examined, neighbours: Neighbours, duplicates: Sequence[DuplicatePair], overlaps: Sequence[TrainingOverlap]
) -> DoctorReport:
    manifest, features = own.manifest, own.features
    groups = joined_patients(manifest["patient_id"], duplicates).to_numpy(str)
    sides, no_sides = wrong_sides(manifest)
    pictures = ViewPictures(features.means, features.thumbnails)
    views, no_views = wrong_views(manifest, pictures, groups)
    misfiled, no_patients = misfiled_images(manifest, pictures, groups, {each.image_id for each in views})
    seen = np.concatenate([features.suspicious, features.lesion_contrast[:, np.newaxis]], axis=1)
    labels, no_labels = suspect_labels(manifest, seen, groups)
    leaking, no_leaks = leaks(manifest, own.store, groups)
    not_compared = [skip for overlap in overlaps for skip in overlap.skipped]
    skipped: list[SkippedCheck] = [*no_sides, *no_views, *no_patients, *no_labels, *no_leaks, *not_compared]
    same = [*duplicates, *(pair for overlap in overlaps for pair in overlap.pairs)]
    contradictions = [*sides, *views, *table_contradictions(manifest), *_contradicting_copies(manifest, duplicates)]
    nearness = (
        neighbours.similarity[:, :NEAREST].mean(axis=1) if neighbours.similarity.size else np.zeros(len(manifest))
    )
    return DoctorReport(
        store=own.store.name,
        checked=len(manifest),
        patients=int(manifest["patient_id"].nunique()),
        duplicates=tuple(sorted(same, key=lambda pair: (-pair.confidence, pair.image_a, pair.image_b))),
        contradictions=tuple(sorted(contradictions, key=lambda each: -each.confidence)),
        misfiled=tuple(misfiled),
        outliers=tuple(sorted(outliers(manifest, features.thumbnails, nearness), key=lambda each: -each.confidence)),
        suspect_labels=tuple(labels),
        leaks=tuple(leaking),
        skipped=tuple(skipped),
        models=tuple(overlap.overlap for overlap in overlaps),
    )


def _contradicting_copies(manifest: pd.DataFrame, duplicates: Sequence[DuplicatePair]) -> list[ImageFinding]:
    """Return the images that state another label than their copy."""
    rows = manifest.assign(image_id=manifest["image_id"].astype("str")).set_index("image_id", drop=False)
    contradicting: dict[str, ImageFinding] = {}
    for pair in duplicates:
        if pair.store is not None:
            continue
        first, second = rows.loc[pair.image_a], rows.loc[pair.image_b]
        if pd.notna(first["label"]) and pd.notna(second["label"]) and first["label"] != second["label"]:
            for row in (first, second):
                reason = "The same exposure is in the store a second time, with another label."
                contradicting[str(row["image_id"])] = finding(row, "label", reason, pair.confidence)
    return list(contradicting.values())
