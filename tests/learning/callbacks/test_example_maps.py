import numpy as np
import pandas as pd
import pytest

from mammo_core.errors import DataError
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.example_maps import MAX_SIDE, ExampleMapsWriter, choose_examples, reduce_pictures
from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.networks import build
from mammo_core.learning.training_data import TrainingData
from mammo_core.models.example_maps import EXAMPLE_MAPS, read_example_maps

VALIDATED = {"val_auc": 0.5, "val_loss": 0.7}


def make_data(labels, patients, parts=None, size=(64, 64)):
    table = pd.DataFrame({"label": labels, "patient_id": patients, "part": parts or ["validation"] * len(labels)})
    images = np.random.default_rng(1).integers(0, 256, (len(labels), *size), np.uint8)
    return TrainingData(table, images, np.ones(len(labels), bool))


@pytest.fixture
def data():
    return make_data([0, 1, 0, 1, 0, 1, 0, 1], list("abcdefgh"))


def test_examples_are_two_of_each_label_of_different_validation_patients():
    labels, patients = [1, 1, 1, 0, 0, 0, 1, 0], ["a", "a", "b", "a", "c", "d", "e", "f"]
    data = make_data(labels, patients, ["validation"] * 6 + ["train", "test"])
    for seed in range(20):
        chosen = choose_examples(data, seed)
        rows = data.table.iloc[chosen]
        assert rows["label"].tolist() == [1, 1, 0, 0]
        assert sorted(rows["patient_id"]) == ["a", "b", "c", "d"]
        assert chosen.tolist() == choose_examples(data, seed).tolist()
    assert len({tuple(choose_examples(data, seed)) for seed in range(20)}) > 1


def test_examples_are_fewer_where_there_are_fewer_patients():
    data = make_data([1, 0, 0], ["a", "b", "b"])
    assert data.table.iloc[choose_examples(data, 0)]["label"].tolist() == [1, 0]


def test_pictures_are_bounded_and_keep_their_shape():
    (picture,) = reduce_pictures(np.full((1, 4 * MAX_SIDE, 2 * MAX_SIDE), 7, np.uint8))
    assert picture.shape == (MAX_SIDE, MAX_SIDE // 2)
    assert (picture == 7).all()
    small = np.zeros((1, 8, 8), np.uint8)
    assert reduce_pictures(small) is small


@pytest.mark.slow
def test_writer_keeps_what_the_network_gives_after_each_epoch(tmp_path, data):
    network = build("compact", (64, 64))
    writer = ExampleMapsWriter(tmp_path, network, data, seed=3)
    assert read_example_maps(tmp_path).epochs.tolist() == []
    images = data.images[choose_examples(data, 3)]
    expected = []
    for epoch in (0, 1):
        network.set_weights([weights * 1.5 for weights in network.get_weights()])
        writer.on_epoch_end(epoch, VALIDATED)
        expected.append(CamNetwork(network).run(images))
    writer.on_epoch_end(2, {})  # interrupted
    maps = read_example_maps(tmp_path)
    assert maps.epochs.tolist() == [1, 2]
    for row, output in enumerate(expected):
        assert maps.probabilities[row] == pytest.approx(output.raw_probability, abs=1e-5)
        assert maps.cams[row] == pytest.approx(output.cam, abs=1e-4)
    assert not np.allclose(maps.cams[0], maps.cams[1])


@pytest.mark.slow
def test_resumed_writer_keeps_the_finished_epochs_only_and_a_new_one_none(tmp_path, data):
    network = build("compact", (64, 64))
    writer = ExampleMapsWriter(tmp_path, network, data, seed=3)
    for epoch in range(3):
        writer.on_epoch_end(epoch, VALIDATED)
    ExampleMapsWriter(tmp_path, network, data, seed=3, epochs_done=2).on_epoch_end(2, VALIDATED)
    assert read_example_maps(tmp_path).epochs.tolist() == [1, 2, 3]
    ExampleMapsWriter(tmp_path, network, data, seed=3)
    assert read_example_maps(tmp_path).epochs.tolist() == []
    (tmp_path / EXAMPLE_MAPS).write_bytes(b"no maps")
    with pytest.raises(DataError, match="Delete the file"):
        ExampleMapsWriter(tmp_path, network, data, seed=3, epochs_done=2)


@pytest.mark.slow
def test_network_without_activation_map_keeps_probabilities(tmp_path, data):
    inputs = keras.Input((64, 64, 1))
    network = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs)))
    ExampleMapsWriter(tmp_path, network, data, seed=3).on_epoch_end(0, VALIDATED)
    maps = read_example_maps(tmp_path)
    assert not maps.has_cams
    assert maps.probabilities.shape == (1, 4)
