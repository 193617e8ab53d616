"""Turn images in memory into shuffled, augmented batches."""

import math

import numpy as np

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning._tensorflow import keras
from mammo_core.preprocess.prepare import to_tensor


class Batches(keras.utils.PyDataset):
    """The batches of the training part, one epoch at a time.

    Order and augmentation depend only on seed and epoch.

    Args:
        images: uint8 (n, size, size).
        labels: int (n,), 0 or 1.
        indices: int (m,), the images of an epoch, with repetitions where positives are oversampled.
        class_weights: float (2,), weight of each class in the loss.
        config: the run's configuration, for its batch size, augmentation and seed.
        epoch: epochs done before the run was resumed. (Keras calls `on_epoch_end` once before the first epoch, too.)
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        indices: np.ndarray,
        class_weights: np.ndarray,
        config: TrainingConfig,
        epoch: int = 0,
    ) -> None:
        super().__init__(workers=1)
        self.images, self.labels, self.indices, self.class_weights = images, labels, indices, class_weights
        self.batch_size, self.augmented, self.seed = config.batch_size, config.augment, config.seed
        self.epoch = epoch
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self.indices) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return one batch of images, labels and weights.

        Returns:
            float32 (b, size, size, 1), one-hot float32 (b, 2) and weights float32 (b,).
        """
        batch = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng((self.seed, self.epoch, index))
        tensor = augment(self.images[batch], generator) if self.augmented else to_tensor(self.images[batch])
        labels = self.labels[batch]
        return tensor, one_hot(labels), self.class_weights[labels].astype(np.float32)

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(self.indices)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Return one-hot labels, float32 (n, 2), for labels 0 or 1, int (n,)."""
    return np.eye(2, dtype=np.float32)[labels]


def augment(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Flip, shift and change the contrast of images at random.

    The changes imitate differences in positioning and exposure. The background stays 0.

    Args:
        images: uint8 (b, size, size), the chest wall at the left edge.
        generator: for the random changes.

    Returns:
        float32 (b, size, size, 1) in [0, 1].
    """
    size = images.shape[1]
    max_shift = size // 32
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    augmented = np.zeros((*images.shape, 1), np.float32)
    for index, image in enumerate(images):
        flipped = image[::-1] if generator.random() < 0.5 else image
        down, left = generator.integers(-max_shift, max_shift + 1), generator.integers(0, max_shift + 1)
        source = flipped[max(0, -down) : size - max(0, down), left:]
        curve = np.minimum(generator.uniform(0.9, 1.1) * levels ** generator.uniform(0.85, 1.15), 1)
        top = max(0, down)
        augmented[index, top : top + source.shape[0], : source.shape[1], 0] = curve[source]
    return augmented
