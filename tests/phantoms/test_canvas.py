import numpy as np
import pytest

from mammo_core.phantoms.anatomy import make_breast, outline
from mammo_core.phantoms.canvas import make_canvas, signed_distance

SQUARE = np.array([[-20.0, 10], [20, 10], [20, 40], [-20, 40]])


def test_signed_distance_of_a_rectangle_is_in_mm():
    distance = signed_distance(SQUARE, (100, 60), 0.5)  # 50 × 30 mm
    assert distance[50, 10] == pytest.approx(14.75, abs=0.3)  # y = 25.25 mm, x = 5.25 mm: the nearest side is above
    assert distance[50, 30] == pytest.approx(4.75, abs=0.3)  # x = 15.25 mm
    assert distance[50, 45] == pytest.approx(-2.75, abs=0.3)  # x = 22.75 mm: outside
    assert distance[2, 10] < -8


def test_signed_distance_ignores_the_chest_wall_edge():
    distance = signed_distance(SQUARE, (100, 60), 0.5)
    assert distance[50, 0] > 14


@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_canvas_coordinates_are_consistent(view):
    drawn = outline(make_breast(1, 2, "R", "C", False), view, np.random.default_rng(3))
    canvas = make_canvas(drawn, 2.0)
    assert canvas.shape[0] == 118
    x, across = np.float32([40, 60]), np.float32([-0.4, 0.3])
    y = canvas.to_y(x, across)
    read = canvas.across[(y / 2).astype(int), (x / 2).astype(int)]
    assert read == pytest.approx(across, abs=0.05)
    assert canvas.halved().shape == (59, -(-canvas.shape[1] // 2))
