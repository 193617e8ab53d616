import keras
import numpy as np
import pytest

from builders.networks import earlier_pretrained, predict_eagerly, randomise_texture
from mammo_core.learning.activation_map import class_activation_map, logit_bias, with_cam_outputs
from mammo_core.learning.networks import CONTRAST, build


@pytest.fixture(scope="module")
def networks():
    """The networks with exact heatmaps, by name."""
    keras.utils.set_random_seed(0)
    return {"earlier": earlier_pretrained(), **{name: build(name, 64) for name in ("compact", "pretrained")}}


@pytest.fixture(scope="module")
def tensor():
    images = np.random.default_rng(0).random((3, 64, 64, 1), dtype=np.float32)
    images[1, :, 40:] = 0  # background, with cells that are breast in part
    return images


@pytest.mark.parametrize("name", ["compact", "pretrained", "earlier"])
def test_cam_sums_to_the_logit(networks, name, tensor):
    model = networks[name]
    if name != "compact":
        randomise_texture(model)
    probabilities, *maps = predict_eagerly(with_cam_outputs(model), tensor)
    logits = np.log(probabilities[:, 1]) - np.log(probabilities[:, 0])
    cam = class_activation_map(model, *maps)
    assert cam.shape == ((3, 8, 8) if name == "compact" else (3, 4, 4))
    assert np.allclose(cam.sum(axis=(1, 2)) + logit_bias(model), logits, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact", "pretrained", "large"])
def test_network_of_a_rectangle_has_an_exact_cam_in_its_proportions(name):
    model = build(name, (64, 32))
    if name == "pretrained":
        randomise_texture(model)
    image = np.random.default_rng(1).random((1, 64, 32, 1), dtype=np.float32)
    probabilities, *maps = predict_eagerly(with_cam_outputs(model), image)
    cam = class_activation_map(model, *maps)
    height, width = cam[0].shape
    assert height == 2 * width
    assert cam.sum() + logit_bias(model) == pytest.approx(np.log(probabilities[0, 1] / probabilities[0, 0]), abs=1e-4)


def test_cam_of_an_untrained_network_is_its_highest_local_contrast(networks, tensor):
    model = networks["pretrained"]
    randomise_texture(model, deviation=0)
    _, *maps = predict_eagerly(with_cam_outputs(model), tensor)
    contrast = predict_eagerly(keras.Model(model.input, model.get_layer(CONTRAST).output), tensor).reshape(3, -1)
    cam = class_activation_map(model, *maps).reshape(3, -1)
    assert cam.max(axis=1) == pytest.approx(contrast.max(axis=1), abs=1e-5)
    assert cam.argmax(axis=1).tolist() == contrast.argmax(axis=1).tolist()
    assert (cam != 0).sum(axis=1).tolist() == [1, 1, 1]


def test_texture_of_a_cell_lies_where_its_grid_has_it(networks, tensor):
    model = networks["pretrained"]
    randomise_texture(model)
    _, features, contrast, *texture = predict_eagerly(with_cam_outputs(model), tensor[:1])
    fine, coarse = (np.zeros_like(texture[number]) for number in (0, 3))
    fine[0, 5, 2], coarse[0, 1, 0] = texture[0][0, 5, 2], texture[3][0, 1, 0]
    nothing = [np.zeros_like(part) for part in texture[:4]]
    contrast = np.zeros_like(contrast)

    def cam(maps):
        return class_activation_map(model, features, contrast, *maps, *texture[4:])[0]

    from_fine, from_coarse = cam([fine, *nothing[1:]]), cam([*nothing[:3], coarse])
    assert np.argwhere(from_fine).tolist() == [[2, 1]]  # half as many cells
    assert np.argwhere(from_coarse).tolist() == [[2, 0], [2, 1], [3, 0], [3, 1]]
    assert np.ptp(from_coarse[2:, :2]) == 0


def test_original_network_has_no_feature_output():
    assert len(with_cam_outputs(build("original", 64)).outputs) == 1
