import h5py
import keras
import numpy as np
import pytest

from builders.networks import earlier_pretrained, predict_eagerly
from mammo_core.documents.training_config import IMAGENET
from mammo_core.errors import ConfigError, ModelError
from mammo_core.learning.efficientnet import WEIGHTS, block_number
from mammo_core.learning.networks import (
    BODY,
    BY_LESIONS,
    BY_TEXTURE,
    LESION_MAP,
    MAPS,
    STANDARDISED,
    build,
    has_texture_of_blocks,
    head_input,
    load,
    pretrained,
    split_pretrained,
    standardise_texture,
    train_head,
    unfreeze,
)
from mammo_core.learning.plan import FEATURE_CHANNELS, FEATURE_STEP


@pytest.fixture(scope="module")
def networks():
    """The networks with exact heatmaps, by name; no test changes their weights."""
    keras.utils.set_random_seed(0)
    return {name: build(name, 64) for name in ("compact", "pretrained")}


@pytest.fixture(params=["compact", "pretrained"])
def model(networks, request):
    return networks[request.param]


@pytest.fixture(scope="module")
def rectangular():
    """A pretrained network that tests train further."""
    return pretrained((64, 32))


@pytest.fixture(scope="module")
def tensor():
    return np.random.default_rng(0).random((3, 64, 64, 1), dtype=np.float32)


@pytest.mark.parametrize("name", ["compact", "pretrained", "original"])
def test_network_output_is_softmax_over_two_classes(networks, name, tensor):
    probabilities = predict_eagerly(networks.get(name) or build(name, 64), tensor)
    assert probabilities.shape == (3, 2)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_pretrained_body_has_the_features_that_a_plan_expects(rectangular):
    shape = rectangular.get_layer(BODY).output_shape
    assert shape[1:] == (64 // FEATURE_STEP, 32 // FEATURE_STEP, FEATURE_CHANNELS)


@pytest.mark.parametrize("size", [(64, 80), 100])
def test_build_size_that_is_no_multiple_of_32_raises_config_error(size):
    with pytest.raises(ConfigError, match="multiples of 32"):
        build("compact", size)


def test_compact_network_has_fewer_than_60000_parameters():
    assert 20_000 < build("compact", 256).count_params() < 60_000


def test_pretrained_prediction_keeps_where_every_cell_is_equally_more_suspicious(networks, tensor):
    model = networks["pretrained"]
    lesion_map = model.get_layer(LESION_MAP)
    weights = lesion_map.get_weights()
    before = predict_eagerly(model, tensor)
    lesion_map.set_weights([weights[0], weights[1] + 2])
    after = predict_eagerly(model, tensor)
    lesion_map.set_weights(weights)
    assert np.allclose(before, after, atol=1e-3)


@pytest.mark.slow
def test_load_saved_network_gives_identical_predictions(model, tensor, tmp_path):
    model.save(tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    assert np.array_equal(predict_eagerly(again, tensor), predict_eagerly(model, tensor))


def test_load_corrupt_network_raises_model_error(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK rubbish")
    with pytest.raises(ModelError, match="can't be loaded as a network"):
        load(tmp_path / "model.keras")


def test_build_unknown_network_raises_config_error():
    with pytest.raises(ConfigError, match="choose one of compact, pretrained, original, large"):
        build("huge", 64)


def test_pretrained_rectangle_has_a_map_cell_for_16_by_16_pixels(rectangular):
    body, head = split_pretrained(rectangular)
    assert body.output.shape == head.input.shape == (None, 4, 2, 484)
    assert [rectangular.get_layer(name).output.shape[1:] for name in (MAPS, LESION_MAP)] == [(4, 2, 473), (4, 2, 1)]


def test_texture_averages_the_blocks_on_their_own_grids(networks, tensor):
    model = networks["pretrained"]
    body, breast = model.get_layer(BODY), tensor > 0
    outputs = [body.get_layer(name).output for name in ("block5_add", "block8_add", "block11_add", "block15_add")]
    blocks = [np.asarray(part) for part in keras.Model(body.input, outputs)(tensor)]
    assert [part.shape[1:] for part in blocks] == [(8, 8, 40), (4, 4, 80), (4, 4, 112), (2, 2, 192)]
    texture = predict_eagerly(keras.Model(model.input, model.get_layer(STANDARDISED).input), tensor)
    starts = np.cumsum([0, *(3 * part.shape[3] for part in blocks)])
    assert texture.shape == (3, starts[-1])
    for part, start in zip(blocks, starts, strict=False):
        cells = breast.reshape(3, part.shape[1], -1, part.shape[2], 64 // part.shape[2]).mean(axis=(2, 4))[
            ..., np.newaxis
        ]
        mean = (part * cells).sum(axis=(1, 2)) / cells.sum(axis=(1, 2))
        assert texture[:, start : start + part.shape[3]] == pytest.approx(mean, rel=1e-2, abs=1e-3)


@pytest.mark.slow
def test_pretrained_untrained_network_takes_suspicion_for_cancer(tensor):
    model = pretrained(64)
    lesion_map = model.get_layer(LESION_MAP)
    kernel, bias = lesion_map.get_weights()
    before = predict_eagerly(model, tensor)[:, 1]
    assert (before > 0.5).all()  # the most suspicious cell lies above its surroundings
    lesion_map.set_weights([2 * kernel, bias])
    odds = [p / (1 - p) for p in (before, predict_eagerly(model, tensor)[:, 1])]
    assert np.allclose(np.log(odds[1]) / np.log(odds[0]), 2, atol=0.01)


@pytest.mark.parametrize("kind", ["pretrained", "earlier"])
def test_pretrained_head_on_maps_of_the_body_gives_its_predictions(networks, tensor, kind):
    model = networks["pretrained"] if kind == "pretrained" else earlier_pretrained()
    body, head = split_pretrained(model)
    maps = predict_eagerly(body, tensor)
    assert maps.dtype == np.float32
    assert np.array_equal(predict_eagerly(head, maps), predict_eagerly(model, tensor))


def test_pretrained_body_has_the_shipped_weights(networks):
    with h5py.File(WEIGHTS) as file:
        stem, last = (np.asarray(file[f"layers/{name}/vars/0"]) for name in ("conv2d", "conv2d_31"))
    body = networks["pretrained"].get_layer(BODY)
    assert np.array_equal(body.get_layer("stem_conv").get_weights()[0], stem)
    assert np.array_equal(body.get_layer("block16_project").get_weights()[0], last)


def test_pretrained_head_is_trained_through_its_maps(rectangular, tensor):
    model, tensor = rectangular, tensor[:, :, :32]
    body, head = split_pretrained(model)
    before = predict_eagerly(model, tensor)
    head.compile(optimizer="sgd", loss="categorical_crossentropy", run_eagerly=True)
    head.train_on_batch(predict_eagerly(body, tensor), np.eye(2, dtype=np.float32)[[0, 1, 1]])
    after = predict_eagerly(model, tensor)
    assert not np.allclose(after, before)
    assert np.array_equal(predict_eagerly(head, predict_eagerly(body, tensor)), after)


HEAD_VARIABLES = 8  # two convolutions, of which one has a bias, a normalisation and two dense layers, likewise


@pytest.mark.slow
def test_unfreeze_trains_upper_blocks_with_fixed_statistics(rectangular, tensor, tmp_path):
    model = rectangular
    assert len(model.trainable_variables) == HEAD_VARIABLES
    unfreeze(model, 16)
    body = model.get_layer(BODY)
    before = {layer.name: layer.get_weights() for layer in body.layers}
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(tensor[:, :, :32], np.eye(2, dtype=np.float32)[[0, 1, 1]])
    for layer in body.layers:
        for index, (old, new) in enumerate(zip(before[layer.name], layer.get_weights(), strict=True)):
            is_statistic = isinstance(layer, keras.layers.BatchNormalization) and index >= 2
            changes = block_number(layer) == 16 and not is_statistic
            assert np.array_equal(old, new) != changes, f"{layer.name} {index}"
    model.save(tmp_path / "model.keras")
    assert len(load(tmp_path / "model.keras").trainable_variables) == HEAD_VARIABLES + 9
    unfreeze(model, 17)
    assert len(model.trainable_variables) == HEAD_VARIABLES


def test_train_head_without_texture_leaves_its_weights_at_zero(rectangular, tensor):
    model = rectangular
    unfreeze(model, 17)
    train_head(model, lesion_map=True, texture=False, images=100)
    texture, lesions = (model.get_layer(name).get_weights() for name in (BY_TEXTURE, BY_LESIONS))
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(tensor[:, :, :32], np.eye(2, dtype=np.float32)[[0, 1, 1]])
    assert np.array_equal(model.get_layer(BY_TEXTURE).get_weights()[0], texture[0])
    assert not np.array_equal(model.get_layer(BY_LESIONS).get_weights()[0], lesions[0])


def test_train_head_regularises_texture_by_the_number_of_images(networks):
    model = networks["pretrained"]
    weights = model.get_layer(BY_TEXTURE)
    before = weights.get_weights()
    weights.set_weights([np.full_like(before[0], 0.05)])  # each as far from 0 as is expected
    losses = []
    for images in (1000, 100):
        train_head(model, lesion_map=True, texture=True, images=images)
        losses.append(float(model.losses[0]))
    weights.set_weights(before)
    assert losses == pytest.approx([before[0].size / 1000, before[0].size / 100], rel=1e-4)


def test_standardise_texture_makes_it_standard_and_keeps_it_so(rectangular, tensor):
    model, images = rectangular, np.concatenate([tensor, tensor[:, ::-1]])[:, :, :32]
    unfreeze(model, 17)
    train_head(model, lesion_map=False, texture=True, images=100)
    body, head = split_pretrained(model)
    features = predict_eagerly(body, images)
    standardise_texture(model, [features[:4], features[4:]])
    standard = keras.Model(head_input(model), model.get_layer(STANDARDISED).output)
    texture = predict_eagerly(standard, features)
    varies = texture.std(axis=0) > 0.99  # others vary little beside the layer's epsilon
    assert varies.mean() > 0.1
    assert texture.mean(axis=0) == pytest.approx(0, abs=1e-3)
    assert texture.std(axis=0).max() < 1.01
    head.compile(optimizer=keras.optimizers.SGD(0.1), loss="categorical_crossentropy", run_eagerly=True)
    head.train_on_batch(features[:2], np.eye(2, dtype=np.float32))
    assert np.array_equal(predict_eagerly(standard, features), texture)


@pytest.mark.slow
def test_train_head_without_lesion_map_keeps_the_map(rectangular, tensor):
    model, images = rectangular, tensor[:, :, :32]
    unfreeze(model, 17)
    train_head(model, lesion_map=False, texture=True, images=100)
    lesion_map = keras.Model(model.input, model.get_layer(LESION_MAP).output)
    before = predict_eagerly(lesion_map, images)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="categorical_crossentropy", run_eagerly=True)
    predicted = predict_eagerly(model, images)
    model.train_on_batch(images, np.eye(2, dtype=np.float32)[[0, 1, 1]])
    assert np.array_equal(predict_eagerly(lesion_map, images), before)
    assert not np.allclose(predict_eagerly(model, images), predicted)


def test_load_head_with_texture_on_one_grid_predicts_as_before(tensor, tmp_path):
    earlier = earlier_pretrained()
    earlier.save(tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    assert not has_texture_of_blocks(again)
    assert np.array_equal(predict_eagerly(again, tensor), predict_eagerly(earlier, tensor))


def test_load_earlier_kind_of_pretrained_network_raises_model_error(tmp_path):
    image = keras.Input((64, 64, 1))
    lesions = keras.layers.Conv2D(1, 1, name=LESION_MAP)(image)
    earlier = keras.Model(
        image, keras.layers.Dense(2, name="probability")(keras.layers.GlobalAveragePooling2D()(lesions))
    )
    earlier.save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match="earlier kind of pretrained network"):
        load(tmp_path / "model.keras")


def test_large_network_weights_not_downloadable_raises_model_error(monkeypatch):
    def offline(**settings):
        assert settings["weights"] == IMAGENET
        raise Exception("URL fetch failure on … : None -- [Errno -2] Name or service not known")  # as Keras does

    monkeypatch.setattr(keras.applications, "EfficientNetV2S", offline)
    with pytest.raises(ModelError, match="can't be downloaded"):
        build("large", 64, IMAGENET)
