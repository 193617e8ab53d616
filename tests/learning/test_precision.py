import keras
import numpy as np
import pytest

from builders.networks import predict_eagerly
from mammo_core.learning.networks import FEATURES, OUTPUT, build, load
from mammo_core.learning.precision import FULL, MIXED, full_precision, set_precision, training_precision

IMAGES = np.random.default_rng(0).random((4, 64, 64, 1), dtype=np.float32)


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([], FULL),
        ([(8, 0)], MIXED),
        ([(9, 0), (8, 6)], MIXED),
        ([(7, 5)], FULL),
        ([(9, 0), (7, 5)], FULL),
        ([None], FULL),
    ],
)
def test_training_precision_is_mixed_only_on_gpus_that_are_fast_in_it(capabilities, policy):
    assert training_precision(capabilities) == policy


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact", "pretrained"])
def test_mixed_precision_trains_float32_weights_and_saves_a_float32_network(tmp_path, name):
    keras.utils.set_random_seed(0)
    network = build(name, 64)
    before = predict_eagerly(network, IMAGES)
    set_precision(network, MIXED)
    computed = {layer.compute_dtype for layer in network.layers if layer.name in (FEATURES, OUTPUT)}
    assert computed == {"float32"}
    mixed = np.asarray(keras.Model(network.input, network.output)(IMAGES))
    assert mixed.dtype == np.float32
    assert not np.array_equal(mixed, before)
    assert mixed == pytest.approx(before, abs=0.05)
    network.compile(optimizer="adam", loss="categorical_crossentropy", run_eagerly=True)
    network.train_on_batch(IMAGES, np.eye(2, dtype=np.float32)[[0, 1, 0, 1]])
    assert {weight.dtype for weight in network.trainable_variables} == {"float32"}
    with full_precision(network):
        network.save(tmp_path / "network.keras")
        expected = np.asarray(network(IMAGES))
    saved = load(tmp_path / "network.keras")
    assert "bfloat16" not in str(saved.get_config())
    assert np.array_equal(np.asarray(saved(IMAGES)), expected)
    assert not np.array_equal(np.asarray(network(IMAGES)), expected)  # training goes on in mixed precision
