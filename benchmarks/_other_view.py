"""Count how often a breast's other view is among the images nearest to one.

Compared are the features by which look-alikes are searched, and the vectors that views of a breast share, by which misfiled
images are looked for. Other patients' breasts teach the projection to these.
"""

import numpy as np
import pandas as pd

from benchmarks._report import Report
from mammo_core.dataset.store import Store
from mammo_core.doctor.breast_projection import cross_fitted_projections, describe_breasts
from mammo_core.doctor.image_features import ImageFeatures, directions
from mammo_core.doctor.patient_likelihood import expect
from mammo_core.documents.column_words import VIEWS

NEAREST = 5
TARGET = 0.7


def measure_other_view(store: Store, features: ImageFeatures, report: Report) -> None:
    """Report the share of images whose breast's other view is among the nearest.

    Only images of the other view are searched, of all patients.

    Args:
        store: a checked one.
        features: of its images.
        report: receives the figures.
    """
    manifest = store.manifest().reset_index(drop=True)
    manifest = manifest[manifest["view"].isin(VIEWS)]
    is_mlo, patients = (manifest["view"] == VIEWS[1]).to_numpy(bool), manifest["patient_id"].to_numpy(str)
    breasts = pd.factorize(manifest["patient_id"].astype("str") + manifest["laterality"].astype("str").fillna(""))[0]
    tried = np.flatnonzero(manifest["view"].groupby(breasts).transform("nunique").to_numpy(int) > 1)

    def is_near(similarity: np.ndarray, rows: np.ndarray) -> np.ndarray:
        similarity[is_mlo[rows][:, np.newaxis] == is_mlo] = -np.inf
        near = np.argpartition(-similarity, NEAREST - 1, axis=1)[:, :NEAREST]
        return np.asarray((breasts[near] == breasts[rows][:, np.newaxis]).any(axis=1))

    unit = directions(features.means[manifest.index])
    plain = is_near(unit[tried] @ unit.T, tried)
    report.add(f"{store.name}: other view among the {NEAREST} nearest", f"{plain.mean():.2f} of {len(tried):,}")
    described = describe_breasts(manifest, features.means, features.thumbnails)
    hits = []
    for projected in cross_fitted_projections(described, breasts, patients):
        rows = np.intersect1d(projected.part, tried)
        images = expect(projected.vectors, np.ones(len(manifest), int), projected.between)
        hits.append(is_near(images.log_ratios(projected.vectors[rows]), rows))
    share = float(np.concatenate(hits).mean())
    name = "The same by a projection of other patients'"
    report.add(name, f"{share:.2f}", f"{TARGET}", reached=share >= TARGET)
