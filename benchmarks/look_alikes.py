"""Measure the search of look-alikes at RSNA's size, and what it rejects.

    python -m benchmarks.look_alikes [--images 54706] [--store FOLDER [--strangers FOLDER]]

The features are random numbers, mapped from a file as in use; time and memory don't depend on their values. With the folder of a
checked store, also how many of its breasts have a look-alike, how near blank images, noise, photographs and a drawn chest come,
and how often the other view of a breast is among the images that are most like one, see `_other_view`; and with that of another
one, how many of that one's breasts have a look-alike in the first.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import psutil
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks._other_view import measure_other_view
from benchmarks._report import Report
from benchmarks.doctor import kept_features
from mammo_core.dataset.store import Store, read_store
from mammo_core.doctor.breast_distances import breast_distances
from mammo_core.doctor.image_features import ImageFeatures
from mammo_core.doctor.look_alike_index import open_index, write_index
from mammo_core.doctor.look_alikes import Gallery, foreign_query, look_alikes, open_gallery, stored_query
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS

FEATURES, IMAGES_OF_BREAST, SEARCHES = 472, 2, 50
SECONDS, PEAK = 0.050, 200  # seconds a search; MB that the search adds, the mapped features among them
VIEWS = ("CC", "MLO")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=54_706)
    parser.add_argument("--store", type=Path, help="folder of a checked store")
    parser.add_argument(
        "--strangers", type=Path, help="folder of another checked store, whose breasts are searched in it"
    )
    options = parser.parse_args(arguments)
    report = Report()
    with TemporaryDirectory() as folder:
        measure_search(Path(folder), options.images, report)
    if options.store:
        store = read_store(options.store, options.store.parents[1])
        measure_rejection(store, report)
        measure_other_view(store, kept_features(store), report)
        if options.strangers:
            count_strangers(store, read_store(options.strangers, options.strangers.parents[1]), report)
    return report.summarise()


def measure_search(folder: Path, count: int, report: Report) -> None:
    """Time the search of a breast with two views among random features."""
    generator = np.random.default_rng(0)
    numbers = np.arange(count)
    manifest = pd.DataFrame(
        {
            "patient_id": (numbers // 4).astype(str),
            "laterality": np.where(numbers // 2 % 2, "L", "R"),
            "view": np.where(numbers % 2, "CC", "MLO"),
            "label": numbers // 4 % 50 == 0,
            "age": 60.0,
            "sha256": [f"{number:064x}" for number in numbers],
        }
    )
    means = generator.normal(size=(count, FEATURES)).astype(np.float16)
    features = ImageFeatures(means, means, means[:, 0], np.zeros((0, 64, 64), np.uint8))
    store = Store(folder, PreprocessingConfig(), folder)
    began = time.perf_counter()
    write_index(store, manifest, features, manifest["patient_id"])
    report.add("Writing the index", f"{time.perf_counter() - began:.1f} s")
    del features, means
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    groups = manifest["patient_id"].to_numpy(str)
    gallery = Gallery(store, manifest, open_index(store, manifest), groups, np.ones(count, bool))
    report.add(f"Opening it, {count:,} images", f"{time.perf_counter() - began:.2f} s")
    seconds = []
    for patient in generator.integers(0, count // 4, SEARCHES).astype(str):
        began = time.perf_counter()
        look_alikes(gallery, stored_query(gallery, patient, "L"))
        seconds.append(time.perf_counter() - began)
    median, slow = np.median(seconds), np.quantile(seconds, 0.95)
    report.add(
        "A search, median (95 %)", f"{1000 * median:.0f} ms ({1000 * slow:.0f} ms)", "50 ms", reached=median <= SECONDS
    )
    added = (psutil.Process().memory_info().rss - before) / 1e6
    report.add("Memory that it adds", f"{added:.0f} MB", f"{PEAK} MB", reached=added <= PEAK)


def measure_rejection(store: Store, report: Report) -> None:
    """Count a store's breasts that have a look-alike, and foreign images that don't."""
    from mammo_core.learning.comparison_network import ComparisonNetwork

    gallery = open_gallery(store)
    table = gallery.manifest[gallery.usable]
    breasts = table[["patient_id", "laterality"]].astype(str).drop_duplicates().itertuples(index=False)
    have = [bool(look_alikes(gallery, stored_query(gallery, *breast)).breasts) for breast in breasts]
    report.add(f"{store.name}: breasts with a look-alike", f"{np.mean(have):.3f} of {len(have)}")
    limit = gallery.index.document.limit
    report.add("Median distance and limit", f"{gallery.index.document.typical:.2f}, {limit:.2f}")
    images = foreign_images(store.preprocessing.shape)
    network = ComparisonNetwork(SHIPPED_MODELS / DEMO, store.preprocessing.size)
    means = network.run(np.stack(list(images.values()))).means
    for name, features in zip(images, means, strict=True):
        query = foreign_query(gallery, features[np.newaxis], ["CC"])
        nearest = breast_distances(gallery.index.breasts, query.vectors, query.views, gallery.usable).min()
        rejected = not look_alikes(gallery, query).breasts
        report.add(f"Distance of {name}", f"{nearest:.2f}", "rejected", reached=rejected)


def count_strangers(store: Store, strangers: Store, report: Report) -> None:
    """Count the breasts of another store that have a look-alike in this one."""
    gallery, other = open_gallery(store), open_gallery(strangers).index
    have = []
    for breast in range(len(other.breasts.starts)):
        rows = other.breasts.images_of(breast)
        deviation = np.where(np.isfinite(other.deviation), other.deviation, 0)
        means = other.breasts.vectors[rows] * deviation + other.mean
        query = foreign_query(gallery, means, other.breasts.views[rows].tolist())
        have.append(bool(look_alikes(gallery, query).breasts))
    report.add(f"Breasts of {strangers.name} with one in {store.name}", f"{np.mean(have):.3f} of {len(have)}")


def foreign_images(shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Return images that show no breast, uint8 (rows, columns), by name."""
    generator = np.random.default_rng(0)
    row, column = np.mgrid[: shape[0], : shape[1]] / max(shape)
    breast = ((row - 0.5) / 0.47) ** 2 + (column / 0.4) ** 2 < 1
    noise = generator.integers(0, 256, shape).astype(np.uint8)
    photographs = [
        np.asarray(Image.fromarray(each).convert("L").resize(shape[::-1])) for each in load_sample_images().images
    ]
    return {
        "a blank image": np.zeros(shape, np.uint8),
        "a white image": np.full(shape, 255, np.uint8),
        "noise": noise,
        "noise in the outline of a breast": np.where(breast, noise, 0).astype(np.uint8),
        "an even breast": np.where(breast, 128, 0).astype(np.uint8),
        "a drawn chest": _chest(row, column, generator),
        **{f"photograph {number}": each for number, each in enumerate(photographs, 1)},
        **{
            f"photograph {number} in a breast's outline": np.where(breast, each, 0).astype(np.uint8)
            for number, each in enumerate(photographs, 1)
        },
    }


def _chest(row: np.ndarray, column: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return two dark lungs and ribs, uint8."""
    image = np.full(row.shape, 160.0)
    for centre in (0.33, 0.67):
        image[((column - centre) / 0.17) ** 2 + ((row - 0.5) / 0.33) ** 2 < 1] = 50
    for rib in np.linspace(0.15, 0.8, 9):
        image += 40 * np.exp(-(((row - rib - 0.4 * (column - 0.5) ** 2) / 0.012) ** 2))
    return np.clip(image + generator.normal(0, 5, row.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
