"""Run the trained network once over the images that the export needs.

Evaluation, OOD detection and heatmaps share this pass.
"""

from dataclasses import dataclass

import numpy as np

from mammo_core.documents.progress import ShouldStop, never_stop
from mammo_core.learning.cam_network import CamNetwork, NetworkOutput
from mammo_core.learning.cancellation import image_batches
from mammo_core.learning.training_data import TrainingData

MAX_OOD_IMAGES = 4_000  # of each part: more don't change the detector
OOD_SEED = 0


@dataclass(frozen=True)
class NetworkPass:
    """The network's output for a subset of the images.

    Attributes:
        indices: int (m,), sorted, the images of the subset.
        raw_probability: float64 (m,), not calibrated.
        embedding: float64 (m, c), mean features; c is 0 for a network without an activation map.
        cams: class activation map in logits, float64 (h, w), of the images for which it was requested, by index.
    """

    indices: np.ndarray
    raw_probability: np.ndarray
    embedding: np.ndarray
    cams: dict[int, np.ndarray]

    def probability_of(self, indices: np.ndarray) -> np.ndarray:
        """Return the raw probabilities of some images of the subset, float64 (k,)."""
        return self.raw_probability[np.searchsorted(self.indices, indices)]

    def embedding_of(self, indices: np.ndarray) -> np.ndarray:
        """Return the mean features of some images of the subset, float64 (k, c)."""
        return self.embedding[np.searchsorted(self.indices, indices)]


def ood_indices(data: TrainingData, part: str) -> np.ndarray:
    """Return the images of a part on which the OOD detector is fitted.

    Returns:
        int (m,), the images; at most `MAX_OOD_IMAGES`.
    """
    indices = data.indices(part)
    if len(indices) <= MAX_OOD_IMAGES:
        return indices
    return np.random.default_rng(OOD_SEED).choice(indices, MAX_OOD_IMAGES, replace=False)


def run_network(
    network: CamNetwork, data: TrainingData, cam_indices: np.ndarray, should_stop: ShouldStop = never_stop
) -> NetworkPass:
    """Run the network once over all images that evaluation and OOD detection need.

    These are all held-out images, and the training images on which the OOD detector is fitted.

    Args:
        network: the trained network.
        data: the images.
        cam_indices: int (k,), the held-out images whose activation maps are needed.
        should_stop: checked before each batch.

    Raises:
        Cancelled: a stop is requested.
    """
    parts = [data.indices("validation"), data.indices("test"), ood_indices(data, "train")]
    indices = np.unique(np.concatenate(parts))
    wants_cam = np.isin(indices, cam_indices)
    order = [np.empty(0, int)]
    outputs: list[NetworkOutput] = []
    cams: dict[int, np.ndarray] = {}
    for with_cam in (False, True):
        for batch, images in image_batches(data.images, indices[wants_cam == with_cam], should_stop):
            output = network.run(images, with_cam=with_cam)
            order.append(batch)
            outputs.append(output)
            if output.cam is not None:
                cams.update(zip(batch.tolist(), output.cam, strict=True))
    sorting = np.argsort(np.concatenate(order))
    raw_probability = np.concatenate([output.raw_probability for output in outputs])[sorting]
    embedding = np.concatenate([output.embedding for output in outputs])[sorting]
    return NetworkPass(indices, raw_probability, embedding, cams)
