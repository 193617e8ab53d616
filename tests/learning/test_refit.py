import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.metrics import EpochRecord, StepRecord, read_metrics
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError, DataError
from mammo_core.learning import refit as refit_module
from mammo_core.learning.cancellation import StopSignal, TrainingContext
from mammo_core.learning.model_card import REFIT_LIMIT
from mammo_core.learning.plan import preset_config, resolve
from mammo_core.learning.refit import PHASE, REFIT, RefitProgress
from mammo_core.learning.trainer import train
from mammo_core.learning.training_data import TrainingData
from mammo_core.models.bundle import SAVED_PROBABILITY, open_bundle
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
def test_train_stopped_while_it_refits_exports_the_model_from_before(prepared, thin_body, verify_in_process, tmp_path):
    reports = []
    plan = plan_demo()
    result = train(plan, tmp_path / "run", reports.append, lambda: any(report.phase == PHASE for report in reports))
    assert (result.status, result.verified) == ("stopped", True)
    bundle = open_bundle(tmp_path / "run")
    assert set(bundle.provenance()["part"]) == {"train", "validation"}
    assert SAVED_PROBABILITY not in bundle.predictions()
    assert REFIT_LIMIT not in bundle.card.limits


@pytest.mark.slow
def test_refit_of_a_kept_lesion_map_trains_for_all_epochs(prepared, thin_body, tmp_path, monkeypatch):
    monkeypatch.setattr(refit_module, "keeps_lesion_map", lambda plan, network, data: True)
    plan = plan_demo()
    reports = []
    context = TrainingContext(tmp_path, reports.append, StopSignal(lambda: False))
    images = StoredImages(plan.store, plan.split["png"].tolist())
    data = TrainingData(plan.split, images, selected=np.ones(len(images), bool))
    again = refit_module.refit(plan, data, context, best_epoch=1)
    assert reports[-1].done == reports[-1].total == 2 * again.steps_per_epoch
    assert (tmp_path / REFIT).exists()
    assert set(again.split["part"]) == {"train", "test"}
    assert set(data.table["part"]) == {"train", "validation", "test"}


@pytest.mark.parametrize("settings", [{"network": "compact"}, {"fine_tuned_blocks": 3}, {"head_epochs": 1}])
def test_resolve_refit_of_more_than_a_head_raises_config_error(finished, settings):
    with pytest.raises(ConfigError, match="Only the head of a pretrained network can be trained once more"):
        plan_demo(**settings)


def test_refit_progress_loss_that_is_not_finite_raises_data_error(tmp_path):
    progress = RefitProgress(TrainingContext(tmp_path, lambda report: None, StopSignal(lambda: False)), epochs=1)
    with pytest.raises(DataError, match="diverged"):
        progress.on_train_batch_end(0, {"loss": float("nan")})


@pytest.mark.slow
def test_preset_does_not_start_from_a_model_that_was_fitted_to_all_its_patients(prepared, thin_body, verify_in_process):
    workspace = Workspace.from_environment()
    plan = plan_demo(epochs=1)
    train(plan, workspace.models / "refitted")
    start = open_bundle(workspace.models / "refitted")
    assert preset_config(plan.store, start, plan.store.manifest()).start_from is None
    with pytest.raises(ConfigError, match=r"evaluated on\. Train without a model to start from\.$"):
        plan_demo(start_from="refitted")
