"""The parts of a phase that need no run; tests of the trainer train the phases themselves."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mammo_core.documents.progress import never_stop
from mammo_core.learning._tensorflow import keras, layers
from mammo_core.learning.cancellation import Cancelled, StopSignal
from mammo_core.learning.phase_model import PositiveAUC, predict_features


def test_positive_auc_is_that_of_the_second_class():
    labels, probabilities = np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.6, 0.4, 0.7, 0.9])
    metric = PositiveAUC(num_thresholds=1000)
    metric.update_state(np.eye(2, dtype=np.float32)[labels], np.stack([1 - probabilities, probabilities], axis=1))
    assert float(metric.result()) == pytest.approx(roc_auc_score(labels, probabilities), abs=1e-6)


@pytest.fixture
def head() -> keras.Model:
    """Return a head whose positive probability is that of the logit 2 × the feature."""
    features = keras.Input((1, 1, 1))
    output = layers.Dense(2, activation="softmax")(layers.Flatten()(features))
    model = keras.Model(features, output)
    model.layers[-1].set_weights([np.array([[0.0, 2.0]], np.float32), np.zeros(2, np.float32)])
    return model


def test_predict_features_are_positive_probabilities_in_order(head):
    features = np.linspace(-1, 1, 300, dtype=np.float16).reshape(300, 1, 1, 1)
    probabilities = predict_features(head, features, StopSignal(never_stop))
    assert probabilities.dtype == np.float64
    assert probabilities == pytest.approx(1 / (1 + np.exp(-2 * features.ravel().astype(float))), abs=1e-6)


def test_predict_features_stop_request_raises_cancelled(head):
    with pytest.raises(Cancelled):
        predict_features(head, np.zeros((1, 1, 1, 1), np.float16), StopSignal(lambda: True))
