import keras
import numpy as np
import pytest

from mammo_core.errors import ModelError
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.callbacks.training_state import (
    STATE,
    SavedPosition,
    TrainingStateCheckpoint,
    read_position,
    restore,
)


def make_model(units=2):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return model


@pytest.fixture
def trained(tmp_path):
    """A model after two steps, its state saved after epoch 4 with epoch 3 as the best."""
    model = make_model()
    inputs, labels = np.eye(3, dtype=np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0]]
    model.fit(inputs, labels, epochs=2, verbose=0)
    best = BestCheckpoint(tmp_path / "best.keras", patience=5)
    best.best, best.best_epoch, best.first_epoch = (0.75, -0.5), 3, 2
    state = TrainingStateCheckpoint(tmp_path / STATE, best, model, phase=1)
    state.set_model(model)
    state.on_epoch_end(3, {"val_auc": 0.7, "val_loss": 0.6})
    return model


@pytest.mark.slow
def test_restore_sets_weights_optimiser_and_best(trained, tmp_path):
    model, best = make_model(), BestCheckpoint(tmp_path / "best.keras", patience=5)
    model.optimizer.build(model.trainable_variables)
    assert read_position(tmp_path / STATE) == SavedPosition(phase=1, epoch=4)
    restore(tmp_path / STATE, model, model.optimizer, best)
    assert (best.best, best.best_epoch, best.first_epoch) == ((0.75, -0.5), 3, 2)
    for expected, restored in zip(trained.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(expected, restored)
    assert int(model.optimizer.iterations) == int(trained.optimizer.iterations) == 2


def test_restore_state_of_another_network_or_damaged_file_raises_model_error(trained, tmp_path):
    best, other = BestCheckpoint(tmp_path / "best.keras", patience=5), make_model(units=5)
    other.optimizer.build(other.trainable_variables)
    with pytest.raises(ModelError, match="isn't a state of its network"):
        restore(tmp_path / STATE, other, other.optimizer, best)
    content = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="isn't a state of its network"):
        read_position(tmp_path / STATE)


def test_training_state_is_not_saved_after_an_interrupted_epoch(tmp_path):
    model = make_model()
    state = TrainingStateCheckpoint(tmp_path / STATE, BestCheckpoint(tmp_path / "best.keras", patience=5), model)
    state.set_model(model)
    state.on_epoch_end(0, {"loss": 0.6})
    assert not (tmp_path / STATE).exists()
