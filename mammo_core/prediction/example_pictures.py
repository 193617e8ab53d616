"""Draw the example images of a training run with their activation map."""

import numpy as np
from PIL import Image

from mammo_core.models.example_maps import ExampleMaps
from mammo_core.prediction.rendering import overlay, to_png

OPACITY = 0.6  # of the heatmap


def example_picture(maps: ExampleMaps, epoch: int, index: int) -> bytes:
    """Draw an example image with its activation map after an epoch.

    Args:
        maps: of the run.
        epoch: one of its epochs.
        index: of the image.

    Returns:
        A PNG file, RGB; the image alone for a network without activation maps.
    """
    picture, cam = maps.pictures[index], maps.scaled_cam(epoch, index)
    if cam is not None:
        size = (picture.shape[1], picture.shape[0])
        cam = np.asarray(Image.fromarray(cam).resize(size, Image.Resampling.BILINEAR))
        cam = np.where(picture > 0, cam, 0)  # enlarging blurs the breast's edge
    return to_png(overlay(picture, cam, OPACITY))
