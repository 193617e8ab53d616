"""Compute the features of images in a process of its own.

TensorFlow keeps some 700 MB as long as its process lives, and a check of many images needs them.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from mammo_core.dicom.limits import die_with_parent
from mammo_core.doctor.image_features import Arrays, Network
from mammo_core.documents.preprocessing_config import Size, rows_and_columns
from mammo_core.errors import JobError
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS

if TYPE_CHECKING:
    from mammo_core.learning.comparison_network import ComparisonNetwork

ENDED = "The process that computes features has ended, perhaps for lack of memory. Check the data again; it goes on from there."


@contextmanager
def comparison_network(size: Size) -> Iterator[Network]:
    """Offer the comparison network, whose process ends with the `with` block.

    Args:
        size: of the images in pixels.

    Raises:
        ModelError: the shipped model is missing or damaged.
        JobError: the process has ended before its time.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), die_with_parent) as pool:

        def run(images: np.ndarray) -> Arrays:
            try:
                return pool.submit(compute_features, size, images).result()
            except BrokenProcessPool:
                raise JobError(ENDED) from None

        try:
            pool.submit(load_network, size).result()
        except BrokenProcessPool:
            raise JobError(ENDED) from None
        yield run


def load_network(size: Size) -> None:
    """Load the network, so that a damaged one is reported at once.

    A first pass, which takes a second more than others, belongs to it.
    """
    compute_features(size, np.zeros((1, *rows_and_columns(size)), np.uint8))


def compute_features(size: Size, images: np.ndarray) -> Arrays:
    """Return the features of images, uint8 (n, rows, columns), see `ComparedFeatures`."""
    return vars(_network(size).run(images))


@cache
def _network(size: Size) -> "ComparisonNetwork":
    from mammo_core.learning.comparison_network import ComparisonNetwork

    return ComparisonNetwork(SHIPPED_MODELS / DEMO, size)
