import numpy as np
import pytest

from mammo_core.phantoms.anatomy import HEIGHT, WIDTH, make_breast, outline

BREASTS = [make_breast(1, patient, side, "B", False) for patient in range(40) for side in "LR"]


def test_make_breast_same_seed_is_reproducible():
    assert make_breast(1, 7, "L", "C", False) == make_breast(1, 7, "L", "C", False)
    assert make_breast(1, 7, "L", "C", False) != make_breast(2, 7, "L", "C", False)


def test_make_breast_sides_of_one_patient_are_similar():
    apart = [abs(left.reach - right.reach) for left, right in zip(BREASTS[::2], BREASTS[1::2], strict=True)]
    different = [abs(a.reach - b.reach) for a, b in zip(BREASTS[::2], BREASTS[3::2], strict=False)]
    assert np.mean(apart) < 0.5 * np.mean(different)


@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_outline_is_within_the_frame(view):
    for index, breast in enumerate(BREASTS):
        drawn = outline(breast, view, np.random.default_rng(index))
        assert drawn.skin[:, 0].max() < WIDTH
        assert drawn.skin[:, 1].max() < HEIGHT
        assert drawn.skin[:, 0].max() >= drawn.nipple[0] * 0.97


def test_outline_shows_pectoral_muscle_only_in_mlo():
    rng = np.random.default_rng(0)
    assert len(outline(BREASTS[0], "CC", rng).pectoral) == 0
    drawn = outline(BREASTS[0], "MLO", rng)
    assert 0.5 * drawn.nipple[1] <= drawn.pectoral[:, 1].max() <= drawn.nipple[1]
