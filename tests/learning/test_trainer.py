import math
import subprocess
import sys

import numpy as np
import pandas as pd
import psutil
import pytest
import tensorflow as tf

from mammo_core import models
from mammo_core.errors import ConfigError, DataError, MammoError
from mammo_core.files import read_json, read_json_lines
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.events import Event
from mammo_core.learning.inputs import Batches
from mammo_core.learning.plan import plan, preview
from mammo_core.learning.trainer import devices, train
from mammo_core.learning.verify import verify
from mammo_core.settings import PROJECT, settings


def run_of(finished):
    return settings().models / "trained"


def test_a_run_leaves_a_sound_verified_model(finished):
    run = run_of(finished)
    bundle = models.open_bundle(run)
    verification = read_json(run / "verification.json")
    assert verification["verified"]
    assert verification["largest_difference"] <= 1e-6
    assert bundle.synthetic
    assert "no meaning" in bundle.card["limits"][0]
    assert 0 <= bundle.threshold <= 1
    assert bundle.evaluation()["part"] == "test"
    assert read_json(run / "state.json")["state"] == "finished"


def test_the_run_never_shares_a_patient_between_parts(finished):
    split = pd.read_parquet(run_of(finished) / "split.parquet")
    assert (split.groupby("patient_id")["part"].nunique() == 1).all()
    assert set(split["part"]) == {"train", "validation", "test"}


def test_metrics_tell_start_steps_and_epochs(finished):
    records = read_json_lines(run_of(finished) / "metrics.jsonl")
    assert records[0]["kind"] == "start"
    epochs = [record for record in records if record["kind"] == "epoch"]
    assert [record["epoch"] for record in epochs] == [1, 2]
    for name in ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "learning_rate", "seconds"):
        assert np.isfinite(epochs[0][name])
    steps = [record for record in records if record["kind"] == "step"]
    assert steps[-1]["step"] == steps[-1]["steps"]


def test_validation_metrics_are_those_of_the_predictions(finished):
    """The best epoch's AUC is that of the stored raw probabilities of the validation part."""
    run = run_of(finished)
    predictions = models.open_bundle(run).predictions().query("part == 'validation'")
    from sklearn.metrics import roc_auc_score

    best = models.open_bundle(run).card["best_epoch"]
    epoch = next(r for r in read_json_lines(run / "metrics.jsonl") if r["kind"] == "epoch" and r["epoch"] == best)
    assert roc_auc_score(predictions["label"], predictions["raw_probability"]) == pytest.approx(epoch["val_auc"])


def test_verification_fails_for_a_model_that_says_something_else(finished, monkeypatch):
    monkeypatch.setattr("mammo_core.learning.verify.predict", lambda _model, images: np.full(len(images), 0.123))
    assert verify(run_of(finished), finished / "data" / "prepared" / "demo") > 1e-6
    assert read_json(run_of(finished) / "verification.json")["verified"] is False


def test_a_stop_before_the_first_epoch_leaves_no_model(finished, tmp_path):
    result = train(tmp_path / "run", TrainingConfig(store="demo", epochs=3), should_stop=lambda: True)
    assert result["status"] == "stopped"
    assert result["verified"] is False
    assert not (tmp_path / "run" / models.CARD).exists()


def test_a_loss_that_is_no_number_is_called_diverged(finished, tmp_path):
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


def test_training_goes_on_from_a_model_of_the_same_contract(finished, tmp_path):
    config = TrainingConfig(store="demo", epochs=1, start_from="trained", learning_rate=1e-5)
    result = train(tmp_path / "run", config)
    assert result["status"] == "finished"
    assert result["verified"]


def test_unlabelled_or_lopsided_stores_are_refused_before_anything_starts(finished):
    with pytest.raises(DataError, match="no prepared store"):
        plan(TrainingConfig(store="nothing"))
    with pytest.raises(ConfigError, match="leave too little"):
        plan(TrainingConfig(store="demo", validation_share=0.6, test_share=0.6))


def test_the_preview_counts_what_the_split_will_be(finished):
    config = TrainingConfig(store="demo")
    seen = preview(config)
    table = seen.parts.set_index("part")
    split = plan(config)
    assert table["images"].sum() == len(split)
    assert table.loc["train", "patients"] == split.loc[split["part"] == "train", "patient_id"].nunique()
    negative = (split.query("part == 'train'")["label"] == 0).sum()
    assert seen.steps == math.ceil(2 * negative / 16)  # oversampled to as many positives
    assert f"12 epochs of {seen.steps} steps" in seen.sentence
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
def test_settings_that_contradict_each_other_are_refused_before_anything_starts(finished, changes, reason):
    with pytest.raises(MammoError, match=reason):
        plan(TrainingConfig.read({"store": "demo", **changes}))


def test_images_that_do_not_fit_into_memory_are_refused(finished, monkeypatch):
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=1_000_000))
    with pytest.raises(ConfigError, match="GiB are free"):
        plan(TrainingConfig(store="demo"))


def test_over_all_folds_each_patient_is_tested_once(finished):
    tested = []
    for fold in (1, 2, 3):
        split = plan(TrainingConfig(store="demo", folds=3, fold=fold))
        assert set(split["part"]) == {"train", "validation", "test"}
        tested += split.loc[split["part"] == "test", "patient_id"].unique().tolist()
    assert sorted(tested) == sorted(split["patient_id"].unique())


def test_a_diverged_run_keeps_its_last_good_model(finished, tmp_path, monkeypatch):
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
    assert models.open_bundle(tmp_path / "run").card["best_epoch"] == 1


def test_tensorboard_finds_the_epochs_of_both_parts(finished):
    epochs = [record for record in read_json_lines(run_of(finished) / "metrics.jsonl") if record["kind"] == "epoch"]
    for part, name in (("train", "loss"), ("validation", "val_auc")):
        (path,) = (run_of(finished) / "events" / part).glob("events.out.tfevents.*")
        events = [Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
        found = [
            (e.step, v.simple_value) for e in events for v in e.summary.value if v.tag == name.removeprefix("val_")
        ]
        assert found == [(record["epoch"], pytest.approx(record[name])) for record in epochs]


@pytest.mark.slow
def test_a_run_on_two_devices_learns_goes_on_and_is_verified(finished):
    command = [sys.executable, "-m", "tests.learning.several_devices", str(finished / "models" / "two")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "1", "2", "finished", "True"]


def test_on_one_device_nothing_is_mirrored():
    assert devices().num_replicas_in_sync == 1
