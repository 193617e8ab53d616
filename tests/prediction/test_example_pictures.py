import io

import numpy as np
from PIL import Image

from mammo_core.models.example_maps import without_epochs
from mammo_core.prediction.example_pictures import example_picture


def pixels(maps, epoch):
    return np.asarray(Image.open(io.BytesIO(example_picture(maps, epoch, 0))))


def test_map_colours_the_breast_alone_and_only_where_it_is_positive():
    picture = np.full((1, 8, 8), 100, np.uint8)
    picture[0, :, 6:] = 0  # background
    cams = np.zeros((1, 2, 2))
    maps = without_epochs(picture, np.array([1])).with_epoch(1, np.ones(1), cams)
    cams = cams.copy()
    cams[0, 0] = 3.0
    maps = maps.with_epoch(2, np.ones(1), cams)
    assert (pixels(maps, 1) == picture[0][..., np.newaxis]).all()
    drawn = pixels(maps, 2)
    assert drawn[0, 0].tolist() == [193, 184, 112]  # 0.6 of the brightest colour over 0.4 of the tissue
    assert drawn[7, 0].tolist() == [100, 100, 100]
    assert (drawn[:, 6:] == 0).all()


def test_network_without_map_shows_the_picture():
    picture = np.full((1, 4, 4), 50, np.uint8)
    maps = without_epochs(picture, np.array([0])).with_epoch(1, np.ones(1), np.empty((1, 0, 0)))
    assert (pixels(maps, 1) == 50).all()
