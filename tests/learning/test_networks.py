import keras
import numpy as np
import pytest

from mammo_core.errors import ConfigError, ModelError
from mammo_core.learning.networks import OUTPUT, build, class_activation_map, load, top_count, with_feature_output


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return build("compact", 64)


@pytest.fixture(scope="module")
def tensor():
    return np.random.default_rng(0).random((3, 64, 64, 1), dtype=np.float32)


@pytest.mark.parametrize("name", ["compact", "original"])
def test_network_output_is_softmax_over_two_classes(name, tensor):
    probabilities = np.asarray(build(name, 64).predict_on_batch(tensor))
    assert probabilities.shape == (3, 2)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_compact_network_has_fewer_than_60000_parameters():
    assert 20_000 < build("compact", 256).count_params() < 60_000


def test_cam_sums_to_the_logit(model, tensor):
    probabilities, features = (
        np.asarray(output, np.float64) for output in with_feature_output(model).predict_on_batch(tensor)
    )
    bias = model.get_layer(OUTPUT).get_weights()[1]
    logits = np.log(probabilities[:, 1]) - np.log(probabilities[:, 0])
    cam = class_activation_map(model, features)
    assert cam.shape == (3, 8, 8)
    assert np.allclose(cam.sum(axis=(1, 2)) + bias[1] - bias[0], logits, atol=1e-5)


def test_original_network_has_no_feature_output(tensor):
    assert len(with_feature_output(build("original", 64)).outputs) == 1


@pytest.mark.parametrize(("cells", "share", "count"), [(1024, 0.004, 4), (64, 0.004, 1), (100, 1.0, 100)])
def test_top_count_rounds_share_of_cells(cells, share, count):
    assert top_count(cells, share) == count


def test_load_saved_network_gives_identical_predictions(model, tensor, tmp_path):
    model.save(tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    assert np.array_equal(again.predict_on_batch(tensor), model.predict_on_batch(tensor))


def test_load_corrupt_network_raises_model_error(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK rubbish")
    with pytest.raises(ModelError, match="can't be loaded as a network"):
        load(tmp_path / "model.keras")


def test_build_unknown_network_raises_config_error():
    with pytest.raises(ConfigError, match="choose one of compact, original"):
        build("huge", 64)
