"""Make a store of any size out of a small one, without importing as many images."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from mammo_core.dataset.store import MANIFEST, Store, create_store
from mammo_core.doctor.image_features import ARRAYS, CHUNK, PREFIX, ImageFeatures
from mammo_core.workspace import Workspace

NOISE = 0.3  # standard deviations of a feature by which repeated images differ
COARSE, FINE = 4.0, 1.0  # pixels of a thumbnail: what is coarser stays, what is finer is drawn anew
TEXTURE = 12.0  # grey levels of the texture that is drawn


def enlarge(workspace: Workspace, store: Store, features: ImageFeatures, name: str, images: int, fresh: int) -> Store:
    """Repeat the images of a store under other patients, with noise in their features.

    The PNG files are linked. Texture is drawn anew, or each image would have copies by the dozen.

    Args:
        workspace: the folders of both stores.
        store: the small one.
        features: of its images, in the order of its manifest.
        name: of the large store.
        images: how many it gets.
        fresh: of these, the last ones, whose features aren't kept: the check has to compute them.

    Returns:
        The large store.
    """
    large = create_store(workspace, name, store.preprocessing, store.source())
    manifest = store.manifest().reset_index(drop=True)
    rows = np.arange(images) % len(manifest)
    table = manifest.iloc[rows].reset_index(drop=True)
    repeat = (np.arange(images) // len(manifest)).astype(str)
    for column in ("patient_id", "image_id"):
        table[column] = table[column].astype(str) + "00" + repeat
    pngs = [Path(png) for png in table["png"]]
    table["png"] = [f"{png.parent}/{number}.png" for number, png in enumerate(pngs)]
    table["sha256"] = [f"{number:064x}" for number in range(images)]
    for source, target in zip(pngs, table["png"], strict=True):
        (large.folder / target).parent.mkdir(exist_ok=True)
        os.link(store.folder / source, large.folder / target)
    table.to_parquet(large.folder / MANIFEST)
    _keep_features(large, features, table["sha256"], rows[: images - fresh])
    return large


def _keep_features(large: Store, features: ImageFeatures, digests: pd.Series, rows: np.ndarray) -> None:
    """Write the features of repeated images to the store's folder."""
    generator = np.random.default_rng(0)
    deviation = {name: getattr(features, name).astype(np.float32).std(axis=0) for name in ARRAYS[:-1]}
    for number, start in enumerate(range(0, len(rows), CHUNK)):
        chosen = rows[start : start + CHUNK]
        arrays = {"thumbnails": _with_other_texture(features.thumbnails[chosen], generator)}
        for name, scale in deviation.items():
            values = getattr(features, name)[chosen].astype(np.float32)
            arrays[name] = (values + NOISE * scale * generator.normal(size=values.shape)).astype(np.float16)
        sha256 = digests.iloc[start : start + len(chosen)].to_numpy(str)
        np.savez(large.folder / f"{PREFIX}{number:04d}.npz", sha256=sha256, **arrays)


def _with_other_texture(thumbnails: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return thumbnails, uint8 (n, 64, 64), that keep shape and density of the breast."""
    breast = thumbnails > 0
    share = _blurred(breast.astype(np.float32), COARSE)
    density = _blurred(thumbnails.astype(np.float32), COARSE) / np.maximum(share, 1e-3)
    texture = _blurred(generator.normal(size=thumbnails.shape).astype(np.float32), FINE)
    values = density + TEXTURE * texture / texture.std()
    return np.where(breast, np.clip(values, 1, 255), 0).astype(np.uint8)


def _blurred(images: np.ndarray, deviation: float) -> np.ndarray:
    return np.asarray(ndimage.gaussian_filter(images, (0, deviation, deviation)))
