import numpy as np
import pytest

from mammo_core.evaluation.localisation import LesionImage, cam_outside_breast, localisation


def lesion_image(row: int, column: int, patient: str = "1") -> LesionImage:
    """A breast in the left half of a 32-pixel input, a lesion in its upper corner, a 4 × 4 map with one positive cell."""
    cam = np.zeros((4, 4))
    cam[row, column] = 1
    breast = np.zeros((32, 32), bool)
    breast[:, :16] = True
    return LesionImage(patient, cam, breast, np.array([[0.0, 0.0, 8.0, 8.0]]))


def test_localisation_hit_rate_and_chance_match_hand_calculation():
    result = localisation(
        [lesion_image(0, 0, "1"), lesion_image(3, 1, "2"), lesion_image(0, 0, "2"), lesion_image(3, 3, "3")]
    )
    assert (result.images, result.patients) == (4, 3)
    assert result.hit_rate.value == 0.5
    assert (result.hit_rate.low, result.hit_rate.high) == (None, None)  # of three patients
    assert result.chance == pytest.approx(12 * 12 / (32 * 16))  # the box, half a cell larger, within the breast
    assert result.outside == pytest.approx(0.25)
    assert result.outside_chance == 0.5


def test_localisation_of_a_rectangle_takes_height_and_width_of_its_cells():
    cam, breast = np.zeros((4, 2)), np.ones((32, 24), bool)  # cells of 8 × 12 pixels
    cam[0, 1] = 1  # its centre is (4, 18); boxes are enlarged by (4, 6)
    results = [
        localisation([LesionImage("1", cam, breast, np.array([box]))])
        for box in ([8.0, 12.0, 9.0, 12.0], [9.0, 12.0, 9.0, 12.0], [8.0, 0.0, 9.0, 11.0])
    ]
    assert [result.hit_rate.value for result in results] == [1, 0, 0]


def test_localisation_hit_in_every_image_of_five_patients_has_a_score_interval():
    hit_rate = localisation([lesion_image(0, 0, str(n)) for n in range(5)]).hit_rate
    assert (hit_rate.value, hit_rate.low, hit_rate.high) == pytest.approx((1.0, 0.56552, 1.0), abs=1e-5)


def test_cam_outside_breast_share_matches_hand_calculation():
    breast = np.zeros((8, 8), bool)
    breast[:, :3] = True
    assert cam_outside_breast(np.array([[1.0, -5.0], [0.0, 0.0]]), breast) == 0.25
    assert cam_outside_breast(np.zeros((2, 2)), breast) == 0


def test_localisation_without_lesions_returns_none():
    assert localisation([]) is None
