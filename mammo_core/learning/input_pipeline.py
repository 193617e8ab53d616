"""Read, augment and batch training images inside TensorFlow's graph."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.documents.training_config import MAX_EPOCHS, TrainingConfig
from mammo_core.learning._tensorflow import tf
from mammo_core.learning.augmentation import augment, randomise_domain, to_float
from mammo_core.learning.lesion_targets import LesionBoxes, lesion_cells
from mammo_core.learning.networks import LESION_MAP, OUTPUT

BUFFER_BYTES = 512 * 2**20  # that images read in advance may take; TensorFlow would take half of the free memory


@dataclass(frozen=True)
class TrainingImages:
    """The images of an epoch.

    Attributes:
        folder: that the PNG files lie in.
        pngs: their paths in it.
        shape: rows and columns of each.
        labels: int (n,), 0 or 1.
        indices: int (m,), the images of an epoch, with repetitions where positives are oversampled.
        class_weights: float (2,), weight of each class in the loss.
        lesions: the lesions of the images; None if they don't supervise the network.
        grid: rows and columns of the network's lesion map, if they do.
    """

    folder: Path
    pngs: list[str]
    shape: tuple[int, int]
    labels: np.ndarray
    indices: np.ndarray
    class_weights: np.ndarray
    lesions: LesionBoxes | None = None
    grid: tuple[int, int] = (1, 1)


def training_batches(images: TrainingImages, config: TrainingConfig, epochs_done: int = 0) -> Any:
    """Return the batches of all epochs, one epoch after the other.

    Order and augmentation depend only on seed and epoch. Files are read when they are needed, so memory doesn't grow with
    the number of images.

    Args:
        images: the training part.
        config: of the run, for its batch size, augmentation and seed.
        epochs_done: epochs before the first one.

    Returns:
        A data set of image (b, rows, columns, 1), targets and weights. Without lesions, the targets are one-hot labels
        (b, 2) and the weights (b,); with them, both are dictionaries by output of the network, with the cells of the
        lesion map beside the label.
    """
    targets = tf.constant(one_hot(images.labels))
    weights = tf.constant(images.class_weights[images.labels].astype(np.float32))
    paths = tf.constant([str(images.folder / png) for png in images.pngs])
    boxes, known = _lesion_tensors(images)

    def read(epoch: Any, position: Any, index: Any) -> Any:
        seed = tf.random.fold_in(tf.stack([config.seed, epoch]), position)
        image = tf.io.decode_png(tf.io.read_file(paths[index]), channels=1)
        image, moved = _change(config)(tf.ensure_shape(image, (*images.shape, 1)), boxes[index], seed)
        if images.lesions is None:
            return image, targets[index], weights[index]
        cells, cell_weights = lesion_cells(image, moved, known[index], images.grid)
        return image, {OUTPUT: targets[index], LESION_MAP: cells}, {OUTPUT: weights[index], LESION_MAP: cell_weights}

    def read_epoch(epoch: Any) -> Any:
        epoch = tf.cast(epoch, tf.int32)
        order = tf.random.experimental.stateless_shuffle(tf.constant(images.indices), tf.stack([config.seed, epoch]))
        elements = tf.data.Dataset.from_tensor_slices(order).enumerate()
        return elements.map(
            lambda position, index: read(epoch, position, index), num_parallel_calls=tf.data.AUTOTUNE
        ).batch(config.batch_size)

    options = tf.data.Options()
    options.autotune.ram_budget = BUFFER_BYTES
    return (
        tf.data.Dataset.range(epochs_done, MAX_EPOCHS)
        .flat_map(read_epoch)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Return one-hot labels, float32 (n, 2), for labels 0 or 1, int (n,)."""
    return np.eye(2, dtype=np.float32)[labels]


def _change(config: TrainingConfig) -> Any:
    """Return the function that turns grey levels into a changed image, float32."""
    if config.randomise_domain:
        return randomise_domain
    return augment if config.augment else lambda image, boxes, seed: (to_float(image), boxes)


def _lesion_tensors(images: TrainingImages) -> tuple[Any, Any]:
    if images.lesions is None:
        return tf.zeros((len(images.labels), 1, 4)), tf.zeros(len(images.labels), tf.bool)
    return tf.constant(images.lesions.boxes), tf.constant(images.lesions.known)
