"""Compute a pretrained body's features once, to train its head on them."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mammo_core.documents.progress import Progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.cancellation import TrainingContext, batches
from mammo_core.learning.input_pipeline import one_hot
from mammo_core.learning.networks import LESION_MAP, OUTPUT
from mammo_core.learning.training_data import TrainingData
from mammo_core.preprocess.prepare import to_tensor

VARIANTS = 2  # of each training image: as it is, and upside down


@dataclass(frozen=True)
class FeatureCache:
    """The features of the images that a head is trained and validated on.

    Attributes:
        train: float16 (m, 2, h, w, c), of the training images as they are and upside down; on disk.
        validation: float16 (k, h, w, c); on disk.
        labels: int (m,), of the training images.
        cells: float32 (m, h, w, 2), lesion cells of the training images and their weights; None if lesions don't
            supervise the head.
    """

    train: np.ndarray
    validation: np.ndarray
    labels: np.ndarray
    cells: np.ndarray | None


@contextmanager
def cached_features(
    body: keras.Model, data: TrainingData, cells: np.ndarray | None, context: TrainingContext
) -> Iterator[FeatureCache]:
    """Compute the features of the training and validation part into temporary files.

    Args:
        body: images (n, rows, columns, 1) → features (n, h, w, c).
        data: the images.
        cells: see `FeatureCache`.
        context: the files lie in its run folder until the `with` block ends.

    Raises:
        Cancelled: a stop is requested.
    """
    train, validation = data.indices("train"), data.indices("validation")
    shape = body.output_shape[1:]
    with TemporaryDirectory(prefix="features-", dir=context.run) as folder:
        cache = FeatureCache(
            np.memmap(Path(folder) / "train", np.float16, "w+", shape=(len(train), VARIANTS, *shape)),
            np.memmap(Path(folder) / "validation", np.float16, "w+", shape=(len(validation), *shape)),
            data.labels[train],
            cells,
        )
        passes = [
            (cache.train[:, 0], train, False),
            (cache.train[:, 1], train, True),
            (cache.validation, validation, False),
        ]
        done, total = 0, VARIANTS * len(train) + len(validation)
        for target, indices, upside_down in passes:
            for rows in batches(np.arange(len(indices)), context.stop_signal.is_set):
                images = data.images[indices[rows]]
                features = body.predict_on_batch(to_tensor(images[:, ::-1] if upside_down else images))
                target[rows] = np.asarray(features)[: len(rows)]
                done += len(rows)
                context.progress(Progress(done=done, total=total, phase="Computing the features"))
        yield cache


class FeatureBatches(keras.utils.PyDataset):
    """The batches of features on which a head is trained, one epoch at a time.

    Order and variant depend only on seed and epoch.

    Args:
        cache: the features.
        rows: int (m,), the rows of the cache in an epoch, with repetitions where positives are oversampled.
        class_weights: float (2,), weight of each class in the loss.
        config: of the run.
        epoch: epochs done before. (Keras calls `on_epoch_end` once before the first epoch, too.)
    """

    def __init__(
        self,
        cache: FeatureCache,
        rows: np.ndarray,
        class_weights: np.ndarray,
        config: TrainingConfig,
        epoch: int = 0,
    ) -> None:
        super().__init__(workers=1)
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
        features = self.cache.train[rows, variants].astype(np.float32)
        if self.cache.cells is None:
            return features, targets, weights
        cells = self.cache.cells[rows]
        cells = np.where(variants[:, np.newaxis, np.newaxis, np.newaxis] == 1, cells[:, ::-1], cells)
        return (
            features,
            {OUTPUT: targets, LESION_MAP: cells[..., :1]},
            {OUTPUT: weights, LESION_MAP: cells[..., 1]},
        )

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        generator = np.random.default_rng((self.seed, self.epoch))
        self.order = generator.permutation(self.rows)
        self.variants = generator.integers(0, VARIANTS if self.augmented else 1, len(self.order))
