import numpy as np
import pytest

from mammo_core.evaluation.localisation import Located, heat_outside, localisation


def located(row: int, column: int, patient: str = "1") -> Located:
    """A breast in the left half of a 32-pixel input, a lesion in its upper corner, heat at one place of a 4 × 4 map."""
    heat = np.zeros((4, 4))
    heat[row, column] = 1
    breast = np.zeros((32, 32), bool)
    breast[:, :16] = True
    return Located(patient, heat, breast, np.array([[0.0, 0.0, 8.0, 8.0]]))


def test_pointing_at_the_lesion_is_a_hit():
    found = localisation([located(0, 0, "1"), located(3, 1, "2"), located(0, 0, "2"), located(3, 3, "3")])
    assert (found["images"], found["patients"]) == (4, 3)
    assert found["hit_rate"]["value"] == 0.5
    assert found["hit_rate"]["low"] < 0.5 < found["hit_rate"]["high"]
    assert found["chance"] == pytest.approx(12 * 12 / (32 * 16))  # the box, half a place larger, within the breast
    assert found["outside"] == pytest.approx(0.25)
    assert found["outside_chance"] == 0.5


def test_heat_that_is_half_outside():
    breast = np.zeros((8, 8), bool)
    breast[:, :3] = True
    assert heat_outside(np.array([[1.0, -5.0], [0.0, 0.0]]), breast) == 0.25
    assert heat_outside(np.zeros((2, 2)), breast) == 0


def test_without_lesions_there_is_nothing_to_say():
    assert localisation([]) is None
