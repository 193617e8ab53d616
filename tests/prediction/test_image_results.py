from dataclasses import replace

import numpy as np

from builders.predicted_images import decoded_image, image_prediction


def test_without_arrays_keeps_the_thumbnail():
    slim = image_prediction(decoded_image("R"), probability=0.25).without_arrays()
    assert (slim.decoded.picture.size, slim.decoded.model_input.size, slim.decoded.thumbnail.size) == (0, 0, 256)
    assert slim.probability == 0.25


def test_image_prediction_describes_source_and_prediction():
    decoded = replace(decoded_image("R"), notes=("The file has no window.",))
    decoded.model_input[:2] = 1  # breast: the upper half
    image = image_prediction(decoded, ood_score=0.25)
    assert (image.source_shape, image.chest_left) == ((8, 6), True)
    assert image.details == ("Difference from training images: 0.25 (limit 1.0)", "The file has no window.")
    cam = np.eye(4, dtype=np.float32)
    assert replace(image, cam=cam).details == ("Heatmap outside the breast: 50 %", *image.details)
