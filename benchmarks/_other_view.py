"""Count how often a breast's other view is among the images nearest to one.

Compared are the features by which look-alikes are searched, and a projection of these and of some measures of the breast. It is
a linear discriminant analysis whose classes are breasts: it keeps directions in which breasts differ more than the two views of
one breast do. It is taught by other patients' breasts than those that it is tried on.
"""

import numpy as np
import pandas as pd
from scipy.linalg import eigh
from sklearn.model_selection import GroupKFold

from benchmarks._report import Report
from mammo_core.dataset.store import Store, parse_geometry
from mammo_core.doctor.image_features import ImageFeatures, directions, standardised

NEAREST = 5
TARGET = 0.7
FOLDS = 5
VIEWS = ("CC", "MLO")
DIMENSIONS = 64  # of the projection
SHRINKAGE = 0.3  # of the covariance within breasts towards a multiple of the identity: few pairs teach many directions
WEIGHT = 3.0  # of a measure, relative to one of the network's 472 features
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles of a breast's grey levels


def measure_other_view(store: Store, features: ImageFeatures, report: Report) -> None:
    """Report the share of images whose breast's other view is among the nearest.

    Only images of the other view are searched, of all patients.

    Args:
        store: a checked one.
        features: of its images.
        report: receives the figures.
    """
    manifest = store.manifest().reset_index(drop=True)
    view, patient = manifest["view"].astype("str").to_numpy(str), manifest["patient_id"].to_numpy(str)
    breast = (manifest["patient_id"].astype("str") + manifest["laterality"].astype("str").fillna("")).to_numpy(str)
    standard = np.isin(view, VIEWS)
    both = manifest["view"].where(standard).groupby(breast).transform("nunique").to_numpy(int) > 1
    tried = np.flatnonzero(standard & both)
    is_mlo = view == VIEWS[1]

    def other_view_is_near(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        similarity = vectors[rows] @ vectors.T
        similarity[~standard | (is_mlo[rows][:, np.newaxis] == is_mlo)] = -np.inf
        near = np.argpartition(-similarity, NEAREST - 1, axis=1)[:, :NEAREST]
        return np.asarray((breast[near] == breast[rows][:, np.newaxis]).any(axis=1))

    plain = other_view_is_near(directions(features.means), tried)
    report.add(f"{store.name}: other view among the {NEAREST} nearest", f"{plain.mean():.2f} of {len(tried):,}")
    described = np.concatenate(
        [standardised(features.means), WEIGHT * standardised(measures(manifest, features.thumbnails))], axis=1
    ).astype(np.float64)
    hits = []
    for rest, part in GroupKFold(FOLDS).split(described, groups=patient):
        teaching = np.intersect1d(rest, tried)
        vectors = project(described, teaching, breast[teaching], is_mlo)
        hits.append(other_view_is_near(vectors, np.intersect1d(part, tried)))
    share = float(np.concatenate(hits).mean())
    name = "The same by a projection of other patients'"
    report.add(name, f"{share:.2f}", f"{TARGET}", reached=share >= TARGET)


def measures(manifest: pd.DataFrame, thumbnails: np.ndarray) -> np.ndarray:
    """Return size and grey levels of each breast, float32 (n, 13)."""
    boxes = [parse_geometry(text) for text in manifest["geometry"]]
    sizes = np.log([[max(box.bottom - box.top, 1), max(box.right - box.left, 1)] for box in boxes])
    levels = []
    for image in thumbnails:
        breast = image[image > 0] if image.any() else np.zeros(1)
        extent = [(image > 0).any(axis=1).sum(), (image > 0).any(axis=0).sum(), breast.size]
        levels.append([breast.mean(), breast.std(), *np.quantile(breast, LEVELS), *extent])
    return np.concatenate([levels, sizes, sizes.sum(axis=1, keepdims=True)], axis=1).astype(np.float32)


def project(described: np.ndarray, teaching: np.ndarray, breast: np.ndarray, is_mlo: np.ndarray) -> np.ndarray:
    """Return unit vectors, float64 (n, k), that the views of a breast share.

    Args:
        described: float64 (n, c), what is known of the images.
        teaching: int (m,), images that teach the projection.
        breast: text (m,), of these.
        is_mlo: bool (n,), of all images: each view is standardised by itself.
    """
    values = described.copy()
    for of_view in (is_mlo, ~is_mlo):
        taught = values[np.intersect1d(np.flatnonzero(of_view), teaching)]
        deviation = taught.std(axis=0)
        values[of_view] = (values[of_view] - taught.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    taught = pd.DataFrame(values[teaching])
    means = taught.groupby(breast).transform("mean")
    within = 2 * np.cov((taught - means).to_numpy().T)  # two views have one degree of freedom
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    between = np.cov(taught.groupby(breast).mean().to_numpy().T)
    count = len(within)
    ratio, axes = eigh(between, within, subset_by_index=[max(count - DIMENSIONS, 0), count - 1])
    beyond = np.maximum(ratio - 0.5, 0)  # the mean of two views differs by half their own variance anyway
    vectors = values @ axes * np.sqrt(beyond / (beyond + 1))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1))
