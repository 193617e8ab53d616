"""Tasks for confined workers, which end at some of their rows."""

import os
import time

from mammo_core.dataset.conversion import encode_batch


def total_or_die(deadly, batch):
    if deadly in batch:
        os._exit(1)
    return sum(batch)


def slow_total(batch):
    time.sleep(0.2)
    return sum(batch)


def encode_or_die(deadly, preprocessing, batch):
    """Encode images; end the process at those whose image_id is in `deadly`."""
    if any(row.image.image_id in deadly for row in batch):
        os._exit(1)
    return encode_batch(preprocessing, batch)
