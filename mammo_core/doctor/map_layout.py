"""Lay images out in two dimensions, those that look alike close together."""

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from mammo_core.doctor.neighbours import nearest
from mammo_core.documents.progress import ShouldStop, never_stop

COMPONENTS = 50  # principal components that t-SNE lays out: fewer lose neighbours, more cost time
LANDMARKS = 3000  # images, at most, that t-SNE lays out; each other one joins those that it resembles most
JOINED = 3  # landmarks among which another image lies
SHARPNESS = 10.0  # how much more the nearest of them counts
ROUNDS = 2  # of t-SNE, between which it can be stopped
ITERATIONS = 250  # of a round: scikit-learn's least
EXAGGERATION = 12.0  # of the first round, in which groups form
PERPLEXITY = 30.0  # about the number of neighbours that are kept together
FEWEST = 10  # images that t-SNE lays out; fewer lie along their principal components
NEAREST = 5  # neighbours by features that should be near on the map, too
AROUND = 50  # points, at most, that are near; of few images a twentieth, but `NEAREST`, or all would be near


def lay_out(
    unit: np.ndarray, progress: Callable[[int, int], None], should_stop: ShouldStop = never_stop
) -> np.ndarray | None:
    """Lay images out, the same ones always alike.

    t-SNE (van der Maaten and Hinton, 2008) lays out the principal components of at most `LANDMARKS` images. Each other image
    lies among the landmarks that it resembles most.

    Args:
        unit: float32 (n, c), directions of the images' features.
        progress: called with the number of rounds that are done, and of all.
        should_stop: called before each round.

    Returns:
        float32 (n, 2), coordinates within [-1, 1]; None if a stop was requested.
    """
    landmarks = np.sort(np.random.default_rng(0).permutation(len(unit))[:LANDMARKS])
    points = _lay_out_landmarks(unit[landmarks], progress, should_stop)
    if points is None:
        return None
    if len(landmarks) < len(unit):
        joined = _join(unit, unit[landmarks], points, should_stop)
        if joined is None:
            return None
        joined[landmarks] = points
        points = joined
    points = points - (points.max(axis=0) + points.min(axis=0)) / 2
    return np.asarray(points / max(float(np.abs(points).max()), 1e-9), np.float32)


def _lay_out_landmarks(
    unit: np.ndarray, progress: Callable[[int, int], None], should_stop: ShouldStop
) -> np.ndarray | None:
    components = _components(unit)
    if len(unit) < FEWEST or not components.any():
        return components[:, :2]
    spread = components[:, 0].std()
    points = components[:, :2] / (spread if spread > 0 else 1) * 1e-4  # small: t-SNE's own start
    for done in range(ROUNDS):
        progress(done, ROUNDS)
        if should_stop():
            return None
        layout = TSNE(
            init=points.astype(np.float32),
            perplexity=min(PERPLEXITY, (len(unit) - 1) / 3),
            early_exaggeration=EXAGGERATION if done == 0 else 1.0,
            max_iter=ITERATIONS,
            random_state=0,
        )
        points = layout.fit_transform(components)
    return np.asarray(points)


def _components(unit: np.ndarray) -> np.ndarray:
    """Return principal components, float32 (n, c) with at least two columns."""
    if not np.ptp(unit, axis=0).any():  # one image, or several without a difference
        return np.zeros((len(unit), 2), np.float32)
    count = min(COMPONENTS, *unit.shape)
    components = PCA(count, random_state=0).fit_transform(unit)
    return np.pad(components, ((0, 0), (0, max(0, 2 - count))))


def _join(unit: np.ndarray, landmarks: np.ndarray, points: np.ndarray, should_stop: ShouldStop) -> np.ndarray | None:
    """Return each image's coordinates among landmarks like it, float32 (n, 2)."""
    near = nearest(unit, landmarks, JOINED, should_stop=should_stop)
    if near is None:
        return None
    weights = np.exp(SHARPNESS * (near.similarity - near.similarity[:, :1]))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((points[near.indices] * weights[:, :, np.newaxis]).sum(axis=1))


def surroundings(images: int) -> int:
    """Return how many points count as near, by the number of images."""
    return min(max(NEAREST, min(AROUND, images // 20)), images - 1)


def kept_neighbours(points: np.ndarray, indices: np.ndarray) -> float:
    """Return the share of images' nearest neighbours that are near on the map, too.

    Args:
        points: float32 (n, 2), see `lay_out`.
        indices: int (n, k), neighbours of each image by features, the nearest first; `NEAREST` of them count.

    Returns:
        In [0, 1]: how many are among the image's `surroundings`.
    """
    wanted = indices[:, :NEAREST]
    if not wanted.size:
        return 1.0
    around = cKDTree(points).query(points, surroundings(len(points)) + 1)[1]
    return float(np.mean([np.isin(own, there).mean() for own, there in zip(wanted, around, strict=True)]))
