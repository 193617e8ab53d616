import numpy as np
import pandas as pd
import pytest

from mammo_core.learning import network_pass
from mammo_core.learning.cam_network import NetworkOutput
from mammo_core.learning.cancellation import Cancelled
from mammo_core.learning.network_pass import ood_indices, run_network
from mammo_core.learning.training_data import TrainingData

PARTS = ["train"] * 100 + ["validation"] * 70 + ["test"] * 30
LABELS = np.arange(200) % 2


class CountingNetwork:
    """A network whose outputs are the images' own values; it counts how often it sees each image."""

    def __init__(self):
        self.seen = []

    def run(self, images, *, with_cam):
        values = images[:, 0, 0].astype(np.float64)
        self.seen += values.astype(int).tolist()
        cam = np.broadcast_to(values[:, np.newaxis, np.newaxis], (len(values), 2, 2)) if with_cam else None
        return NetworkOutput(values / 256, values[:, np.newaxis], cam)


@pytest.fixture
def data():
    images = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, np.newaxis, np.newaxis], (200, 4, 4))
    return TrainingData(pd.DataFrame({"part": PARTS, "label": LABELS}), images, np.ones(200, bool))


def test_run_network_shows_each_needed_image_once_and_keeps_outputs_with_their_images(data):
    network = CountingNetwork()
    result = run_network(network, data, np.array([101, 199]))
    assert sorted(network.seen) == list(range(200))
    indices = np.array([150, 3, 199])
    assert result.probability_of(indices).tolist() == (indices / 256).tolist()
    assert result.embedding_of(indices).tolist() == [[150], [3], [199]]
    assert {index: cam.tolist() for index, cam in result.cams.items()} == {
        101: [[101, 101], [101, 101]],
        199: [[199, 199], [199, 199]],
    }


def test_run_network_leaves_out_training_images_that_the_detector_does_not_need(data, monkeypatch):
    monkeypatch.setattr(network_pass, "MAX_OOD_IMAGES", 10)
    network = CountingNetwork()
    run_network(network, data, np.empty(0, int))
    needed = ood_indices(data, "train")
    assert len(set(needed.tolist())) == 10
    assert sorted(network.seen) == sorted([*needed.tolist(), *range(100, 200)])


def test_run_network_stop_request_raises_cancelled(data):
    with pytest.raises(Cancelled):
        run_network(CountingNetwork(), data, np.empty(0, int), lambda: True)
