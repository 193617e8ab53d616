"""Estimates from the records of runs that tests write; nothing is trained."""

import os
from dataclasses import replace

import pytest

from mammo_core.dataset.store import open_store
from mammo_core.documents.card import PartCounts
from mammo_core.documents.metrics import METRICS, EpochRecord, StartRecord, StepRecord, append_record
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError
from mammo_core.jobs import training_estimate
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.training import TrainJob
from mammo_core.jobs.training_estimate import START_SECONDS, estimate_sweep, estimate_training
from mammo_core.learning.plan import resolve
from mammo_core.models.bundle import PREPROCESSING

CONFIG = TrainingConfig(store="demo", epochs=3, batch_size=8)
IMAGES = 40
PART = PartCounts(images=IMAGES, patients=4, positive_images=1, positive_patients=1)
NO_IMAGES = PartCounts(images=0, patients=0, positive_images=0, positive_patients=0)


@pytest.fixture
def plan(prepared):
    return resolve(prepared, CONFIG)


def write_run(workspace, config=CONFIG) -> JobFolder:
    """Write a run that took 2 s to its first epoch, 16 s for one of 2 steps, and 4 s afterwards."""
    folder = JobFolder(workspace.models / "before")
    folder.write_request(TrainJob(name="before", config=config))
    folder.write_process(os.getpid())
    folder.write_state("finished")
    end = folder.written_state().time
    append_record(
        folder.path / METRICS,
        StartRecord(time=end - 22, parts={"train": PART, "validation": NO_IMAGES, "test": NO_IMAGES}),
    )
    append_record(
        folder.path / METRICS, StepRecord(time=end - 5, epoch=1, step=2, steps=2, loss=1, accuracy=0.5, auc=0.5)
    )
    append_record(
        folder.path / METRICS,
        EpochRecord(
            time=end - 4, epoch=1, seconds=16, loss=1, accuracy=0.5, auc=0.5, val_loss=1, val_accuracy=0.5, val_auc=0.5,
            learning_rate=0.1,
        ),
    )  # fmt: skip
    open_store(workspace, "demo").preprocessing.write(folder.path / PREPROCESSING)
    return folder


def test_estimate_training_scales_what_the_last_run_took(prepared, plan):
    write_run(prepared)
    estimate = estimate_training(prepared, plan)
    images, per_epoch = len(plan.split), plan.steps_per_epoch * 8
    assert estimate.measured
    assert estimate.seconds == pytest.approx(START_SECONDS + images * 6 / IMAGES + 3 * per_epoch * 1.0)


def test_estimate_training_counts_features_of_the_first_epochs_once(prepared):
    config = CONFIG.model_copy(update={"network": "pretrained", "fine_tuned_blocks": 0})
    folder = write_run(prepared, config)
    (folder.path / METRICS).unlink()
    end = folder.written_state().time
    append_record(
        folder.path / METRICS,
        StartRecord(time=end - 22, parts={"train": PART, "validation": NO_IMAGES, "test": NO_IMAGES}),
    )
    append_record(
        folder.path / METRICS, StepRecord(time=end - 9, epoch=1, step=2, steps=2, loss=1, accuracy=0.5, auc=0.5)
    )
    for epoch, seconds in enumerate([10, 2, 2], start=1):
        append_record(
            folder.path / METRICS,
            EpochRecord(
                time=end - 10 + 2 * epoch, epoch=epoch, seconds=seconds, phase="head", loss=1, accuracy=0.5, auc=0.5,
                val_loss=1, val_accuracy=0.5, val_auc=0.5, learning_rate=0.1,
            ),
        )  # fmt: skip
    plan = resolve(prepared, config)
    images, per_epoch = len(plan.split), plan.steps_per_epoch * 8
    before, after, epoch = 4 + 8, 4, 2 / 16
    expected = START_SECONDS + images * (before + after) / IMAGES + 3 * per_epoch * epoch
    assert estimate_training(prepared, plan).seconds == pytest.approx(expected)


@pytest.mark.parametrize("change", [{"network": "original"}, {}])
def test_estimate_training_without_a_like_run_is_rough(prepared, plan, change):
    if change:
        write_run(prepared, CONFIG.model_copy(update=change))
    estimate = estimate_training(prepared, plan)
    assert not estimate.measured
    assert estimate.seconds > START_SECONDS


def test_estimate_training_damaged_run_tells_nothing(prepared, plan):
    (write_run(prepared).path / METRICS).write_text("no JSON\n")
    assert not estimate_training(prepared, plan).measured


def test_estimate_sweep_adds_up_runs_and_resolves_those_that_take_the_same_time_once(prepared, plan, monkeypatch):
    write_run(prepared)
    resolved = []
    monkeypatch.setattr(
        training_estimate, "resolve", lambda roots, config: resolved.append(config) or resolve(roots, config)
    )
    alike = [CONFIG.model_copy(update={"seed": seed, "learning_rate": 0.01}) for seed in (1, 2)]
    longer = CONFIG.model_copy(update={"epochs": 4})
    estimate = estimate_sweep(prepared, [*alike, longer])
    single, other = (estimate_training(prepared, resolve(prepared, config)).seconds for config in (CONFIG, longer))
    assert estimate.measured
    assert estimate.seconds == pytest.approx(2 * single + other)
    assert len(resolved) == 2
    folds = [CONFIG.model_copy(update={"folds": 2, "fold": fold, "network": "original"}) for fold in (1, 2)]
    assert not estimate_sweep(prepared, [*alike, *folds]).measured
    assert len(resolved) == 4


def test_estimate_sweep_of_an_impossible_run_raises(prepared):
    with pytest.raises(DataError, match="no prepared store 'nothing'"):
        estimate_sweep(prepared, [CONFIG, CONFIG.model_copy(update={"store": "nothing"})])


def test_estimate_training_once_more_is_measured_where_a_run_did_so_for_as_many_epochs(prepared, plan):
    again = resolve(prepared, CONFIG.model_copy(update={"refit": True}))
    longer = resolve(prepared, CONFIG.model_copy(update={"refit": True, "epochs": 9}))
    write_run(prepared, again.config)
    assert [estimate_training(prepared, each).measured for each in (again, longer, plan)] == [True, False, False]
    once = replace(longer, config=longer.config.model_copy(update={"refit": False}))
    seconds, twice = (estimate_training(prepared, each).seconds for each in (once, longer))
    assert seconds < twice < 2 * seconds
