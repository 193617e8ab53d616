"""Keep a pretrained body's features, to train its head on them."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning._tensorflow import keras, tf
from mammo_core.learning.cancellation import batches
from mammo_core.learning.feature_file import FEATURES_PREFIX, FeatureFile, feature_file
from mammo_core.learning.input_pipeline import one_hot
from mammo_core.learning.lesion_targets import LesionBoxes, lesion_cells
from mammo_core.learning.networks import LESION_MAP, OUTPUT
from mammo_core.learning.plan import VARIANTS
from mammo_core.learning.training_data import TrainingData
from mammo_core.preprocess.prepare import to_tensor


class ComputedRows:
    """Rows of an array that are computed when they are first read, and kept.

    Args:
        compute: returns the values (n, …) of rows, int (n,).
        kept: where they are kept; its first axis are the rows.
    """

    def __init__(self, compute: Callable[[np.ndarray], np.ndarray], kept: FeatureFile | np.ndarray) -> None:
        self._compute, self._kept = compute, kept
        self._computed = np.zeros(len(kept), bool)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return rows, int (n,), as (n, …)."""
        for batch in batches(np.unique(rows[~self._computed[rows]])):
            self._kept[batch] = self._compute(batch)
            self._computed[batch] = True
        return self._kept[rows]


class ComputedFeatures:
    """The features of images as they are, then of all upside down.

    They are computed when they are read.

    Args:
        body: images (n, rows, columns, 1) → features (n, h, w, c).
        images: uint8 (m, rows, columns).
        indices: int (k,), those of the images that count.
    """

    def __init__(self, body: keras.Model, images: np.ndarray | StoredImages, indices: np.ndarray) -> None:
        self._body, self._images, self._indices = body, images, indices

    def __len__(self) -> int:
        return VARIANTS * len(self._indices)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return the features of rows, int (n,), as float32 (n, h, w, c)."""
        variants, numbers = np.divmod(rows, len(self._indices))
        images = self._images[self._indices[numbers]]
        images = np.where(variants[:, np.newaxis, np.newaxis] == 1, images[:, ::-1], images)
        return np.asarray(self._body.predict_on_batch(to_tensor(images)))[
            : len(rows)
        ]  # several devices repeat the last


@dataclass(frozen=True)
class FeatureCache:
    """The features of the images that a head is trained and validated on.

    Attributes:
        train: float16 (2 m, h, w, c), of the training images, see `ComputedFeatures`; on disk.
        validation: float16 (k, h, w, c); on disk.
        labels: int (m,), of the training images.
        cells: float16 (m, h, w, 2), lesion cells of the training images and their weights; None if lesions don't
            supervise the head.
    """

    train: ComputedRows
    validation: ComputedRows
    labels: np.ndarray
    cells: ComputedRows | np.ndarray | None


@contextmanager
def cached_features(
    body: keras.Model, data: TrainingData, lesions: LesionBoxes | None, run: Path
) -> Iterator[FeatureCache]:
    """Open temporary files for the features of the training and validation part.

    An image's features are computed when they are first needed, so that training begins at once. Errors of reading an
    image are raised then.

    Args:
        body: images (n, rows, columns, 1) → features (n, h, w, c).
        data: the images.
        lesions: of the images; None if they don't supervise the head.
        run: folder in which the files lie until the `with` block ends.
    """
    train, validation = data.indices("train"), data.indices("validation")
    shape = body.output_shape[1:]

    of_training, of_validation = (ComputedFeatures(body, data.images, indices) for indices in (train, validation))
    with (
        TemporaryDirectory(prefix=FEATURES_PREFIX, dir=run) as folder,
        feature_file(Path(folder) / "train", (VARIANTS * len(train), *shape)) as train_file,
        feature_file(Path(folder) / "validation", (len(validation), *shape)) as validation_file,
    ):
        yield FeatureCache(
            ComputedRows(of_training.__getitem__, train_file),
            ComputedRows(of_validation.__getitem__, validation_file),
            data.labels[train],
            None if lesions is None else _computed_cells(data.images, train, lesions, shape[:2]),
        )


def _computed_cells(
    images: np.ndarray | StoredImages, train: np.ndarray, lesions: LesionBoxes, grid: tuple[int, int]
) -> ComputedRows:
    """Return the lesion cells of training images, computed as they are needed."""
    return ComputedRows(
        lambda rows: cells_of_images(images[train[rows]], train[rows], lesions, grid),
        np.empty((len(train), *grid, 2), np.float16),
    )


def cells_of_images(images: np.ndarray, indices: np.ndarray, lesions: LesionBoxes, grid: tuple[int, int]) -> np.ndarray:
    """Return lesion cells and their weights of images as they are.

    Args:
        images: uint8 (n, rows, columns).
        indices: int (n,), of these images in `lesions`.
        lesions: of all images.
        grid: rows and columns of cells.

    Returns:
        float32 (n, *grid, 2).
    """
    cells = np.empty((len(images), *grid, 2), np.float32)
    for row, (image, index) in enumerate(zip(to_tensor(images), indices.tolist(), strict=True)):
        cells[row, ..., :1], cells[row, ..., 1] = lesion_cells(
            tf.constant(image), tf.constant(lesions.boxes[index]), tf.constant(lesions.known[index]), grid
        )
    return cells


class FeatureBatches:
    """The batches of features on which a head is trained, one epoch at a time.

    Order and variant depend only on seed and epoch.

    Args:
        cache: the features.
        rows: int (m,), the rows of the cache in an epoch, with repetitions where positives are oversampled.
        class_weights: float (2,), weight of each class in the loss.
        config: of the run.
        epoch: the epoch, from 1.
    """

    def __init__(
        self,
        cache: FeatureCache,
        rows: np.ndarray,
        class_weights: np.ndarray,
        config: TrainingConfig,
        epoch: int = 1,
    ) -> None:
        self.cache, self.rows, self.class_weights = cache, rows, class_weights
        self.batch_size, self.augmented, self.seed = config.batch_size, config.augment, config.seed
        self.epoch = epoch
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Any, Any]:
        """Return one batch of features, targets and weights.

        Targets and weights are those of `training_batches`.
        """
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        rows, variants = self.order[part], self.variants[part]
        labels = self.cache.labels[rows]
        targets, weights = one_hot(labels), self.class_weights[labels].astype(np.float32)
        features = self.cache.train[variants * len(self.cache.labels) + rows].astype(np.float32)
        if self.cache.cells is None:
            return features, targets, weights
        cells = self.cache.cells[rows].astype(np.float32)
        cells = np.where(variants[:, np.newaxis, np.newaxis, np.newaxis] == 1, cells[:, ::-1], cells)
        return (
            features,
            {OUTPUT: targets, LESION_MAP: cells[..., :1]},
            {OUTPUT: weights, LESION_MAP: cells[..., 1]},
        )

    def next_epoch(self) -> None:
        """Shuffle for the next epoch."""
        self.epoch += 1
        self._shuffle()

    def dataset(self) -> tf.data.Dataset:
        """Return the batches of this and all later epochs.

        TensorFlow doesn't read ahead: when training is stopped, a thread that waits for Python to make a batch would keep
        Python from removing the iterator, and the process would never end.
        """
        signature = tf.nest.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), self[0])
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return tf.data.Dataset.from_generator(self._later_batches, output_signature=signature).with_options(options)

    def _later_batches(self) -> Iterator[tuple[np.ndarray, Any, Any]]:
        while True:
            for index in range(len(self)):
                yield self[index]
            self.next_epoch()

    def _shuffle(self) -> None:
        generator = np.random.default_rng((self.seed, self.epoch))
        self.order = generator.permutation(self.rows)
        self.variants = generator.integers(0, VARIANTS if self.augmented else 1, len(self.order))
