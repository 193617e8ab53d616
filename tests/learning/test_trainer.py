import math
import shutil
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pandas as pd
import psutil
import pytest
import tensorflow as tf

from builders.jobs import import_in_process
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.dataset.store import open_store
from mammo_core.errors import ConfigError, DataError, MammoError, ModelError
from mammo_core.jobs.runs import verification_text
from mammo_core.learning import export_model
from mammo_core.learning.callbacks.tensorboard import Event
from mammo_core.learning.callbacks.validation import ValidationMetrics
from mammo_core.learning.cancellation import StopSignal, never_stop
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.export_model import Trained, complete
from mammo_core.learning.input_pipeline import Batches
from mammo_core.learning.plan import TrainingData, plan, preset, preview
from mammo_core.learning.trainer import devices, train
from mammo_core.learning.verify_saved_model import verify
from mammo_core.models.bundle import CARD, PREDICTIONS, TRAINING_IMAGES, open_bundle, write_card
from mammo_core.models.provenance import write_provenance
from mammo_core.models.registry import list_models
from mammo_core.settings import PROJECT, settings
from mammo_core.storage.json_files import read_json, read_json_lines
from mammo_core.workspace import Workspace


def run_of(finished):
    return settings().models / "trained"


def test_train_writes_intact_verified_model(finished):
    run = run_of(finished)
    bundle = open_bundle(run)
    verification = read_json(run / "verification.json")
    assert verification["verified"]
    assert verification["largest_difference"] <= 1e-6
    assert bundle.synthetic
    assert "no meaning" in bundle.card.limits[0]
    assert 0 <= bundle.threshold <= 1
    assert bundle.evaluation().part == "test"
    assert read_json(run / "state.json")["state"] == "finished"


def test_split_assigns_each_patient_to_one_part(finished):
    split = pd.read_parquet(run_of(finished) / "split.parquet")
    assert (split.groupby("patient_id")["part"].nunique() == 1).all()
    assert set(split["part"]) == {"train", "validation", "test"}


def test_metrics_log_contains_start_steps_and_epochs(finished):
    records = read_json_lines(run_of(finished) / "metrics.jsonl")
    assert records[0]["kind"] == "start"
    epochs = [record for record in records if record["kind"] == "epoch"]
    assert [record["epoch"] for record in epochs] == [1, 2]
    for name in ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "learning_rate", "seconds"):
        assert np.isfinite(epochs[0][name])
    steps = [record for record in records if record["kind"] == "step"]
    assert steps[-1]["step"] == steps[-1]["steps"]


def test_logged_validation_auc_equals_auc_of_stored_predictions(finished):
    """The best epoch's AUC is that of the stored raw probabilities of the validation part."""
    run = run_of(finished)
    predictions = open_bundle(run).predictions().query("part == 'validation'")
    from sklearn.metrics import roc_auc_score

    best = open_bundle(run).card.best_epoch
    epoch = next(r for r in read_json_lines(run / "metrics.jsonl") if r["kind"] == "epoch" and r["epoch"] == best)
    assert roc_auc_score(predictions["label"], predictions["raw_probability"]) == pytest.approx(epoch["val_auc"])


def test_verify_different_predictions_marks_model_unverified(finished, monkeypatch):
    monkeypatch.setattr(
        "mammo_core.learning.verify_saved_model.predict", lambda _model, images: np.full(len(images), 0.123)
    )
    assert verify(run_of(finished), finished / "data" / "prepared" / "demo") > 1e-6
    assert read_json(run_of(finished) / "verification.json")["verified"] is False


def test_train_stop_before_first_epoch_writes_no_model(finished, tmp_path):
    result = train(tmp_path / "run", TrainingConfig(store="demo", epochs=3), should_stop=lambda: True)
    assert result["status"] == "stopped"
    assert result["verified"] is False
    assert not (tmp_path / "run" / CARD).exists()


def test_train_nan_loss_ends_as_diverged(finished, tmp_path):
    config = TrainingConfig(store="demo", epochs=3, learning_rate=0.1, network="original", augment=False)
    from mammo_core.learning import trainer

    class Exploding(trainer.keras.losses.CategoricalCrossentropy):
        def call(self, y_true, y_pred):
            return super().call(y_true, y_pred) * float("nan")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "LOSS", Exploding())
        result = train(tmp_path / "run", config)
    assert result["status"] == "diverged"
    assert "learning rate" in result["message"]


def test_train_start_from_model_with_same_preprocessing_config_finishes(finished, tmp_path):
    config = TrainingConfig(store="demo", epochs=1, start_from="trained", learning_rate=1e-5)
    result = train(tmp_path / "run", config)
    assert result["status"] == "finished"
    assert result["verified"]


def test_plan_missing_store_or_too_small_training_part_raises(finished):
    with pytest.raises(DataError, match="no prepared store"):
        plan(TrainingConfig(store="nothing"))
    with pytest.raises(ConfigError, match="leave too little"):
        plan(TrainingConfig(store="demo", validation_share=0.6, test_share=0.6))


def test_preview_counts_match_the_planned_split(finished):
    config = TrainingConfig(store="demo")
    seen = preview(config)
    table = seen.parts.set_index("part")
    split = plan(config)
    assert table["images"].sum() == len(split)
    assert table.loc["train", "patients"] == split.loc[split["part"] == "train", "patient_id"].nunique()
    negative = (split.query("part == 'train'")["label"] == 0).sum()
    assert seen.steps == math.ceil(2 * negative / 16)  # oversampled to as many positives
    assert f"12 epochs of {seen.steps} steps" in seen.sentence
    assert "256 × 256 pixels" in seen.sentence
    whole = preview(config.model_copy(update={"imbalance": "none", "batch_size": 4}))
    assert whole.steps == math.ceil(table.loc["train", "images"] / 4)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"network": "original", "start_from": "trained"}, "trained is a compact network, not original"),
        ({"start_from": "nobody"}, "no model 'nobody'"),
        ({"backbone_weights": "x.h5"}, "for the large network only"),
        ({"network": "large", "backbone_weights": "x.h5"}, "x.h5, isn't there"),
        ({"folds": 3}, "belong together"),
        ({"folds": 3, "fold": 4}, "Fold 4 of 3"),
    ],
)
def test_plan_conflicting_settings_raise(finished, changes, reason):
    with pytest.raises(MammoError, match=reason):
        plan(TrainingConfig.read({"store": "demo", **changes}))


def test_plan_images_exceed_free_memory_raises_config_error(finished, monkeypatch):
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=1_000_000))
    with pytest.raises(ConfigError, match="GiB are free"):
        plan(TrainingConfig(store="demo"))


def test_folds_test_each_patient_exactly_once(finished):
    tested = []
    for fold in (1, 2, 3):
        split = plan(TrainingConfig(store="demo", folds=3, fold=fold))
        assert set(split["part"]) == {"train", "validation", "test"}
        tested += split.loc[split["part"] == "test", "patient_id"].unique().tolist()
    assert sorted(tested) == sorted(split["patient_id"].unique())


def test_train_nan_in_second_epoch_keeps_last_good_model(finished, tmp_path, monkeypatch):
    shown = Batches.__getitem__

    def broken(batches, index):
        tensor, labels, weights = shown(batches, index)
        return (
            (tensor * np.nan if batches.epoch > 1 else tensor),
            labels,
            weights,
        )  # Keras ends epoch 0 before it begins

    monkeypatch.setattr(Batches, "__getitem__", broken)
    result = train(tmp_path / "run", TrainingConfig(store="demo", epochs=3, batch_size=32))
    assert (result["status"], result["epochs"], result["best_epoch"], result["verified"]) == ("diverged", 1, 1, True)
    assert "of epoch 1, is kept" in result["message"]
    assert open_bundle(tmp_path / "run").card.best_epoch == 1


def test_tensorboard_events_match_logged_epochs(finished):
    epochs = [record for record in read_json_lines(run_of(finished) / "metrics.jsonl") if record["kind"] == "epoch"]
    for part, name in (("train", "loss"), ("validation", "val_auc")):
        (path,) = (run_of(finished) / "events" / part).glob("events.out.tfevents.*")
        events = [Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
        found = [
            (e.step, v.simple_value) for e in events for v in e.summary.value if v.tag == name.removeprefix("val_")
        ]
        assert found == [(record["epoch"], pytest.approx(record[name])) for record in epochs]


@pytest.mark.slow
def test_train_on_two_devices_resumes_and_verifies(finished):
    command = [sys.executable, "-m", "tests.learning.several_devices", str(finished / "models" / "two")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "1", "2", "finished", "True"]


def test_single_device_uses_one_replica():
    assert devices().num_replicas_in_sync == 1


JUDGING = {"done": 1, "total": 1, "phase": "Judging the best model"}


def test_train_stop_during_evaluation_evaluates_on_a_sample(finished, monkeypatch):
    monkeypatch.setattr(export_model, "STOPPED_IMAGES", 4)
    told = []
    run = settings().models / "short"
    config = TrainingConfig(store="demo", epochs=1, batch_size=32)
    result = train(run, config, told.append, lambda: told[-1:] == [JUDGING])
    assert (result["status"], result["epochs"], result["verified"]) == ("stopped", 1, True)
    bundle = open_bundle(run)
    split = plan(config).groupby("part")["patient_id"].nunique()
    sampled = bundle.predictions().groupby("part")["patient_id"].nunique()
    assert sampled["test"] < split["test"]
    sentence = f"{sampled['test']} of {split['test']} (test)"
    assert sentence in result["message"]
    assert sentence in bundle.card.limits[-1]
    assert bundle.evaluation().patients == sampled["test"]
    assert bundle.card.data.parts["test"].patients == split["test"]
    phases = list(dict.fromkeys(progress["phase"] for progress in told if "phase" in progress))
    assert phases == ["Loading the images", JUDGING["phase"], "Verifying the saved model in a fresh process"]


def test_train_stop_while_loading_images_ends_as_stopped(finished, tmp_path):
    told = []
    result = train(tmp_path / "run", TrainingConfig(store="demo"), told.append, lambda: bool(told))
    assert (result["status"], result["message"]) == ("stopped", "Stopped while its images were being loaded.")
    assert [progress["done"] for progress in told] == [64]


class Answering:
    """In place of a network: gives every image the same probability."""

    stop_training = False

    def __init__(self, probability):
        self.probability, self.asked = probability, 0

    def predict_on_batch(self, tensor):
        self.asked += 1
        return np.full((len(tensor), 2), self.probability)


@pytest.mark.parametrize(
    ("probability", "stop", "is_set", "ends"),
    [(0.3, False, 3, (False, False)), (0.3, True, 0, (True, False)), (math.nan, False, 3, (False, True))],
)
def test_validation_stop_signal_or_nan_prediction_ends_training(probability, stop, is_set, ends):
    stop_signal = StopSignal(lambda: stop)
    labels = np.arange(150) % 2
    validation = ValidationMetrics(np.zeros((150, 4, 4), np.uint8), labels, np.arange(150), stop_signal)
    model = Answering(probability)
    validation.set_model(model)
    logs = {}
    validation.on_epoch_end(0, logs)
    assert model.asked == is_set
    assert (stop_signal.stopped, stop_signal.diverged) == ends
    assert model.stop_training == any(ends)
    assert ("val_auc" in logs) != any(ends)


DIFFERS = """
import json, sys
sys.stdin.readline()
json.dump({"verified": False, "largest_difference": 0.001, "images": 9}, open(sys.argv[1] + "/verification.json", "w"))
"""


def test_complete_failed_verification_raises_model_error_and_writes_no_model(finished, monkeypatch):
    @contextmanager
    def other(run, store):
        command = [sys.executable, "-c", DIFFERS, str(run)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            yield process

    monkeypatch.setattr(export_model, "verifier", other)
    run, store, config = (
        run_of(finished),
        open_store(Workspace.from_environment(), "demo"),
        TrainingConfig(store="demo", epochs=2),
    )
    table = plan(config)
    data = TrainingData(table, store.images(table["png"].to_list()), np.ones(len(table), bool))
    assert verification_text(run).startswith("verified: loaded afresh, its answers to ")
    with pytest.raises(ModelError, match=r"isn't sound: .* 9 validation images differ by up to 0\.001 "):
        complete(Trained(run, config, store, data, 1), StopSignal(never_stop), lambda _: None)
    assert run.name not in list_models(Workspace.from_environment())
    assert verification_text(run).startswith("**not verified**")


def test_plan_start_model_trained_on_evaluation_patients_raises_config_error(finished):
    known = TrainingConfig(store="demo", start_from="trained")
    assert len(plan(known))
    before, after = (plan(TrainingConfig(store="demo", seed=seed)) for seed in (0, 1))
    patients = {part: set(table["patient_id"]) for part, table in before.groupby("part")}
    new = {part: set(table["patient_id"]) for part, table in after.groupby("part")}
    leaked = new["test"] & (patients["train"] | patients["validation"]) | new["validation"] & patients["train"]
    other = known.model_copy(update={"seed": 1})
    with pytest.raises(
        ConfigError, match=rf"learnt from {len(leaked)} of the patients .* seed 0, validation share 0\.2"
    ):
        plan(other)


def test_start_model_provenance_is_inherited(finished):
    import_in_process("demo", "again")
    first = open_bundle(run_of(finished))
    second = finished / "models" / "second"
    shutil.copytree(first.folder, second)
    elsewhere = pd.DataFrame({"patient_id": ["1"], "image_id": ["2"], "part": ["train"]})
    write_provenance(second / TRAINING_IMAGES, elsewhere, first)  # trained on other data, from the first
    data = first.card.data.model_copy(update={"dataset": "elsewhere", "store": "elsewhere"})
    card = write_card(second, first.card.model_copy(update={"data": data})).card
    with pytest.raises(
        ConfigError, match=r"second, or a model that it started from, has already learnt from .*Take its"
    ):
        plan(TrainingConfig(store="again", start_from="second", seed=1))
    assert len(plan(TrainingConfig(store="again", start_from="second")))
    assert evaluate_store(Workspace.from_environment(), open_bundle(second), "again").part == "test"

    known = first.provenance().query("part == 'train'")["patient_id"].iloc[0]
    evaluated = pd.read_parquet(second / PREDICTIONS)  # of the other data, that is, in which another has that number
    evaluated.assign(patient_id=known, image_id=evaluated["image_id"] + "0").to_parquet(second / PREDICTIONS)
    write_card(second, card)
    with pytest.raises(ConfigError, match=r"would be judged on\. Start from random weights\."):
        plan(TrainingConfig(store="again", start_from="second", seed=1))
    assert preset(open_store(Workspace.from_environment(), "again"), "second").start_from is None
    images = open_store(Workspace.from_environment(), "again").manifest()
    unseen = images[open_bundle(second).seen_split(images).isna()]["patient_id"].nunique()
    assert evaluate_store(Workspace.from_environment(), open_bundle(second), "again").patients == unseen


def test_preset_uses_the_split_of_its_start_model(finished):
    card = open_bundle(run_of(finished)).card
    config = card.config.model_copy(update={"seed": 7, "test_share": 0.3})
    write_card(run_of(finished), card.model_copy(update={"config": config}))
    own, plain = (preset(open_store(Workspace.from_environment(), "demo"), name) for name in ("trained", None))
    assert (own.seed, own.test_share, own.start_from) == (7, 0.3, "trained")
    assert (plain.seed, plain.test_share, plain.start_from) == (0, 0.2, None)
    assert (
        preset(open_store(Workspace.from_environment(), "demo"), "demo").seed == 0
    )  # the shipped one's phantoms are others
