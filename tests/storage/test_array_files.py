"""Damaged files of arrays give the caller's own error."""

from contextlib import suppress

import numpy as np
import pytest

from mammo_core.errors import DataError, ModelError
from mammo_core.storage.array_files import damaged_arrays

ERROR = DataError("Damaged.")


def test_any_damage_of_an_archive_gives_the_error(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(50), b=np.ones((3, 4), np.float32))
    intact, random = (tmp_path / "a.npz").read_bytes(), np.random.default_rng(1)
    refused = 0
    for position in random.integers(0, len(intact), 400):
        damaged = bytearray(intact)
        damaged[position] ^= int(random.integers(1, 256))
        (tmp_path / "a.npz").write_bytes(damaged)
        with suppress(DataError), damaged_arrays(ERROR):
            refused += 1
            with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
                assert file["a"].ndim >= 0
                assert file["b"].ndim >= 0
            refused -= 1
    assert refused > 100


def test_a_missing_file_gives_the_error(tmp_path):
    with pytest.raises(DataError, match="Damaged"), damaged_arrays(ERROR):
        np.load(tmp_path / "a.npy")


def test_errors_of_the_application_are_passed_on():
    with pytest.raises(ModelError, match="own"), damaged_arrays(ERROR):
        raise ModelError("own")
