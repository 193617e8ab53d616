"""Find images that don't look like the others of their store."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mammo_core.dataset.store import parse_geometry
from mammo_core.doctor.table_contradictions import finding
from mammo_core.documents.doctor_report import ImageFinding

BREAST, RESOLUTION, CUT_OFF, INVERSION, UNLIKE = "breast", "resolution", "cut off", "inversion", "unlike"
MIN_BREAST, MAX_BREAST = 0.03, 0.97  # share of a model input that a breast covers
RATIO = 1.5  # of an image's rows to those usual on its machine
MIN_OF_MACHINE = 10  # images, to know what is usual
MIN_IMAGES = 50  # of a store, to know what an image usually looks like
FAR = 6.0  # robust standard deviations from the others
MAD = 1.4826  # standard deviation of a normal distribution, in median absolute deviations
RIM = 6  # pixels of a thumbnail below the skin
CERTAIN, LIKELY = 0.95, 0.7


def outliers(manifest: pd.DataFrame, thumbnails: np.ndarray, nearness: np.ndarray) -> list[ImageFinding]:
    """Return the images that can't be sound, or that no other one resembles.

    Args:
        manifest: of the store.
        thumbnails: uint8 (n, 64, 64), of its images.
        nearness: float (n,), mean similarity of each image to its nearest neighbours.
    """
    findings = [
        *_breast_shares(manifest, thumbnails),
        *_resolutions(manifest),
        *_cut_off(manifest),
        *_inversions(manifest, thumbnails),
        *_unlike(manifest, nearness),
    ]
    first = {each.image_id: each for each in reversed(findings)}  # of several reasons, the most telling one
    return [each for each in findings if first[each.image_id] is each]


def _breast_shares(manifest: pd.DataFrame, thumbnails: np.ndarray) -> Iterator[ImageFinding]:
    share = np.array([np.count_nonzero(image) / image.size for image in thumbnails])
    for row in np.flatnonzero(share < MIN_BREAST):
        text = f"The breast covers {100 * share[row]:.0f} % of the prepared image: it is almost blank."
        yield finding(manifest.iloc[row], BREAST, text, CERTAIN)
    for row in np.flatnonzero(share > MAX_BREAST):
        text = "Something fills the whole prepared image, such as a paddle, a specimen or a breast without background."
        yield finding(manifest.iloc[row], BREAST, text, LIKELY)


def _resolutions(manifest: pd.DataFrame) -> Iterator[ImageFinding]:
    """Yield the images with far more or fewer rows than others of their machine."""
    rows = pd.Series(
        [parse_geometry(text).source_rows for text in manifest["geometry"]], index=manifest.index, dtype=float
    )
    machine = manifest["machine_id"].astype("str")
    grouped = rows.groupby(machine)
    usual = grouped.transform("median").where(grouped.transform("size") >= MIN_OF_MACHINE)
    common = rows.groupby([machine, rows]).transform("size") / grouped.transform("size") > 1 / MIN_OF_MACHINE
    far = ((rows > RATIO * usual) | (rows < usual / RATIO)) & ~common
    for row in manifest.index[far]:
        text = f"Its file has {rows[row]:,.0f} rows; {usual[row]:,.0f} are usual on its machine."
        yield finding(manifest.loc[row], RESOLUTION, text, CERTAIN)


def _cut_off(manifest: pd.DataFrame) -> Iterator[ImageFinding]:
    """Yield the images whose breast reaches the edge opposite to the chest wall."""
    for row, text in manifest["geometry"].items():
        geometry = parse_geometry(text)
        edge = geometry.left <= 0 if geometry.flipped else geometry.right >= geometry.source_columns
        if edge:
            reason = "The breast reaches the edge of the frame on the side of the nipple: it is cut off."
            yield finding(manifest.loc[row], CUT_OFF, reason, LIKELY)


def _inversions(manifest: pd.DataFrame, thumbnails: np.ndarray) -> Iterator[ImageFinding]:
    """Yield the images whose breast is brighter under the skin than inside."""
    if len(manifest) < MIN_IMAGES:
        return
    contrast = np.array([_rim_contrast(image) for image in thumbnails])
    far = _robust_deviations(contrast) > FAR
    for row in np.flatnonzero(far & (contrast > 0)):
        text = "The breast is brighter under the skin than inside, unlike the others: its grey levels may be inverted."
        yield finding(manifest.iloc[row], INVERSION, text, LIKELY)


def _rim_contrast(image: np.ndarray) -> float:
    """Return how much brighter the breast is under the skin than inside.

    It is a share of the range of grey levels.
    """
    breast = image > 0
    depth = breast.cumsum(axis=1)[:, ::-1]  # of columns from the chest wall
    width = breast.sum(axis=1, keepdims=True)
    position = np.broadcast_to(np.arange(image.shape[1]), image.shape)
    rim = breast & (position >= width - RIM) & (depth[:, ::-1] > 0)
    inside = breast & ~rim
    if not rim.any() or not inside.any():
        return 0.0
    return float(image[rim].mean() - image[inside].mean()) / 255


def _unlike(manifest: pd.DataFrame, nearness: np.ndarray) -> Iterator[ImageFinding]:
    if len(manifest) < MIN_IMAGES:
        return
    deviations = _robust_deviations(-nearness)
    for row in np.flatnonzero(deviations > FAR):
        yield finding(manifest.iloc[row], UNLIKE, "No other image of the store looks like it.", LIKELY)


def _robust_deviations(values: np.ndarray) -> np.ndarray:
    """Return how far values lie above their median, in robust deviations."""
    centre = np.median(values)
    spread = MAD * np.median(np.abs(values - centre))
    return (values - centre) / spread if spread > 0 else np.zeros(len(values))
