import keras
import numpy as np
import pytest

from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.networks import BODY, OUTPUT, build
from mammo_core.preprocess.prepare import to_tensor

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return build("compact", 64)


def test_run_probability_equals_the_model_and_cam_sums_to_its_logit(model):
    output = CamNetwork(model).run(IMAGES)
    expected = np.asarray(model.predict_on_batch(to_tensor(IMAGES)), np.float64)
    assert output.raw_probability == pytest.approx(expected[:, 1], abs=1e-6)
    assert output.raw_probability.dtype == np.float64
    bias = model.get_layer(OUTPUT).get_weights()[1]
    assert output.cam.shape == (3, 8, 8)
    logits = np.log(expected[:, 1] / expected[:, 0])
    assert output.cam.sum(axis=(1, 2)) + bias[1] - bias[0] == pytest.approx(logits, abs=1e-5)


def test_run_embedding_is_the_mean_of_the_features(model):
    features = keras.Model(model.input, model.get_layer("features").output).predict_on_batch(to_tensor(IMAGES))
    assert CamNetwork(model).run(IMAGES).embedding == pytest.approx(np.asarray(features).mean(axis=(1, 2)), abs=1e-6)


def test_run_without_cam_leaves_only_the_cam_out(model):
    network = CamNetwork(model)
    full, part = network.run(IMAGES), network.run(IMAGES, with_cam=False)
    assert part.cam is None
    assert np.array_equal(part.raw_probability, full.raw_probability)
    assert np.array_equal(part.embedding, full.embedding)


@pytest.mark.parametrize("name", ["compact", "original"])
def test_run_cuts_outputs_that_several_devices_have_padded(name, monkeypatch):
    network = CamNetwork(build(name, 64))
    expected = network.run(IMAGES)
    predict = network._network.predict_on_batch

    def padded(tensor):
        outputs = predict(tensor)
        if isinstance(outputs, list | tuple):
            return [np.concatenate([output, output[-1:]]) for output in outputs]
        return np.concatenate([outputs, outputs[-1:]])

    monkeypatch.setattr(network._network, "predict_on_batch", padded)
    output = network.run(IMAGES)
    assert np.array_equal(output.raw_probability, expected.raw_probability)
    assert np.array_equal(output.embedding, expected.embedding)
    assert (output.cam is None) == (name == "original")
    assert output.cam is None or np.array_equal(output.cam, expected.cam)


@pytest.fixture(scope="module")
def pretrained():
    return build("pretrained", 64)


def test_shared_body_gives_the_same_output(pretrained):
    expected, output = (CamNetwork(pretrained, shares_body=shared).run(IMAGES) for shared in (False, True))
    assert output.raw_probability == pytest.approx(expected.raw_probability, abs=1e-6)
    assert output.embedding == pytest.approx(expected.embedding, abs=1e-5)
    assert output.cam == pytest.approx(expected.cam, abs=1e-4)
    assert np.ptp(expected.cam) > 0.01


def test_shared_body_that_was_run_before_is_not_traced_again(pretrained, monkeypatch):
    body, traced = pretrained.get_layer(BODY), []
    for images in (IMAGES, IMAGES[:1]):  # of two sizes, so that any number of images goes
        body.predict_on_batch(to_tensor(images))
    monkeypatch.setattr(body, "call", lambda *_, call=body.call, **options: traced.append(1) or call(*_, **options))
    CamNetwork(pretrained, shares_body=True).run(IMAGES[:2])
    assert not traced
    CamNetwork(pretrained).run(IMAGES)
    assert traced


def test_shared_body_makes_no_difference_to_a_network_without_one(model):
    expected, output = (CamNetwork(model, shares_body=shared).run(IMAGES) for shared in (False, True))
    assert np.array_equal(output.raw_probability, expected.raw_probability)


def test_run_network_without_activation_map_has_neither_cam_nor_embedding():
    network = CamNetwork(build("original", 64))
    output = network.run(IMAGES)
    assert not network.has_cam
    assert output.cam is None
    assert output.embedding.shape == (3, 0)
    assert output.raw_probability.shape == (3,)
