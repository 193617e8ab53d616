from types import SimpleNamespace

import numpy as np
import pytest

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning.networks import load
from mammo_core.learning.plan import resolve
from mammo_core.learning.start_network import build_network, distribution_strategy


def test_single_device_uses_one_replica():
    assert distribution_strategy().num_replicas_in_sync == 1


@pytest.mark.slow
def test_build_network_has_the_weights_of_the_start_model_or_random_ones(finished):
    fresh = resolve(finished, TrainingConfig(store="demo"))
    assert build_network(fresh).input_shape[1:3] == fresh.store.preprocessing.shape
    start = SimpleNamespace(network_file=finished.models / "trained" / "model.keras")
    pairs = zip(
        build_network(SimpleNamespace(start=start)).get_weights(), load(start.network_file).get_weights(), strict=True
    )
    assert all(np.array_equal(*pair) for pair in pairs)
