import numpy as np

from mammo_core.phantoms.marks import draw_border, draw_label


def test_draw_label_is_on_the_nipple_side():
    for faces_left in (False, True):
        frame = np.zeros((300, 220), np.float32)
        draw_label(frame, "R-MLO", faces_left, np.random.default_rng(1))
        _, columns = np.nonzero(frame)
        assert len(columns)
        assert (columns.mean() < 110) == faces_left


def test_draw_label_never_covers_the_breast():
    frame = np.full((300, 220), 7, np.float32)
    draw_label(frame, "LCC", False, np.random.default_rng(1))
    assert (frame == 7).all()


def test_draw_border_leaves_the_chest_wall_free():
    for seed in range(6):
        frame = np.zeros((100, 80), np.float32)
        draw_border(frame, True, np.random.default_rng(seed))
        assert frame.any()
        assert not frame[10:, 40:].any()
