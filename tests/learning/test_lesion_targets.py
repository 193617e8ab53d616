import numpy as np
import pandas as pd
import pytest

from builders.geometry import geometry
from mammo_core.learning._tensorflow import tf
from mammo_core.learning.lesion_targets import LESION_WEIGHT, lesion_boxes, lesion_cells

BREAST = np.zeros((64, 64, 1), np.float32)
BREAST[:, :32] = 0.5  # the two left columns of a grid of four by four


def cells(boxes, known=True, image=BREAST):
    target, weight = lesion_cells(tf.constant(image), tf.constant(boxes, tf.float32), tf.constant(known), (4, 4))
    return target.numpy()[..., 0], weight.numpy()


def test_lesion_cells_are_those_that_a_lesion_covers():
    target, weight = cells([[0, 0, 16, 26], [0, 0, 0, 0]])
    assert np.argwhere(target).tolist() == [[0, 0], [0, 1]]  # of the second, 10 of 16 columns
    assert weight[0, :2].tolist() == [LESION_WEIGHT, LESION_WEIGHT]
    assert weight[1:, :2].tolist() == [[1, 1]] * 3
    assert (weight[:, 2:] == 0).all()  # air


def test_cells_that_a_lesion_only_touches_do_not_count():
    target, weight = cells([[0, 0, 16, 20]])
    assert np.argwhere(target).tolist() == [[0, 0]]
    assert weight[0, :2].tolist() == [LESION_WEIGHT, 0]


def test_small_lesion_has_one_cell():
    target, _ = cells([[30, 2, 33, 5]])
    assert np.argwhere(target).tolist() == [[1, 0]]


@pytest.mark.parametrize(("known", "counted"), [(True, 8), (False, 0)])
def test_image_without_box_counts_only_if_its_lesions_are_known(known, counted):
    target, weight = cells([[0, 0, 0, 0]], known)
    assert target.sum() == 0
    assert weight.sum() == counted


def test_lesion_boxes_are_in_pixels_of_the_model_input():
    crop = geometry((128, 128), (64, 64)).model_dump_json()
    images = pd.DataFrame({"image_id": ["1", "2", "3"], "geometry": crop, "label": [1, 0, 1]})
    row = {"top": 20, "left": 40, "bottom": 60, "right": 80}
    lesions = lesion_boxes(images, {"1": pd.DataFrame([row])})
    assert lesions.boxes.tolist() == [[[10, 20, 30, 40]], [[0, 0, 0, 0]], [[0, 0, 0, 0]]]
    assert lesions.known.tolist() == [True, True, False]
