"""Compare how the images of two prepared stores look.

    python -m benchmarks.realism REAL OTHER [--images 300] [--seed 0]

Meant for real mammograms and phantoms, both of the same size. Prints one line a feature of the breast's inside: the mean
of either store, the gap in standard deviations of the first store's images with its 95 % interval over patients, and the
spread of the second store as a multiple of the first one's. Lines begin with the breast's size, then grey levels, power
spectrum, local contrast (bands of differences of Gaussians) and coherence of directions (structure tensor). The last lines are
Fréchet distances of EfficientNet-Lite0's ImageNet features, averaged over the breast, as a share of the first store's
variance: of half of its patients to half of the other's, beside the distance between its own two halves, which is the floor.

Only means over hundreds of images are printed, never an image's figure.
"""

import argparse
import sys

import numpy as np
import pandas as pd
from scipy import ndimage, stats
from scipy.linalg import sqrtm

from benchmarks._report import Report
from mammo_core.dataset.store import Store, open_store
from mammo_core.errors import ConfigError
from mammo_core.evaluation.bootstrap import interval, resample_weights
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.efficientnet import block_output, efficientnet_lite0, load_imagenet_weights
from mammo_core.preprocess.prepare import to_tensor
from mammo_core.workspace import Workspace

RIM = 6  # pixels between the skin and what is measured
PATCH = 64  # side of the patches of the power spectrum, in pixels
OCTAVES = ((2, 4), (4, 8), (8, 16), (16, 32))  # cycles a patch
SCALES = (1, 2, 4, 8)  # narrower standard deviation of a band, in pixels; the wider one is twice that
WIDER = tuple(4 * sigma for sigma in SCALES)  # over which a band's contrast is averaged, in pixels
TENSORS = (2, 6)  # standard deviation over which directions are compared, in pixels
PERCENTS = (5, 25, 50, 75, 95)
BLOCKS = {5: "texture, block 5", 11: "parts, block 11", 16: "shapes, block 16"}  # depths of the network


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs=2, metavar=("REAL", "OTHER"), help="names of prepared stores")
    parser.add_argument("--images", type=int, default=300, help="images of each store")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of images")
    options = parser.parse_args(arguments)
    workspace = Workspace.from_environment()
    stores = [open_store(workspace, name) for name in options.stores]
    if stores[0].preprocessing.shape != stores[1].preprocessing.shape:
        raise ConfigError(
            "The two stores hold images of different sizes. Import one of them again with the other's size."
        )
    (images, patients), (others, their_patients) = (choose(store, options.images, options.seed) for store in stores)
    report = Report(name_width=30)
    compare_features(report, (measure_all(images), patients), (measure_all(others), their_patients))
    network = feature_network(stores[0].preprocessing.shape)
    compare_distributions(
        report, (pooled(network, images), patients), (pooled(network, others), their_patients), options.seed
    )
    return report.summarise()


def choose(store: Store, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images of random patients, and the patient of each.

    The images are uint8 (n, rows, columns).
    """
    rows = store.manifest()
    order = np.random.default_rng(seed).permutation(rows["patient_id"].unique())
    rows = rows.iloc[np.argsort(pd.Index(order).get_indexer(rows["patient_id"]), kind="stable")][:count]
    return store.images(rows["png"].tolist()), rows["patient_id"].to_numpy()


def measure_all(images: np.ndarray) -> pd.DataFrame:
    """Return one row of features per image."""
    return pd.DataFrame([measure(image) for image in images])


def measure(image: np.ndarray) -> dict[str, float]:
    """Return the features of one image, uint8 (rows, columns)."""
    levels, breast = image.astype(np.float32) / 255, image > 0
    breast = ndimage.binary_fill_holes(ndimage.binary_opening(breast, iterations=2))
    inside = ndimage.binary_erosion(breast, iterations=RIM, border_value=1)
    features = {"breast, share of the image": float(breast.mean())}
    features["breast, width by height"] = breast.any(0).sum() / max(breast.any(1).sum(), 1)
    if inside.sum() < PATCH**2:
        return features
    mean = float(levels[inside].mean())
    for percent in PERCENTS:
        features[f"grey level, percentile {percent}"] = float(np.percentile(levels[inside], percent))
    return features | spectrum(levels / mean, inside) | bands(levels / mean, inside) | coherences(levels, inside)


def spectrum(levels: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Return log10 of the power by octave, and its slope.

    The power is averaged over patches inside the breast.
    """
    window = np.outer(np.hanning(PATCH), np.hanning(PATCH))
    radius = np.hypot(*np.meshgrid(*[np.fft.fftfreq(PATCH, 1 / PATCH)] * 2))
    patches = [
        levels[top : top + PATCH, left : left + PATCH]
        for top in range(0, levels.shape[0] - PATCH + 1, PATCH // 4)
        for left in range(0, levels.shape[1] - PATCH + 1, PATCH // 4)
        if inside[top : top + PATCH, left : left + PATCH].all()
    ]
    if not patches:
        return {}
    power = np.mean([np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2 for patch in patches], axis=0)
    features = {}
    for low, high in OCTAVES:
        features[f"log power, {low}–{high} cycles"] = float(np.log10(power[(radius >= low) & (radius < high)].mean()))
    fitted = (radius >= 3) & (radius < 24)
    features["slope of the power"] = float(np.polyfit(np.log10(radius[fitted]), np.log10(power[fitted]), 1)[0])
    return features


def bands(levels: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Return size, evenness and asymmetry of the contrast at several scales.

    The evenness is the coefficient of variation of the contrast over the breast; the asymmetry is the skewness of the band:
    positive where thin bright structures lie on dark ground.
    """
    features = {}
    share = inside.astype(np.float32)

    weights = {sigma: np.maximum(ndimage.gaussian_filter(share, sigma), 1e-3) for sigma in {*SCALES, *WIDER}}

    def blur(field: np.ndarray, sigma: int) -> np.ndarray:  # of the inside only, so that its edge is no structure
        smooth: np.ndarray = ndimage.gaussian_filter(field * share, sigma) / weights[sigma]
        return smooth

    smooth = {sigma: blur(levels, sigma) for sigma in {*SCALES, 2 * SCALES[-1]}}
    for sigma in SCALES:
        band = smooth[sigma] - smooth[2 * sigma]
        local = np.sqrt(np.maximum(blur(band**2, 4 * sigma), 0))[inside]
        features[f"contrast at {sigma} px"] = float(band[inside].std())
        features[f"its variation at {sigma} px"] = float(local.std() / local.mean())
        features[f"its skewness at {sigma} px"] = float(stats.skew(band[inside]))
    return features


def coherences(levels: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Return how alike directions are in surroundings of two sizes, 0 to 1."""
    features = {}
    down, right = (ndimage.gaussian_filter(levels, 1.0, order=order) * inside for order in ((1, 0), (0, 1)))
    for sigma in TENSORS:
        yy, xx, xy = (ndimage.gaussian_filter(product, sigma) for product in (down**2, right**2, down * right))
        coherent = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-9)
        features[f"coherence over {sigma} px"] = float(coherent[inside].mean())
    return features


def compare_features(
    report: Report, first: tuple[pd.DataFrame, np.ndarray], second: tuple[pd.DataFrame, np.ndarray]
) -> None:
    """Add one line per feature."""
    resampled = [resample_means(features, patients) for features, patients in (first, second)]
    for name in first[0]:
        one, two = first[0][name].dropna(), second[0][name].dropna()
        gap = (two.mean() - one.mean()) / one.std()
        low, high = interval((resampled[1][name] - resampled[0][name]).to_numpy() / one.std())
        text = f"{one.mean():8.3f} {two.mean():8.3f}   gap {gap:+.2f} ({low:+.2f} to {high:+.2f})"
        report.add(name, f"{text:<52} spread × {two.std() / one.std():.2f}")


def resample_means(features: pd.DataFrame, patients: np.ndarray) -> pd.DataFrame:
    """Return the features' means on resamples of patients, one row each."""
    values, known = features.fillna(0).to_numpy(), features.notna().to_numpy(float)
    blocks = [weights @ values / (weights @ known) for weights in resample_weights(patients, 500)]
    return pd.DataFrame(np.concatenate(blocks), columns=features.columns)


def feature_network(shape: tuple[int, int]) -> keras.Model:
    """Return the pretrained network's maps at three depths, as one model."""
    image = keras.Input((*shape, 1))
    backbone = efficientnet_lite0(image)
    load_imagenet_weights(backbone)
    return keras.Model(image, [block_output(backbone, block) for block in BLOCKS])


def pooled(network: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """Return the features of each depth, averaged over the breast.

    They are float64 (n, channels).
    """
    parts = []
    for start in range(0, len(images), 32):
        batch = to_tensor(images[start : start + 32])
        maps = []
        for values in network.predict_on_batch(batch):
            side = batch.shape[1] // values.shape[1]
            share = (batch[..., 0] > 0).reshape(len(batch), values.shape[1], side, values.shape[2], side).mean((2, 4))
            maps.append(np.einsum("nhwc,nhw->nc", values, share) / np.maximum(share.sum((1, 2)), 1)[:, np.newaxis])
        parts.append(maps)
    return [np.concatenate(depth).astype(np.float64) for depth in zip(*parts, strict=True)]


def compare_distributions(
    report: Report, first: tuple[list[np.ndarray], np.ndarray], second: tuple[list[np.ndarray], np.ndarray], seed: int
) -> None:
    """Add the Fréchet distance at each depth, and its floor."""
    half, their_half = (random_half(patients, seed) for patients in (first[1], second[1]))
    for name, one, two in zip(BLOCKS.values(), first[0], second[0], strict=True):
        total = np.cov(one.T).trace()
        floor = frechet(one[half], one[~half]) / total
        apart = np.mean([frechet(one[a], two[b]) for a in (half, ~half) for b in (their_half, ~their_half)]) / total
        report.add(f"Fréchet, {name}", f"{apart:.2f}, floor {floor:.2f}")


def random_half(patients: np.ndarray, seed: int) -> np.ndarray:
    """Return which images are of a random half of the patients, bool (n,)."""
    unique = np.random.default_rng(seed).permutation(np.unique(patients))
    return np.isin(patients, unique[::2])


def frechet(one: np.ndarray, two: np.ndarray) -> float:
    """Return the Fréchet distance between two samples, (n, channels).

    Both are taken for Gaussian.
    """
    cov_one, cov_two = np.cov(one.T), np.cov(two.T)
    root = np.real(sqrtm(cov_one @ cov_two))
    return float(((one.mean(0) - two.mean(0)) ** 2).sum() + np.trace(cov_one + cov_two - 2 * root))


if __name__ == "__main__":
    sys.exit(main())
