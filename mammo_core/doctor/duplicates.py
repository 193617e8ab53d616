"""Find images that show the same exposure.

The features name a few candidates for each image. Whether a candidate shows the same exposure is decided by its texture:
two images of one exposure agree in every vessel, however they were windowed, compressed, mirrored or cropped; two images of
different exposures don't, even if both show the same breast.
"""

from collections.abc import Iterator

import numpy as np
from scipy import fft, ndimage

from mammo_core.doctor.neighbours import Neighbours
from mammo_core.documents.progress import ShouldStop, never_stop

CANDIDATES = 6  # nearest neighbours of each image that are compared with it
SCALES = (0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06)  # by which a crop changes the size of the breast in its image
MAX_SHIFT = 6  # pixels of a thumbnail, likewise
SMOOTH = 4.0  # standard deviation in pixels: what is coarser belongs to the window, not to the texture
QUIET = 2.0  # grey levels: texture that is weaker is noise
SKIN = 5  # pixels across: the outline of all breasts is much the same, so its surroundings don't count
BACKGROUND = 8  # grey level of a thumbnail below which a pixel is background
PAIRS = 256  # that are compared at once
SAME = 0.74  # agreement from which two images of different patients show one exposure, by `benchmarks.doctor`
SAME_OF_PATIENT = 0.95  # likewise of one patient: two exposures of one breast may agree up to 0.83
COARSE = 0.5  # agreement at half the resolution and one scale, below which a pair isn't compared further
CERTAIN = 0.95  # agreement from which nothing is left to doubt
MIN_CONFIDENCE = 0.5  # of a pair that agrees just enough


def candidate_pairs(neighbours: Neighbours, *, same: bool) -> np.ndarray:
    """Return the pairs of images that are compared, int (n, 2), each once.

    Args:
        neighbours: of each image.
        same: whether the neighbours are of the same images, so that a pair may be named twice.
    """
    count = neighbours.indices.shape[1]
    first = np.repeat(np.arange(len(neighbours.indices)), count)
    pairs = np.stack([first, neighbours.indices.ravel()], axis=1)
    return np.unique(np.sort(pairs, axis=1) if same else pairs, axis=0)


def texture(thumbnails: np.ndarray) -> np.ndarray:
    """Return the texture within the breast, without what a window changes.

    Args:
        thumbnails: uint8 or float (n, 64, 64); 0 is background.

    Returns:
        float32 (n, 64, 64), 0 in the background; its mean is 0 and its squares sum to 1, or it is 0 without a breast.
    """
    values = thumbnails.astype(np.float32)
    breast = (values > BACKGROUND).astype(np.float32)
    near = _blurred(breast) + 1e-3
    detail = (values - _blurred(values * breast) / near) * breast
    detail /= np.sqrt(_blurred(detail * detail) / near) + QUIET
    inner = ndimage.minimum_filter(breast, (1, SKIN, SKIN), mode="nearest")
    inside = np.maximum(inner.sum(axis=(1, 2), keepdims=True), 1)
    detail = (detail - (detail * inner).sum(axis=(1, 2), keepdims=True) / inside) * inner
    length = np.sqrt((detail * detail).sum(axis=(1, 2), keepdims=True))
    return detail / np.where(length > 0, length, 1)


def _blurred(images: np.ndarray) -> np.ndarray:
    return np.asarray(ndimage.gaussian_filter(images, (0, SMOOTH, SMOOTH)))


def likely_pairs(pairs: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the pairs whose textures agree at half the resolution, int (m, 2).

    Most pairs can be ruled out so, in a hundredth of the time.

    Args:
        pairs: int (n, 2), indices into `first` and `second`.
        first: float16 (m, 32, 32), see `coarse_texture`.
        second: float16 (k, 32, 32), likewise.
    """
    kept = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), PAIRS):
        left, right = pairs[start : start + PAIRS].T
        fixed, moved = second[right].astype(np.float32), first[left].astype(np.float32)
        kept[start : start + PAIRS] = _best_shift(moved, _spectrum(fixed), MAX_SHIFT // 2) > COARSE
    return pairs[kept]


def coarse_texture(thumbnails: np.ndarray) -> np.ndarray:
    """Return textures at half the resolution, float16 (n, 32, 32); see `texture`."""
    coarse = np.empty((len(thumbnails), thumbnails.shape[1] // 2, thumbnails.shape[2] // 2), np.float16)
    for start in range(0, len(thumbnails), PAIRS):
        fine = texture(thumbnails[start : start + PAIRS])
        blocks = fine.reshape(len(fine), coarse.shape[1], 2, coarse.shape[2], 2).mean(axis=(2, 4))
        length = np.sqrt((blocks * blocks).sum(axis=(1, 2), keepdims=True))
        coarse[start : start + PAIRS] = blocks / np.where(length > 0, length, 1)
    return coarse


def agreement(
    pairs: np.ndarray, first: np.ndarray, second: np.ndarray, should_stop: ShouldStop = never_stop
) -> np.ndarray | None:
    """Compare textures, at every shift and scale that a crop may cause.

    Args:
        pairs: int (n, 2), indices into `first` and `second`.
        first: uint8 (m, 64, 64), thumbnails.
        second: uint8 (k, 64, 64), thumbnails.
        should_stop: called before each batch of pairs.

    Returns:
        float32 (n,), correlation in [-1, 1] where they agree best; None if a stop was requested.
    """
    value = np.full(len(pairs), -1.0, np.float32)
    for start in range(0, len(pairs), PAIRS):
        if should_stop():
            return None
        left, right = pairs[start : start + PAIRS].T
        fixed = _spectrum(texture(second[right]))
        best = [_best_shift(texture(moved), fixed, MAX_SHIFT) for moved in _scaled(first[left])]
        value[start : start + PAIRS] = np.max(best, axis=0)
    return value


def _spectrum(textures: np.ndarray) -> np.ndarray:
    """Return the conjugate spectrum of textures, with which others are correlated."""
    return np.conj(fft.rfft2(textures, _padded(textures), workers=-1))


def _best_shift(textures: np.ndarray, spectrum: np.ndarray, shift: int) -> np.ndarray:
    """Return the highest correlation of each pair at small shifts, float32 (n,)."""
    shape = _padded(textures)
    correlation = fft.irfft2(fft.rfft2(textures, shape, workers=-1) * spectrum, shape, workers=-1)
    near = np.r_[0 : shift + 1, -shift:0]
    return np.asarray(correlation[:, near[:, np.newaxis], near].max(axis=(1, 2)))


def _padded(textures: np.ndarray) -> tuple[int, int]:
    """Return a shape in which shifts up to `MAX_SHIFT` don't wrap around."""
    rows, columns = textures.shape[1:]
    return fft.next_fast_len(rows + MAX_SHIFT), fft.next_fast_len(columns + MAX_SHIFT)


def _scaled(thumbnails: np.ndarray) -> Iterator[np.ndarray]:
    """Yield thumbnails at each scale, as float32.

    The middle of the chest wall stays where it is.
    """
    centre = (thumbnails.shape[1] - 1) / 2
    values = thumbnails.astype(np.float32)
    for scale in SCALES:
        if scale == 1:
            yield values
        else:
            matrix, offset = (1.0, 1 / scale, 1 / scale), (0.0, centre - centre / scale, 0.0)
            yield np.asarray(ndimage.affine_transform(values, matrix, offset, order=1))


def confidence(value: float, threshold: float) -> float:
    """Return how sure it is that a pair shows one exposure, in [`MIN_CONFIDENCE`, 1]."""
    share = (value - threshold) / (CERTAIN - threshold) if threshold < CERTAIN else 1.0
    return round(MIN_CONFIDENCE + (1 - MIN_CONFIDENCE) * float(np.clip(share, 0, 1)), 3)
