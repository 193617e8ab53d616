import os

import numpy as np
import psutil
import pytest

from mammo_core.errors import JobError, ModelError
from mammo_core.jobs import comparison_process
from mammo_core.jobs.comparison_process import ENDED, comparison_network

IMAGES = np.full((2, 64, 64), 90, np.uint8)


@pytest.fixture(autouse=True)
def loaded(monkeypatch):
    """Load no TensorFlow."""
    monkeypatch.setattr(comparison_process, "load_network", nothing)


def nothing(size):
    pass


def process_of(size, images):
    return {"means": np.full((len(images), size), os.getpid())}


def die(size, images):
    os._exit(9)


def fail(size):
    raise ModelError("The shipped model is damaged.")


def test_another_process_computes_and_ends_with_the_block(monkeypatch):
    monkeypatch.setattr(comparison_process, "compute_features", process_of)
    with comparison_network(64) as network:
        first, second = (network(IMAGES)["means"] for _ in range(2))
    assert first.shape == (2, 64)
    assert (first == second).all()
    assert first[0, 0] != os.getpid()
    assert not psutil.pid_exists(int(first[0, 0]))


def test_a_process_that_dies_gets_one_sentence(monkeypatch):
    monkeypatch.setattr(comparison_process, "compute_features", die)
    with comparison_network(64) as network, pytest.raises(JobError, match=ENDED[:40]):
        network(IMAGES)


def test_a_damaged_model_is_reported(monkeypatch):
    monkeypatch.setattr(comparison_process, "load_network", fail)
    with pytest.raises(ModelError, match="is damaged"), comparison_network(64):
        pass
