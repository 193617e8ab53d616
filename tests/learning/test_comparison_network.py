import numpy as np
import pytest

from builders.doctor import thumbnail
from mammo_core.errors import ModelError
from mammo_core.learning.comparison_network import ComparisonNetwork
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS


@pytest.fixture(scope="module")
def network():
    return ComparisonNetwork(SHIPPED_MODELS / DEMO, 64)


@pytest.mark.slow
def test_features_are_of_the_breast_alone(network):
    image = thumbnail(1, 30.0)
    features = network.run(np.stack([image, image, np.zeros_like(image)]))
    assert np.allclose(features.means[0], features.means[1], atol=1e-4)
    assert np.abs(features.means[0]).max() > 0.1
    assert np.abs(features.means[2]).max() < 1e-3  # a blank image has no breast to average over
    assert features.lesion_contrast.shape == (3,)


@pytest.mark.slow
def test_a_rectangular_store_has_features_too():
    network = ComparisonNetwork(SHIPPED_MODELS / DEMO, (96, 64))
    assert network.run(np.full((1, 96, 64), 90, np.uint8)).suspicious.shape == (1, 473)


def test_a_missing_model_gets_one_sentence(tmp_path):
    with pytest.raises(ModelError):
        ComparisonNetwork(tmp_path, 64)
