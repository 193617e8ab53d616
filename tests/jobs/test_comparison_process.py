import os
from types import SimpleNamespace

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


class CountingNetwork:
    """Keep the number of images of each pass; an image's feature is its first pixel."""

    def __init__(self):
        self.passes = []

    def run(self, images):
        self.passes.append(len(images))
        first = images[:, 0, 0]
        return SimpleNamespace(means=first[:, np.newaxis], lesion_contrast=first)


@pytest.mark.parametrize(("number", "passes"), [(5, [2, 3]), (1, [1])])
def test_two_passes_share_a_batch_and_keep_its_order(monkeypatch, number, passes):
    network = CountingNetwork()
    monkeypatch.setattr(comparison_process, "_network", lambda size: network)
    images = np.arange(number, dtype=np.uint8)[:, np.newaxis, np.newaxis]
    features = comparison_process.compute_features(32, images)
    assert sorted(network.passes) == passes
    assert features["lesion_contrast"].tolist() == list(range(number))
    assert features["means"].shape == (number, 1)
