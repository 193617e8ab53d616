"""Networks: built once for all tests, and predictions without a graph."""

from functools import cache
from typing import Any

import numpy as np

from mammo_core.documents.preprocessing_config import Size
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.networks import build


@cache
def shared_network(name: str, size: Size = 64) -> keras.Model:
    """Return a network that no test changes."""
    keras.utils.set_random_seed(0)
    return build(name, size)


def predict_eagerly(model: keras.Model, images: np.ndarray) -> Any:
    """Return a model's output for images, or its outputs, as arrays.

    No graph is traced, which would take seconds for a large network.
    """
    return keras.tree.map_structure(np.asarray, model(images, training=False))
