"""Count how many exchanged images of a checked store are reported as misfiled.

Pixels and features of images are exchanged, two by two, between patients, for those of the same side and view; the table stays.
No patient has two of them, and their breasts have both views. It is repeated with other images, and within machines: there,
images of two patients resemble each other more, and mistakes happen there, too.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from benchmarks._planted_faults import exchangeable, exchanged_pairs
from benchmarks._report import Report
from mammo_core.dataset.joined_patients import joined_patients
from mammo_core.dataset.store import Store
from mammo_core.doctor.image_features import ImageFeatures
from mammo_core.doctor.misfiled_images import misfiled_images
from mammo_core.doctor.view_classifier import ViewPictures
from mammo_core.documents.doctor_report import DoctorReport, MisfiledImage

COUNTS, ROUNDS = (4, 10, 40), 10  # images that are exchanged, and how often
ONE_WAY = 4  # images that are under another patient, and not exchanged
PRECISION = 0.9


def measure_exchanges(store: Store, features: ImageFeatures, report: Report) -> None:
    """Report recall and precision for some numbers of exchanged images, and for none.

    Args:
        store: a checked one.
        features: of its images.
        report: receives the figures.
    """
    manifest = store.manifest().reset_index(drop=True)
    checked = DoctorReport.read(store.folder / DoctorReport.file_name)
    groups = joined_patients(manifest["patient_id"], checked.duplicates).to_numpy(str)
    sound = misfiled_images(manifest, ViewPictures(features.means, features.thumbnails), groups)[0]
    report.add(f"{store.name}: reported, of none that were exchanged", f"{len(sound)} of {len(manifest):,} images")
    for within_machines in (False, True):
        for count in COUNTS:
            right, wrong = 0, 0
            for seed in range(ROUNDS):
                order = exchange(manifest, count, within_machines, seed)
                moved = set(manifest.loc[order != np.arange(len(order)), "image_id"].astype(str))
                is_right = _right(_reported(manifest, features, groups, np.arange(len(order)), order), moved)
                right, wrong = right + sum(is_right), wrong + is_right.count(False)
            name = f"{count} exchanged{' within machines' if within_machines else ''}, {ROUNDS} times"
            _add(report, name, right, wrong, ROUNDS * count)
    _measure_one_way(manifest, features, groups, report)


def _measure_one_way(manifest: pd.DataFrame, features: ImageFeatures, groups: np.ndarray, report: Report) -> None:
    """Report the same of images whose own patient lacks them then."""
    right, wrong, named, named_right = 0, 0, 0, 0
    for seed in range(ROUNDS):
        order = exchange(manifest, 2 * ONE_WAY, within_machines=False, seed=seed)
        moved = np.flatnonzero(order != np.arange(len(order)))
        lost = moved[moved > order[moved]]
        order[lost] = lost
        rows = np.setdiff1d(np.arange(len(order)), lost)
        names, patients = manifest["image_id"].to_numpy(str), manifest["patient_id"].to_numpy(str)
        true = {names[row]: patients[order[row]] for row in np.setdiff1d(moved, lost)}
        reported = _reported(manifest, features, groups, rows, order)
        is_right = _right(reported, set(true))
        right, wrong = right + sum(is_right), wrong + is_right.count(False)
        candidates = [each for each in reported if each.nearer and not each.exchanged and each.image_id in true]
        named += len(candidates)
        named_right += sum(each.nearer_patient == true[each.image_id] for each in candidates)
    _add(report, f"{ONE_WAY} whose patient lacks them, {ROUNDS} times", right, wrong, ROUNDS * ONE_WAY)
    report.add("Right patient, where one is named", f"{named_right} of {named}")


def _right(reported: Sequence[MisfiledImage], true: Collection[str]) -> list[bool]:
    """Return whether each finding shows one of the true images."""
    return [bool({each.image_id, each.compared} & set(true)) for each in reported]


def _add(report: Report, name: str, right: int, wrong: int, planted: int) -> None:
    precision = right / max(right + wrong, 1)
    report.add(f"{name}: recall", f"{right / planted:.2f}")
    report.add(f"{name}: precision", f"{precision:.2f}", f"{PRECISION}", reached=precision >= PRECISION)


def _reported(
    manifest: pd.DataFrame, features: ImageFeatures, groups: np.ndarray, rows: np.ndarray, order: np.ndarray
) -> list[MisfiledImage]:
    """Return what is reported of some rows if all had the pixels of other ones.

    Args:
        manifest: of n images.
        features: of these.
        groups: (n,), see `misfiled_images`.
        rows: int (m,), which of the images there are.
        order: int (n,), whose pixels each one has.
    """
    source = order[rows]
    table = manifest.iloc[rows].assign(geometry=manifest["geometry"].to_numpy()[source]).reset_index(drop=True)
    pictures = ViewPictures(features.means[source], features.thumbnails[source])
    return misfiled_images(table, pictures, groups[rows])[0]


def exchange(manifest: pd.DataFrame, count: int, within_machines: bool, seed: int) -> np.ndarray:
    """Return the row whose pixels each row gets, int (n,).

    Args:
        manifest: of n images, with the index 0, 1, ….
        count: of images that are exchanged.
        within_machines: whether both are of one machine.
        seed: of their choice.
    """
    alike = ("laterality", "view", "machine_id") if within_machines else ("laterality", "view")
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(exchangeable(manifest)))
    order = np.arange(len(manifest))
    for pair in exchanged_pairs(manifest, rows.tolist(), count, alike):
        order[list(pair)] = pair[::-1]
    return order
