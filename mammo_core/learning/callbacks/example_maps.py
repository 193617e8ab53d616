"""After each epoch, keep the activation maps of a few validation images."""

from pathlib import Path

import numpy as np
from PIL import Image

from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.validation import is_validated
from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.training_data import TrainingData
from mammo_core.models.example_maps import ExampleMaps, read_example_maps, without_epochs, write_example_maps

EXAMPLES_PER_CLASS = 2
MAX_SIDE = 320  # pixels of a kept picture, which bounds the file's size


class ExampleMapsWriter(keras.callbacks.Callback):
    """Run the network on the example images after each epoch, and keep its maps.

    Args:
        run: the run folder.
        network: the network of which a part, or all, is trained.
        data: the images.
        seed: which examples are chosen depends on it and on the images alone.
        epochs_done: epochs finished before the run was resumed; what was kept of later ones is forgotten.

    Raises:
        DataError: an image, or what was kept before, can't be read.
    """

    def __init__(self, run: Path, network: keras.Model, data: TrainingData, seed: int, epochs_done: int = 0) -> None:
        super().__init__()
        self.run, self.network = run, CamNetwork(network, shares_body=True)
        indices = choose_examples(data, seed)
        self.images = data.images[indices]
        kept = read_example_maps(run) if epochs_done else None
        self.maps: ExampleMaps = (
            kept.until(epochs_done) if kept else without_epochs(reduce_pictures(self.images), data.labels[indices])
        )
        write_example_maps(run, self.maps)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the maps of an epoch, unless it was interrupted or has diverged."""
        if not is_validated(logs):
            return
        output = self.network.run(self.images)
        cams = np.empty((len(self.images), 0, 0)) if output.cam is None else output.cam
        self.maps = self.maps.with_epoch(epoch + 1, output.raw_probability, cams)
        write_example_maps(self.run, self.maps)


def choose_examples(data: TrainingData, seed: int) -> np.ndarray:
    """Choose validation images of different patients: positives first, then negatives.

    Returns:
        int (k,), their indices: `EXAMPLES_PER_CLASS` of each label, or fewer if there are fewer such patients.
    """
    random = np.random.default_rng(seed)
    validation = random.permutation(data.indices("validation"))
    rows = data.table.iloc[validation].assign(index=validation)
    chosen: list[int] = []
    for label in (1, 0):
        free = rows[(rows["label"] == label) & ~rows["patient_id"].isin(data.table["patient_id"].iloc[chosen])]
        chosen += free.drop_duplicates("patient_id")["index"].head(EXAMPLES_PER_CLASS).tolist()
    return np.array(chosen, int)


def reduce_pictures(images: np.ndarray) -> np.ndarray:
    """Reduce images, uint8 (k, rows, columns), to at most `MAX_SIDE` pixels a side."""
    rows, columns = images.shape[1:]
    share = min(1.0, MAX_SIDE / max(rows, columns))
    if share == 1.0:
        return images
    size = (max(1, round(columns * share)), max(1, round(rows * share)))
    return np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)) for image in images])
