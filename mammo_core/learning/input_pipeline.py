"""Images in memory → shuffled, augmented batches."""

import math

import keras
import numpy as np

from mammo_core.learning.config import TrainingConfig
from mammo_core.preprocess import to_tensor


class Batches(keras.utils.PyDataset):
    """The training part, one epoch at a time, in an order and with variations that only depend on seed and epoch.

    Args:
        images: uint8 (n, size, size).
        labels: int (n,), 0 or 1.
        positions: int (m,), which images an epoch shows, with repetitions where positives are oversampled.
        class_weights: float (2,), weight of each class in the loss.
        config: of the run: batch size, whether images are varied, and the seed of order and variations.
        epoch: epochs done before, by a run that goes on. (Keras calls `on_epoch_end` once before the first epoch, too.)
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        positions: np.ndarray,
        class_weights: np.ndarray,
        config: TrainingConfig,
        epoch: int = 0,
    ) -> None:
        super().__init__(workers=1)
        self.images, self.labels, self.positions, self.class_weights = images, labels, positions, class_weights
        self.batch_size, self.augment, self.seed = config.batch_size, config.augment, config.seed
        self.epoch = epoch
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self.positions) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return float32 (b, size, size, 1), one-hot float32 (b, 2) and weights float32 (b,)."""
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng((self.seed, self.epoch, index))
        tensor = augment(self.images[chosen], generator) if self.augment else to_tensor(self.images[chosen])
        labels = self.labels[chosen]
        return tensor, one_hot(labels), self.class_weights[labels].astype(np.float32)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(self.positions)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Return float32 (n, 2) for labels 0 or 1, int (n,)."""
    return np.eye(2, dtype=np.float32)[labels]


def augment(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Vary images as positioning and exposure do: upside down, shifted, brighter or darker. The background stays 0.

    Args:
        images: uint8 (b, size, size), the chest wall at the left edge.
        generator: of the draws.

    Returns:
        float32 (b, size, size, 1) in [0, 1].
    """
    size = images.shape[1]
    reach = size // 32
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    varied = np.zeros((*images.shape, 1), np.float32)
    for index, image in enumerate(images):
        flipped = image[::-1] if generator.random() < 0.5 else image
        down, left = generator.integers(-reach, reach + 1), generator.integers(0, reach + 1)
        source = flipped[max(0, -down) : size - max(0, down), left:]
        curve = np.minimum(generator.uniform(0.9, 1.1) * levels ** generator.uniform(0.85, 1.15), 1)
        top = max(0, down)
        varied[index, top : top + source.shape[0], : source.shape[1], 0] = curve[source]
    return varied
