from contextlib import suppress

import numpy as np
import pytest

from mammo_core.errors import DataError
from mammo_core.models.example_maps import EXAMPLE_MAPS, read_example_maps, without_epochs, write_example_maps

PICTURES = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)


def two_epochs():
    """Two images, after epoch 1 with a peak of 4 logits and after epoch 2 with one of 2."""
    maps = without_epochs(PICTURES, np.array([1, 0]))
    for epoch, peak in ((1, 4.0), (2, 2.0)):
        cams = np.zeros((2, 2, 2))
        cams[0, 0, 0], cams[1, 1, 1] = peak, -1.0
        maps = maps.with_epoch(epoch, np.array([0.25 * epoch, 0.125]), cams)
    return maps


def test_written_maps_are_read_again(tmp_path):
    assert read_example_maps(tmp_path) is None
    write_example_maps(tmp_path, two_epochs())
    maps = read_example_maps(tmp_path)
    assert maps.epochs.tolist() == [1, 2]
    assert np.array_equal(maps.pictures, PICTURES)
    assert (maps.probability(2, 0), maps.probability(1, 1)) == (0.5, 0.125)
    assert [path.name for path in tmp_path.iterdir()] == [EXAMPLE_MAPS]


def test_maps_of_all_epochs_have_one_scale_on_which_negative_cells_are_0():
    maps = two_epochs()
    assert maps.scaled_cam(1, 0).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert maps.scaled_cam(2, 0).tolist() == [[0.5, 0.0], [0.0, 0.0]]
    assert maps.scaled_cam(2, 1).max() == 0.0


def test_network_without_maps_keeps_probabilities(tmp_path):
    maps = without_epochs(PICTURES, np.array([1, 0])).with_epoch(1, np.array([0.5, 0.25]), np.empty((2, 0, 0)))
    write_example_maps(tmp_path, maps)
    maps = read_example_maps(tmp_path)
    assert not maps.has_cams
    assert maps.scaled_cam(1, 0) is None
    assert maps.probability(1, 1) == 0.25


def test_until_forgets_later_epochs_and_goes_on_after_them():
    maps = two_epochs().until(1)
    assert maps.epochs.tolist() == [1]
    assert maps.until(0).with_epoch(1, np.zeros(2), np.ones((2, 3, 3))).cams.shape == (1, 2, 3, 3)
    assert maps.with_epoch(2, np.zeros(2), np.ones((2, 2, 2))).epochs.tolist() == [1, 2]


def test_damaged_or_foreign_maps_raise_data_error(tmp_path):
    write_example_maps(tmp_path, two_epochs())
    intact = (tmp_path / EXAMPLE_MAPS).read_bytes()
    arrays = dict(np.load(tmp_path / EXAMPLE_MAPS))
    (tmp_path / EXAMPLE_MAPS).write_bytes(intact[: len(intact) // 2])
    with pytest.raises(DataError, match="isn't one that this application wrote"):
        read_example_maps(tmp_path)
    nothing = np.full_like(arrays["probabilities"], np.nan)
    for foreign in (
        {"labels": np.array([1])},
        {"cams": arrays["cams"][0]},
        {"probabilities": nothing},
        {"pictures": arrays["pictures"].astype(float)},
        {"pictures": np.zeros((2, 0, 0), np.uint8)},
        {"labels": np.array([0, 5])},
        {"labels": np.array(["a", "b"])},
        {"epochs": np.array([1.0, 2.0])},
        {"epochs": np.array([2, 2])},
        {"probabilities": arrays["probabilities"].astype(str)},
    ):
        np.savez(tmp_path / EXAMPLE_MAPS, **{**arrays, **foreign})
        with pytest.raises(DataError, match="Delete the file"):
            read_example_maps(tmp_path)


def test_any_damaged_byte_is_survived(tmp_path):
    write_example_maps(tmp_path, two_epochs())
    intact, random = (tmp_path / EXAMPLE_MAPS).read_bytes(), np.random.default_rng(0)
    for position in random.integers(0, len(intact), 300):
        damaged = bytearray(intact)
        damaged[position] ^= int(random.integers(1, 256))
        (tmp_path / EXAMPLE_MAPS).write_bytes(damaged)
        with suppress(DataError):
            read_example_maps(tmp_path)
