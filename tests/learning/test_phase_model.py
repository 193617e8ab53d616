"""The phases of a pretrained network's training."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from builders.jobs import SIZE
from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.progress import never_stop
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning._tensorflow import keras, layers
from mammo_core.learning.cancellation import Cancelled, StopSignal
from mammo_core.learning.networks import build
from mammo_core.learning.phase_model import PositiveAUC, predict_features
from mammo_core.learning.plan import resolve
from mammo_core.learning.trainer import train
from mammo_core.workspace import Workspace


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


def plan_demo(**settings):
    return resolve(Workspace.from_environment(), TrainingConfig(store="demo", **settings))


@pytest.mark.slow
def test_train_head_without_room_for_features_trains_on_images(prepared, thin_body, verify_in_process, tmp_path):
    plan = replace(plan_demo(network="pretrained", epochs=1, head_epochs=1), caches_features=False)
    reports = []
    result = train(plan, tmp_path / "run", reports.append)
    assert (result.status, result.verified) == ("finished", True)
    assert "Computing the features" not in {report.phase for report in reports}
    (epoch,) = [record for record in read_metrics(tmp_path / "run") if isinstance(record, EpochRecord)]
    assert epoch.phase == "head"
    body = keras.saving.load_model(tmp_path / "run" / "checkpoint.keras", compile=False).get_layer("body")
    pairs = zip(body.get_weights(), build("pretrained", SIZE).get_layer("body").get_weights(), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.slow
def test_train_pretrained_network_resumes_in_its_second_phase(prepared, thin_body, exported, tmp_path):
    plan = plan_demo(network="pretrained", epochs=2, fine_tuned_blocks=1)
    run, reports = tmp_path / "run", []

    def die_in_second_phase(report):
        reports.append(report)
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, run, die_in_second_phase)
    before = keras.saving.load_model(run / "checkpoint.keras", compile=False).get_layer("body").get_weights()
    result = train(plan, run)
    assert (result.status, result.epochs, len(exported)) == ("finished", 2, 1)
    epochs = [record for record in read_metrics(run) if isinstance(record, EpochRecord)]
    assert [epoch.phase for epoch in epochs] == ["head", "fine_tuning"]
    assert all(epoch.lesion_loss > 0 for epoch in epochs)
    assert not list(run.glob("features-*"))
    after = keras.saving.load_model(run / "checkpoint.keras", compile=False).get_layer("body").get_weights()
    changed = sum(not np.array_equal(*pair) for pair in zip(before, after, strict=True))
    assert changed == (1 if result.best_epoch == 2 else 0)  # the kernel of the thin body's last block
