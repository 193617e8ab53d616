import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mammo_core.documents.metrics import METRICS, EpochRecord, StepRecord, append_record, read_metrics
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError
from mammo_core.learning import refit as refit_module
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.export_model import CHECKPOINT
from mammo_core.learning.feature_cache import ComputedFeatures
from mammo_core.learning.model_card import REFIT_LIMIT
from mammo_core.learning.networks import BY_TEXTURE, HEAD, LESION_MAP, STANDARDISED, head_input, load, split_pretrained
from mammo_core.learning.plan import Phase, preset_config, resolve, resolve_preset, steps_per_epoch
from mammo_core.learning.refit import PHASE, REFIT, REFIT_STATE, best_epochs
from mammo_core.learning.start_network import build_network
from mammo_core.learning.trainer import train
from mammo_core.models.bundle import SAVED_PROBABILITY, open_bundle, write_card
from mammo_core.workspace import Workspace


def plan_demo(**settings):
    fixed = {"store": "demo", "network": "pretrained", "epochs": 2, "fine_tuned_blocks": 0, "refit": True}
    return resolve(Workspace.from_environment(), TrainingConfig(**fixed | settings))


@pytest.mark.slow
def test_train_refit_is_fitted_to_both_parts_and_calibrated_before(prepared, thin_body, verify_in_process, tmp_path):
    run, reports = tmp_path / "run", []
    result = train(plan_demo(), run, reports.append)
    assert (result.status, result.verified) == ("finished", True)
    bundle = open_bundle(run)
    assert set(bundle.provenance()["part"]) == {"train"}
    assert REFIT_LIMIT in bundle.card.limits
    assert not (run / REFIT).exists()
    assert not (run / REFIT_STATE).exists()

    predictions = bundle.predictions()
    of_validation = predictions["part"] == "validation"
    (best,) = [
        record
        for record in read_metrics(run)
        if isinstance(record, EpochRecord) and record.epoch == bundle.card.best_epoch
    ]
    validation = predictions[of_validation]
    assert roc_auc_score(validation["label"], validation["raw_probability"]) == pytest.approx(best.val_auc)
    assert np.abs(validation[SAVED_PROBABILITY] - validation["raw_probability"]).max() > 1e-4
    assert predictions.loc[~of_validation, SAVED_PROBABILITY].equals(predictions.loc[~of_validation, "raw_probability"])

    steps = max(record.steps for record in read_metrics(run) if isinstance(record, StepRecord))
    again = [report for report in reports if report.phase == PHASE][-1]
    assert again.done == again.total
    assert again.total > bundle.card.best_epoch * steps  # epochs of more images


@pytest.mark.slow
def test_train_refit_keeps_what_unseen_images_gave(prepared, verify_in_process, tmp_path):
    settings = {"network": "compact", "epochs": 1}
    for name, refit in (("once", False), ("twice", True)):
        train(plan_demo(**settings, refit=refit), tmp_path / name)
    once, twice = (open_bundle(tmp_path / name) for name in ("once", "twice"))
    assert twice.card.calibration == once.card.calibration
    assert twice.card.operating_point == once.card.operating_point
    assert twice.card.cam_scale != once.card.cam_scale  # maps are drawn by the saved network
    before, after = once.ood_detector(), twice.ood_detector()
    assert after.threshold == before.threshold
    assert not np.allclose(after.mean, before.mean)


@pytest.mark.slow
def test_train_stopped_while_it_refits_exports_the_model_from_before(prepared, thin_body, verify_in_process, tmp_path):
    reports = []
    plan = plan_demo()
    result = train(plan, tmp_path / "run", reports.append, lambda: any(report.phase == PHASE for report in reports))
    assert (result.status, result.verified) == ("stopped", True)
    bundle = open_bundle(tmp_path / "run")
    assert set(bundle.provenance()["part"]) == {"train", "validation"}
    assert SAVED_PROBABILITY not in bundle.predictions()
    assert REFIT_LIMIT not in bundle.card.limits
    assert "resume the run for that" in result.message


@pytest.mark.slow
@pytest.mark.parametrize("caches_features", [True, False])
def test_refit_from_a_model_keeps_its_lesion_map_and_trains_for_all_epochs(
    prepared, thin_body, exported, tmp_path, caches_features
):
    workspace = Workspace.from_environment()
    first = plan_demo(epochs=1, refit=False)
    train(first, workspace.models / "first")
    before = load(workspace.models / "first" / CHECKPOINT)
    start = SimpleNamespace(name="first", network_file=workspace.models / "first" / CHECKPOINT)
    start.provenance = lambda: first.split.assign(image_id="of another store")
    plan = replace(plan_demo(lesion_weight=0), start=start, caches_features=caches_features)
    reports = []
    train(plan, tmp_path / "run", reports.append)

    phases = [report for report in reports if report.phase == PHASE]
    assert phases[-1].done == phases[-1].total == 2 * steps_per_epoch(of_both_parts(plan), plan.config)
    after, best = (load(tmp_path / "run" / name) for name in (REFIT, CHECKPOINT))
    for layer in (HEAD, LESION_MAP):
        pairs = zip(before.get_layer(layer).get_weights(), after.get_layer(layer).get_weights(), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs)
    assert not np.array_equal(*(net.get_layer(BY_TEXTURE).get_weights()[0] for net in (after, best)))
    body, _ = split_pretrained(best)
    train_part = np.flatnonzero(plan.split["part"] == "train")
    images = plan.store.images(plan.split["png"].iloc[train_part].tolist())
    features = ComputedFeatures(body, images, np.arange(len(images)))
    standard = keras.Model(head_input(best), best.get_layer(STANDARDISED).output)
    texture = standard.predict_on_batch(features[np.arange(len(features))])  # fewer than are measured: all of them
    assert texture.mean(axis=0) == pytest.approx(0, abs=0.02)
    assert texture.std(axis=0).max() == pytest.approx(1, abs=0.02)


def of_both_parts(plan):
    """Return the labels of training and validation images."""
    return plan.split.loc[plan.split["part"] != "test", "label"].to_numpy(int)


@pytest.mark.slow
def test_train_second_training_that_diverges_leaves_the_model_from_before(
    prepared, thin_body, verify_in_process, tmp_path, monkeypatch
):
    class WithoutLoss(refit_module.RefitProgress):
        def on_train_batch_end(self, batch, logs):
            super().on_train_batch_end(batch, {"loss": float("nan")})

    monkeypatch.setattr(refit_module, "RefitProgress", WithoutLoss)
    result = train(plan_demo(epochs=1), tmp_path / "run")
    assert (result.status, result.verified) == ("finished", True)
    assert "It wasn't trained once more: the loss was not a number." in result.message
    assert set(open_bundle(tmp_path / "run").provenance()["part"]) == {"train", "validation"}


@pytest.mark.slow
def test_resumed_run_that_dies_while_it_refits_leaves_its_model_intact(
    prepared, thin_body, verify_in_process, tmp_path
):
    run, reports = tmp_path / "run", []
    plan = plan_demo(epochs=1, test_share=0.0)
    result = train(plan, run, reports.append, lambda: any("Evaluating" in (report.phase or "") for report in reports))
    assert (result.status, result.verified) == ("stopped", True)  # while it evaluated
    assert (run / REFIT_STATE).exists()
    assert set(open_bundle(run).provenance()["part"]) == {"train"}

    def die(report):
        if report.phase == PHASE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, run, die)
    assert set(open_bundle(run).provenance()["part"]) == {"train"}
    assert train(plan, run).status == "finished"
    bundle = open_bundle(run)
    assert bundle.evaluation().part == "validation"
    own = bundle.predictions()
    assert roc_auc_score(own["label"], own["raw_probability"]) != roc_auc_score(own["label"], own[SAVED_PROBABILITY])


@pytest.mark.parametrize(
    ("aucs", "best_epoch", "epochs"),
    [
        ([0.6, 0.7, 0.65, 0.6, 0.8, 0.7], 5, (2, 2)),  # fine-tuning begins with epoch 4, from the weights of epoch 2
        ([0.6, 0.9, 0.65, 0.6, 0.8, 0.7], 2, (2, 0)),  # fine-tuning didn't help
        ([0.6, 0.6, 0.6], 1, (1, 0)),  # the earlier one of equal epochs; stopped before fine-tuning
    ],
)
def test_best_epochs_counts_those_of_each_phase(tmp_path, aucs, best_epoch, epochs):
    for epoch, auc in enumerate(aucs, 1):
        phase = "head" if epoch < 4 else "fine_tuning"
        same = dict.fromkeys(
            ("time", "seconds", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "learning_rate"), 1
        )
        append_record(tmp_path / METRICS, EpochRecord(epoch=epoch, val_auc=auc, phase=phase, **same))
    phases = (Phase("head", 3, 1e-3), Phase("fine_tuning", 3, 1e-4))
    assert tuple(best_epochs(tmp_path, phase, best_epoch) for phase in phases) == epochs


@pytest.mark.slow
@pytest.mark.parametrize("fine_tuning", [0, 1])
def test_refit_trains_each_phase_for_as_many_epochs_as_were_best(
    prepared, thin_body, exported, tmp_path, monkeypatch, fine_tuning
):
    best = {"head": 1, "fine_tuning": fine_tuning}
    monkeypatch.setattr(refit_module, "best_epochs", lambda run, phase, best_epoch: best[phase.name])
    plan, reports = plan_demo(head_epochs=1, fine_tuned_blocks=3), []
    train(plan, tmp_path / "run", reports.append)
    total = (1 + fine_tuning) * steps_per_epoch(of_both_parts(plan), plan.config)
    phases = [report for report in reports if report.phase == PHASE]
    assert [report.done for report in phases if report.seconds_left is not None] == [*range(1, total + 1)]
    assert {report.total for report in phases} == {total}
    after, start = load(tmp_path / "run" / REFIT), build_network(plan)
    assert changed(after, start, HEAD)
    assert changed(after, start, "block16") == bool(fine_tuning)
    assert not changed(after, start, "block13")


def changed(network, other, part):
    """Return whether the weights of a part of two networks differ."""
    pairs = [
        (np.asarray(mine), np.asarray(theirs))
        for mine, theirs in zip(network.weights, other.weights, strict=True)
        if mine.path.startswith(part)
    ]
    assert pairs
    return any(not np.array_equal(*pair) for pair in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 2, 3, 4])  # two of the head, then two of fine-tuning
def test_refit_that_was_interrupted_goes_on_after_its_last_epoch(
    prepared, thin_body, exported, tmp_path, monkeypatch, epoch
):
    best = {"head": 2, "fine_tuning": 2}
    monkeypatch.setattr(refit_module, "best_epochs", lambda run, phase, best_epoch: best[phase.name])
    plan = plan_demo(head_epochs=1, fine_tuned_blocks=3)
    train(plan, tmp_path / "uninterrupted")
    reports, steps = [], steps_per_epoch(of_both_parts(plan), plan.config)
    save, saved = refit_module.save_state, []

    def save_and_die(*arguments, **position):
        save(*arguments, **position)
        saved.append(position)
        if len(saved) == epoch:
            raise KeyboardInterrupt

    monkeypatch.setattr(refit_module, "save_state", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        train(plan, tmp_path / "run")
    train(plan, tmp_path / "run", reports.append)
    done = [report.done for report in reports if report.phase == PHASE and report.seconds_left is not None]
    assert done == [*range(epoch * steps + 1, 4 * steps + 1)]
    straight, resumed = (load(tmp_path / name / REFIT) for name in ("uninterrupted", "run"))
    for mine, theirs in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["compact", "original"])
def test_refit_with_a_damaged_state_begins_anew(prepared, exported, tmp_path, network):
    plan, reports = plan_demo(network=network, epochs=1), []
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / REFIT_STATE).write_bytes(b"not a state")
    train(plan, tmp_path / "run", reports.append)
    done = [report.done for report in reports if report.phase == PHASE]
    assert done == [*range(steps_per_epoch(of_both_parts(plan), plan.config) + 1)]
    assert exported[0].refitted


@pytest.mark.slow
def test_refit_that_ends_with_weights_that_are_no_numbers_is_not_used(prepared, exported, tmp_path, monkeypatch):
    class LastStepFails(refit_module.RefitProgress):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            self.model.set_weights([np.full_like(weights, np.nan) for weights in self.model.get_weights()])

    monkeypatch.setattr(refit_module, "RefitProgress", LastStepFails)
    result = train(plan_demo(network="compact", epochs=1), tmp_path / "run")
    assert "It wasn't trained once more: the loss was not a number." in result.message
    assert not (tmp_path / "run" / REFIT_STATE).exists()


@pytest.mark.slow
def test_preset_does_not_start_from_a_model_that_was_fitted_to_all_its_patients(prepared, thin_body, verify_in_process):
    workspace = Workspace.from_environment()
    plan = plan_demo(epochs=1)
    train(plan, workspace.models / "refitted")
    start = open_bundle(workspace.models / "refitted")
    assert preset_config(plan.store, start, plan.store.manifest()).start_from is None
    assert resolve_preset(workspace, "demo", "refitted").start is None  # it started from ImageNet
    train(plan_demo(epochs=1, refit=False, test_share=0.3), workspace.models / "ancestor")
    card = start.card.model_copy(update={"config": start.card.config.model_copy(update={"start_from": "ancestor"})})
    write_card(workspace.models / "refitted", card)
    assert resolve_preset(workspace, "demo", "refitted").config.start_from == "ancestor"
    shutil.rmtree(workspace.models / "ancestor")
    assert resolve_preset(workspace, "demo", "refitted").config.start_from is None
    with pytest.raises(ConfigError, match=r"evaluated on\. Train without a model to start from\.$"):
        plan_demo(start_from="refitted")
